/**
 * What the library reads of a body: the price list names, for each provider and form of API, the
 * fields that make each of its counts. A count that is not what these come to is no reading of this
 * record, whatever our own buckets add up to: a digit of the record was changed, or of the count.
 */
import { isObject, type Json, type JsonObject, objectsOf } from "../number-text.ts";
import type { GenaiProvider } from "../product.ts";
import type { Fit, GenaiRecord } from "./genai-record.ts";

type PathStep = string | { readonly field: string; readonly match: { readonly equals?: string } };
type Path = PathStep | readonly PathStep[];

interface Extractor {
  readonly api_flavor: string;
  readonly root: Path;
  readonly mappings: readonly { readonly path: Path; readonly dest: string }[];
}

interface Extracting {
  readonly id: string;
  readonly extractors?: readonly Extractor[];
}

/**
 * Counts that the library's own code reads beside its list. That an extractor reads one of these
 * fields is what other records show: it states there what stands in the field.
 */
const BESIDE: readonly (readonly [dest: string, path: readonly string[]])[] = [
  ["output_reasoning_tokens", ["completion_tokens_details", "reasoning_tokens"]],
  ["output_reasoning_tokens", ["output_tokens_details", "reasoning_tokens"]],
  ["output_reasoning_tokens", ["output_tokens_details", "thinking_tokens"]],
  ["output_reasoning_tokens", ["thoughtsTokenCount"]],
  ["cache_write_5m_tokens", ["cache_creation", "ephemeral_5m_input_tokens"]],
  ["cache_write_1h_tokens", ["cache_creation", "ephemeral_1h_input_tokens"]],
  ["input_tool_tokens", ["toolUsePromptTokenCount"]],
  ["web_searches", ["server_tool_use", "web_search_requests"]],
];
/** Of xAI it adds reasoning to the output of every block. */
const ADDS_REASONING = { provider: "x-ai", dest: "output_tokens" };

type Tokens = Readonly<Record<string, string>>;

/** The extractors of a price list, and what its records show of them. */
export class LibraryReadings {
  readonly #extractors = new Map<string, Extractor>();
  /** Bodies that show it. */
  readonly #shownBy = new Map<string, Set<JsonObject>>();

  constructor(providers: readonly GenaiProvider[], records: readonly GenaiRecord[]) {
    for (const { id, extractors = [] } of providers as readonly Extracting[]) {
      for (const one of extractors) this.#extractors.set(nameOf(id, one.api_flavor), one);
    }
    for (const { body, extractions } of records) {
      for (const { tokens, fits } of extractions) {
        for (const fit of fits) this.#note(body, fit, tokens);
      }
    }
  }

  /** Why the counts of a fit are not what the library reads of the body; undefined: they are. */
  whyNot(body: JsonObject, fit: Fit, tokens: Tokens): string | undefined {
    const extractor = this.#extractors.get(nameOf(fit.provider, fit.flavor));
    if (extractor === undefined) return undefined;
    const root = at(body, extractor.root);
    const read = new Map<string, number>();
    for (const { path, dest } of extractor.mappings) {
      read.set(dest, (read.get(dest) ?? 0) + countAt(root, path));
    }
    for (const [dest, path] of BESIDE) {
      const count = countAt(root, path);
      const shown = this.#shownBy.get(shownAs(fit, dest, path)) ?? new Set();
      // The one that is judged is no evidence of itself.
      const isShown = shown.size > (shown.has(body) ? 1 : 0);
      if (count > 0 && isShown) read.set(dest, count);
      const isAdded = fit.provider === ADDS_REASONING.provider && dest.includes("reasoning");
      const { dest: to } = ADDS_REASONING;
      if (isAdded && fit.flavor === "chat") read.set(to, (read.get(to) ?? 0) + count);
    }
    for (const [dest, count] of read) {
      const stated = tokens[dest] ?? "0";
      if (Number(stated) !== count) return `${dest}: states ${stated}, its fields come to ${count}`;
    }
    return undefined;
  }

  #note(body: JsonObject, fit: Fit, tokens: Tokens): void {
    const extractor = this.#extractors.get(nameOf(fit.provider, fit.flavor));
    if (extractor === undefined) return;
    const root = at(body, extractor.root);
    for (const [dest, path] of BESIDE) {
      const count = countAt(root, path);
      if (count === 0 || Number(tokens[dest] ?? "0") !== count) continue;
      const key = shownAs(fit, dest, path);
      const shown = this.#shownBy.get(key) ?? new Set();
      this.#shownBy.set(key, shown.add(body));
    }
  }
}

function nameOf(provider: string, flavor: string): string {
  return `${provider} ${flavor}`;
}

function shownAs({ provider, flavor }: Fit, dest: string, path: readonly string[]): string {
  return JSON.stringify([provider, flavor, dest, ...path]);
}

function at(value: Json | undefined, path: Path): Json | undefined {
  const steps = [path].flat() as readonly PathStep[];
  return steps.reduce<Json | undefined>((inside, step) => {
    if (typeof step === "string") return isObject(inside) ? inside[step] : undefined;
    return objectsOf(inside).find((one) => one[step.field] === step.match.equals);
  }, value);
}

function countAt(value: Json | undefined, path: Path): number {
  const count = Number(at(value, path) ?? 0);
  return Number.isFinite(count) ? count : 0;
}
