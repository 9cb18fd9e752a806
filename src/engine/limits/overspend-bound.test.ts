/**
 * How far a limit can be overspent: by nothing where every step is held and uses at most what it
 * was held for; else by what the steps in flight used beyond their holds; and what is metered
 * without a hold is recorded, whatever the limit.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { composeEngine } from "../../compose.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import {
  cardOf,
  NOW_MS,
  newWorld,
  opened,
  PRICES,
  step,
  usage,
} from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import { ask, budget, budgetsOf, holdOn } from "./holds-world.test.ts";

const isFull = process.env.TOLLGATE_TEST_FULL === "1";
const SEARCH = { count: "steps", where: { kind: "tool" } };

const units = fc.constantFrom("0", "0.01", "0.03", "0.2");
const tiers = fc.record({
  first: fc.integer({ min: 1, max: 6 }),
  low: units,
  high: units,
  flat: units,
});

/** Cards whose price of a unit depends on all that came before it. */
const anyCard = fc
  .record({
    searches: tiers,
    volume: tiers,
    size: fc.integer({ min: 1, max: 7 }),
    amount: units,
    percent: fc.constantFrom("0", "20", "150"),
    included: fc.integer({ min: 0, max: 9 }),
    matrix: fc.record({ a: units, other: units }),
  })
  .map(({ searches, volume, size, amount, percent, included, matrix }) => {
    const graded = ({ first, low, high, flat }: typeof searches) => [
      { upTo: `${first}`, unit: low },
      { unit: high, flat },
    ];
    return cardOf({
      tools: [SEARCH, { model: "graduated", tiers: graded(searches) }],
      written: [{ sum: "output_text" }, { model: "volume", tiers: graded(volume) }],
      found: [{ sum: "searches" }, { model: "package", size: `${size}`, amount }],
      models: [{ sum: "cost" }, { model: "markup", percent }],
      read: [
        { sum: "input_uncached" },
        { model: "per_unit", unit: "0.01" },
        { included: `${included}` },
      ],
      agents: [
        { count: "steps" },
        { model: "matrix", by: "agent", cells: { a: matrix.a }, otherwise: matrix.other },
      ],
    });
  });

const size = fc.integer({ min: 0, max: 12 });
const sizes = fc.record({
  input: size,
  output: size,
  searches: size,
  isTool: fc.boolean(),
  agent: fc.constantFrom("a", "b"),
});
type Sizes = typeof sizes extends fc.Arbitrary<infer T> ? T : never;
/** Quarters of what is held that a step uses. */
const moves = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant("hold" as const), sizes }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("complete" as const),
        which: fc.nat(),
        quarters: fc.integer({ min: 0, max: 12 }),
      }),
    },
    fc.record({ do: fc.constant("meter" as const), sizes }),
  ),
  { maxLength: 30 },
);
type Move = typeof moves extends fc.Arbitrary<(infer T)[]> ? T : never;

const LIMIT = 10n ** 33n;

function stepOf(id: string, run: string, of: Sizes) {
  const read = of.isTool
    ? { searches: of.searches }
    : { input_uncached: of.input, output_text: of.output };
  const facts = of.isTool
    ? ({ kind: "tool", provider: null, model: null, tool: "search" } as const)
    : {};
  const used = usage(Object.fromEntries(Object.entries(read).filter(([, n]) => n > 0)));
  return step({ id, run, agent: of.agent, usage: used, ...facts });
}

function scaled(of: Sizes, quarters: number): Sizes {
  const part = (n: number) => Math.floor((n * quarters) / 4);
  return {
    ...of,
    input: part(of.input),
    output: part(of.output),
    searches: part(of.searches),
  };
}

interface InFlight {
  readonly id: string;
  readonly sizes: Sizes;
  /** What is held, by budget. */
  readonly held: ReadonlyMap<string, bigint>;
}

async function levels(engine: Engine): Promise<ReadonlyMap<string, bigint>> {
  const { budgets } = await engine.limits.runState("w", "r1");
  return new Map(budgets.map(({ record, settled }) => [record.budget.key, settled]));
}

/** Plays moves; after each, what lies above a limit is within what steps in flight went beyond. */
async function play(
  card: ReturnType<typeof cardOf>,
  all: readonly Move[],
  mostQuarters: number,
): Promise<void> {
  const store = new MemoryStore();
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  await store.createWorkspace("w");
  await engine.importPrices("w", { source: "test", entries: PRICES, effectiveFromMs: null });
  await engine.applyRateCard("w", card);
  await budget(engine, "cost", { each: "run", measure: "cost", limit: "1" });
  await budget(engine, "charge", { each: "run", measure: "charge", limit: "1" });
  for (const run of ["r1", "other"]) {
    await engine.ingest("w", [opened({ run, id: `open ${run}`, customer: "acme" })]);
  }
  const flying: InFlight[] = [];
  const beyond = new Map<string, bigint>();
  for (const [no, move] of all.entries()) {
    const id = `s${no}`;
    if (move.do === "meter") {
      await engine.ingest("w", [stepOf(id, "other", move.sizes)]);
    } else if (move.do === "hold") {
      const wanted = ask(id, { step: stepOf(id, "r1", move.sizes) });
      const [decision] = await holdOn(engine, "r1", wanted);
      if (decision?.decision !== "allow") continue;
      const { reserves } = decision.hold;
      const held = decision.budgets.map(({ record }) => {
        const own = reserves.find(({ budgetId }) => budgetId === record.id);
        return [record.budget.key, own?.amount ?? 0n] as const;
      });
      // There was room for it, so what was overdrawn is no more. Who needs nothing needs no room.
      for (const [key, amount] of held) if (amount > 0n) beyond.delete(key);
      flying.push({ id, sizes: move.sizes, held: new Map(held) });
    } else if (flying.length > 0) {
      const [one] = flying.splice(move.which % flying.length, 1);
      if (one !== undefined) await complete(one, Math.min(move.quarters, mostQuarters));
    }
  }

  async function complete({ id, sizes: held, held: reserved }: InFlight, quarters: number) {
    const before = await levels(engine);
    await engine.ingest("w", [stepOf(id, "r1", scaled(held, quarters))]);
    for (const [key, settled] of await levels(engine)) {
      const actual = settled - (before.get(key) ?? 0n);
      const excess = actual - (reserved.get(key) ?? 0n);
      if (quarters <= 4) assert.ok(excess <= 0n, `${key}: a step cost more than was held for it`);
      if (excess > 0n) beyond.set(key, (beyond.get(key) ?? 0n) + excess);
      assert.ok(settled - LIMIT <= (beyond.get(key) ?? 0n), `${key} exceeds its bound`);
    }
  }
}

describe("A hard limit", () => {
  it("is never exceeded by steps that use at most what was held for them", async () => {
    const property = fc.asyncProperty(anyCard, moves, (card, all) => play(card, all, 4));
    await fc.assert(property, { numRuns: isFull ? 100_000 : 150 });
  });

  it("is exceeded by no more than what steps in flight use beyond their holds", async () => {
    const property = fc.asyncProperty(anyCard, moves, (card, all) => play(card, all, 12));
    await fc.assert(property, { numRuns: isFull ? 100_000 : 150 });
  });

  it("stops no metering without a hold: all of it is recorded, and what lay above", async () => {
    const { engine, send, store } = await newWorld();
    const { id: budgetId } = await budget(engine, "cap", {
      ...{ each: "run", measure: "cost", limit: "1" },
    });
    await send(opened({ customer: "acme" }));
    for (let no = 0; no < 15; no += 1) {
      await send(step({ id: `s${no}`, usage: usage({ input_uncached: 10 }) }));
    }
    assert.deepEqual(await budgetsOf(engine, "r1"), ["cap(r1) 1.5 + 0 of 1"]);
    const over = store.spending.overrunsOf("w", { budgetId, scope: "r1", window: "" }, 99);
    assert.equal(
      over.reduce((sum, { amount }) => sum + amount, 0n),
      LIMIT / 2n,
    );
    assert.deepEqual([...new Set(over.map(({ cause }) => cause))], ["no_hold"]);
  });

  const contended = isFull ? 1_000_000 : 20_000;
  it(`is met exactly by ${contended} holds that contend for it`, async () => {
    const { engine, send, store } = await newWorld();
    await budget(engine, "cap", { each: "customer", measure: "cost", limit: "5", per: "lifetime" });
    const runs = Array.from({ length: 8 }, (_, no) => `r${no}`);
    for (const run of runs) await send(opened({ run, id: `open ${run}`, customer: "acme" }));
    const BATCH = 500;
    let allowed = 0;
    for (let from = 0; from < contended; from += BATCH) {
      const asked = runs.map((run, at) => {
        const ids = Array.from({ length: BATCH / runs.length }, (_, no) => `${from}-${at}-${no}`);
        const used = usage({ input_uncached: 10 });
        return holdOn(
          engine,
          run,
          ...ids.map((id) => ask(id, { step: step({ id, run, usage: used }) })),
        );
      });
      const decisions = (await Promise.all(asked)).flat();
      allowed += decisions.filter(({ decision }) => decision === "allow").length;
      const [kept] = await store.spending.balancesOf("w", { limit: 1 });
      assert.ok((kept?.settled ?? 0n) + (kept?.held ?? 0n) <= 5n * LIMIT);
      const open = (
        await Promise.all(runs.map((run) => store.spending.holdsOfRun("w", run, { limit: 99 })))
      )
        .flat()
        .filter(({ state }) => state === "open");
      const some = open.slice(0, 3);
      await engine.ingest(
        "w",
        some.map(({ id, run }) => step({ id, run, usage: usage({ input_uncached: 10 }) })),
      );
    }
    assert.equal(allowed, 50);
  });
});
