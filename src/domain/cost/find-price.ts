/**
 * Finds the price of a step. Exact id, then declared alias, then dated snapshot of either; within
 * these the newest version that applies. Whatever merely begins like a known name is a suggestion
 * for a person, never a price.
 *
 * It stands on the path of every step: names are resolved once and remembered, so that a lookup
 * is two map reads and a comparison of dates.
 */
import type { StepFacts } from "../event/event.ts";
import { PRICE_LOOKUPS_MAX_COUNT } from "../limits.ts";
import type { PriceEntry, PriceVersion, RatePeriod } from "./price-book.ts";
import {
  canonicalProvider,
  LOCAL_PROVIDER,
  makersHostedBy,
  withoutPath,
} from "./provider-names.ts";
import { periodInForce } from "./rate-period.ts";
import { RateTable } from "./rate-table.ts";
import { namesBehindSnapshot } from "./snapshot-name.ts";

/** What a step that names neither model nor tool asks for: the service of its provider. */
const DEFAULT_SUBJECT = "default";

/** A price that can be trusted. */
export interface PricedMatch {
  readonly match: "exact" | "alias" | "snapshot";
  readonly entry: PriceEntry;
  readonly period: RatePeriod;
  readonly versionId: number;
  readonly rates: RateTable;
}

/** No price; the subject begins like this known one. */
export interface SuggestedMatch {
  readonly match: "prefix";
  readonly suggestion: string;
}

export type FoundPrice = PricedMatch | SuggestedMatch | { readonly match: "none" };

const NONE: FoundPrice = { match: "none" };

/** An entry of one version, as one name reaches it. */
interface Candidate {
  readonly match: PricedMatch["match"];
  readonly fromMs: number;
  readonly versionId: number;
  readonly entry: PriceEntry;
  /** One result per period of the entry, so that lookups allocate nothing. */
  readonly results: readonly PricedMatch[];
}

/** The entries that one name reaches, by how; newest version first. */
interface Named {
  readonly exact: Listed[];
  readonly alias: Listed[];
}

interface Listed {
  readonly version: PriceVersion;
  readonly entry: PriceEntry;
  readonly tables: readonly RateTable[];
}

interface Resolution {
  readonly candidates: readonly Candidate[];
  readonly otherwise: FoundPrice;
}

/** Prices of one workspace. Immutable: build a new one when a version is recorded. */
export class PriceCatalog {
  readonly #names = new Map<string, Map<string, Named>>();
  readonly #beginnings = new Map<string, Map<string, string>>();
  readonly #resolved = new Map<string, Map<string, Resolution>>();
  #resolvedCount = 0;

  constructor(versions: readonly PriceVersion[]) {
    for (const version of versions.toSorted(byNewest)) {
      for (const entry of version.entries) this.#index(version, entry);
    }
  }

  /** The price of a step's provider and model, tool or service at its time. */
  findForStep(facts: SubjectFacts & Pick<StepFacts, "provider">, atMs: number): FoundPrice {
    return this.find({ provider: facts.provider, subject: subjectOf(facts) }, atMs);
  }

  /**
   * A provider of null means one's own (`local`), or the one that the subject names before its
   * first slash (`openai/gpt-4.1`). Names are compared without case.
   */
  find(
    key: { readonly provider: string | null; readonly subject: string | null },
    occurredAtMs: number,
  ): FoundPrice {
    const provider = key.provider ?? "";
    const subject = key.subject ?? DEFAULT_SUBJECT;
    const { candidates, otherwise } =
      this.#resolved.get(provider)?.get(subject) ?? this.#resolve(provider, subject);
    for (const { fromMs, entry, results } of candidates) {
      if (fromMs > occurredAtMs) continue;
      const result = results.length === 1 ? onlyPeriod(results, occurredAtMs) : undefined;
      const found = result ?? results[periodInForce(entry.periods, occurredAtMs)];
      if (found !== undefined) return found;
    }
    return otherwise;
  }

  #index(version: PriceVersion, entry: PriceEntry): void {
    const provider = canonicalProvider(entry.provider);
    const names = mapIn(this.#names, provider);
    const tables = entry.periods.map((period) => new RateTable(entry, period));
    const listed = { version, entry, tables };
    const subject = entry.subject.toLowerCase();
    const aliases = entry.aliases.map((alias) => alias.toLowerCase());
    named(names, subject).exact.push(listed);
    for (const alias of aliases) if (alias !== subject) named(names, alias).alias.push(listed);
    const beginnings = mapIn(this.#beginnings, provider);
    for (const beginning of [subject, ...aliases, ...entry.prefixes]) {
      const text = beginning.toLowerCase();
      if (!beginnings.has(text)) beginnings.set(text, entry.subject);
    }
  }

  #resolve(provider: string, subject: string): Resolution {
    if (this.#resolvedCount >= PRICE_LOOKUPS_MAX_COUNT) this.#forget();
    const groups = this.#groups(provider, subject.trim().toLowerCase());
    const candidates = groups.flatMap((keys) => this.#candidatesOf(keys));
    const suggestion = groups
      .flat()
      .map((key) => this.#suggestionFor(key))
      .find((text) => text !== undefined);
    const otherwise = suggestion === undefined ? NONE : { match: "prefix" as const, suggestion };
    const resolution = { candidates, otherwise };
    mapIn(this.#resolved, provider).set(subject, resolution);
    this.#resolvedCount += 1;
    return resolution;
  }

  #forget(): void {
    this.#resolved.clear();
    this.#resolvedCount = 0;
  }

  /** Where to look, in order: the provider's own names first, then the makers that it hosts. */
  #groups(provider: string, subject: string): readonly (readonly Key[])[] {
    const slash = subject.indexOf("/");
    const head = slash > 0 ? canonicalProvider(subject.slice(0, slash)) : undefined;
    const rest = subject.slice(slash + 1);
    if (provider === "") {
      const own = [[{ provider: LOCAL_PROVIDER, subject }]];
      return head === undefined ? own : [...own, ...this.#groups(head, rest)];
    }
    const name = canonicalProvider(provider);
    const plain = withoutPath(name, subject);
    const subjects = new Set([subject, plain, ...(head === name ? [rest] : [])]);
    const own = [...subjects].map((text) => ({ provider: name, subject: text }));
    const hosted = makersHostedBy(name).map((maker) => [{ provider: maker, subject: plain }]);
    return [own, ...hosted];
  }

  #candidatesOf(keys: readonly Key[]): Candidate[] {
    const declared = keys.flatMap((key) => this.#declared(key));
    const snapshots = keys.flatMap(({ provider, subject }) =>
      namesBehindSnapshot(provider, subject).flatMap((name) =>
        this.#declared({ provider, subject: name }).map(asSnapshot),
      ),
    );
    return [...declared, ...snapshots];
  }

  /**
   * Entries whose id or alias this is, and newer entries of the subjects that it is an alias of:
   * who imports a price for `gpt-4.1` means its declared aliases too.
   */
  #declared({ provider, subject }: Key): Candidate[] {
    const names = this.#names.get(provider);
    const direct = names?.get(subject);
    if (names === undefined || direct === undefined) return [];
    const siblings = direct.alias.flatMap(
      ({ entry }) => names.get(entry.subject.toLowerCase())?.exact ?? [],
    );
    const exact = new Set(direct.exact);
    const reached = new Set([...direct.exact, ...direct.alias, ...siblings]);
    return [...reached]
      .toSorted((a, b) => byNewest(a.version, b.version) || rank(exact, a) - rank(exact, b))
      .map((listed) => candidate(listed, exact.has(listed) ? "exact" : "alias"));
  }

  #suggestionFor({ provider, subject }: Key): string | undefined {
    const beginnings = this.#beginnings.get(provider);
    if (beginnings === undefined) return undefined;
    for (let length = subject.length; length > 0; length -= 1) {
      const suggestion = beginnings.get(subject.slice(0, length));
      if (suggestion !== undefined) return suggestion;
    }
    return undefined;
  }
}

type SubjectFacts = Pick<StepFacts, "model" | "tool" | "kind">;

interface Key {
  readonly provider: string;
  readonly subject: string;
}

/** What a step asks the price book for. Tools go by their tool name, all else by its model. */
export function subjectOf(facts: SubjectFacts): string | null {
  return facts.kind === "tool" ? (facts.tool ?? facts.model) : (facts.model ?? facts.tool);
}

function candidate(listed: Listed, match: Candidate["match"]): Candidate {
  const { entry, version, tables } = listed;
  const fromMs = startOf(version);
  const versionId = version.id;
  const results = entry.periods.flatMap((period, position) => {
    const rates = tables[position];
    return rates === undefined ? [] : [{ match, entry, period, versionId, rates }];
  });
  return { match, fromMs, versionId, entry, results };
}

function asSnapshot(found: Candidate): Candidate {
  const results = found.results.map((result) => ({ ...result, match: "snapshot" as const }));
  return { ...found, match: "snapshot", results };
}

/** The result of an entry with one period that holds all day: nearly every lookup. */
function onlyPeriod(results: readonly PricedMatch[], atMs: number): PricedMatch | undefined {
  const result = results[0];
  if (result === undefined || result.period.daily !== null) return undefined;
  return atMs >= (result.period.effectiveFromMs ?? Number.NEGATIVE_INFINITY) ? result : undefined;
}

function startOf(version: PriceVersion): number {
  return version.effectiveFromMs ?? Number.NEGATIVE_INFINITY;
}

/** The version whose entries go first at a moment; null: of what is in force since ever. */
export function versionOnTop(
  versions: readonly PriceVersion[],
  atMs: number | null,
): PriceVersion | undefined {
  const latestMs = atMs ?? Number.NEGATIVE_INFINITY;
  return versions.filter((one) => startOf(one) <= latestMs).toSorted(byNewest)[0];
}

function byNewest(a: PriceVersion, b: PriceVersion): number {
  const [startA, startB] = [startOf(a), startOf(b)];
  return startA === startB ? b.id - a.id : startB > startA ? 1 : -1;
}

function rank(exact: ReadonlySet<Listed>, listed: Listed): number {
  return exact.has(listed) ? 0 : 1;
}

function named(names: Map<string, Named>, name: string): Named {
  const known = names.get(name) ?? { exact: [], alias: [] };
  names.set(name, known);
  return known;
}

function mapIn<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const map = maps.get(key) ?? new Map<string, V>();
  maps.set(key, map);
  return map;
}
