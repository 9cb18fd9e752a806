/**
 * What a period is expected to come to. Linear: the charges so far, stretched to the whole period.
 * What does not grow with time is left as it is: bookings of other periods, and the minimum, which
 * fills up where the stretched charges stay below it.
 */
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import { roundAmount } from "../money/rounding.ts";
import type { LineKind, Statement } from "./statement.ts";

/** A period under way and its expected total. */
export interface Projection {
  /** What has been charged and booked so far, without the minimum; exact. */
  readonly currentExact: Amount;
  /** Elapsed share of the period, from 0 to 1, cut to six places; the scale of an Amount. */
  readonly elapsedShare: Amount;
  /** Expected charges, worked out to the last place of an Amount; null where nothing elapsed. */
  readonly chargesExact: Amount | null;
  /** Expected total, rounded like a statement is; null where nothing elapsed. */
  readonly total: Amount | null;
}

/** Lines that grow with the time of the period. */
const GROWING: ReadonlySet<LineKind> = new Set(["charge", "tier_correction"]);
/** Lines that follow from the others. */
const DERIVED: ReadonlySet<LineKind> = new Set(["minimum", "rounding"]);

const SHARE_DECIMALS = 6;
const ONE = 10n ** 33n;

/** Projects the statement that a period would have if it were closed now. */
export function projectStatement(
  statement: Statement,
  { minimum, nowMs }: { readonly minimum: Amount | null; readonly nowMs: number },
): Projection {
  const { period, currency, rounding, lines } = statement;
  const length = BigInt(period.endMs - period.startMs);
  const elapsed = BigInt(Math.min(Math.max(nowMs, period.startMs), period.endMs) - period.startMs);
  const own = lines.filter(({ kind }) => !DERIVED.has(kind));
  const charged = sumOf(own.filter(({ kind }) => GROWING.has(kind)));
  const booked = own.filter(({ kind }) => !GROWING.has(kind));
  const currentExact = (charged + sumOf(booked)) as Amount;
  const share = ((ONE * elapsed) / length) as Amount;
  const elapsedShare = roundAmount(share, SHARE_DECIMALS, "down").rounded;
  if (elapsed === 0n) return { currentExact, elapsedShare, chargesExact: null, total: null };
  const chargesExact = ((charged * length) / elapsed) as Amount;
  const decimals = currencyDecimals(currency) ?? 0;
  const expected = roundAmount(chargesExact, decimals, rounding).rounded;
  const filled = minimum !== null && expected < minimum ? minimum : expected;
  const others = booked.reduce((sum, line) => sum + line.amountRounded, 0n);
  return { currentExact, elapsedShare, chargesExact, total: (filled + others) as Amount };
}

function sumOf(lines: readonly { readonly amountExact: Amount }[]): Amount {
  return lines.reduce((sum, line) => sum + line.amountExact, ZERO_AMOUNT as bigint) as Amount;
}
