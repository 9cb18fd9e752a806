/** Reads an untrusted rate card document. Every problem is named with its path. */
import { parseEntitlements, unmatchablePatterns } from "../budget/entitlements.ts";
import type { Problem } from "../errors.ts";
import {
  CHARGES_PER_CARD_MAX_COUNT,
  DISCOUNTS_PER_CARD_MAX_COUNT,
  FEES_PER_CARD_MAX_COUNT,
} from "../limits.ts";
import { currencyDecimals } from "../money/currency.ts";
import { ROUNDING_MODES } from "../money/rounding.ts";
import { byNumber, contradictionsOf, fineAmountsOf, joinProblems } from "./card-contradictions.ts";
import type { CardOverride, Changes } from "./card-override.ts";
import { Place } from "./document-place.ts";
import { parseCharge, readOptionalMoney } from "./parse-charge.ts";
import { parseCredit, parseDiscount, parseFee, parseTrial } from "./parse-terms.ts";
import type { RateCard } from "./rate-card.ts";
import { unselectedCells } from "./unselected-cells.ts";
import { patternsOfCard } from "./whole-names.ts";

/** Fields of a card that are one value each: an override replaces them. */
const TERMS = {
  minimum: readOptionalMoney,
  maximum: readOptionalMoney,
  runMinimum: readOptionalMoney,
  runCap: readOptionalMoney,
  credit: parseCredit,
  trial: parseTrial,
  entitlements: parseEntitlements,
  rounding: readRounding,
} as const;

const LISTS = ["charges", "fees", "discounts"] as const;
const CARD_FIELDS = ["key", "currency", ...LISTS, "included", ...Object.keys(TERMS)];
const OVERRIDE_FIELDS = ["key", "extends", ...LISTS, ...Object.keys(TERMS)];

export type ParsedRateCard = { readonly card: RateCard } | { readonly problems: Problem[] };
export type ParsedCardDocument = ParsedRateCard | { readonly override: CardOverride };

/**
 * Reads a JSON document, already parsed: a card, or with `extends` what a card changes of another
 * one. Numbers are decimal text or safe integers. The problems are never more than
 * PROBLEMS_MAX_COUNT and have the codes `ratecard.invalid`, `field.unknown`.
 */
export function parseCardDocument(document: unknown): ParsedCardDocument {
  const problems: Problem[] = [];
  const root = new Place(document, "", problems);
  if (!root.isRecord || root.at("extends").isAbsent) {
    return readCard(document, (card) => [
      ...[...contradictionsOf(card), ...fineAmountsOf(card)],
      ...unmatchablePatterns(card.entitlements ?? {}, "entitlements"),
      ...patternsOfCard(card, byNumber),
      ...unselectedCells(card, byNumber),
    ]);
  }
  root.allowOnly(OVERRIDE_FIELDS);
  const override: CardOverride = {
    key: root.at("key").text(),
    extends: root.at("extends").text(),
    charges: readNamed(root.at("charges"), parseCharge, CHARGES_PER_CARD_MAX_COUNT),
    fees: readNamed(root.at("fees"), parseFee, FEES_PER_CARD_MAX_COUNT),
    discounts: readNamed(root.at("discounts"), parseDiscount, DISCOUNTS_PER_CARD_MAX_COUNT),
    changes: readChanges(root),
  };
  if (override.key === override.extends) root.at("extends").refuse("is the card's own key");
  return problems.length === 0 ? { override } : { problems };
}

/** Reads the document of a whole card, which may be one on record. */
export function parseRateCard(document: unknown): ParsedRateCard {
  return readCard(document, contradictionsOf);
}

function readCard(document: unknown, judge: (card: RateCard) => Problem[]): ParsedRateCard {
  const problems: Problem[] = [];
  const root = new Place(document, "", problems);
  if (!root.isObject()) return { problems };
  root.allowOnly(CARD_FIELDS);
  refuseIncluded(root.at("included"));
  const card: RateCard = {
    key: root.at("key").text(),
    currency: readCurrency(root.at("currency")),
    charges: readList(root.at("charges"), parseCharge, CHARGES_PER_CARD_MAX_COUNT),
    fees: readOptionalList(root.at("fees"), parseFee, FEES_PER_CARD_MAX_COUNT),
    discounts: readOptionalList(root.at("discounts"), parseDiscount, DISCOUNTS_PER_CARD_MAX_COUNT),
    minimum: TERMS.minimum(root.at("minimum")),
    maximum: TERMS.maximum(root.at("maximum")),
    runMinimum: TERMS.runMinimum(root.at("runMinimum")),
    runCap: TERMS.runCap(root.at("runCap")),
    credit: TERMS.credit(root.at("credit")),
    trial: TERMS.trial(root.at("trial")),
    entitlements: TERMS.entitlements(root.at("entitlements")),
    rounding: TERMS.rounding(root.at("rounding")),
  };
  const all = joinProblems(problems, judge(card));
  return all.length === 0 ? { card } : { problems: all };
}

type Read<T> = (place: Place, name: string | null) => T;

function readList<T>(place: Place, read: Read<T>, maxCount: number): T[] {
  return place.items(maxCount).map((item) => read(item, null));
}

function readOptionalList<T>(place: Place, read: Read<T>, maxCount: number): T[] {
  const isEmpty = Array.isArray(place.value) && place.value.length === 0;
  return place.isAbsent || isEmpty ? [] : readList(place, read, maxCount);
}

/** What an override changes, by key; null: removed. */
function readNamed<T>(place: Place, read: Read<T>, maxCount: number): Map<string, T | null> {
  if (place.isAbsent) return new Map();
  if (Array.isArray(place.value)) {
    place.refuse('an override names what it changes: { "KEY": { … }, "OTHER": null }');
    return new Map();
  }
  const entries = place.entries(maxCount);
  return new Map(entries.map(([key, at]) => [key, at.isAbsent ? null : read(at, key)]));
}

function readChanges(root: Place): Changes {
  const names = Object.keys(TERMS) as (keyof typeof TERMS)[];
  const stated = names.filter((name) => root.at(name).value !== undefined);
  return Object.fromEntries(stated.map((name) => [name, TERMS[name](root.at(name))]));
}

/** An allowance for a whole card would have to say of which charge: it stands on its charge. */
function refuseIncluded(place: Place): void {
  const isNone = Array.isArray(place.value) && place.value.length === 0;
  if (!place.isAbsent && !isNone) place.refuse("stands on its charge: charges[0].included");
}

function readCurrency(place: Place): string {
  const code = place.text();
  if (code !== "" && currencyDecimals(code) === undefined) {
    const upper = code.toUpperCase();
    const isKnown = currencyDecimals(upper) !== undefined;
    const hint = isKnown ? `write ${upper}` : "use an ISO 4217 code such as USD";
    place.refuse(`${JSON.stringify(code)} is no known currency; ${hint}`);
  }
  return code;
}

function readRounding(place: Place): RateCard["rounding"] {
  return (place.isAbsent ? undefined : place.choice(ROUNDING_MODES)) ?? "half_even";
}
