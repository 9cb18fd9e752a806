/** A new version of a rate card, from a moment on. What is already rated never changes. */
import { TollgateError } from "../domain/errors.ts";
import type { RateCard, RateCardVersion } from "../domain/rating/rate-card.ts";
import { versionInForce } from "../domain/rating/select-version.ts";
import { runAct } from "./act.ts";
import type { EngineContext } from "./context.ts";

/** A rate card to be applied. */
export interface NewCardVersion {
  readonly card: RateCard;
  /** The card as canonical JSON. */
  readonly document: string;
  /** Null: now. */
  readonly effectiveFromMs: number | null;
  /** Lets it take effect before now; `rerate` is to follow. (Default: false.) */
  readonly isRerating?: boolean;
}

/**
 * Records the version; applying the version in force again changes nothing. The first card of a
 * workspace prices every customer without a card of its own. Throws `ratecard.backdated` where it
 * would take effect before now and nobody asked for a re-rate. With one, a card that is what was in
 * force then changes nothing, so that a re-rate that was cut off may be asked for anew.
 */
export async function applyRateCard(
  context: EngineContext,
  workspace: string,
  { card, document, effectiveFromMs, isRerating = false }: NewCardVersion,
): Promise<{ readonly version: RateCardVersion; readonly isNew: boolean }> {
  const applied = await runAct(context, workspace, async ({ state, extra, journal }) => {
    const versions = await context.store.cards(workspace);
    const own = versions.filter((version) => version.card.key === card.key);
    const latest = own.at(-1);
    const fromMs = effectiveFromMs ?? state.receivedAtMs;
    const isScheduled = effectiveFromMs !== null && effectiveFromMs !== latest?.effectiveFromMs;
    if (latest !== undefined && latest.document === document && !isScheduled) {
      return { version: latest, isNew: false };
    }
    // Before any step exists a card may begin in the past: there is nothing to change.
    const isFirst = state.lastSeq === 0 || own.length === 0;
    const isBackdated = fromMs < state.receivedAtMs;
    const inForce = isBackdated && isRerating ? versionInForce(own, fromMs) : null;
    if (inForce !== null && inForce.document === document) {
      return { version: inForce, isNew: false };
    }
    if (isBackdated && !isRerating && !(isFirst && (await isUnused(context, workspace)))) {
      const from = new Date(fromMs).toISOString();
      const detail = `Card "${card.key}" would take effect at ${from}, before now.`;
      throw new TollgateError("ratecard.backdated", detail, "effectiveFrom");
    }
    const version: RateCardVersion = {
      id: versions.length + 1,
      version: own.length + 1,
      effectiveFromMs: fromMs,
      recordedAtMs: state.receivedAtMs,
      card,
      document,
    };
    extra.cards = [version];
    const { id, recordedAtMs } = version;
    const body = JSON.parse(document) as unknown;
    const entry = { id, version: version.version, effectiveFromMs: fromMs, recordedAtMs };
    journal("card.applied", card.key, { ...entry, card: body });
    return { version, isNew: true };
  });
  context.tariffs.forget(workspace);
  return applied;
}

/** True while the workspace holds no usage. */
export async function isUnused(context: EngineContext, workspace: string): Promise<boolean> {
  return (await context.store.listRuns(workspace, { limit: 1 })).length === 0;
}
