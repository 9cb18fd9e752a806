/** Lines by which the chain seals former versions, read beside the links that seal them. */
import { formerLine } from "../../domain/run/former-text.ts";
import type { Row } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";

const IN_ORDER = `
  SELECT run, NULL AS key, since_seq, until_seq, document FROM former_runs WHERE ws = ?1
  UNION ALL SELECT run, key, since_seq, until_seq, document FROM former_outcomes WHERE ws = ?1
  ORDER BY until_seq`;

/** One workspace's former versions, in the order of the units that ended them. */
export class FormerLines {
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

  /** Lines of versions that ended before a seq, and after the seq that was asked for last. */
  before(seq: number): string[] {
    const lines: string[] = [];
    while (this.#next !== undefined && (this.#next.until_seq as number) < seq) {
      const { run, key, since_seq: since, until_seq: until, document } = this.#next;
      const place = { sinceSeq: since as number, untilSeq: until as number };
      const of = { run: run as string, key: key as string | null };
      lines.push(formerLine({ ...of, ...place, document: document as string }));
      this.#next = this.#read();
    }
    return lines.sort();
  }
}
