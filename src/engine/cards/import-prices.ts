/** A new version of the price book. Steps that are already costed keep their prices. */

import { versionOnTop } from "../../domain/cost/find-price.ts";
import type { PriceEntry, PriceVersion } from "../../domain/cost/price-book.ts";
import { encodePriceEntries } from "../../domain/cost/price-codec.ts";
import { TollgateError } from "../../domain/errors.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { isUnused } from "./is-unused.ts";

/** Price entries to be recorded as a version. */
export interface NewPrices {
  readonly source: string;
  readonly entries: readonly PriceEntry[];
  /** Null: since ever before the first step, from now on after it. */
  readonly effectiveFromMs: number | null;
  /** Lets them take effect before now; `rerate` is to follow. (Default: false.) */
  readonly isRerating?: boolean;
}

/** The version that was asked for. */
export interface ImportedPrices {
  readonly version: PriceVersion;
  /** False: these are the prices that go first then already, and nothing was changed. */
  readonly isNew: boolean;
}

/**
 * Records the version. What goes first at that moment already changes nothing, so that an import
 * whose answer was lost, or a re-rate that was cut off, may be asked for anew. Throws
 * `price.backdated` where the prices would take effect before now, usage exists and nobody asked
 * for a re-rate.
 */
export async function importPrices(
  context: EngineContext,
  workspace: string,
  { source, entries, effectiveFromMs, isRerating = false }: NewPrices,
): Promise<ImportedPrices> {
  requireCostCurrency(entries);
  const imported = await runAct(context, workspace, async ({ state, extra, journal }) => {
    const unused = await isUnused(context, workspace);
    const nowMs = state.receivedAtMs;
    const fromMs = effectiveFromMs ?? (unused ? null : nowMs);
    const known = await context.store.prices(workspace);
    const id = known.length;
    const text = encodePriceEntries(entries);
    const onTop = versionOnTop(known, fromMs);
    if (onTop?.source === source && encodePriceEntries(onTop.entries) === text) {
      return { version: onTop, isNew: false };
    }
    const isBackdated = !unused && fromMs !== null && fromMs < nowMs;
    if (isBackdated && !isRerating) {
      const from = new Date(fromMs).toISOString();
      const detail = `The prices would take effect at ${from}, before now, and usage exists.`;
      throw new TollgateError("price.backdated", detail, "effectiveFrom");
    }
    const recorded: PriceVersion = {
      id,
      source,
      recordedAtMs: nowMs,
      effectiveFromMs: fromMs,
      entries,
    };
    extra.prices = [recorded];
    const sha256 = context.digest.sha256(text);
    const summary = { id, source, effectiveFromMs: fromMs, entries: entries.length, sha256 };
    journal("prices.imported", source, summary);
    return { version: recorded, isNew: true };
  });
  context.tariffs.forget(workspace);
  return imported;
}

/** Costs are added up in one currency: a price in another one would be taken for it. */
function requireCostCurrency(entries: readonly PriceEntry[]): void {
  const at = entries.findIndex(({ currency }) => currency !== COST_CURRENCY);
  const entry = entries[at];
  if (entry === undefined) return;
  const what = `${entry.provider}/${entry.subject}`;
  const detail = `The price of ${what} is in ${entry.currency}; write prices in ${COST_CURRENCY}.`;
  throw new TollgateError("price.invalid", detail, `entries[${at}].currency`);
}
