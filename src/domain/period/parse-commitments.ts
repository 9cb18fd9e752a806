/** Reads an untrusted list of commitments. Every problem is named with its path. */
import type { Problem } from "../errors.ts";
import {
  COMMITMENTS_PER_CUSTOMER_MAX_COUNT,
  FACTOR_SCALE,
  OVERAGE_PERCENT_MAX,
  PRICE_MAX_UNITS,
  PRICE_SCALE,
} from "../limits.ts";
import { currencyDecimals } from "../money/currency.ts";
import { amountOfPrice, type Factor, type Price } from "../money/decimal.ts";
import { roundAmount } from "../money/rounding.ts";
import { Place } from "../rating/document-place.ts";
import { readKey, readName } from "../rating/parse-charge.ts";
import { readDate, readKeys } from "../rating/parse-terms.ts";
import {
  COMMITMENT_KINDS,
  COMMITMENT_SPANS,
  type Commitment,
  type CommitmentSpan,
  crossingsOf,
} from "./commitment.ts";

export type ParsedCommitments =
  | { readonly commitments: readonly Commitment[] }
  | { readonly problems: readonly Problem[] };

const FIELDS = ["key", "name", "kind", "per", "amount", "currency", "charges"];
const TERMS = ["overagePercent", "from", "until"];

/**
 * Reads `{ "commitments": […] }`; an empty list is one. `currency` is that of a commitment which
 * names none. The codes are `commitment.invalid`, `field.unknown`.
 */
export function parseCommitments(document: unknown, currency: string): ParsedCommitments {
  const problems: Problem[] = [];
  const root = new Place(document, "", problems);
  if (root.isObject()) root.allowOnly(["commitments"]);
  const list = root.at("commitments");
  const isEmpty = Array.isArray(list.value) && list.value.length === 0;
  const places = isEmpty ? [] : list.items(COMMITMENTS_PER_CUSTOMER_MAX_COUNT);
  const commitments = places.map((place) => parseCommitment(place, currency));
  const keys = commitments.map(({ key }) => key);
  for (const [index, place] of places.entries()) {
    const key = keys[index] ?? "";
    if (key !== "" && keys.indexOf(key) !== index) place.at("key").refuse(`repeats "${key}"`);
  }
  for (const { index, earlier } of crossingsOf(commitments)) {
    const detail = `must hold all charges of "${earlier}", which comes before, or none of them`;
    places[index]?.at("charges").refuse(detail);
  }
  if (problems.length === 0) return { commitments };
  return { problems: problems.map(ofCommitment) };
}

/** Places refuse as parts of rate cards do. */
function ofCommitment(problem: Problem): Problem {
  const isOwn = problem.code === "ratecard.invalid";
  return isOwn ? { ...problem, code: "commitment.invalid" } : problem;
}

function parseCommitment(place: Place, byDefault: string): Commitment {
  if (place.isObject()) place.allowOnly([...FIELDS, ...TERMS]);
  const key = readKey(place, null);
  const stated = place.at("currency");
  const currency = stated.isAbsent ? byDefault : stated.text();
  const per = place.at("per").choice(COMMITMENT_SPANS) ?? "period";
  return {
    key,
    name: readName(place, key),
    kind: place.at("kind").choice(COMMITMENT_KINDS) ?? "minimum",
    per,
    amount: readAmount(place, currency),
    currency,
    charges: readKeys(place.at("charges")),
    overage: readOverage(place.at("overagePercent")),
    ...readTime(place, per),
  };
}

function readAmount(place: Place, currency: string): Commitment["amount"] {
  const field = place.at("amount");
  const rule = { scale: PRICE_SCALE, maxUnits: PRICE_MAX_UNITS, isPositive: true };
  const amount = amountOfPrice(field.decimal(rule) as Price);
  const decimals = currencyDecimals(currency);
  if (decimals === undefined) place.at("currency").refuse(`"${currency}" is not known`);
  else if (roundAmount(amount, decimals, "down").residual !== 0n) {
    field.refuse(`has more than the ${decimals} decimals of ${currency}`);
  }
  return amount;
}

function readOverage(place: Place): Factor | null {
  if (place.isAbsent) return null;
  return place.decimal({ scale: FACTOR_SCALE - 2, maxUnits: OVERAGE_PERCENT_MAX }) as Factor;
}

function readTime(place: Place, per: CommitmentSpan): Pick<Commitment, "from" | "until"> {
  const [start, end] = [place.at("from"), place.at("until")];
  const [from, until] = [readDate(start), readDate(end)];
  if (from === null) start.refuse("is missing");
  if (until === null && per === "contract") end.refuse("is missing: a contract has an end");
  if (from !== null && until !== null && until <= from) {
    end.refuse(`${until} is not after ${from}`);
  }
  return { from: from ?? "", until };
}
