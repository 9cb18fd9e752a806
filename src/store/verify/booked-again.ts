/**
 * What the adjustments of a customer come to, by the period that they are of and by the one that
 * they are booked in. They are read once for all statements of the customer, and one at a time:
 * 100,000 late steps are 100,000 rows and one sum.
 */
import { isByHand } from "../../domain/period/booking.ts";
import { decodeAdjustment } from "../stored-adjustment.ts";
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

  sumOf(key: string): bigint {
    return this.#sums.get(key) ?? 0n;
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
  #bookedCredits = new Map<string, Differences>();
  /** In credits, by period and charge; what of a charge is in money is told apart. */
  #lateCredits = new Map<string, Differences>();
  #inMoney = new Set<string>();

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

  /** The same in credits. */
  creditsBookedIn(of: CustomerOf, period: string): Differences | undefined {
    this.#read(of);
    return this.#bookedCredits.get(period);
  }

  /** What came later for a period in credits, by charge; some of it may be in money alone. */
  lateCreditsOf(
    of: CustomerOf,
    period: string,
    charge: string,
  ): { readonly late: bigint; readonly isInMoney: boolean } {
    this.#read(of);
    const isInMoney = this.#inMoney.has(bookedText(charge, period));
    return { late: this.#lateCredits.get(period)?.sumOf(charge) ?? 0n, isInMoney };
  }

  #read(of: CustomerOf): void {
    const { ws, customer } = of;
    if (this.#of?.ws === ws && this.#of.customer === customer) return;
    this.#of = of;
    [this.#late, this.#booked] = [new Map(), new Map()];
    [this.#lateCredits, this.#bookedCredits] = [new Map(), new Map()];
    this.#inMoney = new Set();
    const sql = `SELECT * FROM adjustments INDEXED BY adjustments_by_period
      WHERE ws = ? AND customer = ?`;
    for (const row of this.#file.each(sql, ws, customer)) {
      const key = keyText(this.#file.workspace(ws), row.seq as number);
      readable(this.#file, { table: "adjustments", key }, () => {
        const adjustment = decodeAdjustment(row);
        const { amount, bookedPeriod, originPeriod, credits } = adjustment;
        const charge = chargeText(adjustment);
        added(this.#booked, bookedPeriod).add(bookedText(charge, originPeriod), amount);
        if (credits !== null) {
          const inBill = creditsText(bookedText(charge, originPeriod), credits.name);
          added(this.#bookedCredits, bookedPeriod).add(inBill, credits.amount);
        }
        if (isByHand(adjustment)) return;
        added(this.#late, originPeriod).add(charge, amount);
        if (credits === null) {
          this.#inMoney.add(bookedText(charge, originPeriod));
          return;
        }
        added(this.#lateCredits, originPeriod).add(charge, credits.amount);
      });
    }
  }
}

/** A charge of another period, as findings name it. */
export function bookedText(charge: string, origin: string | null): string {
  return `${charge} of ${origin}`;
}

/** A charge in a credit, as findings name it. */
export function creditsText(charge: string, name: string): string {
  return `${charge} in ${name}`;
}

function added(sums: Map<string, Differences>, period: string): Differences {
  const known = sums.get(period) ?? new Differences();
  sums.set(period, known);
  return known;
}
