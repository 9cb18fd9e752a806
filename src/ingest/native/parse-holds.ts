/**
 * A request about the holds of one run, as it was sent. A hold is a step that is still to come: it
 * is read as one, by the same reader and under the same rules, and has a few fields of its own.
 */

import { EXPIRIES, type Expiry } from "../../domain/budget/hold.ts";
import type { HoldAsk } from "../../domain/budget/hold-ask.ts";
import { readLevel } from "../../domain/budget/parse-budget.ts";
import { canonicalJson } from "../../domain/canonical-json.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import type { StepEvent, TollgateEvent } from "../../domain/event/event.ts";
import { isUsageName, usageOf } from "../../domain/event/usage.ts";
import {
  HOLD_TTL_MAX_MS,
  HOLD_TTL_MS,
  HOLDS_PER_REQUEST_MAX_COUNT,
  OUTPUT_ASSUMED_TOKENS,
  OUTPUT_LEAST_TOKENS,
  OUTPUT_MAX_TOKENS,
  PRICE_MAX_UNITS,
  PRICE_SCALE,
} from "../../domain/limits.ts";
import { amountOfPrice, type Price, quantityOfInteger } from "../../domain/money/decimal.ts";
import { Place } from "../../domain/rating/document-place.ts";
import {
  FieldRefused,
  type Fields,
  readChoice,
  readId,
  readInteger,
  readObject,
  readRequiredId,
  refuseUnknown,
} from "./fields.ts";
import { type ParseContext, parseEvent } from "./parse-event.ts";

/** What was asked of a run's holds. */
export interface ReadHolds {
  /** The opening of the run, where the request has one. */
  readonly events: readonly TollgateEvent[];
  readonly asks: readonly HoldAsk[];
  readonly caps: readonly { readonly measure: string; readonly limit: bigint }[];
}

/** A hold that is named by its step. */
export interface NamedHold {
  readonly run: string;
  readonly source: string;
  readonly id: string;
}

const BODY: ReadonlySet<string> = new Set(["open", "holds"]);
const OF_HOLDS = ["inputTokens", "maxOutputTokens", "minOutputTokens", "cost", "wrapUp", "ttlMs"];
/** What a hold says beside its step. */
const OWN: ReadonlySet<string> = new Set([...OF_HOLDS, "onExpiry"]);
const STEP = ["source", "id", "kind", "provider", "model", "tool", "tier", "agent", "attempt"];
const ABOUT = ["payer", "labels", "usage", "callId", "parentStep", "arguments", "callHash"];
const HOLD: ReadonlySet<string> = new Set([...STEP, ...ABOUT, ...OWN]);
const OPEN = ["id", "source", "customer", "agent", "parentRun", "labels", "authority", "endUser"];
const OPENING: ReadonlySet<string> = new Set([...OPEN, "occurredAt", "caps"]);
const CAPS_MAX_COUNT = 10;

/** Where and when a request is read. */
export interface HoldsContext extends ParseContext {
  readonly run: string;
  /** Now, as RFC 3339 text: what is still to come has no time of its own. */
  readonly nowText: string;
}

/** Reads a request. Throws what is wrong with it, the field's whole path among it. */
export function readHolds(body: unknown, context: HoldsContext): ReadHolds {
  return named(() => {
    const object = readObject(body, "body");
    refuseUnknown(object, BODY, "");
    const asks = listOf(object.holds, "holds").map((value, index) =>
      within(`holds[${index}]`, () => readAsk(value, context)),
    );
    if (object.open === undefined || object.open === null) return { events: [], asks, caps: [] };
    return { ...within("open", () => readOpening(object.open, context)), asks };
  });
}

/** Reads holds that are named by their steps: `{ "holds": [{ "source", "id", "ttlMs" }] }`. */
export function readNamedHolds(
  body: unknown,
  run: string,
): readonly (NamedHold & { readonly ttlMs: number })[] {
  const known: ReadonlySet<string> = new Set(["source", "id", "ttlMs"]);
  return named(() => {
    const sent = readObject(body, "body");
    refuseUnknown(sent, new Set(["holds"]), "");
    return listOf(sent.holds, "holds").map((item, index) =>
      within(`holds[${index}]`, () => {
        const object = readObject(item, "hold");
        refuseUnknown(object, known, "");
        const source = object.source === undefined ? "api" : readId(object.source, "source");
        const id = readRequiredId(object.id, "id");
        return { run, source, id, ttlMs: readInteger(object.ttlMs, "ttlMs", TTL) };
      }),
    );
  });
}

const TTL = { min: 1_000, max: HOLD_TTL_MAX_MS, otherwise: HOLD_TTL_MS };

function listOf(value: unknown, field: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    throw new FieldRefused("field.invalid", field, `"${field}" must be a list.`);
  }
  if (value.length <= HOLDS_PER_REQUEST_MAX_COUNT) return value;
  const limit = HOLDS_PER_REQUEST_MAX_COUNT;
  const detail = `"${field}" has ${value.length} items; the limit is ${limit}.`;
  throw new FieldRefused("field.out_of_range", field, detail);
}

function readAsk(value: unknown, context: HoldsContext): HoldAsk {
  const object = readObject(value, "hold");
  refuseUnknown(object, HOLD, "");
  const { run, nowText, digest, mapProviderUsage } = context;
  const document: Record<string, unknown> = { type: "step", run, occurredAt: nowText };
  for (const name in object) if (!OWN.has(name)) document[name] = object[name];
  // Its step is none that was sent: what is told apart are asks, by all that they say.
  const event = readStep(document, { digest, mapProviderUsage, contentHash: "" });
  const contentHash = digest.content(canonicalJson(object));
  return {
    step: { ...event, usage: withInput(event, object), contentHash },
    output: readOutput(object, event),
    cost: readCost(object.cost),
    isWrapUp: readFlag(object.wrapUp, "wrapUp"),
    ttlMs: readInteger(object.ttlMs, "ttlMs", TTL),
    onExpiry: readChoice<Expiry>(object.onExpiry, "onExpiry", EXPIRY),
    contentHash,
  };
}

const EXPIRY = { values: EXPIRIES, otherwise: "estimate" } as const;

function readStep(document: Fields, context: ParseContext): StepEvent {
  const parsed = parseEvent(document, context);
  if ("problem" in parsed) throw refusedBy(parsed.problem);
  const [event] = parsed.events;
  if (event?.type === "step") return event;
  throw new FieldRefused("field.invalid", "kind", "A hold is for one step.");
}

/** `inputTokens` is short for the bucket of tokens that no cache holds. */
function withInput({ usage }: StepEvent, object: Fields): StepEvent["usage"] {
  if (object.inputTokens === undefined) return usage;
  const tokens = readInteger(object.inputTokens, "inputTokens", INPUT);
  if (usage.has("input_uncached")) {
    const detail = '"inputTokens" and "usage.input_uncached" say the same: send one of them.';
    throw new FieldRefused("usage.inconsistent", "inputTokens", detail);
  }
  const quantity = quantityOfInteger(tokens);
  if (usage.size > 0) return usageOf([...usage, ["input_uncached", quantity]]);
  return tokens === 0 ? usage : new Map([["input_uncached", quantity]]);
}

const INPUT = { min: 0, max: OUTPUT_MAX_TOKENS, otherwise: 0 };

/** A model writes; how much is its caller's bound, or else what a hold assumes and clamps. */
function readOutput(object: Fields, { kind, usage }: StepEvent): HoldAsk["output"] {
  const { maxOutputTokens: most, minOutputTokens: least } = object;
  const isStated = most !== undefined && most !== null;
  if (!isStated && (kind !== "model" || usage.has("output_text"))) return null;
  const bound = { min: 0, max: OUTPUT_MAX_TOKENS, otherwise: OUTPUT_ASSUMED_TOKENS };
  const mostTokens = readInteger(most ?? undefined, "maxOutputTokens", bound);
  const otherwise = Math.min(OUTPUT_LEAST_TOKENS, mostTokens);
  const leastBound = { min: 0, max: mostTokens, otherwise };
  const leastTokens = readInteger(least, "minOutputTokens", leastBound);
  return { leastTokens, mostTokens, isStated };
}

function readCost(value: unknown): HoldAsk["cost"] {
  if (value === undefined || value === null) return null;
  const problems: Problem[] = [];
  const rule = { scale: PRICE_SCALE, maxUnits: PRICE_MAX_UNITS };
  const price = new Place(value, "cost", problems).decimal(rule) as Price;
  const [problem] = problems;
  if (problem === undefined) return amountOfPrice(price);
  throw new FieldRefused("field.invalid", "cost", problem.detail);
}

function readFlag(value: unknown, field: string): boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  throw new FieldRefused("field.invalid", field, `"${field}" must be true or false.`);
}

function readOpening(value: unknown, context: HoldsContext): Omit<ReadHolds, "asks"> {
  const object = readObject(value, "open");
  refuseUnknown(object, OPENING, "");
  const { caps, ...opening } = object;
  const { run, nowText } = context;
  const document = { id: "opened", occurredAt: nowText, ...opening, type: "run.opened", run };
  const parsed = parseEvent(document, context);
  if ("problem" in parsed) throw refusedBy(parsed.problem);
  return { events: parsed.events, caps: readCaps(caps) };
}

function readCaps(value: unknown): ReadHolds["caps"] {
  const caps = listOf(value, "caps");
  if (caps.length > CAPS_MAX_COUNT) {
    const detail = `"caps" has ${caps.length} items; the limit is ${CAPS_MAX_COUNT}.`;
    throw new FieldRefused("field.out_of_range", "caps", detail);
  }
  const known: ReadonlySet<string> = new Set(["measure", "limit"]);
  return caps.map((item, index) =>
    within(`caps[${index}]`, () => {
      const object = readObject(item, "cap");
      refuseUnknown(object, known, "");
      const measure = readMeasure(readRequiredId(object.measure, "measure"));
      return { measure, limit: readLimit(object.limit, measure) };
    }),
  );
}

const NOT_OF_RUNS: ReadonlySet<string> = new Set(["runs", "parallel_runs", "prepaid", "credits"]);

function readMeasure(measure: string): string {
  if (isUsageName(measure) && !NOT_OF_RUNS.has(measure)) return measure;
  const detail = `A run has no cap on "${measure}": cost, charge, tokens, steps or a unit.`;
  throw new FieldRefused("field.invalid", "measure", detail);
}

function readLimit(value: unknown, measure: string): bigint {
  const problems: Problem[] = [];
  const level = readLevel(new Place(value, "limit", problems), measure);
  const [problem] = problems;
  if (problem !== undefined) throw new FieldRefused("field.invalid", "limit", problem.detail);
  if (level !== null) return level;
  throw new FieldRefused("field.missing", "limit", '"limit" is required.');
}

function refusedBy({ code, field = "", detail }: Problem): FieldRefused {
  return new FieldRefused(code, field, detail);
}

/** Names the place of what is refused below it. */
function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FieldRefused)) throw error;
    const { code, field = "", detail } = error.problem;
    throw new FieldRefused(code, field === "" ? path : `${path}.${field}`, detail);
  }
}

function named<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FieldRefused)) throw error;
    const { code, field, detail } = error.problem;
    throw new TollgateError(code, detail, field);
  }
}
