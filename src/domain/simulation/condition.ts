/**
 * When a simulation is not good enough, in one line for a build to check:
 *
 *   METRIC OPERATOR VALUE      revenue < -2%      margin <= -100      cost > 0%
 *
 * What is compared is the change against what was charged: in percent of it, or as an amount. All
 * of it is exact. A change of nothing at all is 0 %; any other change of nothing is without end.
 */
import { AMOUNT_SCALE, NUMBER_TEXT_MAX_CHARS } from "../limits.ts";
import { type Amount, parseScaled } from "../money/decimal.ts";

/** What may be compared. */
export const CONDITION_METRICS = ["revenue", "cost", "margin"] as const;
export type ConditionMetric = (typeof CONDITION_METRICS)[number];

const OPERATORS = {
  "<": (order: number) => order < 0,
  "<=": (order: number) => order <= 0,
  ">": (order: number) => order > 0,
  ">=": (order: number) => order >= 0,
} as const;
type Operator = keyof typeof OPERATORS;

/** A condition that was read. */
export interface Condition {
  readonly text: string;
  readonly metric: ConditionMetric;
  readonly operator: Operator;
  /** In units of 10^-33: an amount, or percent. */
  readonly value: bigint;
  readonly isPercent: boolean;
}

const CONDITION = /^\s*([a-z]+)\s*(<=|>=|<|>)\s*([+-]?)([0-9.]+)\s*(%?)\s*$/;

/** Reads a condition; undefined where it is none. */
export function parseCondition(text: string): Condition | undefined {
  const match = text.length > 3 * NUMBER_TEXT_MAX_CHARS ? null : CONDITION.exec(text);
  if (match === null) return undefined;
  const [, name, operator = "", sign, digits = "", percent] = match;
  const metric = CONDITION_METRICS.find((one) => one === name);
  const magnitude = parseScaled(digits, AMOUNT_SCALE);
  if (metric === undefined || magnitude === undefined) return undefined;
  const value = sign === "-" ? -magnitude : magnitude;
  return { text, metric, operator: operator as Operator, value, isPercent: percent === "%" };
}

/** What a metric was charged as, and what it would be. */
export interface Compared {
  readonly before: Amount;
  readonly after: Amount;
}

const ONE = 10n ** BigInt(AMOUNT_SCALE);

/** Whether a condition holds. */
export function conditionHolds(condition: Condition, { before, after }: Compared): boolean {
  const { operator, value, isPercent } = condition;
  const change = after - before;
  const base = before < 0n ? -before : before;
  // change / base · 100 against value, without a division.
  const [left, right] = isPercent ? [change * 100n * ONE, value * base] : [change, value];
  const isOfNothing = isPercent && base === 0n && change === 0n;
  return OPERATORS[operator](isOfNothing ? compare(0n, value) : compare(left, right));
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const HUNDREDTHS = 10_000n;

/**
 * A change in percent with two decimals, half away from zero, for people to look at: `+12.34`;
 * null: of nothing.
 */
export function percentChange({ before, after }: Compared): string | null {
  if (before === 0n) return null;
  const change = after - before;
  const base = before < 0n ? -before : before;
  const magnitude = change < 0n ? -change : change;
  const hundredths = (magnitude * HUNDREDTHS * 2n + base) / (base * 2n);
  const text = `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
  if (hundredths === 0n) return text;
  return change < 0n ? `-${text}` : `+${text}`;
}
