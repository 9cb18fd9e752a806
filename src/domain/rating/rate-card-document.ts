/** Writes a rate card as its document: one text for one card. Reading it gives the card back. */
import { type Entitlements, entitlementsDocument } from "../budget/entitlements.ts";
import { canonicalJson } from "../canonical-json.ts";
import { AMOUNT_SCALE, FACTOR_SCALE, QUANTITY_SCALE } from "../limits.ts";
import { formatAmount, formatPrice, formatQuantity, formatScaled } from "../money/decimal.ts";
import type { CardOverride, Changes } from "./card-override.ts";
import { isCostMeter } from "./meter-fields.ts";
import { FACTOR_ONE, PAIR_SEPARATOR } from "./price-model.ts";
import type {
  Charge,
  Credit,
  Discount,
  Fee,
  Meter,
  PriceModel,
  RateCard,
  Tier,
  Trial,
} from "./rate-card.ts";

type Matrix = PriceModel & { readonly model: "matrix" };

/**
 * Canonical JSON text: sorted keys, numbers as the shortest decimal text, lists for filters. What
 * a card does not use is left out, so that a document means the same to every version of Tollgate.
 */
export function rateCardDocument(card: RateCard): string {
  const { key, currency, charges, fees, discounts, minimum } = card;
  return canonicalJson({
    key,
    currency,
    charges: charges.map(chargeDocument),
    ...(fees.length === 0 ? {} : { fees: fees.map(feeDocument) }),
    ...(discounts.length === 0 ? {} : { discounts: discounts.map(discountDocument) }),
    ...stated(card, ["maximum", "runMinimum", "runCap", "credit", "trial", "entitlements"]),
    minimum: minimum === null ? null : formatAmount(minimum),
    rounding: card.rounding,
  });
}

/** Canonical JSON text of an override: what it states, nothing of its base. */
export function overrideDocument(override: CardOverride): string {
  const { key, charges, fees, discounts, changes } = override;
  const names = Object.keys(changes) as (keyof Changes)[];
  return canonicalJson({
    key,
    extends: override.extends,
    ...(charges.size === 0 ? {} : { charges: byKey(charges, chargeDocument) }),
    ...(fees.size === 0 ? {} : { fees: byKey(fees, feeDocument) }),
    ...(discounts.size === 0 ? {} : { discounts: byKey(discounts, discountDocument) }),
    ...Object.fromEntries(names.map((name) => [name, termDocument(changes, name)])),
  });
}

function byKey<T>(changes: ReadonlyMap<string, T | null>, write: (item: T) => object): object {
  const entries = [...changes].map(([key, item]) => [key, item === null ? null : write(item)]);
  return Object.fromEntries(entries);
}

/** Those of the terms that a card has. */
function stated(card: RateCard, names: readonly (keyof Changes)[]): object {
  const present = names.filter((name) => card[name] !== null);
  return Object.fromEntries(present.map((name) => [name, termDocument(card, name)]));
}

function termDocument(terms: Changes, name: keyof Changes): unknown {
  if (name === "rounding") return terms.rounding;
  if (name === "credit") return terms.credit && creditDocument(terms.credit);
  if (name === "trial") return terms.trial && trialDocument(terms.trial);
  if (name === "entitlements") return terms.entitlements && allowedDocument(terms.entitlements);
  const amount = terms[name] ?? null;
  return amount === null ? null : formatAmount(amount);
}

function creditDocument({ name, price }: Credit): object {
  return { name, price: formatScaled(price, FACTOR_SCALE) };
}

function trialDocument({ days, charges }: Trial): object {
  return { days: String(days), ...(charges === null ? {} : { charges }) };
}

/** Only what is restricted. */
function allowedDocument(entitlements: Entitlements): object {
  const entries = Object.entries(entitlementsDocument(entitlements));
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

function feeDocument({ key, name, amount, isProrated }: Fee): object {
  const prorate = isProrated ? {} : { prorate: false };
  return { key, ...named(key, name), amount: formatAmount(amount), ...prorate };
}

function discountDocument({ key, name, value, charges, from, until }: Discount): object {
  const taken =
    "percent" in value
      ? { percent: formatScaled(value.percent, FACTOR_SCALE - 2) }
      : { amount: formatAmount(value.amount) };
  return {
    key,
    ...named(key, name),
    ...taken,
    ...(charges === null ? {} : { charges }),
    ...(from === null ? {} : { from }),
    ...(until === null ? {} : { until }),
  };
}

function chargeDocument(charge: Charge): object {
  const { key, name, meter, price, included, minimum, maximum, endings } = charge;
  const scale = isCostMeter(meter) ? AMOUNT_SCALE : QUANTITY_SCALE;
  return {
    key,
    ...named(key, name),
    meter: meterDocument(meter),
    price: priceDocument(price),
    ...(included === 0n ? {} : { included: formatScaled(included, scale) }),
    ...(minimum === null ? {} : { minimum: formatAmount(minimum) }),
    ...(maximum === null ? {} : { maximum: formatAmount(maximum) }),
    ...(endings === null ? {} : { when: { ending: endings } }),
    ...windowDocument(charge.settlesAfterHours),
    ...(charge.inCredits ? { in: "credits" } : {}),
  };
}

/** Whole days are written as days. */
function windowDocument(hours: number | null): object {
  if (hours === null) return {};
  const isDays = hours % 24 === 0;
  const settles = isDays ? { afterDays: String(hours / 24) } : { afterHours: String(hours) };
  return { settles };
}

function named(key: string, name: string): { readonly name?: string } {
  return name === key ? {} : { name };
}

function meterDocument(meter: Meter): object {
  const counted = "count" in meter ? { count: meter.count } : { sum: meter.sum };
  const { attempt, ...rest } = meter.where;
  const where = attempt === undefined ? rest : { ...rest, attempt: attempt.map(String) };
  return Object.keys(where).length === 0 ? counted : { ...counted, where };
}

function priceDocument(price: PriceModel): object {
  switch (price.model) {
    case "per_unit":
      return { model: price.model, unit: formatPrice(price.unit) };
    case "flat":
      return { model: price.model, amount: formatPrice(price.amount) };
    case "graduated":
    case "volume":
      return { model: price.model, tiers: price.tiers.map(tierDocument) };
    case "package": {
      const { model, size, amount } = price;
      return { model, size: formatQuantity(size), amount: formatPrice(amount) };
    }
    case "matrix":
      return matrixDocument(price);
    case "percentage": {
      const { model, factor, fixed } = price;
      const rest = fixed === 0n ? {} : { fixed: formatPrice(fixed) };
      return { model, percent: formatScaled(factor, FACTOR_SCALE - 2), ...rest };
    }
    case "markup": {
      const percent = formatScaled(price.factor - FACTOR_ONE, FACTOR_SCALE - 2);
      return { model: price.model, percent };
    }
  }
}

function matrixDocument({ model, by, cells, otherwise }: Matrix): object {
  const rest = otherwise === null ? {} : { otherwise: formatPrice(otherwise) };
  const prices = Object.entries(cells).map(([name, unit]) => [name, formatPrice(unit)] as const);
  if (typeof by === "string") return { model, by, cells: Object.fromEntries(prices), ...rest };
  const pairs = prices.map(([name, unit]) => {
    const [first = "", second = ""] = name.split(PAIR_SEPARATOR);
    return [first, second, unit] as const;
  });
  const rows = [...Map.groupBy(pairs, ([first]) => first)].map(([first, row]) => [
    first,
    Object.fromEntries(row.map(([, second, unit]) => [second, unit])),
  ]);
  return { model, by, cells: Object.fromEntries(rows), ...rest };
}

function tierDocument({ upTo, unit, flat }: Tier): object {
  const end = upTo === null ? {} : { upTo: formatQuantity(upTo) };
  const fee = flat === 0n ? {} : { flat: formatPrice(flat) };
  return { ...end, unit: formatPrice(unit), ...fee };
}
