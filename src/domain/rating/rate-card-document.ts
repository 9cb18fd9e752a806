/** Writes a rate card as its document: one text for one card. Reading it gives the card back. */
import { canonicalJson } from "../canonical-json.ts";
import { FACTOR_SCALE } from "../limits.ts";
import { formatAmount, formatPrice, formatQuantity, formatScaled } from "../money/decimal.ts";
import { FACTOR_ONE } from "./price-model.ts";
import type { Charge, Meter, PriceModel, RateCard, Tier } from "./rate-card.ts";

/** Canonical JSON text: sorted keys, numbers as the shortest decimal text, lists for filters. */
export function rateCardDocument(card: RateCard): string {
  return canonicalJson({
    key: card.key,
    currency: card.currency,
    charges: card.charges.map(chargeDocument),
    minimum: card.minimum === null ? null : formatAmount(card.minimum),
    rounding: card.rounding,
  });
}

function chargeDocument({ key, name, meter, price }: Charge): object {
  const named = name === key ? {} : { name };
  return { key, ...named, meter: meterDocument(meter), price: priceDocument(price) };
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
    case "matrix": {
      const { model, by, otherwise } = price;
      const cells = Object.entries(price.cells).map(([name, unit]) => [name, formatPrice(unit)]);
      const rest = otherwise === null ? {} : { otherwise: formatPrice(otherwise) };
      return { model, by, cells: Object.fromEntries(cells), ...rest };
    }
    case "markup": {
      const percent = formatScaled(price.factor - FACTOR_ONE, FACTOR_SCALE - 2);
      return { model: price.model, percent };
    }
  }
}

function tierDocument({ upTo, unit, flat }: Tier): object {
  const end = upTo === null ? {} : { upTo: formatQuantity(upTo) };
  const fee = flat === 0n ? {} : { flat: formatPrice(flat) };
  return { ...end, unit: formatPrice(unit), ...fee };
}
