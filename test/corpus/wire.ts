/** Builds the native events that a corpus run is fed as. */
import { createHash } from "node:crypto";
import type { CallTokens } from "./arithmetic.ts";

const ID_MAX_CHARS = 200;

/** An id made of parts; a long one ends in a digest, so that it stays unique and stable. */
export function idOf(...parts: readonly string[]): string {
  const text = parts.join("/").replaceAll(/\p{Cc}/gu, " ");
  if (text.length <= ID_MAX_CHARS) return text;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 24);
  return `${text.slice(0, ID_MAX_CHARS - digest.length - 1)}-${digest}`;
}

/** What every event of a run repeats. */
export interface RunFacts {
  readonly dataset: string;
  readonly run: string;
  readonly agent: string;
  readonly parentRun?: string;
}

export function customerOf(dataset: string): string {
  return `corpus-${dataset}`;
}

export interface ModelCall {
  readonly id: string;
  readonly at: string;
  readonly provider: string;
  readonly model: string;
  readonly tokens: CallTokens;
  readonly completeness?: "partial" | "exact";
  readonly status?: "ok" | "error" | "aborted";
  readonly callId?: string;
  readonly attempt?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export function modelStep(run: RunFacts, call: ModelCall): object {
  const { id, at, provider, model, tokens, ...rest } = call;
  return {
    ...base(run, at),
    id,
    kind: "model",
    provider: idOf(provider || "unknown"),
    model: idOf(model || "unknown"),
    usage: usageOf(tokens),
    ...rest,
  };
}

export interface ToolCall {
  readonly id: string;
  readonly at: string;
  readonly tool: string;
  readonly status?: "ok" | "error";
  /** What it was called with, where the log says. */
  readonly asked?: unknown;
}

export function toolStep(run: RunFacts, call: ToolCall): object {
  const { id, at, tool, status = "ok", asked } = call;
  const given = asked === undefined ? {} : { arguments: JSON.stringify(asked) };
  return { ...base(run, at), id, kind: "tool", tool: idOf(tool || "unknown"), status, ...given };
}

export function runOpened(run: RunFacts, at: string): object {
  const { dataset, run: id, agent, parentRun } = run;
  const opened = {
    type: "run.opened",
    run: id,
    id: "opened",
    customer: customerOf(dataset),
    agent: idOf(agent || dataset),
  };
  return { ...opened, occurredAt: at, ...(parentRun === undefined ? {} : { parentRun }) };
}

export function runClosed(run: RunFacts, at: string, ending: "completed" | "failed"): object {
  return { type: "run.closed", id: "closed", run: run.run, occurredAt: at, ending };
}

export function outcome(run: RunFacts, at: string, name: string): object {
  return {
    type: "outcome.recorded",
    id: `outcome-${name}`,
    run: run.run,
    outcome: name,
    occurredAt: at,
  };
}

function base({ dataset, run, agent }: RunFacts, at: string): object {
  const customer = customerOf(dataset);
  return { source: "corpus", run, customer, agent: idOf(agent || dataset), occurredAt: at };
}

function usageOf(tokens: CallTokens): Record<string, number> {
  const usage = {
    input_uncached: tokens.input,
    cache_read: tokens.cacheRead,
    cache_write: tokens.cacheWrite,
    output_text: tokens.output,
    output_reasoning: tokens.reasoning,
  };
  return Object.fromEntries(Object.entries(usage).filter(([, quantity]) => quantity > 0));
}

/** RFC 3339 of a log's time: a text (without a zone: UTC) or seconds or ms since 1970. */
export function timeOf(value: string | undefined, fallback = "2000-01-01T00:00:00Z"): string {
  if (value === undefined || value === "") return fallback;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) {
    return new Date(seconds > 1e11 ? seconds : seconds * 1000).toISOString();
  }
  const text = value.replace(" ", "T");
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const time = new Date(zoned);
  return Number.isNaN(time.getTime()) ? fallback : time.toISOString();
}

/** LiteLLM's prefixes that are gateways, not providers. */
const GATEWAYS = new Set(["litellm_proxy", "litellm"]);

const MAKERS: readonly (readonly [RegExp, string])[] = [
  [/^(?:ft:)?(?:gpt-|chatgpt|o\d|text-embedding|codex)/, "openai"],
  [/^(?:[a-z]{2,6}\.)?anthropic\./, "aws"],
  [/^claude/, "anthropic"],
  [/^gemini/, "google"],
  [/^deepseek/, "deepseek"],
  [/^grok/, "x-ai"],
  [/^(?:mistral|codestral|devstral|magistral)/, "mistral"],
  [/^command/, "cohere"],
];

/** Splits a LiteLLM model name such as `gemini/gemini-2.5-pro` into provider and model. */
export function litellmModel(name: string): { provider: string; model: string } {
  const slash = name.indexOf("/");
  const head = name.slice(0, Math.max(slash, 0));
  if (slash > 0 && !GATEWAYS.has(head)) {
    return { provider: head === "gemini" ? "google" : head, model: name.slice(slash + 1) };
  }
  const rest = name.slice(slash + 1);
  if (rest.includes("/")) return litellmModel(rest);
  const maker = MAKERS.find(([pattern]) => pattern.test(rest));
  return { provider: maker?.[1] ?? "unknown", model: rest };
}
