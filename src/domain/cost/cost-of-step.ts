/**
 * What a step cost us: each bucket at its rate, exactly. A quantity without a rate is flagged,
 * never taken for free; a rate that may be too low makes the cost `partial`.
 */
import type { StepFacts } from "../event/event.ts";
import type { CostStatus } from "../event/step.ts";
import { inputQuantity, isTokenBucket, type Usage } from "../event/usage.ts";
import type { Amount, Factor, Price, Quantity } from "../money/decimal.ts";
import { multiplyAmount, ONE_UNIT, priceQuantity, ZERO_AMOUNT } from "../money/decimal.ts";
import type { FoundPrice } from "./find-price.ts";
import { type Basis, type BucketRate, priceForSize, type TierRates } from "./rate-table.ts";

/** The facts that a cost depends on. */
export type CostFacts = Pick<StepFacts, "kind" | "status" | "tier" | "usage">;

/** One bucket's part of a cost. */
export interface CostLine {
  /** Bucket or named unit of the usage. */
  readonly unit: string;
  readonly quantity: Quantity;
  /** Listed price of one unit, before the factor. */
  readonly price: Price;
  /** Factor of the service tier; 1 where the price is that of the tier. */
  readonly factor: Factor;
  /** quantity × price × factor. */
  readonly amount: Amount;
  readonly basis: Basis;
  /** Rate that applied, such as `output_text` for `output_reasoning`. */
  readonly rateUnit: string;
  /** Prompt size tier that applied; null: the plain price. */
  readonly inputAboveTokens: number | null;
}

/**
 * - `priced`: every quantity has a rate. `none`: there is nothing to price.
 * - `partial`: some quantity has no rate, or a rate is assumed. `unpriced`: no quantity has one.
 */
export interface CostOutcome {
  readonly cost: Amount;
  readonly status: CostStatus;
  /** Null: no price was found. */
  readonly currency: string | null;
  /** Price version that applied; null: none. */
  readonly priceVersionId: number | null;
}

/** A cost with its parts, recomputed where someone asks for them. */
export interface StepCost extends CostOutcome {
  readonly lines: readonly CostLine[];
  /** Buckets and units that should cost something and have no rate, in ascending order. */
  readonly unpricedUnits: readonly string[];
}

/** A fee per call applies once to a step that does not count its requests. */
const REQUESTS = "requests";
const SECONDS = "seconds";

/** The cost of a step without its lines: for the hot path. Equals the cost of `costOfStep`. */
export function costOfFacts(facts: CostFacts, found: FoundPrice): CostOutcome {
  const rates = ratesFor(facts, found);
  const { usage } = facts;
  let cost = 0n;
  let pricedCount = 0;
  let unpricedCount = 0;
  let isAssumed = false;
  let input: Quantity | undefined;
  // Going through the entries of a map makes a pair of each.
  for (const unit of usage.keys()) {
    const rate = rates?.get(unit);
    if (rate === undefined) {
      if (isChargeable(unit, facts)) unpricedCount += 1;
      continue;
    }
    let price = rate.prices[0];
    if (rate.prices.length > 1) {
      input ??= inputQuantity(usage);
      price = priceForSize(rate, input);
    }
    cost += (usage.get(unit) as Quantity) * price.effective;
    pricedCount += 1;
    if (rate.basis === "assumed") isAssumed = true;
  }
  const fee = impliedRequest(facts, rates);
  if (fee !== undefined) {
    cost += ONE_UNIT * priceForSize(fee, input ?? inputQuantity(usage)).effective;
    pricedCount += 1;
    if (fee.basis === "assumed") isAssumed = true;
  }
  const status = statusOf(pricedCount, unpricedCount, isAssumed);
  return outcome(cost as Amount, status, found);
}

/** The cost of a step with one line for each priced bucket. The lines add up to the cost. */
export function costOfStep(facts: CostFacts, found: FoundPrice): StepCost {
  const rates = ratesFor(facts, found);
  const input = inputQuantity(facts.usage);
  const lines: CostLine[] = [];
  const unpricedUnits: string[] = [];
  for (const [unit, quantity] of facts.usage) {
    const rate = rates?.get(unit);
    if (rate !== undefined) lines.push(costLine({ unit, quantity }, rate, input));
    else if (isChargeable(unit, facts)) unpricedUnits.push(unit);
  }
  const fee = impliedRequest(facts, rates);
  if (fee !== undefined) lines.push(costLine({ unit: REQUESTS, quantity: ONE_UNIT }, fee, input));
  const isAssumed = lines.some(({ basis }) => basis === "assumed");
  const status = statusOf(lines.length, unpricedUnits.length, isAssumed);
  const cost = lines.reduce((sum, { amount }) => sum + amount, ZERO_AMOUNT as bigint) as Amount;
  return { ...outcome(cost, status, found), lines, unpricedUnits };
}

function ratesFor(facts: CostFacts, found: FoundPrice): TierRates | undefined {
  return "rates" in found ? found.rates.forTier(facts.tier) : undefined;
}

function costLine(
  { unit, quantity }: { unit: string; quantity: Quantity },
  rate: BucketRate,
  input: Quantity,
): CostLine {
  const { price, inputAboveTokens } = priceForSize(rate, input);
  const { factor, basis, rateUnit } = rate;
  const amount = multiplyAmount(priceQuantity(quantity, price), factor);
  return { unit, quantity, price, factor, amount, basis, rateUnit, inputAboveTokens };
}

/**
 * Whether a quantity without a rate should have one. The seconds that a call took are a
 * measurement, unless compute is what was bought. The number of requests is a count beside
 * tokens: a model without a fee per request lists none.
 */
function isChargeable(unit: string, facts: CostFacts): boolean {
  if (unit === SECONDS) return facts.kind === "compute";
  if (unit === REQUESTS) return !hasTokens(facts.usage);
  return true;
}

function hasTokens(usage: Usage): boolean {
  for (const unit of usage.keys()) if (isTokenBucket(unit)) return true;
  return false;
}

/**
 * The fee of the one request that a step is. A call that was refused or failed before it used a
 * token is no request, and one that counts what it bought (`web_searches: 2`) says it all.
 */
function impliedRequest(facts: CostFacts, rates: TierRates | undefined): BucketRate | undefined {
  const rate = rates?.get(REQUESTS);
  if (rate === undefined || hasTokens(facts.usage)) {
    return facts.usage.has(REQUESTS) ? undefined : rate;
  }
  const countsUnits = facts.usage.size > (facts.usage.has(SECONDS) ? 1 : 0);
  return facts.status === "ok" && !countsUnits ? rate : undefined;
}

function statusOf(pricedCount: number, unpricedCount: number, isAssumed: boolean): CostStatus {
  if (pricedCount === 0) return unpricedCount === 0 ? "none" : "unpriced";
  return unpricedCount > 0 || isAssumed ? "partial" : "priced";
}

function outcome(cost: Amount, status: CostStatus, found: FoundPrice): CostOutcome {
  return "rates" in found
    ? { cost, status, currency: found.entry.currency, priceVersionId: found.versionId }
    : { cost, status, currency: null, priceVersionId: null };
}
