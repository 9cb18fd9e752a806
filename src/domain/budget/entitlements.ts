/**
 * What a customer may use: agents, models, tools, and how many runs at the same time. The card says
 * it for everyone who is charged by it; a customer may have other terms, field by field. Holds and
 * runs that are opened with them are refused beyond it; metering is not: what was done is recorded.
 */
import type { Problem } from "../errors.ts";
import { PARALLEL_RUNS_MAX_COUNT, WHERE_VALUES_MAX_COUNT } from "../limits.ts";
import type { Place } from "../rating/document-place.ts";

/** Lists of what may be used, and a bound; null: everything, any number. */
export interface Entitlements {
  /** Names; one that ends with `*` stands for all that begin so. An empty list allows none. */
  readonly agents: readonly string[] | null;
  /** Names of models, or `provider/model`. */
  readonly models: readonly string[] | null;
  readonly tools: readonly string[] | null;
  /** Root runs that are open at once. */
  readonly parallelRuns: bigint | null;
}

/** A customer's own terms: a field that is left out is the card's, null lifts the card's. */
export type OwnEntitlements = Partial<Entitlements>;

/** What nobody restricted. */
export const EVERYTHING: Entitlements = {
  agents: null,
  models: null,
  tools: null,
  parallelRuns: null,
};

/** What a step or run wants to use. */
export interface Wanted {
  readonly agent: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly tool: string | null;
}

/** What is wanted and not allowed. */
export interface NotEntitled {
  readonly what: "agent" | "model" | "tool" | "parallel_runs";
  /** Its name; null: none was given, where only named ones are allowed. */
  readonly name: string | null;
}

/** What holds for a customer: its own terms over those of its card. */
export function entitlementsOf(card: Entitlements | null, own: OwnEntitlements): Entitlements {
  return { ...(card ?? EVERYTHING), ...own };
}

/** The first thing that is wanted and not allowed; null: all of it is. */
export function notEntitled(
  { agents, models, tools }: Entitlements,
  { agent, provider, model, tool }: Wanted,
): NotEntitled | null {
  if (!allows(agents, [agent])) return { what: "agent", name: agent };
  if (model !== null && !allows(models, [model, provider && `${provider}/${model}`])) {
    return { what: "model", name: model };
  }
  if (tool !== null && !allows(tools, [tool])) return { what: "tool", name: tool };
  return null;
}

function allows(allowed: readonly string[] | null, names: readonly (string | null)[]): boolean {
  if (allowed === null) return true;
  return allowed.some((one) => names.some((name) => name !== null && isMatch(one, name)));
}

function isMatch(allowed: string, name: string): boolean {
  return allowed.endsWith("*") ? name.startsWith(allowed.slice(0, -1)) : name === allowed;
}

const LISTS = ["agents", "models", "tools"] as const;

/**
 * Patterns that match nothing: `*` stands for an ending, and anywhere else no name has it. Of terms
 * that are sent; those on record stay as they are. `path` is that of the terms.
 */
export function unmatchablePatterns(own: OwnEntitlements, path: string): Problem[] {
  return LISTS.flatMap((list) =>
    (own[list] ?? []).flatMap((name, at): Problem[] => {
      if (!name.slice(0, -1).includes("*")) return [];
      const detail = `"${name}" matches nothing: * stands for an ending alone, as in "gpt-5*"`;
      return [{ code: "ratecard.invalid", detail, field: `${path}.${list}[${at}]` }];
    }),
  );
}

/** Reads what a card allows; null where it says nothing. */
export function parseEntitlements(place: Place): Entitlements | null {
  return place.isAbsent ? null : { ...EVERYTHING, ...parseOwnEntitlements(place) };
}

/** Reads a customer's own terms: only what is stated. */
export function parseOwnEntitlements(place: Place): OwnEntitlements {
  if (!place.isObject()) return {};
  place.allowOnly(Object.keys(EVERYTHING));
  const lists = LISTS.filter((name) => isStated(place, name));
  return {
    ...Object.fromEntries(lists.map((name) => [name, readNames(place.at(name))])),
    ...(isStated(place, "parallelRuns")
      ? { parallelRuns: readCount(place.at("parallelRuns")) }
      : {}),
  };
}

function isStated(place: Place, name: string): boolean {
  return place.at(name).value !== undefined;
}

/** A list may be empty: then none is allowed. */
function readNames(place: Place): readonly string[] | null {
  if (place.isAbsent) return null;
  if (Array.isArray(place.value) && place.value.length === 0) return [];
  return place.items(WHERE_VALUES_MAX_COUNT).map((item) => item.text());
}

function readCount(place: Place): bigint | null {
  return place.isAbsent ? null : place.decimal({ scale: 0, maxUnits: PARALLEL_RUNS_MAX_COUNT });
}

/** Terms as a document; reading it gives them back. */
export function entitlementsDocument(own: OwnEntitlements): Readonly<Record<string, unknown>> {
  const { parallelRuns, ...lists } = own;
  if (parallelRuns === undefined) return lists;
  return { ...lists, parallelRuns: parallelRuns === null ? null : String(parallelRuns) };
}
