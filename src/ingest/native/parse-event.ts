/**
 * One event as it was sent, to the domain's event. Closed documents: an unknown field is refused,
 * so that a misspelt one never silently bills less. A step may carry disjoint usage or its
 * provider's own usage block; the latter can stand for several steps.
 */
import type { Problem } from "../../domain/errors.ts";
import { CONTENT_HASH_VERSION, canonicalContent } from "../../domain/event/content-hash.ts";
import type {
  Completeness,
  Identity,
  StepEvent,
  StepFacts,
  TollgateEvent,
} from "../../domain/event/event.ts";
import {
  COMPLETENESS,
  EVENT_TYPES,
  PAYERS,
  ROLES,
  RUN_ENDINGS,
  STEP_KINDS,
  STEP_STATUSES,
} from "../../domain/event/event.ts";
import type { Usage } from "../../domain/event/usage.ts";
import { isStandingRunId, STANDING_PREFIX, standingRunId } from "../../domain/run/run.ts";
import type { Digest } from "../../engine/ports.ts";
import type { Fields } from "./fields.ts";
import {
  FieldRefused,
  readChoice,
  readId,
  readInstant,
  readInteger,
  readLabels,
  readObject,
  readOptionalId,
  readRequiredId,
  readText,
  readUsage,
  refuseUnknown,
} from "./fields.ts";

/** One step that a provider's usage block stands for. */
export interface MappedFacts {
  /** "" for the call itself, else a suffix to the event's id. */
  readonly suffix: string;
  readonly usage: Usage;
  readonly completeness?: Completeness;
  readonly provider?: string;
  readonly model?: string;
  readonly tier?: string;
  readonly callId?: string;
}

/** Maps a provider's usage block; problems name fields below `providerUsage`. */
export type MapProviderUsage = (
  format: string,
  block: unknown,
) => { readonly steps: readonly MappedFacts[] } | { readonly problem: Problem };

/** What reading an event needs of the outside. */
export interface ParseContext {
  readonly digest: Pick<Digest, "content">;
  readonly mapProviderUsage: MapProviderUsage;
}

export type Parsed = { readonly events: readonly TollgateEvent[] } | { readonly problem: Problem };

/** Reads one event. Never throws for bad input: the problem names the field. */
export function parseEvent(value: unknown, context: ParseContext): Parsed {
  try {
    const object = readObject(value, "event");
    return { events: readEvent(object, context) };
  } catch (error) {
    if (error instanceof FieldRefused) return { problem: error.problem };
    throw error;
  }
}

const IDENTITY_FIELDS = ["type", "id", "source", "run", "occurredAt"];
const FACT_FIELDS = [
  "kind",
  "provider",
  "model",
  "tool",
  "tier",
  "status",
  "completeness",
  "attempt",
  "payer",
  "role",
  "usage",
  "usageFormat",
  "providerUsage",
  "labels",
];
const PLACE_FIELDS = ["customer", "agent", "parentRun"];

const KNOWN: Readonly<Record<TollgateEvent["type"], ReadonlySet<string>>> = {
  step: new Set([
    ...IDENTITY_FIELDS,
    ...PLACE_FIELDS,
    ...FACT_FIELDS,
    "parentStep",
    "callId",
    "hold",
  ]),
  "run.opened": new Set([...IDENTITY_FIELDS, ...PLACE_FIELDS, "labels", "authority"]),
  "run.closed": new Set([...IDENTITY_FIELDS, "ending"]),
  "outcome.recorded": new Set([...IDENTITY_FIELDS, "outcome", "key"]),
  "outcome.reversed": new Set([...IDENTITY_FIELDS, "key", "reason"]),
  "step.amended": new Set([...IDENTITY_FIELDS, ...FACT_FIELDS, "target", "reason"]),
  "step.voided": new Set([...IDENTITY_FIELDS, "target", "reason"]),
};
const TARGET_FIELDS: ReadonlySet<string> = new Set(["source", "id"]);

/** Source of an event that names none. */
const DEFAULT_SOURCE = "api";

function readEvent(object: Fields, context: ParseContext): TollgateEvent[] {
  const type = readChoice(object.type, "type", { values: EVENT_TYPES, otherwise: "step" });
  refuseUnknown(object, KNOWN[type], "");
  if (type === "step") return readSteps(object, context);
  const corrects = type === "step.amended" || type === "step.voided";
  const sent = {
    ...readIdentity(object, corrects ? readCorrectedRun(object.run) : readRunId(object.run)),
    occurredAtMs: readInstant(object.occurredAt, "occurredAt"),
    contentHash: contentHash(object, context),
  };
  switch (type) {
    case "run.opened": {
      const labels = readLabels(object.labels, "labels");
      const authority = readOptionalId(object.authority, "authority");
      return [{ type, ...sent, ...readPlace(object), labels, authority }];
    }
    case "run.closed":
      return [{ type, ...sent, ending: readChoice(object.ending, "ending", ENDINGS) }];
    case "outcome.recorded": {
      const outcome = readRequiredId(object.outcome, "outcome");
      return [{ type, ...sent, outcome, key: readOptionalId(object.key, "key") ?? outcome }];
    }
    case "outcome.reversed": {
      const reason = readText(object.reason, "reason");
      return [{ type, ...sent, key: readRequiredId(object.key, "key"), reason }];
    }
    case "step.amended": {
      const correction = { ...readTarget(object), facts: readFacts(object, context).facts };
      return [{ type, ...sent, ...correction }];
    }
    case "step.voided":
      return [{ type, ...sent, ...readTarget(object) }];
  }
}

const ENDINGS = { values: RUN_ENDINGS, otherwise: "completed" } as const;

function contentHash(object: Fields, context: ParseContext): string {
  return CONTENT_HASH_VERSION + context.digest.content(canonicalContent(object));
}

function readIdentity(object: Fields, run: string): Identity {
  const source = object.source === undefined ? DEFAULT_SOURCE : readId(object.source, "source");
  return { run, source, id: readRequiredId(object.id, "id") };
}

function readRunId(value: unknown): string {
  return refuseStanding(readRequiredId(value, "run"), "run");
}

function refuseStanding(run: string, field: string): string {
  if (!run.startsWith(STANDING_PREFIX)) return run;
  const detail = `"${field}" must not begin with ${STANDING_PREFIX}; usage without a run has none.`;
  throw new FieldRefused("field.invalid", field, detail);
}

/** A step without a run of its own is corrected under the id that its answer gave. */
function readCorrectedRun(value: unknown): string {
  const run = readRequiredId(value, "run");
  return isStandingRunId(run) ? run : refuseStanding(run, "run");
}

function readPlace(object: Fields) {
  return {
    customer: readOptionalId(object.customer, "customer"),
    agent: readOptionalId(object.agent, "agent"),
    parentRun: readParentRun(object.parentRun),
  };
}

function readParentRun(value: unknown): string | null {
  const run = readOptionalId(value, "parentRun");
  return run === null ? null : refuseStanding(run, "parentRun");
}

function readTarget(object: Fields) {
  const target = readObject(object.target, "target");
  refuseUnknown(target, TARGET_FIELDS, "target");
  const source =
    target.source === undefined ? DEFAULT_SOURCE : readId(target.source, "target.source");
  const id = readRequiredId(target.id, "target.id");
  return { target: { source, id }, reason: readText(object.reason, "reason") };
}

function readSteps(object: Fields, context: ParseContext): StepEvent[] {
  const place = readPlace(object);
  const identity = readIdentity(object, readStepRun(object, place));
  const occurredAtMs = readInstant(object.occurredAt, "occurredAt");
  const hash = contentHash(object, context);
  const parentStep = readOptionalId(object.parentStep, "parentStep");
  const callId = readOptionalId(object.callId, "callId");
  const hold = readOptionalId(object.hold, "hold");
  const { facts, mapped } = readFacts(object, context);
  const step: StepEvent = {
    type: "step",
    ...identity,
    occurredAtMs,
    contentHash: hash,
    ...place,
    parentStep,
    callId: callId ?? mapped[0]?.callId ?? null,
    hold,
    ...facts,
  };
  const others = mapped.filter((extra) => extra.suffix !== "");
  return others.length === 0 ? [step] : [step, ...others.map((extra) => extraStep(step, extra))];
}

/** A further step that one usage block stands for, such as an advisor's own model. */
function extraStep(step: StepEvent, extra: MappedFacts): StepEvent {
  return {
    ...step,
    id: readId(`${step.id}#${extra.suffix}`, "id"),
    parentStep: step.id,
    usage: extra.usage,
    model: extra.model ?? step.model,
    provider: extra.provider ?? step.provider,
    tier: extra.tier ?? step.tier,
    completeness: extra.completeness ?? step.completeness,
    callId: step.callId === null ? null : readId(`${step.callId}#${extra.suffix}`, "callId"),
    hold: null,
  };
}

/** Usage without a run goes to its customer's standing run. */
function readStepRun(object: Fields, place: ReturnType<typeof readPlace>): string {
  if (object.run !== undefined && object.run !== null) return readRunId(object.run);
  if (place.customer === null) {
    const detail = '"run" is required, or "customer" for usage without a run.';
    throw new FieldRefused("field.missing", "run", detail);
  }
  return standingRunId(place.customer, place.agent);
}

function readFacts(
  object: Fields,
  context: ParseContext,
): { readonly facts: StepFacts; readonly mapped: readonly MappedFacts[] } {
  const kind = readChoice(object.kind, "kind", { values: STEP_KINDS });
  const mapped = readProviderUsage(object, context);
  const main = mapped.find((item) => item.suffix === "");
  const facts: StepFacts = {
    kind,
    status: readChoice(object.status, "status", STATUS),
    completeness: readCompleteness(object, main),
    attempt: readInteger(object.attempt, "attempt", { min: 1, max: 1000, otherwise: 1 }),
    payer: readChoice(object.payer, "payer", PAYER),
    role: readChoice(object.role, "role", ROLE),
    provider: readOptionalId(object.provider, "provider") ?? main?.provider ?? null,
    model: readOptionalId(object.model, "model") ?? main?.model ?? null,
    tool: readOptionalId(object.tool, "tool"),
    tier: readOptionalId(object.tier, "tier") ?? main?.tier ?? "standard",
    usage: joinUsage(readUsage(object.usage, "usage"), main),
    labels: readLabels(object.labels, "labels"),
  };
  return { facts, mapped };
}

const STATUS = { values: STEP_STATUSES, otherwise: "ok" } as const;
const PAYER = { values: PAYERS, otherwise: "us" } as const;
const ROLE = { values: ROLES, otherwise: "bill" } as const;

function readCompleteness(object: Fields, main: MappedFacts | undefined): Completeness {
  const otherwise = main?.completeness ?? "exact";
  return readChoice(object.completeness, "completeness", { values: COMPLETENESS, otherwise });
}

/** Own units may stand beside a provider's block, but never in a bucket that it fills. */
function joinUsage(own: Usage, main: MappedFacts | undefined): Usage {
  if (main === undefined) return own;
  for (const name of own.keys()) {
    if (!main.usage.has(name)) continue;
    const detail = `"usage.${name}" is also in the provider's usage block.`;
    throw new FieldRefused("usage.inconsistent", `usage.${name}`, detail);
  }
  return own.size === 0 ? main.usage : new Map([...main.usage, ...own].sort(byName));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function readProviderUsage(object: Fields, context: ParseContext): readonly MappedFacts[] {
  if (object.usageFormat === undefined && object.providerUsage === undefined) return [];
  const format = readRequiredId(object.usageFormat, "usageFormat");
  if (object.providerUsage === undefined) {
    const detail = '"providerUsage" is required with "usageFormat".';
    throw new FieldRefused("field.missing", "providerUsage", detail);
  }
  const mapped = context.mapProviderUsage(format, object.providerUsage);
  if ("steps" in mapped) return mapped.steps;
  const { code, detail, field } = mapped.problem;
  throw new FieldRefused(code, field ?? "providerUsage", detail);
}
