/** Lines by which the chain seals former versions, read beside the links that seal them. */
import { formerLine } from "../../domain/run/former-text.ts";
import type { Row } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";
import { RowsBySeq } from "./rows-by-seq.ts";

const IN_ORDER = {
  sql: `
    SELECT run, NULL AS key, since_seq, until_seq, document FROM former_runs WHERE ws = ?1
    UNION ALL SELECT run, key, since_seq, until_seq, document FROM former_outcomes WHERE ws = ?1
    ORDER BY until_seq`,
  column: "until_seq",
};

/** One workspace's former versions, in the order of the units that ended them. */
export class FormerLines {
  readonly #rows: RowsBySeq;

  constructor(file: DataFile, ws: number) {
    this.#rows = new RowsBySeq(file, ws, IN_ORDER);
  }

  /** Lines of versions that ended before a seq, and after the seq that was asked for last. */
  before(seq: number): string[] {
    const lines = this.#rows.upTo(seq - 1).map(lineOf);
    return lines.sort();
  }
}

function lineOf({ run, key, since_seq: since, until_seq: until, document }: Row): string {
  const place = { sinceSeq: since as number, untilSeq: until as number };
  const of = { run: run as string, key: key as string | null };
  return formerLine({ ...of, ...place, document: document as string });
}
