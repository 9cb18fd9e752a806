/** Adjustments, to and from their rows, as any SQL store keeps them. */
import { FACTOR_SCALE } from "../domain/limits.ts";
import { formatAmount, formatScaled } from "../domain/money/decimal.ts";
import type { Adjustment } from "../domain/period/records.ts";
import { amountOf, factorOf } from "./stored-decimal.ts";
import { type Row, text } from "./stored-rows.ts";

/**
 * What of an adjustment is in credits stands behind its id: in a column of its own it would stop
 * nodes of the version before, whose prepared statements read rows as they were, and no checksum
 * of an older row would match. No id holds this character.
 */
const IN_CREDITS = "\u001d";

/** The id of an adjustment's cause as its row keeps it, with what it is in credits. */
export function encodeAdjustedId({ id, credits }: Pick<Adjustment, "id" | "credits">): string {
  if (credits === null) return id;
  const { name, price, amount } = credits;
  const parts = [formatAmount(amount), formatScaled(price, FACTOR_SCALE), name];
  return `${id}${IN_CREDITS}${JSON.stringify(parts)}`;
}

/** The id of an adjustment's cause, and what it is in credits. */
export function decodeAdjustedId(stored: string): Pick<Adjustment, "id" | "credits"> {
  const end = stored.indexOf(IN_CREDITS);
  if (end < 0) return { id: stored, credits: null };
  const parts = JSON.parse(stored.slice(end + IN_CREDITS.length)) as string[];
  const [amount = "", price = "", name = ""] = parts;
  const credits = { name, price: factorOf(price), amount: amountOf(amount) };
  return { id: stored.slice(0, end), credits };
}

/** An adjustment. */
export function decodeAdjustment(row: Row): Adjustment {
  return {
    seq: row.seq as number,
    customer: text(row, "customer"),
    bookedPeriod: text(row, "booked_period"),
    originPeriod: text(row, "origin_period"),
    cardKey: text(row, "card_key"),
    chargeKey: text(row, "charge_key"),
    cell: text(row, "cell"),
    amount: amountOf(text(row, "amount")),
    reason: text(row, "reason") as Adjustment["reason"],
    run: text(row, "run"),
    source: text(row, "source"),
    ...decodeAdjustedId(text(row, "id")),
  };
}
