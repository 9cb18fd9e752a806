/**
 * Rates between currencies, told and kept as acts of the journal. A step's cost is converted by the
 * rate in force at its time, whenever that is asked; so a rate may never change what a card has
 * converted: where one uses it, a new rate takes effect after every step that can have come.
 */
import { TollgateError } from "../../domain/errors.ts";
import { FUTURE_TOLERANCE_MS } from "../../domain/limits.ts";
import { type ConversionRate, parseRate, rateAt } from "../../domain/money/conversion.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { isCostMeter } from "../../domain/rating/meter-fields.ts";
import type { RateCard } from "../../domain/rating/rate-card.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Store } from "../ports.ts";
import { isUnused } from "./is-unused.ts";

/** A rate as the journal keeps it: decimal text, milliseconds. */
interface RateDocument {
  readonly from: string;
  readonly to: string;
  readonly rate: string;
  readonly effectiveFromMs: number;
}

/** A rate to be told. */
export interface NewRate extends Omit<RateDocument, "effectiveFromMs"> {
  /** Null: as soon as may be. */
  readonly effectiveFromMs: number | null;
}

const SUBJECT = "rates";

/** Every rate of a workspace, in the order in which they were told. */
export async function readRates(
  store: Pick<Store, "acts">,
  workspace: string,
): Promise<ConversionRate[]> {
  const limit = Number.MAX_SAFE_INTEGER;
  const acts = await store.acts(workspace, { kind: "rates.imported", limit });
  return acts.flatMap(({ document }) => {
    const { rates } = JSON.parse(document) as { readonly rates: readonly RateDocument[] };
    return rates.map(rateOf);
  });
}

function rateOf({ from, to, rate, effectiveFromMs }: RateDocument): ConversionRate {
  const value = parseRate(rate);
  if (value !== undefined) return { from, to, rate: value, effectiveFromMs };
  throw new TollgateError("rate.invalid", `"${rate}" is no rate from ${from} to ${to}.`, "rate");
}

/**
 * Records rates, all or none; those that are known already are passed over. Throws `rate.invalid`,
 * and `rate.backdated` where one would change what a card has converted.
 */
export async function importRates(
  context: EngineContext,
  workspace: string,
  rates: readonly NewRate[],
): Promise<ConversionRate[]> {
  await runAct(context, workspace, async ({ state, journal }) => {
    const known = await readRates(context.store, workspace);
    const cards = await context.store.cards(workspace);
    const unused = await isUnused(context, workspace);
    const nowMs = state.receivedAtMs;
    const afterAllMs = nowMs + FUTURE_TOLERANCE_MS + 1;
    const told = rates.flatMap(({ effectiveFromMs, ...rest }): RateDocument[] => {
      const isUsed = !unused && cards.some(({ card }) => usesRate(card, rest.to));
      const fromMs = effectiveFromMs ?? (isUsed ? afterAllMs : nowMs);
      const document = { ...rest, effectiveFromMs: fromMs };
      const wanted = rateOf(document);
      if (isSame(rateAt(known, wanted, fromMs), wanted)) return [];
      if (isUsed && fromMs < afterAllMs) throw backdated(document, afterAllMs);
      return [document];
    });
    if (told.length > 0) journal("rates.imported", SUBJECT, { rates: told });
  });
  context.tariffs.forget(workspace);
  return readRates(context.store, workspace);
}

function isSame(known: ConversionRate | null, wanted: ConversionRate): boolean {
  return known?.rate === wanted.rate && known.effectiveFromMs === wanted.effectiveFromMs;
}

function backdated({ from, to, effectiveFromMs }: RateDocument, earliestMs: number) {
  const [at, earliest] = [effectiveFromMs, earliestMs].map((ms) => new Date(ms).toISOString());
  const detail = `A card converts ${from} to ${to}: ${at} is too early, ${earliest} is not.`;
  return new TollgateError("rate.backdated", detail, "effectiveFrom");
}

/** Whether a card converts costs to a currency. */
function usesRate({ currency, charges }: RateCard, to: string): boolean {
  if (currency !== to || currency === COST_CURRENCY) return false;
  return charges.some(({ meter }) => isCostMeter(meter));
}

/** Throws `rate.missing` where a card needs a rate and none is in force from its start. */
export function requireRate(
  card: RateCard,
  rates: readonly ConversionRate[],
  fromMs: number,
): void {
  if (!usesRate(card, card.currency)) return;
  const pair = { from: COST_CURRENCY, to: card.currency };
  if (rateAt(rates, pair, fromMs) !== null) return;
  const at = new Date(fromMs).toISOString();
  const rate = `rate from ${pair.from} to ${pair.to}`;
  const detail = `Card "${card.key}" charges costs, and no ${rate} is in force at ${at}.`;
  throw new TollgateError("rate.missing", detail, "currency");
}
