/** Reads an untrusted rate card document. Every problem is named with its path. */
import type { Problem } from "../errors.ts";
import { CHARGES_PER_CARD_MAX_COUNT, PRICE_MAX_UNITS, PRICE_SCALE } from "../limits.ts";
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, amountOfPrice, type Price } from "../money/decimal.ts";
import { ROUNDING_MODES } from "../money/rounding.ts";
import { Place } from "./document-place.ts";
import { parseMeter } from "./parse-meter.ts";
import { parsePrice } from "./parse-price.ts";
import type { Charge, RateCard } from "./rate-card.ts";

const CARD_FIELDS = [
  "key",
  "currency",
  "charges",
  "included",
  "minimum",
  "runCap",
  "rounding",
] as const;

export type ParsedRateCard = { readonly card: RateCard } | { readonly problems: Problem[] };

/**
 * Reads a JSON document, already parsed. Numbers are decimal text or safe integers. The problems
 * are never more than PROBLEMS_MAX_COUNT and have the codes `ratecard.invalid`, `field.unknown`.
 */
export function parseRateCard(document: unknown): ParsedRateCard {
  const problems: Problem[] = [];
  const root = new Place(document, "", problems);
  if (!root.isObject()) return { problems };
  root.allowOnly(CARD_FIELDS);
  refuseLaterFields(root);
  const card: RateCard = {
    key: root.at("key").text(),
    currency: readCurrency(root.at("currency")),
    charges: readCharges(root.at("charges")),
    minimum: readMinimum(root.at("minimum")),
    rounding: readRounding(root.at("rounding")),
  };
  return problems.length === 0 ? { card } : { problems };
}

/** Fields of the design that are not built yet: taking them without effect would misprice. */
function refuseLaterFields(root: Place): void {
  const included = root.at("included");
  const isNone = Array.isArray(included.value) && included.value.length === 0;
  if (!included.isAbsent && !isNone) {
    included.refuse("included allowances come in a later version; use a first tier at 0");
  }
  const runCap = root.at("runCap");
  if (!runCap.isAbsent) runCap.refuse("run caps come in a later version; leave it out or null");
}

function readCurrency(place: Place): string {
  const code = place.text();
  if (code !== "" && currencyDecimals(code) === undefined) {
    place.refuse(`${JSON.stringify(code)} is no known currency; use an ISO 4217 code such as USD`);
  }
  return code;
}

function readMinimum(place: Place): Amount | null {
  if (place.isAbsent) return null;
  const minimum = place.decimal({ scale: PRICE_SCALE, maxUnits: PRICE_MAX_UNITS });
  return amountOfPrice(minimum as Price);
}

function readRounding(place: Place): RateCard["rounding"] {
  return (place.isAbsent ? undefined : place.choice(ROUNDING_MODES)) ?? "half_even";
}

function readCharges(place: Place): Charge[] {
  const places = place.items(CHARGES_PER_CARD_MAX_COUNT);
  const charges = places.map(readCharge);
  const seen = new Map<string, string>();
  for (const [index, { key }] of charges.entries()) {
    const first = seen.get(key);
    const at = places[index]?.at("key");
    if (first === undefined || at === undefined) seen.set(key, at?.path ?? "");
    else if (key !== "") at.refuse(`${JSON.stringify(key)} is the key of ${first} already`);
  }
  return charges;
}

function readCharge(place: Place): Charge {
  if (place.isObject()) place.allowOnly(["key", "name", "meter", "price"]);
  const key = place.at("key").text();
  const name = place.at("name");
  const meter = parseMeter(place.at("meter"));
  const price = parsePrice(place.at("price"), meter);
  return { key, name: name.isAbsent ? key : name.text(), meter, price };
}
