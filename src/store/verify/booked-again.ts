/**
 * What the adjustments of a customer come to, by the period that they are of and by the one that
 * they are booked in. They are read once for all statements of the customer, and one at a time:
 * 100,000 late steps are 100,000 rows and one sum.
 */
import { isByHand } from "../../domain/period/booking.ts";
import { decodeAdjustment } from "../stored-rows.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";

/** What amounts are added up by: a charge of a card, or a cell of it. */
export interface ChargeAt {
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
}

/** A charge as findings name it. */
export function chargeText({ cardKey, chargeKey, cell }: ChargeAt): string {
  return keyText(cardKey, cell === "" ? chargeKey : `${chargeKey} (${cell})`);
}

/** Adds amounts up by a key and answers the keys that come to anything but zero. */
export class Differences {
  readonly #sums = new Map<string, bigint>();

  add(key: string, amount: bigint): void {
    this.#sums.set(key, (this.#sums.get(key) ?? 0n) + amount);
  }

  addAll(sums: Differences | undefined, sign: bigint): void {
    if (sums === undefined) return;
    for (const [key, sum] of sums.#sums) this.add(key, sign * sum);
  }

  keys(): string[] {
    return [...this.#sums].filter(([, sum]) => sum !== 0n).map(([key]) => key);
  }
}

/** A customer of a workspace. */
interface CustomerOf {
  readonly ws: number;
  readonly customer: string;
}

/** Adjustments, customer by customer: ask for one after the other, for the last one is kept. */
export class BookedAgain {
  readonly #file: DataFile;
  #of: CustomerOf | null = null;
  #late = new Map<string, Differences>();
  #booked = new Map<string, Differences>();

  constructor(file: DataFile) {
    this.#file = file;
  }

  /** What came later for a period of its usage, by charge. */
  lateOf(of: CustomerOf, period: string): Differences | undefined {
    this.#read(of);
    return this.#late.get(period);
  }

  /** What is booked in a period, by charge and the period that it is of. */
  bookedIn(of: CustomerOf, period: string): Differences | undefined {
    this.#read(of);
    return this.#booked.get(period);
  }

  #read(of: CustomerOf): void {
    const { ws, customer } = of;
    if (this.#of?.ws === ws && this.#of.customer === customer) return;
    this.#of = of;
    [this.#late, this.#booked] = [new Map(), new Map()];
    const sql = `SELECT * FROM adjustments INDEXED BY adjustments_by_period
      WHERE ws = ? AND customer = ?`;
    for (const row of this.#file.each(sql, ws, customer)) {
      const key = keyText(this.#file.workspace(ws), row.seq as number);
      readable(this.#file, { table: "adjustments", key }, () => {
        const adjustment = decodeAdjustment(row);
        const { amount, bookedPeriod, originPeriod } = adjustment;
        const charge = chargeText(adjustment);
        added(this.#booked, bookedPeriod).add(bookedText(charge, originPeriod), amount);
        if (!isByHand(adjustment)) added(this.#late, originPeriod).add(charge, amount);
      });
    }
  }
}

/** A charge of another period, as findings name it. */
export function bookedText(charge: string, origin: string | null): string {
  return `${charge} of ${origin}`;
}

function added(sums: Map<string, Differences>, period: string): Differences {
  const known = sums.get(period) ?? new Differences();
  sums.set(period, known);
  return known;
}
