import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../../compose.ts";
import { EVENT_TYPES, type StepEvent } from "../../domain/event/event.ts";
import { type Usage, usageOf } from "../../domain/event/usage.ts";
import { ID_MAX_CHARS } from "../../domain/limits.ts";
import { ONE_UNIT, type Quantity } from "../../domain/money/decimal.ts";
import { standingRunId } from "../../domain/run/run.ts";
import { mapProviderUsage } from "../provider-response/map.ts";
import { ExactNumber } from "./exact-json.ts";
import { type ParseContext, parseEvent } from "./parse-event.ts";
import type { MappedFacts } from "./provider-usage.ts";

const SENT = { id: "e1", run: "r1", occurredAt: "2026-11-23T10:00:00Z" };

/** The fields that are refused, or the runs of the events that are read. */
function read(event: object): string[] {
  const parsed = parseEvent({ ...SENT, ...event }, { digest: nodeDigest, mapProviderUsage });
  if ("events" in parsed) return parsed.events.map(({ run }) => run);
  return [`${parsed.problem.code} ${parsed.problem.field}`];
}

const standing = standingRunId("acme", "support");

test("no producer may name a standing run, as a run or as a parent", () => {
  for (const run of [standing, "~standing:", "~standing:x"]) {
    assert.deepEqual(read({ kind: "tool", run }), ["field.invalid run"]);
    assert.deepEqual(read({ kind: "tool", parentRun: run }), ["field.invalid parentRun"]);
    assert.deepEqual(read({ type: "run.opened", run }), ["field.invalid run"]);
    const outcome = { type: "outcome.recorded", outcome: "resolved" };
    assert.deepEqual(read({ ...outcome, run }), ["field.invalid run"]);
  }
});

test("a step without a run goes to its customer's standing run and is corrected there", () => {
  const place = { run: undefined, customer: "acme", agent: "support" };
  assert.deepEqual(read({ kind: "tool", ...place }), [standing]);
  const target = { id: "e0" };
  const corrections = [
    { type: "step.voided", target },
    { type: "step.amended", target, kind: "tool" },
  ];
  for (const correction of corrections) {
    assert.deepEqual(read({ ...correction, run: standing }), [standing]);
    assert.deepEqual(read({ ...correction, run: "~standing:x" }), ["field.invalid run"]);
  }
});

const STEP = { ...SENT, kind: "model" };
const FULL_STEP = {
  ...STEP,
  type: "step",
  source: "sdk",
  customer: "acme",
  agent: "support",
  parentRun: "r0",
  parentStep: "e0",
  provider: "openai",
  model: "gpt-5",
  tool: "web_search",
  tier: "batch",
  status: "error",
  completeness: "partial",
  attempt: 2,
  payer: "customer",
  role: "shadow",
  callId: "openai:1",
  hold: "h1",
  labels: { team: "x" },
  usage: { output_text: 5 },
};
const CONTEXT: ParseContext = { digest: nodeDigest, mapProviderUsage };

/** The one step that an event is. */
function stepOf(sent: object, context: ParseContext = CONTEXT): StepEvent {
  const parsed = parseEvent(sent, context);
  assert.ok("events" in parsed, JSON.stringify(parsed));
  const [step] = parsed.events;
  assert.ok(step?.type === "step");
  return step;
}

function refusalOf(sent: unknown): string {
  const parsed = parseEvent(sent, CONTEXT);
  return "events" in parsed ? "read" : `${parsed.problem.code} ${parsed.problem.field}`;
}

describe("a step as it was sent", () => {
  test("has every field that it states", () => {
    const { contentHash, usage, ...step } = stepOf(FULL_STEP);
    const { occurredAt, usage: _, ...sent } = FULL_STEP;
    assert.deepEqual({ ...step }, { ...sent, occurredAtMs: Date.parse(occurredAt) });
    assert.deepEqual([...usage], [["output_text", 5n * ONE_UNIT]]);
    assert.match(contentHash, /^1[\w-]{22}$/);
  });

  test("has a default for every field but its identity, time and kind", () => {
    const { contentHash, usage, ...step } = stepOf(STEP);
    assert.deepEqual(step, {
      ...{ type: "step", run: "r1", source: "api", id: "e1", kind: "model" },
      ...{ occurredAtMs: Date.parse(STEP.occurredAt), customer: null, agent: null },
      ...{ parentRun: null, parentStep: null, callId: null, hold: null, status: "ok" },
      ...{ completeness: "exact", attempt: 1, payer: "us", role: "bill", provider: null },
      ...{ model: null, tool: null, tier: "standard", labels: null },
    });
    assert.equal(usage.size, 0);
  });

  test("is refused by the field that is wrong, whatever stands in it", () => {
    const ids = ["id", "source", "run", "customer", "agent", "parentRun", "parentStep", "provider"];
    ids.push("model", "tool", "tier", "callId", "hold");
    const choices = ["type", "kind", "status", "completeness", "payer", "role"];
    const objects = ["labels", "usage"];
    for (const field of [...ids, ...choices, ...objects, "attempt", "occurredAt"]) {
      for (const value of [[], [1], true, new ExactNumber("1e9"), 0.5]) {
        assert.equal(refusalOf({ ...FULL_STEP, [field]: value }), `field.invalid ${field}`);
      }
    }
    for (const field of [...ids, ...choices, "attempt", "occurredAt"]) {
      assert.equal(refusalOf({ ...FULL_STEP, [field]: {} }), `field.invalid ${field}`);
      assert.equal(refusalOf({ ...FULL_STEP, [field]: "" }), `field.invalid ${field}`);
    }
    for (const field of ids) {
      assert.equal(refusalOf({ ...FULL_STEP, [field]: "a".repeat(ID_MAX_CHARS) }), "read");
      const longer = { ...FULL_STEP, [field]: "a".repeat(ID_MAX_CHARS + 1) };
      assert.equal(refusalOf(longer), `field.out_of_range ${field}`);
      assert.equal(refusalOf({ ...FULL_STEP, [field]: "a\u0000" }), `field.invalid ${field}`);
    }
  });

  test("needs an identity, a time and a kind, and a customer where it has no run", () => {
    for (const field of ["id", "occurredAt", "kind"]) {
      assert.equal(refusalOf({ ...FULL_STEP, [field]: undefined }), `field.missing ${field}`);
    }
    assert.equal(refusalOf({ ...STEP, run: null }), "field.missing run");
    assert.equal(refusalOf({ ...STEP, run: null, customer: "acme" }), "read");
    assert.equal(refusalOf({ ...STEP, kind: null }), "field.invalid kind");
  });
});

describe("any event", () => {
  const ABOUT: Readonly<Record<(typeof EVENT_TYPES)[number], object>> = {
    step: { kind: "tool" },
    "run.opened": { customer: "acme", agent: "a", parentRun: "r0", labels: {}, authority: "sdk" },
    "run.closed": { ending: "failed" },
    "outcome.recorded": { outcome: "resolved", key: "k", final: true },
    "outcome.reversed": { key: "k", reason: "a mistake" },
    "step.amended": { target: { source: "sdk", id: "e0" }, reason: "late", kind: "tool" },
    "step.voided": { target: { id: "e0" }, reason: "late" },
  };

  test("refuses a field that its type does not have", () => {
    for (const type of EVENT_TYPES) {
      assert.equal(refusalOf({ ...SENT, type, ...ABOUT[type] }), "read");
      const misspelt = { ...SENT, type, ...ABOUT[type], sorce: "sdk" };
      assert.equal(refusalOf(misspelt), "field.unknown sorce");
    }
    assert.equal(refusalOf({ ...SENT, type: "run.closed", usage: {} }), "field.unknown usage");
    const target = { id: "e0", run: "r2" };
    const voided = { ...SENT, type: "step.voided", target };
    assert.equal(refusalOf(voided), "field.unknown target.run");
    assert.equal(refusalOf({ ...voided, target: {} }), "field.missing target.id");
    assert.equal(refusalOf({ ...voided, target: undefined }), "field.invalid target");
  });

  test("is an object", () => {
    for (const sent of [null, 1, "", [], true, undefined, new ExactNumber("1.5")]) {
      assert.equal(refusalOf(sent), "field.invalid event");
    }
  });

  test("has other content as soon as one field differs, and the same where none does", () => {
    const hashOf = (sent: object) => {
      const parsed = parseEvent(sent, CONTEXT);
      assert.ok("events" in parsed, JSON.stringify([sent, parsed]));
      return parsed.events[0]?.contentHash;
    };
    const other = { usage: { output_text: 6 }, labels: { team: "y" }, attempt: 3, kind: "tool" };
    const choices = { status: "ok", completeness: "exact", payer: "us", role: "bill" };
    const without = ["usageFormat", "providerUsage", "id", "run", "source", "occurredAt", "type"];
    for (const [field, value] of Object.entries(FULL_STEP)) {
      if (without.includes(field)) continue;
      const changed = { ...FULL_STEP, [field]: { ...other, ...choices }[field] ?? `${value}2` };
      assert.notEqual(hashOf(changed), hashOf(FULL_STEP), field);
    }
    const again = { id: "e2", run: "r2", source: "otlp", occurredAt: "2026-11-23T11:00:00+01:00" };
    assert.equal(hashOf({ ...FULL_STEP, ...again }), hashOf(FULL_STEP));
    for (const type of EVENT_TYPES) {
      const sent = { ...SENT, type, ...ABOUT[type] };
      const backwards = Object.fromEntries(Object.entries(sent).reverse());
      assert.equal(hashOf(backwards), hashOf(sent));
    }
  });

  test("is hashed only when it is known to be valid", () => {
    const never = { content: () => assert.fail("an invalid event was hashed") };
    const context = { ...CONTEXT, digest: never };
    for (const type of EVENT_TYPES) {
      for (const [field, value] of Object.entries({ ...SENT, ...ABOUT[type] })) {
        const isObject = typeof value === "object";
        const sent = { ...SENT, type, ...ABOUT[type], [field]: isObject ? [] : "\u0000" };
        if (field === "reason") continue;
        assert.ok("problem" in parseEvent(sent, context), `${type} ${field}`);
      }
    }
  });

  test("is read or refused, but never throws", () => {
    const hostile = fc.oneof(
      fc.anything({ withBigInt: true, withNullPrototype: true, maxDepth: 2 }),
      fc.constantFrom("", "\ud800", "2026-11-23T10:00:00Z", ...EVENT_TYPES, "model", "openai.chat"),
      fc.string().map((text) => new ExactNumber(text)),
    );
    const names = [...Object.keys(FULL_STEP), "providerUsage", "usageFormat", "target", "reason"];
    const changes = fc.dictionary(fc.constantFrom(...names, "key", "outcome", "ending"), hostile);
    fc.assert(
      fc.property(changes, fc.constantFrom(...EVENT_TYPES), (change, type) => {
        const parsed = parseEvent({ ...SENT, type, ...ABOUT[type], ...change }, CONTEXT);
        assert.ok("events" in parsed || parsed.problem.detail !== "");
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a provider's usage block", () => {
  const mapped = (steps: readonly MappedFacts[]): ParseContext => ({
    digest: nodeDigest,
    mapProviderUsage: () => ({ steps }),
  });
  const BLOCK = { ...STEP, usageFormat: "openai.chat", providerUsage: {} };
  const usage: Usage = usageOf([["output_text", 5n as Quantity]]);
  const main = { suffix: "", usage, provider: "p", model: "m", tier: "t", callId: "c" } as const;

  test("says what the event leaves open, and the event's own word goes first", () => {
    const step = stepOf(BLOCK, mapped([{ ...main, completeness: "partial" }]));
    const { provider, model, tier, callId, completeness } = step;
    assert.deepEqual(
      [provider, model, tier, callId, completeness],
      ["p", "m", "t", "c", "partial"],
    );
    assert.equal(step.usage, usage);
    const own = { provider: "q", model: "n", tier: "u", callId: "d", completeness: "exact" };
    const stated = stepOf({ ...BLOCK, ...own }, mapped([{ ...main, completeness: "partial" }]));
    assert.deepEqual({ ...stated, ...own }, stated);
  });

  test("stands beside own units, but never twice for one bucket", () => {
    const both = stepOf({ ...BLOCK, usage: { searches: 1 } }, mapped([main]));
    assert.deepEqual([...both.usage.keys()], ["output_text", "searches"]);
    const twice = parseEvent({ ...BLOCK, usage: { output_text: 1 } }, mapped([main]));
    assert.ok("problem" in twice);
    assert.equal(twice.problem.field, "usage.output_text");
  });

  test("may stand for several steps, which have ids and call ids of their own", () => {
    const inner = { suffix: "advisor", usage, model: "big" };
    const parsed = parseEvent({ ...BLOCK, hold: "h" }, mapped([main, inner]));
    assert.ok("events" in parsed);
    const [first, second, ...others] = parsed.events as readonly StepEvent[];
    assert.deepEqual([first?.id, first?.hold, first?.callId], ["e1", "h", "c"]);
    assert.deepEqual([second?.id, second?.parentStep, second?.hold], ["e1#advisor", "e1", null]);
    assert.deepEqual([second?.callId, second?.model, second?.provider], ["c#advisor", "big", "p"]);
    assert.equal(second?.contentHash, first?.contentHash);
    assert.equal(others.length, 0);
    const alone = parseEvent(BLOCK, mapped([inner]));
    assert.ok("events" in alone);
    assert.deepEqual(
      alone.events.map(({ id }) => id),
      ["e1", "e1#advisor"],
    );
  });

  test("is as complete as its event says, in all of its steps", () => {
    const parts = [main, { suffix: "advisor", usage, completeness: "exact" as const }];
    for (const [sent, told] of [
      [{}, "exact"],
      [{ completeness: "partial" }, "partial"],
    ] as const) {
      const parsed = parseEvent({ ...BLOCK, ...sent }, mapped(parts));
      assert.ok("events" in parsed);
      const steps = parsed.events as readonly StepEvent[];
      assert.deepEqual(
        steps.map(({ completeness }) => completeness),
        [told, told],
      );
    }
  });

  test("needs its format, and the format a block", () => {
    assert.equal(refusalOf({ ...STEP, providerUsage: {} }), "field.missing usageFormat");
    assert.equal(refusalOf({ ...STEP, usageFormat: "openai.chat" }), "field.missing providerUsage");
  });
});
