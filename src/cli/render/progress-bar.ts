/** A line that shows how far a piece of work is: on stderr, and only where someone looks on. */

const BAR_COLUMNS = 24;
const LINE_COLUMNS_DEFAULT = 80;

/** How far it is. */
export interface Progress {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** What stands behind the bar, such as a running sum. */
  readonly note: string;
}

/** One line: `runs ━━━━━━──── 12/24  cost 0.31`. Cut to the columns given. */
function lineFor(progress: Progress, columns = LINE_COLUMNS_DEFAULT): string {
  const { label, done, total, note } = progress;
  const share = total === 0 ? 1 : Math.min(1, Math.max(0, done / total));
  const filled = Math.round(share * BAR_COLUMNS);
  const bar = "━".repeat(filled) + "─".repeat(BAR_COLUMNS - filled);
  const count = `${String(done).padStart(String(total).length)}/${total}`;
  const line = [label, bar, count, note].filter((part) => part !== "").join("  ");
  return [...line].slice(0, Math.max(0, columns - 1)).join("");
}

/** The part of process.stderr that a bar needs. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Draws over its own line; off a terminal it is silent, so logs hold no bars. */
export class ProgressBar {
  readonly #stream: ProgressStream;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  show(progress: Progress): void {
    if (this.#stream.isTTY !== true) return;
    this.#stream.write(`\r\u001b[K${lineFor(progress, this.#stream.columns)}`);
  }

  clear(): void {
    if (this.#stream.isTTY === true) this.#stream.write("\r\u001b[K");
  }
}
