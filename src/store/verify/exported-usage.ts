/**
 * What customers used, as lines of usage tell it: by period and item, from the counters, which are
 * checked against the steps elsewhere. When it last changed is bounded from above: by the last
 * commit that touched the customer, or by any act that may have rated it anew.
 */

import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import { segmentsOf } from "../../domain/rating/counter.ts";
import { decodeCounter } from "../stored-rows.ts";
import type { Acts, Document } from "./acts.ts";
import type { CardVersions } from "./card-versions.ts";
import type { DataFile } from "./data-file.ts";
import { joined } from "./key-parts.ts";
import { measureOf } from "./meter-again.ts";
import type { BookedCustomer, BookedItem } from "./payable-again.ts";
import { isFreeCell } from "./trial-again.ts";

const QUANTITY_UNIT = 10n ** BigInt(AMOUNT_SCALE - QUANTITY_SCALE);
const COST = "sum:cost";

const TOUCHED = `SELECT ws, customer, max(seq) AS seq FROM (
    SELECT r.ws, r.customer, s.seq FROM steps s JOIN runs r USING (run_no)
    UNION ALL SELECT ws, customer, since_seq FROM runs
    UNION ALL SELECT r.ws, r.customer, j.seq FROM journal j
      JOIN runs r ON r.ws = j.ws AND r.id = j.run WHERE j.run <> ''
    UNION ALL SELECT ws, customer, max(seq, coalesce(since_seq, 0)) FROM outcomes
    UNION ALL SELECT ws, customer, seq FROM adjustments)
  WHERE customer IS NOT NULL GROUP BY ws, customer`;
/** Acts of these sorts move no counter; what a close settles are outcomes, which say so. */
const IDLE = [
  ...["act", "alert", "budget", "change", "credit", "credit_note", "dispute", "entitlements"],
  ...["export", "goodwill", "key", "period", "policy", "statement", "target", "topup", "work"],
];
const ACTS = `SELECT ws, max(seq) AS seq FROM journal WHERE run = ''
  AND substr(kind, 1, instr(kind, '.') - 1) NOT IN (${IDLE.map((sort) => `'${sort}'`).join(", ")})
  GROUP BY ws`;
const COMMITTED = `SELECT committed_at FROM chain
  WHERE ws = ? AND first_seq <= ? ORDER BY first_seq DESC LIMIT 1`;

interface OpeningDocument {
  readonly customer: string;
  readonly period: string;
  readonly counter: {
    readonly card: string;
    readonly cardVersion: number;
    readonly charge: string;
    readonly cell: string;
    readonly quantity: string;
    readonly elsewhere?: string;
  } | null;
}

interface Count {
  readonly measure: string;
  readonly value: bigint;
}

/** An item with its measure behind its name, as it stands where a charge had another one before. */
export function itemOfMeasure(item: string, measure: string): string {
  const behind = ` (${measure})`;
  return item.endsWith(behind) ? item : `${item}${behind}`;
}

/** Usage of the customers of a file. */
export class ExportedUsage {
  readonly #file: DataFile;
  readonly #cards: CardVersions;
  readonly #touched = new Map<string, number>();
  /** By counter and card version. */
  readonly #elsewhere = new Map<string, bigint>();
  #isRead = false;

  constructor(file: DataFile, cards: CardVersions, acts: Acts) {
    this.#file = file;
    this.#cards = cards;
    for (const { ws, document } of acts.all("opening.set")) this.#addOpening(ws, document);
  }

  /** What was counted elsewhere is told to nobody, but for what acts of before took over. */
  #addOpening(ws: number, document: Document): void {
    const { customer, period, counter } = document as unknown as OpeningDocument;
    if (counter === null || counter.elsewhere === undefined) return;
    const { card, cardVersion, charge: key, cell, quantity } = counter;
    const charge = this.#cards.of(ws, cardVersion)?.charges.find((one) => one.key === key);
    const scale = charge?.meter.sum === "cost" ? AMOUNT_SCALE : QUANTITY_SCALE;
    const at = joined(ws, customer, period, card, key, cell, cardVersion);
    const before = this.#elsewhere.get(at) ?? 0n;
    this.#elsewhere.set(at, before + (parseScaled(quantity, scale) ?? 0n));
  }

  /** A customer's periods by their key, with items and their measures. */
  of(ws: number, customer: string): BookedCustomer {
    const changedAtMs = this.#changedAtMs(ws, customer);
    const found = new Map<string, Map<string, Count[]>>();
    const sql = "SELECT * FROM counters WHERE ws = ? AND customer = ?";
    for (const row of this.#file.each(sql, ws, customer)) {
      const { period, chargeKey, cell, cardKey, counter } = decodeCounter(row);
      if (chargeKey === "" || isFreeCell(cell)) continue;
      const items = found.get(period) ?? new Map<string, Count[]>();
      found.set(period, items);
      const item = cell === "" ? chargeKey : `${chargeKey}[${cell}]`;
      for (const { cardVersionId, quantity: all } of segmentsOf(counter)) {
        const at = joined(ws, customer, period, cardKey, chargeKey, cell, cardVersionId);
        const quantity = all - (this.#elsewhere.get(at) ?? 0n);
        if (quantity === 0n) continue;
        const version = this.#cards.of(ws, cardVersionId);
        const charge = version?.charges.find(({ key }) => key === chargeKey);
        const measure = charge === undefined ? `? ${cardKey}` : measureOf(charge, cell);
        const value = measure === COST ? quantity : quantity * QUANTITY_UNIT;
        items.set(item, [...(items.get(item) ?? []), { measure, value }]);
      }
    }
    const periods = [...found].map(([period, items]) => {
      const booked = [...items].flatMap(([item, counts]) => {
        const byMeasure = Map.groupBy(counts, ({ measure }) => measure);
        return [...byMeasure].map(([measure, same]): [string, BookedItem] => {
          const value = same.reduce((sum, one) => sum + one.value, 0n);
          return [itemOfMeasure(item, measure), { value, changedAtMs }];
        });
      });
      return [period, new Map(booked)] as const;
    });
    return { periods: new Map(periods), changedAtMs };
  }

  #changedAtMs(ws: number, customer: string): number {
    if (!this.#isRead) this.#read();
    const seqs = [JSON.stringify([ws, customer]), String(ws)].map((key) => this.#touched.get(key));
    const last = Math.max(...seqs.map((seq) => seq ?? 0));
    const at = this.#file.first(COMMITTED, ws, last)?.committed_at;
    // Links of before there were times say nothing.
    return typeof at === "number" ? at : Number.POSITIVE_INFINITY;
  }

  #read(): void {
    this.#isRead = true;
    for (const row of this.#file.each(TOUCHED)) {
      this.#touched.set(JSON.stringify([row.ws, row.customer]), row.seq as number);
    }
    for (const row of this.#file.each(ACTS)) this.#touched.set(String(row.ws), row.seq as number);
  }
}
