/** Draws commitments down by code of its own: each charge leads to a chain of commitments. */
import { amountOf } from "../stored-decimal.ts";
import type { Used } from "./usage-again.ts";

/** A commitment as the journal keeps it. */
export interface Terms {
  readonly key: string;
  readonly kind: string;
  readonly per: string;
  readonly amount: string;
  readonly currency: string;
  readonly charges: readonly string[] | null;
  readonly overagePercent: string | null;
  readonly from: string;
  readonly until: string | null;
}

/** What one statement did to one commitment, summed. */
export interface Part {
  readonly key: string;
  readonly period: string | null;
  usage: bigint;
  drawn: bigint;
  overage: bigint;
  trueUp: bigint;
}

/** What a statement stands on. */
export interface Standing {
  readonly terms: readonly Terms[];
  readonly before: readonly Part[];
  /** Closed before it. */
  readonly closed: ReadonlySet<string>;
  readonly period: string;
  /** First instants of a contract's last period, by key of the commitment. */
  readonly lastPeriods: ReadonlyMap<string, string | null>;
}

/** The parts of a statement by their keys. */
export class DrawAgain {
  readonly parts = new Map<string, Part>();
  readonly #at: Standing;

  constructor(at: Standing) {
    this.#at = at;
  }

  /** Draws what was used in a period. */
  draw(period: string, used: Used): void {
    const chain = this.#at.terms.filter(
      ({ from, until }) => from <= period && (until === null || until > period),
    );
    const offered = chain.map(() => 0n);
    for (const [charge, amount] of used) {
      const first = chain.findIndex(({ charges }) => charges?.includes(charge) ?? true);
      if (first >= 0) offered[first] = (offered[first] ?? 0n) + amount;
    }
    for (const [index, terms] of chain.entries()) {
      const usage = offered[index] ?? 0n;
      const part = this.#part(terms, period);
      const drawn = this.#drawnNow(terms, part, usage);
      part.usage += usage;
      part.drawn += drawn;
      const next = chain.findIndex((other, at) => at > index && holdsAll(other, terms));
      if (next >= 0) offered[next] = (offered[next] ?? 0n) + usage - drawn;
      else part.overage += usage - drawn;
      part.trueUp += this.#owed(terms, part);
    }
  }

  /** Of the statements before and of this one so far. */
  total(part: Part, name: "usage" | "drawn" | "trueUp"): bigint {
    const own = this.#at.before.filter(
      ({ key, period }) => key === part.key && period === part.period,
    );
    return own.reduce((sum, one) => sum + one[name], part[name]);
  }

  #part({ key, per }: Terms, origin: string): Part {
    const period = per === "period" ? origin : null;
    const at = `${key} ${period}`;
    const known = this.parts.get(at);
    if (known !== undefined) return known;
    const part: Part = { key, period, usage: 0n, drawn: 0n, overage: 0n, trueUp: 0n };
    this.parts.set(at, part);
    return part;
  }

  #drawnNow({ amount }: Terms, part: Part, usage: bigint): bigint {
    return (
      between0And(amountOf(amount), this.total(part, "usage") + usage) - this.total(part, "drawn")
    );
  }

  #owed({ key, kind, amount }: Terms, part: Part): bigint {
    if (kind !== "minimum") return 0n;
    const end = part.period ?? this.#at.lastPeriods.get(key) ?? null;
    if (end === null || (end !== this.#at.period && !this.#at.closed.has(end))) return 0n;
    const whole = amountOf(amount);
    return whole - between0And(whole, this.total(part, "usage")) - this.total(part, "trueUp");
  }
}

function between0And(most: bigint, value: bigint): bigint {
  return value < 0n ? 0n : value > most ? most : value;
}

function holdsAll({ charges }: Terms, of: Terms): boolean {
  return charges === null || (of.charges?.every((key) => charges.includes(key)) ?? false);
}
