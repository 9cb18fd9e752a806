/** In which currency an amount stands. Costs are in one; charges are in that of their card. */
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { Run } from "../../domain/run/run.ts";
import type { Store } from "../../engine/ports.ts";

/** Looks up currencies of one workspace. */
export interface Currencies {
  /** Null while there is no card. */
  ofRun(run: Run): string | null;
  /** The one currency of all cards; null where they differ or there are none. */
  readonly ofAll: string | null;
}

/** Reads the cards of a workspace. */
export async function readCurrencies(
  store: Pick<Store, "cards">,
  workspace: string,
): Promise<Currencies> {
  const cards = await store.cards(workspace);
  const byId = new Map(cards.map((version) => [version.id, version.card.currency]));
  const all = new Set(byId.values());
  return {
    ofRun: (run) => byId.get(run.rating?.cardVersionId ?? -1) ?? currencyOfDefault(cards),
    ofAll: all.size === 1 ? ([...all][0] ?? null) : null,
  };
}

/** The first card applied prices whoever has none of their own. */
function currencyOfDefault(cards: readonly RateCardVersion[]): string | null {
  return cards[0]?.card.currency ?? null;
}
