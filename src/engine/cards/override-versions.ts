/** Versions that overrides get: each stands, at every instant, on its base in force then. */
import { present } from "../../domain/assert.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import { type CardOverride, resolveCard } from "../../domain/rating/card-override.ts";
import type { RateCard, RateCardVersion, TakesEffect } from "../../domain/rating/rate-card.ts";
import { rateCardDocument } from "../../domain/rating/rate-card-document.ts";
import { versionInForce } from "../../domain/rating/select-version.ts";
import { storedOverride } from "../../domain/rating/stored-rate-card.ts";

/** A card and what it was made of, before it is a version. */
export type NewCard = Pick<RateCardVersion, "card" | "document" | "override">;

/** When and how a version takes over. */
export interface Effect {
  readonly effectiveFromMs: number;
  readonly takesEffect: TakesEffect;
}

/** Adds versions to those that there are, numbered on. */
export class VersionWriter {
  readonly all: RateCardVersion[];
  readonly #recordedAtMs: number;

  constructor(known: readonly RateCardVersion[], recordedAtMs: number) {
    this.all = [...known];
    this.#recordedAtMs = recordedAtMs;
  }

  of(key: string): RateCardVersion[] {
    return this.all.filter(({ card }) => card.key === key);
  }

  /** Throws `ratecard.invalid` where the card had another currency: counters go on in one. */
  add(made: NewCard, effect: Effect): RateCardVersion {
    const { card } = made;
    const own = this.of(card.key);
    const former = own.at(-1)?.card.currency ?? card.currency;
    if (former !== card.currency) {
      const detail = `Card "${card.key}" is in ${former}; a version cannot be in ${card.currency}.`;
      throw new TollgateError("ratecard.invalid", detail, made.override ? "extends" : "currency");
    }
    const [id, version] = [this.all.length + 1, own.length + 1];
    const added = { id, version, ...effect, recordedAtMs: this.#recordedAtMs, ...made };
    this.all.push(added);
    return added;
  }

  /** Resolves an override on its base in force. Throws `ratecard.not_found`, `ratecard.invalid`. */
  resolve(override: CardOverride, document: string, atMs: number): NewCard {
    this.#requireWhole(override);
    const base = versionInForce(this.of(override.extends), atMs);
    if (base === null) {
      const detail = `There is no card "${override.extends}" in force to extend.`;
      throw new TollgateError("ratecard.not_found", detail, "extends");
    }
    return resolved(base, { override, document });
  }

  #requireWhole({ key, extends: baseKey }: CardOverride): void {
    const isOverride = this.of(baseKey).at(-1)?.override != null;
    const isBase = this.overridesOf(key).length > 0;
    if (!isOverride && !isBase) return;
    const detail = isOverride
      ? `Card "${baseKey}" extends another card itself; an override extends a whole card.`
      : `Card "${key}" is extended by other cards and cannot extend one.`;
    throw new TollgateError("ratecard.invalid", detail, "extends");
  }

  /** Keys of the cards that extend a card. */
  overridesOf(key: string): string[] {
    const latest = new Map(this.all.map((version) => [version.card.key, version]));
    return [...latest.values()].flatMap(({ card, override }) => {
      const isOne = override !== null && storedOverride(override.document).extends === key;
      return isOne ? card.key : [];
    });
  }

  /**
   * Resolves an override again wherever, from an instant on, it stands on another version of its
   * base than the one in force. Throws `ratecard.invalid` with the override's path where that
   * cannot be.
   */
  follow(key: string, baseKey: string, fromMs: number): RateCardVersion[] {
    const related = [...this.of(key), ...this.of(baseKey)];
    const instants = related.map(({ effectiveFromMs }) => effectiveFromMs);
    const later = [...new Set(instants)].filter((atMs) => atMs >= fromMs).sort((a, b) => a - b);
    return later.flatMap((atMs) => this.#followAt(key, atMs));
  }

  #overrideAt(key: string, atMs: number) {
    const current = versionInForce(this.of(key), atMs);
    if (current === null || current.override === null) return null;
    return { current, override: storedOverride(current.override.document), ...current.override };
  }

  #followAt(key: string, atMs: number): RateCardVersion[] {
    const found = this.#overrideAt(key, atMs);
    if (found === null) return [];
    const { current, override, document, baseVersionId } = found;
    const base = versionInForce(this.of(override.extends), atMs);
    if (base === null || base.id === baseVersionId) return [];
    const cause = [base, current].find(({ effectiveFromMs }) => effectiveFromMs === atMs);
    const takesEffect = cause?.takesEffect ?? base.takesEffect;
    try {
      return [
        this.add(resolved(base, { override, document }), { effectiveFromMs: atMs, takesEffect }),
      ];
    } catch (error) {
      if (!(error instanceof TollgateError)) throw error;
      const remedy = `Apply "${key}" first, put right, and then the card that it extends.`;
      const reason = error.message.replace(/\.$/, "");
      const detail = `The override "${key}" would break: ${reason}. ${remedy}`;
      const path = `overrides[${JSON.stringify(key)}]`;
      const field = error.field === undefined ? path : `${path}.${error.field}`;
      throw new TollgateError(error.code, detail, field);
    }
  }
}

interface SentOverride {
  readonly override: CardOverride;
  readonly document: string;
}

function resolved(base: RateCardVersion, { override, document }: SentOverride): NewCard {
  const found = resolveCard(base.card, override);
  if ("problems" in found) throw firstOf(found.problems);
  const { card } = found;
  return { card, document: rateCardDocument(card), override: { document, baseVersionId: base.id } };
}

function firstOf([first]: readonly Problem[]): TollgateError {
  const { code, detail, field } = present(first, "what is refused has a problem");
  return new TollgateError(code, detail, field);
}

/** A card that is sent whole. */
export function wholeCard(card: RateCard, document: string): NewCard {
  return { card, document, override: null };
}
