/** Rows that are taken in the order of a seq, some with each link of the chain. */
import type { Row } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";

/** Which rows of a workspace, in which order. */
export interface RowOrder {
  /** Takes the workspace; gives the rows in the order of the column. */
  readonly sql: string;
  readonly column: string;
}

/** One workspace's rows, read once from the first to the last. */
export class RowsBySeq {
  readonly #rows: Iterator<Row>;
  readonly #column: string;
  #next: Row | undefined;

  constructor(file: DataFile, ws: number, { sql, column }: RowOrder) {
    this.#rows = file.each(sql, ws)[Symbol.iterator]();
    this.#column = column;
    this.#next = this.#read();
  }

  #read(): Row | undefined {
    const next = this.#rows.next();
    return next.done === true ? undefined : next.value;
  }

  /** Rows up to a seq, behind the seq that was asked for last. */
  upTo(seq: number): Row[] {
    const rows: Row[] = [];
    while (this.#next !== undefined && (this.#next[this.#column] as number) <= seq) {
      rows.push(this.#next);
      this.#next = this.#read();
    }
    return rows;
  }
}
