/** Random histories of a small world, so that identities, calls and trees meet again and again. */
import fc from "fast-check";
import { nodeDigest } from "../compose.ts";
import type { Completeness, StepEvent, StepFacts, TollgateEvent } from "../domain/event/event.ts";
import { usageOf } from "../domain/event/usage.ts";
import { quantityOfInteger } from "../domain/money/decimal.ts";

const DAY_MS = 86_400_000;
/** The clock of the engine when a history begins. Events are dated up to a month before. */
export const START_MS = Date.parse("2026-11-23T10:00:00Z");

const run = fc.constantFrom("r1", "r2", "r3", "r4", "r5");
const source = fc.constantFrom("sdk", "proxy");
const id = fc.constantFrom("e1", "e2", "e3", "e4");
const agent = fc.constantFrom(null, null, "support", "sales");
const customer = fc.constantFrom(null, "acme", "beta");
/** Two billing periods, two versions of the card, and ties. */
const occurredAtMs = fc.constantFrom(0, 1, 1, 8, 20, 30).map((days) => START_MS - days * DAY_MS);
const labels = fc.constantFrom(null, null, { team: "x" });
const none = <T>(value: T) => fc.constantFrom(null, null, value);

export const anyUsage = fc
  .record({
    input_uncached: fc.nat(2000),
    output_text: fc.nat(500),
    web_searches: fc.constantFrom(0, 0, 3),
  })
  .map((counts) =>
    usageOf(Object.entries(counts).map(([name, n]) => [name, quantityOfInteger(n)])),
  );

const completeness: fc.Arbitrary<Completeness> = fc.constantFrom(
  "partial",
  "partial",
  "estimated",
  "exact",
  "exact",
);

export const anyFacts: fc.Arbitrary<StepFacts> = fc.record({
  kind: fc.constantFrom("model", "tool"),
  status: fc.constantFrom("ok", "ok", "error"),
  completeness,
  attempt: fc.constantFrom(1, 1, 2),
  payer: fc.constantFrom("us", "us", "customer"),
  role: fc.constantFrom("bill", "bill", "bill", "shadow"),
  provider: fc.constant("openai"),
  model: fc.constantFrom("gpt-5", "unheard-of"),
  tool: none("search"),
  tier: fc.constant("standard"),
  usage: anyUsage,
  labels,
});

/** Gives an event the hash of its content, as the readers of events do. */
export function hashed<T extends TollgateEvent>(event: T): T {
  const left = { ...event, run: "", source: "", id: "", occurredAtMs: 0, contentHash: "" };
  const text = JSON.stringify(left, (_key, value: unknown) => {
    if (value instanceof Map) return [...value];
    return typeof value === "bigint" ? String(value) : value;
  });
  return { ...event, contentHash: `1${nodeDigest.content(text)}` };
}

const sent = { run, source, id, occurredAtMs, contentHash: fc.constant("") };
const target = fc.record({ source, id });

const anyStep: fc.Arbitrary<StepEvent> = fc
  .tuple(
    anyFacts,
    fc.record({
      ...sent,
      customer,
      agent,
      parentRun: fc.constantFrom(null, null, null, "r1", "r2", "r3"),
      parentStep: none("e1"),
      callId: fc.constantFrom(null, null, "c1", "c2", "c3"),
      hold: fc.constant(null),
    }),
  )
  .map(([facts, about]) => hashed({ type: "step", ...facts, ...about }));

/** What an opening always states: it may be for no end user. */
const OPENED_WITH = [
  ...(["type", "run", "source", "id", "occurredAtMs", "contentHash"] as const),
  ...(["customer", "agent", "parentRun", "labels", "authority"] as const),
] as const;

const anyOther: fc.Arbitrary<TollgateEvent> = fc
  .oneof(
    fc.record(
      {
        type: fc.constant("run.opened" as const),
        ...sent,
        customer,
        agent,
        parentRun: fc.constantFrom(null, "r1", "r2"),
        labels,
        authority: fc.constantFrom(null, null, "sdk"),
        endUser: fc.constantFrom("u1", "u2"),
      },
      { requiredKeys: [...OPENED_WITH] },
    ),
    fc.record({
      type: fc.constant("run.closed" as const),
      ...sent,
      ending: fc.constantFrom("completed" as const, "failed" as const),
    }),
    fc.record({
      type: fc.constant("outcome.recorded" as const),
      ...sent,
      outcome: fc.constantFrom("resolved", "resolved", "sold"),
      key: fc.constantFrom("k1", "k2"),
    }),
    fc.record({
      type: fc.constant("outcome.recorded" as const),
      ...sent,
      outcome: fc.constant("resolved"),
      key: fc.constantFrom("k1", "k2"),
      final: fc.constant(true as const),
    }),
    fc.record({
      type: fc.constant("outcome.reversed" as const),
      ...sent,
      key: fc.constantFrom("k1", "k2"),
      reason: fc.constant("wrong"),
    }),
    fc.record({
      type: fc.constant("step.amended" as const),
      ...sent,
      target,
      facts: anyFacts,
      reason: fc.constant("corrected"),
    }),
    fc.record({
      type: fc.constant("step.voided" as const),
      ...sent,
      target,
      reason: fc.constant("test data"),
    }),
  )
  .map((event) =>
    // Step ids and other ids never meet: the identity of an amendment is not that of a step.
    hashed({ ...event, id: `${event.type}${final(event)} ${event.id}` } as TollgateEvent),
  );

/** A confirmation has an identity of its own. */
function final(event: object): string {
  return "final" in event ? " final" : "";
}

/** Any event, most of them steps. */
const anyEvent = fc.oneof({ weight: 3, arbitrary: anyStep }, { weight: 1, arbitrary: anyOther });

/** What happens to a workspace, one after the other. */
export type Happening =
  | { readonly kind: "ingest"; readonly events: readonly TollgateEvent[] }
  | { readonly kind: "close"; readonly period: string }
  | { readonly kind: "settle"; readonly keep: "first" | "second" }
  | { readonly kind: "abandon" }
  /** Time passes, and outcomes become final: by the timer, or by the next close. */
  | { readonly kind: "days pass"; readonly days: number; readonly settles: boolean }
  /** Prices, or a card, take effect in the past, and what they concern is rated again. */
  | { readonly kind: "reprice"; readonly daysAgo: number; readonly price: string }
  | { readonly kind: "recard"; readonly daysAgo: number; readonly price: string }
  /** A unit fails: nothing happens, and a store forgets what it remembers. */
  | { readonly kind: "fail" }
  /** A unit of another workspace fails: nothing happens here. */
  | { readonly kind: "neighbour fails" };

/** The first event of a batch may come again at its end: a retry inside one request. */
const anyBatch = fc
  .tuple(fc.array(anyEvent, { minLength: 1, maxLength: 8 }), fc.boolean())
  .map(([events, again]) => (again ? [...events, ...events.slice(0, 1)] : events));

const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("ingest" as const), events: anyBatch }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("close" as const),
      period: fc.constantFrom("2026-10", "2026-11"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      keep: fc.constantFrom("first" as const, "second" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "abandon" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("days pass" as const),
      days: fc.constantFrom(1, 2, 4, 9),
      settles: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("reprice" as const, "recard" as const),
      daysAgo: fc.constantFrom(2, 18, 40),
      price: fc.constantFrom("0.1", "0.37"),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "fail" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "neighbour fails" as const }) },
);

/** A history. */
export const anyHistory = fc.array(anyHappening, { minLength: 1, maxLength: 12 });
