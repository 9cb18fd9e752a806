/**
 * Draws commitments down. Everything is a function of totals: of what usage came to since the
 * commitment began, as much is drawn as it has. A statement carries what that is by then, less
 * what the other statements in force carry. So neither the order of usage nor that of closings
 * changes a sum, and what comes late or is corrected moves the same three numbers:
 *
 *   drawn + beyond = usage        drawn + left = amount        at its end: drawn + true-up = amount
 */
import type { Amount } from "../money/decimal.ts";
import { covers, type DatedCommitment, holdsIn } from "./commitment.ts";

/** What belongs to one commitment, or to one period of a commitment that is per period. */
export interface DrawnAmounts {
  /** What the usage offered to it came to. */
  readonly usage: Amount;
  readonly drawn: Amount;
  /** What was billed because it was missing. */
  readonly trueUp: Amount;
}

/** What the statements in force carry of a commitment. */
export interface DrawnBefore extends DrawnAmounts {
  readonly key: string;
  /** Of a commitment per period: which one. Null: of a contract. */
  readonly period: string | null;
  /** Period of the statement that carries it. */
  readonly statementPeriod: string;
}

/** What a statement is told of commitments. */
export interface CommitmentInput {
  /** In the order in which usage draws them. */
  readonly commitments: readonly DatedCommitment[];
  /** Of all statements in force but the one that this one replaces. */
  readonly before: readonly DrawnBefore[];
  /** Keys of closed periods, for which what is missing is owed at once. */
  readonly closed: ReadonlySet<string>;
}

/** No commitments. */
export const NO_COMMITMENTS: CommitmentInput = { commitments: [], before: [], closed: new Set() };

/** What a statement does to one commitment. */
export interface Drawdown {
  readonly commitment: DatedCommitment;
  readonly period: string | null;
  readonly usage: Amount;
  readonly drawn: Amount;
  /** Of the usage: what no commitment is left for, at this one's rate for it. */
  readonly overage: Amount;
  readonly trueUp: Amount;
  /** Drawn by all statements with this one. */
  readonly drawnTotal: Amount;
  readonly left: Amount;
}

type Editable<T> = { -readonly [K in keyof T]: T[K] };

interface Pool extends Editable<DrawnAmounts> {
  readonly commitment: DatedCommitment;
  readonly period: string | null;
}

/** What usage drew in one go: of the statement's own period, or of one that it adjusts. */
export interface Drawn {
  readonly commitment: DatedCommitment;
  readonly period: string | null;
  readonly usage: Amount;
  readonly drawn: Amount;
  readonly overage: Amount;
  readonly trueUp: Amount;
}

/** What charges came to, by their keys. */
export type UsageByCharge = ReadonlyMap<string, bigint>;

interface Carried {
  readonly by: Editable<Drawn>;
  readonly amount: bigint;
}

/** The commitments of a customer while one statement draws them. */
export class CommitmentDraw {
  readonly #input: CommitmentInput;
  readonly #period: string;
  readonly #pools = new Map<string, Pool>();
  readonly #drawn: Drawn[] = [];

  constructor(input: CommitmentInput, period: string) {
    this.#input = input;
    this.#period = period;
  }

  /** Draws usage of the statement's own period, and settles what ends with it. */
  own(usage: UsageByCharge): Drawn[] {
    return this.#draw(this.#period, usage);
  }

  /** Draws what closed periods turned out to differ by, each from its own commitments. */
  adjusted(origin: string, usage: UsageByCharge): Drawn[] {
    return this.#draw(origin, usage);
  }

  /** All that the statement did, one for each commitment and period that it concerns. */
  drawdowns(): Drawdown[] {
    const groups = Map.groupBy(this.#drawn, ({ commitment, period }) =>
      poolKey(commitment.key, period),
    );
    return [...groups].flatMap(([key, group]) => {
      const pool = this.#pools.get(key);
      if (pool === undefined) return [];
      const sum = (part: keyof DrawnAmounts | "overage") =>
        group.reduce((all, one) => all + one[part], 0n) as Amount;
      const { commitment, period, drawn: drawnTotal } = pool;
      const amounts = { usage: sum("usage"), drawn: sum("drawn"), overage: sum("overage") };
      const left = (commitment.amount - drawnTotal) as Amount;
      return [{ commitment, period, ...amounts, trueUp: sum("trueUp"), drawnTotal, left }];
    });
  }

  #draw(period: string, usage: UsageByCharge): Drawn[] {
    const rest = new Map(usage);
    let carried: Carried[] = [];
    const result: Editable<Drawn>[] = [];
    for (const commitment of this.#input.commitments) {
      if (!holdsIn(commitment, period)) continue;
      const pool = this.#pool(commitment, commitment.per === "period" ? period : null);
      const [taken, passed] = partition(carried, ({ by }) => covers(commitment, by.commitment));
      const offered = takeOut(rest, commitment) + sumOf(taken);
      const one = drawFrom(pool, offered as Amount);
      one.trueUp = this.#settle(pool);
      result.push(one);
      carried = [...passed, { by: one, amount: one.usage - one.drawn }];
    }
    for (const { by, amount } of carried) by.overage = amount as Amount;
    this.#drawn.push(...result);
    return result;
  }

  /** What is owed for what is missing, less what is billed of it. */
  #settle(pool: Pool): Amount {
    const { commitment, period } = pool;
    if (commitment.kind !== "minimum") return 0n as Amount;
    const end = period ?? commitment.lastPeriod;
    const isDue = end === this.#period || (end !== null && this.#input.closed.has(end));
    if (!isDue) return 0n as Amount;
    const missing = commitment.amount - covered(commitment, pool.usage);
    const owed = (missing - pool.trueUp) as Amount;
    pool.trueUp = missing as Amount;
    return owed;
  }

  #pool(commitment: DatedCommitment, period: string | null): Pool {
    const key = poolKey(commitment.key, period);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const own = this.#input.before.filter((one) => poolKey(one.key, one.period) === key);
    const sum = (part: keyof DrawnAmounts) =>
      own.reduce((all, one) => all + one[part], 0n) as Amount;
    const amounts = { usage: sum("usage"), drawn: sum("drawn"), trueUp: sum("trueUp") };
    const pool: Pool = { commitment, period, ...amounts };
    this.#pools.set(key, pool);
    return pool;
  }
}

/** Keys hold no control character, so no two share one. */
function poolKey(key: string, period: string | null): string {
  return `${key}\u0000${period ?? ""}`;
}

function drawFrom(pool: Pool, usage: Amount): Editable<Drawn> {
  const { commitment, period } = pool;
  pool.usage = (pool.usage + usage) as Amount;
  const drawnTotal = covered(commitment, pool.usage);
  const drawn = (drawnTotal - pool.drawn) as Amount;
  pool.drawn = drawnTotal;
  const none = 0n as Amount;
  return { commitment, period, usage, drawn, overage: none, trueUp: none };
}

/** As much of the usage as the commitment has; nothing where usage was taken back altogether. */
function covered({ amount }: DatedCommitment, usage: Amount): Amount {
  if (usage <= 0n) return 0n as Amount;
  return usage < amount ? usage : amount;
}

/** Takes out what draws a commitment. */
function takeOut(rest: Map<string, bigint>, { charges }: DatedCommitment): bigint {
  let sum = 0n;
  for (const [key, amount] of rest) {
    if (charges !== null && !charges.includes(key)) continue;
    sum += amount;
    rest.delete(key);
  }
  return sum;
}

function sumOf(carried: readonly Carried[]): bigint {
  return carried.reduce((all, { amount }) => all + amount, 0n);
}

function partition<T>(items: readonly T[], isIn: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isIn), items.filter((item) => !isIn(item))];
}
