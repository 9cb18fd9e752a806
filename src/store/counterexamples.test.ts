/** Histories that once broke a total, kept as the random search shrank them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunOpened, StepEvent } from "../domain/event/event.ts";
import { usageOf } from "../domain/event/usage.ts";
import { quantityOfInteger } from "../domain/money/decimal.ts";
import { assertConserved } from "./conservation-contract.ts";
import { hashed, START_MS } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { deliver, holdings, play } from "./play-contract.ts";

const MONTH_MS = 30 * 86_400_000;

function step(some: Partial<StepEvent>): StepEvent {
  return hashed({
    type: "step",
    run: "r1",
    source: "sdk",
    id: "e1",
    occurredAtMs: START_MS,
    contentHash: "",
    kind: "model",
    status: "ok",
    completeness: "partial",
    attempt: 1,
    payer: "us",
    role: "bill",
    provider: "openai",
    model: "gpt-5",
    tool: null,
    tier: "standard",
    usage: new Map(),
    labels: null,
    customer: null,
    agent: null,
    parentRun: null,
    parentStep: null,
    callId: null,
    hold: null,
    ...some,
  });
}

function opening(some: Partial<RunOpened>): RunOpened {
  return hashed({
    type: "run.opened",
    run: "r1",
    source: "sdk",
    id: "open",
    occurredAtMs: START_MS,
    contentHash: "",
    customer: null,
    agent: null,
    parentRun: null,
    labels: null,
    authority: null,
    ...some,
  });
}

const ingest = (...events: (StepEvent | RunOpened)[]) => ({ kind: "ingest", events }) as const;

test("a run that turns out to have begun in another period leaves the first", async () => {
  const store = new MemoryStore();
  const earlier = step({ run: "r4", parentRun: "r1", occurredAtMs: START_MS - MONTH_MS });
  await play(store, "w", [ingest(step({ customer: "acme" }), earlier)]);
  assertConserved(await holdings(store, "w"));
});

test("a call is handed over to a run that the request does not name", async () => {
  const store = new MemoryStore();
  const holder = step({ run: "r3", source: "proxy", callId: "c3", customer: "beta" });
  const witness = step({ run: "r1", callId: "c3", customer: "beta" });
  const before = step({ run: "r1", id: "e2", customer: "beta" });
  const opened = opening({ run: "r3", authority: "sdk" });
  await play(store, "w", [ingest(before), ingest(holder), ingest(witness), ingest(opened)]);
  const all = await holdings(store, "w");
  assertConserved(all);
  assert.equal(all.runs.find((run) => run.id === "r1")?.own.steps, 2);
});

test("a call is not handed over to a step that is counted already", async () => {
  const store = new MemoryStore();
  const holder = step({ run: "r3", source: "proxy", callId: "c3", customer: "beta" });
  const waiting = step({ callId: "c3" });
  const binding = step({ customer: "beta" });
  const opened = opening({ run: "r3", authority: "sdk" });
  await play(store, "w", [ingest(holder, waiting), ingest(binding), ingest(opened)]);
  const all = await holdings(store, "w");
  assertConserved(all);
  assert.equal(all.runs.find((run) => run.id === "r1")?.own.steps, 1);
});

test("a call is handed over within the request that counts and opens its run", async () => {
  const store = new MemoryStore();
  const first = step({ run: "r2", callId: "c1", customer: "acme" });
  const witness = step({ run: "r5", id: "e9", callId: "c1", customer: "acme" });
  const voided = hashed({
    type: "step.voided",
    run: "r2",
    source: "sdk",
    id: "void",
    occurredAtMs: START_MS,
    contentHash: "",
    target: { source: "sdk", id: "e1" },
    reason: "test data",
  } as const);
  const next = step({ run: "r6", source: "proxy", callId: "c1", customer: "acme" });
  const opened = opening({ run: "r6", authority: "sdk" });
  const free = { kind: "ingest", events: [voided] } as const;
  await play(store, "w", [ingest(first), ingest(witness), free, ingest(next, opened)]);
  const all = await holdings(store, "w");
  assertConserved(all);
  assert.equal(all.runs.find((run) => run.id === "r5")?.own.steps, 1, "the witness counts now");
  assert.equal(all.runs.find((run) => run.id === "r6")?.own.steps, 0);
});

test("what waited in a tree is counted in the order of its arrival", async () => {
  const store = new MemoryStore();
  const waiting = [
    step({ run: "r1", id: "e1", parentRun: "r2" }),
    step({ run: "r4", id: "e2", parentRun: "r2" }),
    step({ run: "r1", id: "e3" }),
  ];
  await play(store, "w", [ingest(...waiting), ingest(step({ run: "r2", customer: "acme" }))]);
  const { steps } = await holdings(store, "w");
  const bySeq = steps.toSorted((a, b) => a.seq - b.seq);
  assert.deepEqual(
    bySeq.slice(0, 3).map((counted) => counted.id),
    ["e1", "e2", "e3"],
  );
});

test("a run known by its children begins with the earliest of them in any order", async () => {
  const store = new MemoryStore();
  const child = { run: "r2", parentRun: "r1" };
  const early = step({ ...child, id: "e0", occurredAtMs: START_MS - MONTH_MS });
  const late = step({ ...child, id: "e1", customer: "acme" });
  await deliver(store, "a", { events: [early, late], batchSize: 1 });
  await deliver(store, "b", { events: [late, early], batchSize: 1 });
  const openings = ["a", "b"].map((workspace) => store.run(workspace, "r1")?.openedAtMs);
  assert.deepEqual(openings, [early.occurredAtMs, early.occurredAtMs]);
});

test("customers that one act moves are told of in one order, whoever came first", async () => {
  const store = new MemoryStore();
  const usage = usageOf([["input_uncached", quantityOfInteger(17)]]);
  const used = ["beta", "acme"].map((customer) => step({ run: customer, customer, usage }));
  const late = { kind: "reprice", daysAgo: 40, price: "0.37" } as const;
  await play(store, "w", [ingest(...used), late]);
  const told = store.journal("w", 0, 100).filter(({ kind }) => kind === "alert.told");
  assert.deepEqual(
    told.map(({ id }) => id.split('"')[3]),
    ["acme", "beta"],
  );
});
