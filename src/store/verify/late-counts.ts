/**
 * What moved the counters of closed periods after their close. A counter goes on, its statement
 * does not: so what it held at the close is what it holds now, less this.
 *
 * A version of a step, run or outcome counts from one seq to another. One that began after a close
 * was put on since; one that counted at the close and ended was taken off since.
 */
import type { CardVersions } from "./card-versions.ts";
import type { DataFile } from "./data-file.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import type { Taken } from "./meter-again.ts";
import { RebuiltSums } from "./rebuilt-sums.ts";

/** What something moves counters by. */
export interface Moved {
  readonly ws: number;
  readonly customer: string;
  readonly period: string;
  readonly cardVersionId: number | null;
  readonly taken: readonly Taken[];
}

/** Lines of statements from before their acts told it: see `lineForm`. */
export const FORMER_LINES = 1;

interface Closing {
  readonly statement: string;
  readonly seq: number;
}

const CLOSINGS = `SELECT ws, seq, id, json_extract(document, '$.customer') AS customer,
  json_extract(document, '$.period') AS period,
  json_extract(document, '$.lineForm') AS form
  FROM journal WHERE kind IN ('period.closed', 'statement.reissued') AND json_valid(document)`;

/** A customer's few periods are asked for one after the other. */
const KEPT_MAX_COUNT = 10_000;

/** Collects what came late, by statement. */
export class LateCounts {
  /** By statement, counter and card version: the quantity. */
  readonly sums: RebuiltSums;
  readonly #file: DataFile;
  readonly #cards: CardVersions;
  readonly #kept = new Map<string, readonly Closing[]>();

  constructor(file: DataFile, cards: CardVersions) {
    this.sums = new RebuiltSums(file.scratch, "late");
    this.#file = file;
    this.#cards = cards;
    file.scratch.exec(`CREATE TABLE closings (ws INTEGER, customer TEXT, period TEXT, seq INTEGER,
      statement TEXT, form INTEGER, PRIMARY KEY (ws, customer, period, seq)) WITHOUT ROWID;
      CREATE INDEX closings_by_statement ON closings (ws, statement)`);
    const add = file.scratch.prepare("INSERT OR REPLACE INTO closings VALUES (?, ?, ?, ?, ?, ?)");
    for (const { ws, seq, id, customer, period, form } of file.each(CLOSINGS)) {
      const at = [ws as number, String(customer), String(period), seq as number] as const;
      add.run(...at, id as string, form === null ? FORMER_LINES : Number(form));
    }
  }

  /** A version that stands since a seq. */
  addCurrent(moved: Moved, sinceSeq: number): void {
    for (const { statement, seq } of this.#closings(moved)) {
      if (sinceSeq > seq) this.#add(statement, moved, 1n);
    }
  }

  /** A version that stood from one seq until another one, which is asked for where it matters. */
  addFormer(moved: Moved, sinceSeq: number, untilSeq: () => number): void {
    for (const { statement, seq } of this.#closings(moved)) {
      if (sinceSeq < seq && seq <= untilSeq()) this.#add(statement, moved, -1n);
    }
  }

  /** What came late for a statement, by counter and card version. */
  of(ws: number, statement: string): ReadonlyMap<string, bigint> {
    const found = this.sums.rebuiltUnder(`${joined(ws, statement)}${KEY_PART_END}`);
    return new Map([...found].map(([key, [quantity = 0n]]) => [key, quantity]));
  }

  /** The form of a statement's lines, as the journal tells it; null: it tells of no close. */
  lineForm(ws: number, statement: string): number | null {
    const sql = "SELECT max(form) AS form FROM closings WHERE ws = ? AND statement = ?";
    return (this.#file.scratch.prepare(sql).get(ws, statement)?.form ?? null) as number | null;
  }

  /** Seqs of the first and the last close of a workspace; null: there is none. */
  firstAndLastClose(ws: number): readonly [number, number] | null {
    const sql = "SELECT min(seq) AS first, max(seq) AS last FROM closings WHERE ws = ?";
    const { first, last } = this.#file.scratch.prepare(sql).get(ws) ?? {};
    return first == null ? null : [first as number, last as number];
  }

  #add(statement: string, { ws, cardVersionId, taken }: Moved, sign: bigint): void {
    if (cardVersionId === null) return;
    const cardKey = this.#cards.of(ws, cardVersionId)?.cardKey ?? `version ${cardVersionId}`;
    for (const { chargeKey, cell, quantity } of taken) {
      const key = joined(ws, statement, cardKey, chargeKey, cell, cardVersionId);
      this.sums.addRebuilt(key, [sign * quantity]);
    }
  }

  #closings({ ws, customer, period }: Moved): readonly Closing[] {
    const key = joined(ws, customer, period);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size >= KEPT_MAX_COUNT) this.#kept.clear();
    const sql = "SELECT statement, seq FROM closings WHERE ws = ? AND customer = ? AND period = ?";
    const found = this.#file.scratch.prepare(sql).all(ws, customer, period);
    const closings = found as unknown as readonly Closing[];
    this.#kept.set(key, closings);
    return closings;
  }
}
