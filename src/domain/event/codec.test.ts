import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Quantity } from "../money/decimal.ts";
import { decodeEvent, decodeUsage, encodeEvent, encodeUsage, journalText } from "./codec.ts";
import type { RunClosed, StepEvent } from "./event.ts";
import { usageOf } from "./usage.ts";

const quantity = fc.bigInt({ min: 1n, max: 10n ** 24n }).map((n) => n as Quantity);
const usage = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/), quantity), {
    selector: ([name]) => name,
    maxLength: 8,
  })
  .map(usageOf);

test("usage comes back from its text to the last digit", () => {
  fc.assert(fc.property(usage, (made) => assert.deepEqual(decodeUsage(encodeUsage(made)), made)));
});

test("a step in suspense is counted later as the event that it was", () => {
  fc.assert(
    fc.property(usage, fc.string(), (made, text) => {
      const event: StepEvent = {
        type: "step",
        run: text,
        source: "api",
        id: text,
        occurredAtMs: 1,
        contentHash: "1x",
        customer: null,
        agent: text,
        parentRun: null,
        parentStep: null,
        callId: null,
        hold: null,
        kind: "model",
        status: "ok",
        completeness: "exact",
        attempt: 1,
        payer: "us",
        role: "bill",
        provider: null,
        model: text,
        tool: null,
        tier: "standard",
        usage: made,
        // A label may be named like the field that is encoded apart.
        labels: { usage: text, text },
      };
      assert.deepEqual(decodeEvent(encodeEvent(event)), event);
    }),
  );
});

const id = fc.string();
const nullable = fc.option(id);
type EveryField = { [Field in keyof Required<StepEvent>]: StepEvent[Field] };
const anyStep: fc.Arbitrary<StepEvent> = fc
  .record({
    sent: fc.record({ run: id, source: id, id, occurredAtMs: fc.nat(), contentHash: id }),
    place: fc.record({ customer: nullable, agent: nullable, parentRun: nullable }),
    call: fc.record({ parentStep: nullable, callId: nullable, hold: nullable }),
    what: fc.record({ provider: nullable, model: nullable, tool: nullable, tier: id }),
    attempt: fc.nat(),
    usage,
    labels: fc.option(fc.dictionary(id, id, { noNullPrototype: true })),
    callHash: fc.option(id, { nil: undefined }),
  })
  .map(({ sent, place, call, what, attempt, usage: used, labels, callHash }) => {
    const { provider, model, tool, tier } = what;
    const closed = { kind: "model", status: "ok", completeness: "exact" } as const;
    // Every field there is: one that is added to steps is asked for here.
    const { callHash: given, ...others }: EveryField = {
      ...{ type: "step", ...sent, ...place, ...call, ...closed, attempt },
      ...{ payer: "us", role: "bill", provider, model, tool, tier, usage: used, labels, callHash },
    };
    return given === undefined ? others : { ...others, callHash: given };
  });

test("a step is written as JSON writes it, and a digest that nobody gave is left out", () => {
  fc.assert(
    fc.property(anyStep, (event) => {
      const shown = JSON.stringify({ ...event, usage: encodeUsage(event.usage) });
      assert.equal(encodeEvent(event), shown);
      assert.deepEqual(decodeEvent(encodeEvent(event)), event);
    }),
  );
});

test("an event without usage comes back too", () => {
  const sent = { run: "r", source: "api", id: "c", occurredAtMs: 1, contentHash: "1x" };
  const closed: RunClosed = { type: "run.closed", ...sent, ending: "failed" };
  assert.deepEqual(decodeEvent(encodeEvent(closed)), closed);
});

test("journal entries that differ in any field have different texts", () => {
  const entry = {
    seq: 1,
    kind: "run.opened",
    run: "r",
    source: "s",
    id: "i",
    contentHash: "h",
    receivedAtMs: 2,
    document: "{}",
  } as const;
  const changes = { seq: 2, kind: "run.closed", run: "r2", source: "s2", id: "i2" } as const;
  for (const [name, value] of Object.entries({ ...changes, contentHash: "g", document: "[]" })) {
    assert.notEqual(journalText({ ...entry, [name]: value }), journalText(entry), name);
  }
});
