/** Lines by which the chain seals overruns, read beside the links that seal them. */
import { overrunLine } from "../../domain/budget/overrun-text.ts";
import { decodeOverrun } from "../stored-budgets.ts";
import type { Row } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";

const IN_ORDER = "SELECT * FROM overruns WHERE ws = ? ORDER BY seq";

/** One workspace's overruns, in the order of their seqs. */
export class OverrunLines {
  readonly #rows: Iterator<Row>;
  #next: Row | undefined;

  constructor(file: DataFile, ws: number) {
    this.#rows = file.each(IN_ORDER, ws)[Symbol.iterator]();
    this.#next = this.#read();
  }

  #read(): Row | undefined {
    const next = this.#rows.next();
    return next.done === true ? undefined : next.value;
  }

  /** Lines up to a seq, behind the seq that was asked for last. */
  upTo(seq: number): string[] {
    const lines: string[] = [];
    while (this.#next !== undefined && (this.#next.seq as number) <= seq) {
      lines.push(lineOf(this.#next));
      this.#next = this.#read();
    }
    return lines;
  }
}

/** A row that cannot be read is a finding of its own, and seals nothing. */
function lineOf(row: Row): string {
  try {
    return overrunLine(decodeOverrun(row));
  } catch {
    return "";
  }
}
