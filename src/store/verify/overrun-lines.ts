/** Lines by which the chain seals overruns, read beside the links that seal them. */
import { overrunLine } from "../../domain/budget/overrun-text.ts";
import { decodeOverrun } from "../stored-budgets.ts";
import type { Row } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";
import { RowsBySeq } from "./rows-by-seq.ts";

const IN_ORDER = { sql: "SELECT * FROM overruns WHERE ws = ? ORDER BY seq", column: "seq" };

/** One workspace's overruns, in the order of their seqs. */
export class OverrunLines {
  readonly #rows: RowsBySeq;

  constructor(file: DataFile, ws: number) {
    this.#rows = new RowsBySeq(file, ws, IN_ORDER);
  }

  /** Lines up to a seq, behind the seq that was asked for last. */
  upTo(seq: number): string[] {
    return this.#rows.upTo(seq).map(lineOf);
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
