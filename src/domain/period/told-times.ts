/** Parts of a period as lines tell them, by the clock of the customer. */
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, formatAmount } from "../money/decimal.ts";

/** A part of a period. */
export interface TimeSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** A minimum for its parts of the period. */
export interface PartialMinimum {
  /** What these parts owe of it. */
  readonly amount: Amount;
  /** In order, none next to another. */
  readonly spans: readonly TimeSpan[];
}

/** More parts than these are only counted: a card may change at every minute. */
const TOLD_SPANS_MAX = 4;

/** `2026-11-01 00:00 to 2026-11-16 00:00`. */
export function spanText({ startMs, endMs }: TimeSpan, timeZone: string): string {
  return `${timeText(startMs, timeZone)} to ${timeText(endMs, timeZone)}`;
}

/** What a minimum comes to and for when: `3.23 for 2026-11-30 00:00 to 2026-12-01 00:00 UTC`. */
export function minimumText(
  parts: readonly PartialMinimum[],
  { currency, timeZone }: { readonly currency: string; readonly timeZone: string },
): string {
  const money = (amount: bigint) => moneyText(amount as Amount, currencyDecimals(currency) ?? 0);
  const count = parts.reduce((sum, { spans }) => sum + spans.length, 0);
  if (count > TOLD_SPANS_MAX) {
    const all = parts.reduce((sum, { amount }) => sum + amount, 0n);
    return `${money(all)} for ${count} parts of the period`;
  }
  const told = parts.map(({ amount, spans }) => {
    const times = spans.map((span) => spanText(span, timeZone)).join(" and ");
    return `${money(amount)} for ${times}`;
  });
  return `${told.join(", ")} ${timeZone}`;
}

/** With the decimals of the currency, or more where there are more. */
function moneyText(amount: Amount, decimals: number): string {
  const text = formatAmount(amount);
  const [whole = "", fraction = ""] = text.split(".");
  return decimals === 0 && fraction === "" ? text : `${whole}.${fraction.padEnd(decimals, "0")}`;
}

/**
 * `2026-11-01 00:00`, with seconds where there are any, and with its offset in an hour that comes
 * twice because clocks go back.
 */
function timeText(instantMs: number, timeZone: string): string {
  const there = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  const local = there.toPlainDateTime();
  const [first, second] = (["earlier", "later"] as const).map((disambiguation) =>
    local.toZonedDateTime(timeZone, { disambiguation }).toInstant(),
  );
  const told = local
    .toString()
    .replace("T", " ")
    .replace(/(:\d\d):00$/, "$1");
  return first?.epochMilliseconds === second?.epochMilliseconds ? told : `${told}${there.offset}`;
}
