/**
 * What is booked in a period, as a bill wants it: bookings by hand one by one, and what came late
 * as one row for each closed period, charge, cell and credit, since a bill tells their sums alone.
 * A period may have hundreds of thousands of them.
 */
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { isByHand } from "../../domain/period/booking.ts";
import type { Adjustment } from "../../domain/period/records.ts";
import { ReadTurns } from "../commit/others-turn.ts";
import type { BillReads } from "../context.ts";
import type { PageAfter } from "../history.ts";
import type { Answer, CounterKey } from "../ports.ts";

/** Rows that are read by pages and added up as they come. */
export class BookedRows {
  readonly #byHand: Adjustment[] = [];
  readonly #late = new Map<string, Adjustment>();
  #lastSeq = 0;

  /** In the order of their seq, those of sums by their first. */
  get rows(): readonly Adjustment[] {
    return [...this.#byHand, ...this.#late.values()].sort((a, b) => a.seq - b.seq);
  }

  add(rows: readonly Adjustment[]): void {
    for (const row of rows) {
      this.#lastSeq = Math.max(this.#lastSeq, row.seq);
      if (isByHand(row)) {
        this.#byHand.push(row);
        continue;
      }
      const { originPeriod, cardKey, chargeKey, cell, credits } = row;
      const place = [originPeriod, cardKey, chargeKey, cell, credits?.name ?? ""];
      // Keys hold no control character, so no two share one.
      const key = place.join("\u0000");
      const known = this.#late.get(key);
      this.#late.set(key, known === undefined ? row : sumOf(known, row));
    }
  }

  /** Reads what stands behind those that were read. Others have their turns, if `turns` says so. */
  read({ store, workspace, key }: Booked, turns: ReadTurns | null = new ReadTurns()) {
    return this.readBy((page) => store.adjustmentPage(workspace, key, page), turns);
  }

  /** The same of a unit of work, which sees one moment. */
  async readBy(
    readPage: (page: PageAfter<number>) => Answer<readonly Adjustment[]>,
    turns: ReadTurns | null,
  ): Promise<void> {
    for (;;) {
      const rows = await readPage({ after: this.#lastSeq, limit: PAGE_MAX_ROWS });
      this.add(rows);
      if (rows.length < PAGE_MAX_ROWS) return;
      await turns?.read(rows.length);
    }
  }
}

/** Two rows of one charge and one credit, or of none, as the first. */
function sumOf(first: Adjustment, { amount, credits }: Adjustment): Adjustment {
  const inCredits = first.credits && {
    ...first.credits,
    amount: (first.credits.amount + (credits?.amount ?? 0n)) as Amount,
  };
  return { ...first, amount: (first.amount + amount) as Amount, credits: inCredits };
}

interface Booked {
  readonly store: BillReads;
  readonly workspace: string;
  readonly key: CounterKey;
}

/** All that is booked in a period. */
export async function bookedIn(
  store: BillReads,
  workspace: string,
  key: CounterKey,
): Promise<readonly Adjustment[]> {
  const booked = new BookedRows();
  await booked.read({ store, workspace, key });
  return booked.rows;
}
