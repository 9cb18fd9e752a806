/** A new version of the price book. Steps that are already costed keep their prices. */
import type { PriceEntry, PriceVersion } from "../domain/cost/price-book.ts";
import { encodePriceEntries } from "../domain/cost/price-codec.ts";
import { TollgateError } from "../domain/errors.ts";
import { runAct } from "./act.ts";
import { isUnused } from "./apply-rate-card.ts";
import type { EngineContext } from "./context.ts";

/** Price entries to be recorded as a version. */
export interface NewPrices {
  readonly source: string;
  readonly entries: readonly PriceEntry[];
  /** Null: since ever before the first step, from now on after it. */
  readonly effectiveFromMs: number | null;
}

/** Throws `price.backdated` where the prices would take effect before now and usage exists. */
export async function importPrices(
  context: EngineContext,
  workspace: string,
  { source, entries, effectiveFromMs }: NewPrices,
): Promise<PriceVersion> {
  const version = await runAct(context, workspace, async ({ state, extra, journal }) => {
    const unused = await isUnused(context, workspace);
    const nowMs = state.receivedAtMs;
    const fromMs = effectiveFromMs ?? (unused ? null : nowMs);
    if (!unused && fromMs !== null && fromMs < nowMs) {
      const from = new Date(fromMs).toISOString();
      const detail = `The prices would take effect at ${from}, before now, and usage exists.`;
      throw new TollgateError("price.backdated", detail, "effectiveFrom");
    }
    const known = await context.store.prices(workspace);
    const id = known.length;
    const recorded: PriceVersion = {
      id,
      source,
      recordedAtMs: nowMs,
      effectiveFromMs: fromMs,
      entries,
    };
    extra.prices = [recorded];
    const sha256 = context.digest.sha256(encodePriceEntries(entries));
    const summary = { id, source, effectiveFromMs: fromMs, entries: entries.length, sha256 };
    journal("prices.imported", source, summary);
    return recorded;
  });
  context.tariffs.forget(workspace);
  return version;
}
