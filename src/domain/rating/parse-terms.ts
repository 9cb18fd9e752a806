/** Reads the terms of a card beside its charges: fees, discounts, trial, credit. */
import { isDate } from "../calendar-date.ts";
import {
  CREDIT_PRICE_MAX_UNITS,
  FACTOR_SCALE,
  TERM_CHARGES_MAX_COUNT,
  TRIAL_MAX_DAYS,
} from "../limits.ts";
import type { Factor } from "../money/decimal.ts";
import { ZERO_AMOUNT } from "../money/decimal.ts";
import type { Place } from "./document-place.ts";
import { readKey, readMoney, readName } from "./parse-charge.ts";
import { readPercent } from "./parse-price.ts";
import type { Credit, Discount, DiscountValue, Fee, Trial } from "./rate-card.ts";

const DISCOUNT_MAX_PERCENT = 100n;

/** Reads a fee; `name` is given where it stands under its key instead of stating it. */
export function parseFee(place: Place, name: string | null): Fee {
  if (place.isObject()) place.allowOnly(["key", "name", "amount", "prorate"]);
  const key = readKey(place, name);
  const prorate = place.at("prorate");
  return {
    key,
    name: readName(place, key),
    amount: readMoney(place.at("amount")),
    isProrated: prorate.isAbsent || prorate.flag(),
  };
}

/** Reads a discount; `name` is given where it stands under its key instead of stating it. */
export function parseDiscount(place: Place, name: string | null): Discount {
  if (place.isObject()) {
    place.allowOnly(["key", "name", "percent", "amount", "charges", "from", "until"]);
  }
  const key = readKey(place, name);
  const [from, until] = [readDate(place.at("from")), readDate(place.at("until"))];
  if (from !== null && until !== null && until <= from) {
    place.at("until").refuse(`${until} is not after ${from}`);
  }
  return {
    key,
    name: readName(place, key),
    value: readValue(place),
    charges: readKeys(place.at("charges")),
    from,
    until,
  };
}

function readValue(place: Place): DiscountValue {
  const [percent, amount] = [place.at("percent"), place.at("amount")];
  if (percent.isAbsent === amount.isAbsent) {
    if (place.isRecord) place.refuse('needs either "percent" or "amount"');
    return { amount: ZERO_AMOUNT };
  }
  if (percent.isAbsent) return { amount: readMoney(amount) };
  return { percent: readPercent(percent, DISCOUNT_MAX_PERCENT) };
}

/** Reads a date such as `2026-11-01`; null where there is none. */
export function readDate(place: Place): string | null {
  if (place.isAbsent) return null;
  const text = place.text();
  if (text !== "" && !isDate(text))
    place.refuse(`${JSON.stringify(text)} is no date such as 2026-11-01`);
  return text;
}

/** Reads a list of keys; null where there is none. */
export function readKeys(place: Place): readonly string[] | null {
  if (place.isAbsent) return null;
  return [...new Set(place.items(TERM_CHARGES_MAX_COUNT).map((key) => key.text()))];
}

/** Reads the trial; null where there is none. */
export function parseTrial(place: Place): Trial | null {
  if (place.isAbsent || !place.isObject()) return null;
  place.allowOnly(["days", "charges"]);
  const rule = { scale: 0, maxUnits: TRIAL_MAX_DAYS, isPositive: true };
  return {
    days: Number(place.at("days").decimal(rule)),
    charges: readKeys(place.at("charges")),
  };
}

/** Reads the credit; null where there is none. */
export function parseCredit(place: Place): Credit | null {
  if (place.isAbsent || !place.isObject()) return null;
  place.allowOnly(["name", "price"]);
  const rule = { scale: FACTOR_SCALE, maxUnits: CREDIT_PRICE_MAX_UNITS, isPositive: true };
  return { name: place.at("name").text(), price: place.at("price").decimal(rule) as Factor };
}
