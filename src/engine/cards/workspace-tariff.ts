/** The tariff of a workspace, built from the versions that its store holds. */
import { present } from "../../domain/assert.ts";
import { costOfFacts, costOfStep } from "../../domain/cost/cost-of-step.ts";
import type { PriceVersion } from "../../domain/cost/price-book.ts";
import { PriceCatalogs } from "../../domain/cost/price-catalogs.ts";
import { type ConversionRate, convert, rateAt } from "../../domain/money/conversion.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { rememberedPeriods } from "../../domain/period/billing-period.ts";
import { cardKeyAt, customerSpans } from "../../domain/period/customer-cards.ts";
import {
  advance,
  type Counter,
  type Move,
  moveAlone,
  moveCounter,
} from "../../domain/rating/counter.ts";
import {
  type CompiledCard,
  type CostConversion,
  compileCard,
  type MeteredQuantity,
} from "../../domain/rating/meter.ts";
import type { RateCard, RateCardVersion } from "../../domain/rating/rate-card.ts";
import { versionInForce } from "../../domain/rating/select-version.ts";
import { KeptByVersion } from "../commit/rules.ts";
import type { Tariffs } from "../context.ts";
import type { Store } from "../ports.ts";
import { readRates } from "./conversion-rates.ts";
import type { Tariff } from "./tariff.ts";

/**
 * Converts costs to a card's currency. A card that was recorded before rates were asked for may
 * find none: it takes the cost as it is, as it did then.
 */
function costConversion(
  { card: { currency, rounding } }: RateCardVersion,
  rates: readonly ConversionRate[],
): CostConversion | undefined {
  if (currency === COST_CURRENCY) return undefined;
  const pair = { from: COST_CURRENCY, to: currency };
  return ({ cost, ratedAtMs }) => {
    const rate = rateAt(rates, pair, present(ratedAtMs, "the instant that rates a step"));
    return rate === null ? cost : convert(cost, rate, rounding).amount;
  };
}

/** Of all workspaces of this process: most begin with the same price book. */
const CATALOGS = new PriceCatalogs();

/** Builds the tariff of these versions. The first card applied is the default card. */
export function tariffOf(
  cards: readonly RateCardVersion[],
  prices: readonly PriceVersion[],
  rates: readonly ConversionRate[],
): Tariff {
  const catalog = CATALOGS.of(prices);
  const compiled = new Map(
    cards.map((version) => [version.id, compileCard(version, costConversion(version, rates))]),
  );
  const versions = new Map(cards.map((version) => [version.id, version]));
  const versionsByKey = Map.groupBy(cards, (version) => version.card.key);
  const defaultKey = cards[0]?.card.key ?? "";
  const cardById = (id: number): CompiledCard => present(compiled.get(id), `card version ${id}`);
  const waiting = new Set(
    cards.flatMap((version) => (version.takesEffect === "next_period" ? version.card.key : [])),
  );
  const periods = rememberedPeriods();
  const versionsOf = (cardKey: string | null) => versionsByKey.get(cardKey ?? defaultKey) ?? [];
  const dates = [...cards, ...rates].map(({ effectiveFromMs }) => effectiveFromMs);
  const moveAmongCards = (counter: Counter | undefined, move: Move, item: MeteredQuantity) =>
    moveCounter(counter, move, (id) => cardById(id).segmentPrice(item.chargeKey, item.cell));
  const waits = [...compiled.values()].map((card) => card.waits);
  return {
    waitsForEnd: waits.some(({ runs, outcomes }) => runs || outcomes),
    settlesOutcomes: cards.some(({ card }) =>
      card.charges.some((one) => one.settlesAfterHours !== null),
    ),
    boundsRuns: cards.some(({ card }) => card.runCap !== null || card.runMinimum !== null),
    priceStep: (facts, atMs) => costOfFacts(facts, catalog.findForStep(facts, atMs)),
    explainCost: (facts, atMs) => costOfStep(facts, catalog.findForStep(facts, atMs)),
    cardFor: (customer, atMs) => {
      const key = cardKeyAt(customer, atMs) ?? defaultKey;
      const own = versionsByKey.get(key);
      if (own === undefined) return null;
      const startMs = waiting.has(key) ? periods(atMs, customer).startMs : atMs;
      const version = versionInForce(own, atMs, startMs);
      return version === null ? null : cardById(version.id);
    },
    spansOf: (customer, period) => customerSpans(customer, period, versionsOf),
    nextChangeMs: ({ formerCards }, atMs) => {
      const own = formerCards.map(({ untilMs }) => untilMs);
      return Math.min(...[...dates, ...own].filter((one) => one > atMs));
    },
    hasStandingTerms: cards.some(({ card }) => owesWithoutUsage(card)),
    cardById,
    ratesOf: (card, { startMs, endMs }) => {
      const usual = { from: COST_CURRENCY, to: card.currency };
      const first = rateAt(rates, usual, startMs);
      const later = rates.filter(({ from, to, effectiveFromMs: atMs }) => {
        return from === usual.from && to === usual.to && atMs > startMs && atMs < endMs;
      });
      return first === null ? later : [first, ...later];
    },
    versionById: (id) => present(versions.get(id), `card version ${id}`),
    periodOf: (customer, atMs) => periods(atMs, customer),
    moved: (counter, card, { item, delta }) => {
      const move = { cardVersionId: card.id, delta };
      const { price } = card.segmentPrice(item.chargeKey, item.cell);
      return moveAlone(counter, move, price) ?? moveAmongCards(counter, move, item);
    },
    advance: (counter, card, { item, delta }) => {
      const priceOf = (id: number) => cardById(id).segmentPrice(item.chargeKey, item.cell);
      return advance(counter, { cardVersionId: card.id, delta }, priceOf);
    },
  };
}

/** Whether a period may owe something by this card where nothing was used. */
function owesWithoutUsage({ fees, minimum, charges }: RateCard): boolean {
  const isOwed = (amount: Amount | null) => amount !== null && amount > 0n;
  return fees.length > 0 || isOwed(minimum) || charges.some((one) => isOwed(one.minimum));
}

/** What a tariff takes up beside its cards, and a character of a card that was compiled. */
const [TARIFF_BYTES, CARD_CHAR_BYTES] = [4_000, 8];

/** What a tariff takes up, about. Prices count for whoever is the first to have them. */
function bytesOf(cards: readonly RateCardVersion[], prices: readonly PriceVersion[]): number {
  const chars = cards.reduce((sum, { document }) => sum + document.length, 0);
  return TARIFF_BYTES + chars * CARD_CHAR_BYTES + CATALOGS.bytesToAdd(prices);
}

/** Keeps the tariff of each workspace until a version is recorded. */
export function storedTariffs(store: Store, maxBytes?: number): Tariffs {
  const kept = new KeptByVersion<{ readonly tariff: Tariff; readonly bytes: number }>(store, {
    part: "tariff",
    read: async (workspace) => {
      const cards = await store.cards(workspace);
      const prices = await store.prices(workspace);
      const bytes = bytesOf(cards, prices);
      return { tariff: tariffOf(cards, prices, await readRates(store, workspace)), bytes };
    },
    bytesOf: ({ bytes }) => bytes,
    maxBytes,
  });
  return {
    of: async (workspace, rules) => (await kept.of(workspace, rules)).tariff,
    forget: (workspace) => kept.forget(workspace),
  };
}
