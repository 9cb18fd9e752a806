/** A new version of a rate card. What is already rated never changes. */
import { TollgateError } from "../../domain/errors.ts";
import type { CardOverride } from "../../domain/rating/card-override.ts";
import type { RateCard, RateCardVersion, TakesEffect } from "../../domain/rating/rate-card.ts";
import { versionInForce } from "../../domain/rating/select-version.ts";
import { requireApproved, sizeOfCard } from "../acts/changes.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { countParallelRuns } from "../limits/count-parallel-runs.ts";
import { requireFirstCardCurrency } from "../periods/commitment-currency.ts";
import { readRates, requireRate } from "./conversion-rates.ts";
import { isUnused } from "./is-unused.ts";
import { type Effect, type NewCard, VersionWriter, wholeCard } from "./override-versions.ts";

/** A rate card to be applied: whole, or what it changes of another one. */
export type NewCardVersion = ({ readonly card: RateCard } | { readonly override: CardOverride }) & {
  /** The card or override as canonical JSON. */
  readonly document: string;
  /** At this instant, whatever the period; null: now. */
  readonly effectiveFromMs: number | null;
  /** Lets it take effect before now; `rerate` is to follow. (Default: false.) */
  readonly isRerating?: boolean;
  /**
   * How it takes over. (Default: at once where an instant is stated, where there is no version
   * before it and while nothing is used; else with each customer's next period.)
   */
  readonly takesEffect?: TakesEffect;
};

/** The version that was asked for, and those that its overrides got with it. */
export interface AppliedCard {
  readonly version: RateCardVersion;
  readonly isNew: boolean;
  readonly overrides: readonly RateCardVersion[];
}

/**
 * Records the version; applying the latest version again changes nothing. The first card of a
 * workspace prices every customer without a card of its own. Every override of the card is resolved
 * again in the same unit of work. Throws `ratecard.backdated` where it would take effect before
 * now and nobody asked for a re-rate; with one, a card that is what was in force then changes
 * nothing, so that a re-rate that was cut off may be asked for anew. Throws `ratecard.invalid`
 * where an override cannot follow or the currency would change (or is not that of commitments that
 * the first card would bill), `ratecard.not_found` where an
 * override has no base.
 */
export async function applyRateCard(
  context: EngineContext,
  workspace: string,
  request: NewCardVersion,
): Promise<AppliedCard> {
  const applied = await runAct(context, workspace, async (act) => {
    const { state, extra } = act;
    const known = await context.store.cards(workspace);
    const writer = new VersionWriter(known, state.receivedAtMs);
    const own = writer.of(keyOf(request));
    const isFirst = own.length === 0;
    const unused = await isUnused(context, workspace);
    const effect = effectOf(request, { nowMs: state.receivedAtMs, isFree: isFirst || unused });
    const made = newCard(writer, request, effect);
    const latest = own.at(-1);
    if (latest !== undefined && isSame(latest, made) && !isEarlier(request, latest)) {
      return { version: latest, isNew: false, overrides: [] };
    }
    const isBackdated = effect.effectiveFromMs < state.receivedAtMs;
    const isRerating = isBackdated && request.isRerating === true;
    const inForce = isRerating ? versionInForce(own, effect.effectiveFromMs) : null;
    if (inForce !== null && isSame(inForce, made)) {
      return { version: inForce, isNew: false, overrides: [] };
    }
    // Before anything is used, a card may begin in the past: there is nothing to change.
    const mayBeginBefore = isRerating || (unused && (isFirst || state.lastSeq === 0));
    if (isBackdated && !mayBeginBefore) {
      const from = new Date(effect.effectiveFromMs).toISOString();
      const detail = `Card "${made.card.key}" would take effect at ${from}, before now.`;
      throw new TollgateError("ratecard.backdated", detail, "effectiveFrom");
    }
    await requireApproved(context, workspace, sizeOfCard(latest, JSON.parse(request.document)));
    if (known.length === 0)
      await requireFirstCardCurrency(context.store, workspace, made.card.currency);
    const version = writer.add(made, effect);
    const { key } = made.card;
    const baseKey = "override" in request ? request.override.extends : key;
    const following = "override" in request ? [key] : writer.overridesOf(key);
    const overrides = following.flatMap((one) => {
      return writer.follow(one, baseKey, effect.effectiveFromMs);
    });
    extra.cards = [version, ...overrides];
    const rates = await readRates(context.store, workspace);
    for (const one of extra.cards) {
      requireRate(one.card, rates, one.effectiveFromMs);
      journalVersion(act, one, version);
      const allowed = one.card.entitlements?.parallelRuns ?? null;
      if (allowed !== null) await countParallelRuns(context, act);
    }
    return { version, isNew: true, overrides };
  });
  context.tariffs.forget(workspace);
  context.budgets.forget(workspace);
  return applied;
}

function keyOf(request: NewCardVersion): string {
  return "card" in request ? request.card.key : request.override.key;
}

function effectOf(
  { effectiveFromMs, takesEffect }: NewCardVersion,
  { nowMs, isFree }: { readonly nowMs: number; readonly isFree: boolean },
): Effect {
  const isAtOnce = effectiveFromMs !== null || isFree;
  const how = takesEffect ?? (isAtOnce ? "at_once" : "next_period");
  return { effectiveFromMs: effectiveFromMs ?? nowMs, takesEffect: how };
}

function newCard(writer: VersionWriter, request: NewCardVersion, effect: Effect): NewCard {
  const { document } = request;
  return "card" in request
    ? wholeCard(request.card, document)
    : writer.resolve(request.override, document, effect.effectiveFromMs);
}

function isSame(latest: RateCardVersion, made: NewCard): boolean {
  return latest.document === made.document && latest.override?.document === made.override?.document;
}

/** The same card again, but from another instant, or at once where it waits for the next period. */
function isEarlier(request: NewCardVersion, latest: RateCardVersion): boolean {
  const { effectiveFromMs, takesEffect } = request;
  const isMoved = effectiveFromMs !== null && effectiveFromMs !== latest.effectiveFromMs;
  return isMoved || (takesEffect === "at_once" && latest.takesEffect === "next_period");
}

/** Of a version that an override got, the entry names what has caused it. */
function journalVersion(act: Act, one: RateCardVersion, cause: RateCardVersion): void {
  const { id, version, effectiveFromMs, recordedAtMs, takesEffect, card, document } = one;
  const from = one.override && {
    override: JSON.parse(one.override.document) as unknown,
    baseVersionId: one.override.baseVersionId,
  };
  const by = one === cause ? {} : { cause: { card: cause.card.key, version: cause.version } };
  const entry = { id, version, effectiveFromMs, recordedAtMs, takesEffect };
  const body = JSON.parse(document) as unknown;
  act.journal("card.applied", card.key, { ...entry, ...from, ...by, card: body });
}
