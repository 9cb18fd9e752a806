/**
 * A run on the screen while it works: drawn anew over its own lines whenever something was
 * acknowledged. Off a terminal nothing is drawn until the end, so that logs hold one tree a run.
 */
import { stripVTControlCharacters } from "node:util";
import { renderRunTree } from "../render/run-tree.ts";
import type { RunView } from "../render/run-view.ts";
import type { Styles } from "../render/styles.ts";

/** Where the demo prints: process.stdout, or anything that takes text. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly rows?: number;
  readonly columns?: number;
  write(text: string): unknown;
}

const ROWS_DEFAULT = 24;
const COLUMNS_DEFAULT = 80;
/** Rows below a live tree, so that the cursor never leaves the screen. */
const ROWS_SPARE = 2;

/** One run on one terminal. */
export class LiveTree {
  readonly #out: Terminal;
  readonly #styles: Styles;
  readonly #read: () => Promise<RunView>;
  #drawnRows = 0;
  #drawing: Promise<void> | null = null;
  #isStale = false;

  /** `read` gives the run as it is now. */
  constructor(out: Terminal, styles: Styles, read: () => Promise<RunView>) {
    this.#out = out;
    this.#styles = styles;
    this.#read = read;
  }

  /** Says that something arrived; several calls while one drawing is under way make one more. */
  refresh(): void {
    if (this.#out.isTTY !== true) return;
    this.#isStale = true;
    this.#drawing ??= this.#drawWhileStale().finally(() => {
      this.#drawing = null;
    });
  }

  /** Draws the finished run in full and leaves it on the screen. */
  async finish(): Promise<RunView> {
    while (this.#drawing !== null) await this.#drawing;
    const run = await this.#read();
    this.#replace(renderRunTree(run, this.#styles));
    this.#drawnRows = 0;
    return run;
  }

  async #drawWhileStale(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      // The run may not exist yet; what could not be read is read with the next arrival.
      const run = await this.#read().catch(() => null);
      if (run === null) continue;
      this.#replace(this.#whatFits(renderRunTree(run, this.#styles)));
    }
  }

  /** Writes over what was drawn before, from the cursor's line up. */
  #replace(lines: readonly string[]): void {
    const back = this.#drawnRows === 0 ? "" : `\u001b[${this.#drawnRows}A\r\u001b[J`;
    this.#out.write(`${back}${lines.join("\n")}\n`);
    this.#drawnRows = lines.reduce((sum, line) => sum + this.#rowsOf(line), 0);
  }

  /** The last lines, as many as the screen has room for. */
  #whatFits(lines: readonly string[]): readonly string[] {
    let room = (this.#out.rows ?? ROWS_DEFAULT) - ROWS_SPARE;
    let first = lines.length;
    while (first > 0) {
      room -= this.#rowsOf(lines[first - 1] ?? "");
      if (room < 0) break;
      first -= 1;
    }
    return lines.slice(first);
  }

  /** Rows of the screen that a line takes: a long one wraps. */
  #rowsOf(line: string): number {
    const width = [...stripVTControlCharacters(line)].length;
    return Math.max(1, Math.ceil(width / (this.#out.columns ?? COLUMNS_DEFAULT)));
  }
}
