/** The tariff of a workspace, built from the versions that its store holds. */
import { present } from "../domain/assert.ts";
import { costOfFacts } from "../domain/cost/cost-of-step.ts";
import { PriceCatalog } from "../domain/cost/find-price.ts";
import type { PriceVersion } from "../domain/cost/price-book.ts";
import { rememberedPeriods } from "../domain/period/billing-period.ts";
import { advance } from "../domain/rating/counter.ts";
import { type CompiledCard, compileCard } from "../domain/rating/meter.ts";
import type { RateCardVersion } from "../domain/rating/rate-card.ts";
import { versionInForce } from "../domain/rating/select-version.ts";
import type { Tariffs } from "./context.ts";
import type { Store } from "./ports.ts";
import type { Tariff } from "./tariff.ts";

/** Builds the tariff of these versions. The first card applied is the default card. */
function workspaceTariff(
  cards: readonly RateCardVersion[],
  prices: readonly PriceVersion[],
): Tariff {
  const catalog = new PriceCatalog(prices);
  const compiled = new Map(cards.map((version) => [version.id, compileCard(version)]));
  const versions = new Map(cards.map((version) => [version.id, version]));
  const versionsByKey = Map.groupBy(cards, (version) => version.card.key);
  const defaultKey = cards[0]?.card.key;
  const cardById = (id: number): CompiledCard => present(compiled.get(id), `card version ${id}`);
  const periods = rememberedPeriods();
  const waits = [...compiled.values()].map((card) => card.waits);
  return {
    waitsForEnd: waits.some(({ runs, outcomes }) => runs || outcomes),
    boundsRuns: cards.some(({ card }) => card.runCap !== null || card.runMinimum !== null),
    priceStep: (facts, atMs) => costOfFacts(facts, catalog.findForStep(facts, atMs)),
    cardFor: (customer, atMs) => {
      const key = customer.cardKey ?? defaultKey;
      const own = key === undefined ? undefined : versionsByKey.get(key);
      const version = own === undefined ? null : versionInForce(own, atMs);
      return version === null ? null : cardById(version.id);
    },
    cardById,
    versionById: (id) => present(versions.get(id), `card version ${id}`),
    periodOf: (customer, atMs) => periods(atMs, customer),
    advance: (counter, card, { item, delta }) => {
      const priceOf = (id: number) => cardById(id).segmentPrice(item.chargeKey, item.cell);
      return advance(counter, { cardVersionId: card.id, delta }, priceOf);
    },
  };
}

/** Keeps the tariff of each workspace until a version is recorded. */
export function storedTariffs(store: Store): Tariffs {
  const kept = new Map<string, Tariff>();
  return {
    of: async (workspace) => {
      const known = kept.get(workspace);
      if (known !== undefined) return known;
      const cards = await store.cards(workspace);
      const built = workspaceTariff(cards, await store.prices(workspace));
      kept.set(workspace, built);
      return built;
    },
    forget: (workspace) => {
      kept.delete(workspace);
    },
  };
}
