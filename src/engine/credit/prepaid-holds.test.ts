/** Prepaid credit as a limit: holds are set aside from grants, and an empty balance stops work. */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { formatAmount } from "../../domain/money/decimal.ts";
import {
  cardOf,
  each,
  newWorld,
  step,
  toolCall,
  usage,
  voided,
  type World,
} from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import { ask, budget, budgetsOf, holdOn, release, words } from "../limits/holds-world.test.ts";

/** A dollar a tool call, a cent a token that is written. */
const CARD = cardOf({
  tools: [{ count: "steps", where: { kind: "tool" } }, each("1")],
  written: [{ sum: "output_text" }, each("0.01")],
});
const WHO = { reason: "agreed", by: "anna" };
const TERMS = { currency: null, name: null, priority: 1, expiresAtMs: null, charges: null };
const NO_COST = { cost: null, costCurrency: null, rollover: null };
const PREPAID = { each: "customer", measure: "prepaid" };

let grants = 0;
type Gift = readonly [customer: string, amount: string];

function give(engine: Engine, [customer, amount]: Gift, some: object = {}) {
  grants += 1;
  const request = { ...WHO, ...TERMS, ...NO_COST, id: `g${grants}`, customer, amount, ...some };
  return engine.credits.grant("w", request);
}

async function prepaidWorld(credit: string, card = CARD): Promise<World> {
  const world = await newWorld(card);
  await world.engine.saveCustomer("w", { id: "acme", settings: {} });
  await openRun(world, "acme");
  if (credit !== "0") await give(world.engine, ["acme", credit]);
  await budget(world.engine, "credit", PREPAID);
  return world;
}

/** Opens the run of a customer, by an event that costs nothing. */
async function openRun({ send }: World, customer: string) {
  await send(step({ run: `r ${customer}`, id: "first", customer, usage: usage({ seconds: 1 }) }));
}

const tool = (id: string, customer = "acme") =>
  ask(id, { step: toolCall({ id, run: `r ${customer}`, customer }), contentHash: id });

function holdTools({ engine }: World, customer: string, ...ids: string[]) {
  return holdOn(engine, `r ${customer}`, ...ids.map((id) => tool(id, customer)));
}

async function record({ send }: World, customer: string, ...ids: string[]) {
  await send(...ids.map((id) => toolCall({ id, run: `r ${customer}`, customer })));
}

async function owed({ engine }: World, customer = "acme"): Promise<string> {
  const { wallets } = await engine.credits.of("w", customer);
  const inMoney = wallets.find(({ currency }) => currency === "USD");
  return formatAmount(inMoney?.owed ?? assert.fail(`no wallet of ${customer}`));
}

test("credit is held until it is empty, and then blocks by its own name", async () => {
  const world = await prepaidWorld("2.5");
  const decisions = await holdTools(world, "acme", "a", "b", "c");
  assert.deepEqual(words(decisions), ["allow", "allow", "throttle: held_by_others"]);
  await record(world, "acme", "a", "b");
  const [refused] = await holdTools(world, "acme", "c");
  assert.equal(words(refused === undefined ? [] : [refused])[0], "block: budget");
  assert.ok(refused !== undefined && "by" in refused);
  assert.equal(refused.by?.record.budget.key, "credit");
  assert.equal(formatAmount((refused.by?.limit ?? 0n) as never), "0.5");
  assert.deepEqual(await budgetsOf(world.engine, "r acme"), ["credit(acme) 0 + 0 of 0.5"]);
});

test("no credit at all blocks, and what is let go is there again", async () => {
  const world = await prepaidWorld("0");
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["block: budget"]);
  await give(world.engine, ["acme", "1"]);
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["allow"]);
  assert.deepEqual(words(await holdTools(world, "acme", "b")), ["throttle: held_by_others"]);
  await release(world.engine, "r acme", "a");
  assert.deepEqual(words(await holdTools(world, "acme", "b")), ["allow"]);
});

test("the same hold again answers with the same credit left", async () => {
  const world = await prepaidWorld("3");
  const [first] = await holdTools(world, "acme", "a");
  const [again] = await holdTools(world, "acme", "a");
  const leftBy = (one: typeof first) => (one !== undefined && "budgets" in one ? one.budgets : []);
  assert.equal(leftBy(first).length, 1);
  assert.deepEqual(leftBy(again), leftBy(first));
});

test("output is clamped to what credit still pays", async () => {
  const world = await prepaidWorld("1");
  const model = step({ id: "m", run: "r acme", usage: usage({ input_uncached: 1 }) });
  const output = { leastTokens: 10, mostTokens: 4000, isStated: true };
  const [decision] = await holdOn(world.engine, "r acme", ask("m", { step: model, output }));
  assert.ok(decision?.decision === "allow");
  assert.equal(decision.hold.maxOutputTokens, 100);
});

test("who is not prepaid is not limited by credit", async () => {
  const world = await newWorld(CARD);
  await openRun(world, "acme");
  await budget(world.engine, "credit", { ...PREPAID, where: { customer: "globex" } });
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["allow"]);
});

test("credit for some charges alone is no credit for others", async () => {
  const world = await prepaidWorld("0");
  await give(world.engine, ["acme", "2"], { charges: ["tools"] });
  const model = step({ id: "m", run: "r acme", usage: usage({ output_text: 1 }) });
  assert.deepEqual(words(await holdOn(world.engine, "r acme", ask("m", { step: model }))), [
    "block: budget",
  ]);
  const decisions = await holdTools(world, "acme", "a", "b", "c");
  assert.deepEqual(words(decisions), ["allow", "allow", "throttle: held_by_others"]);
});

test("a step of two charges is not paid twice by one grant", async () => {
  const card = cardOf({
    tools: [{ count: "steps", where: { kind: "tool" } }, each("1")],
    calls: [{ count: "steps" }, each("1")],
  });
  const world = await prepaidWorld("2", card);
  const other = { run: "r acme", id: "other", usage: usage({ seconds: 1 }) };
  await world.send(step(other));
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["block: budget"]);
  await give(world.engine, ["acme", "1"]);
  assert.deepEqual(words(await holdTools(world, "acme", "a", "b")), [
    "allow",
    "throttle: held_by_others",
  ]);
});

test("a step of two charges takes grants that are for one each", async () => {
  const card = cardOf({
    calls: [{ count: "steps" }, each("1")],
    written: [{ sum: "output_text" }, each("0.01")],
  });
  const world = await prepaidWorld("0", card);
  const model = { run: "r acme", usage: usage({ input_uncached: 1 }) };
  const output = { leastTokens: 10, mostTokens: 4000, isStated: true };
  const askFor = (id: string) => ask(id, { step: step({ id, ...model }), output, contentHash: id });
  // The first call of the world has cost one already.
  await give(world.engine, ["acme", "6"], { charges: ["calls"] });
  await give(world.engine, ["acme", "1"], { charges: ["written"] });
  const [decision] = await holdOn(world.engine, "r acme", askFor("m"));
  assert.ok(decision?.decision === "allow" && decision.hold.isClamped);
  assert.equal(decision.hold.maxOutputTokens, 100);
  // Nothing for what is written is left, until the first one settles or somebody gives more.
  assert.deepEqual(words(await holdOn(world.engine, "r acme", askFor("n"))), [
    "throttle: held_by_others",
  ]);
  await give(world.engine, ["acme", "0.5"]);
  const [more] = await holdOn(world.engine, "r acme", askFor("n"));
  assert.ok(more?.decision === "allow");
  assert.equal(more.hold.maxOutputTokens, 50);
});

test("credit in a card's units pays before credit in money", async () => {
  const document = { credit: { name: "AI credits", price: "0.5" } };
  const inUnits = { count: "steps", where: { kind: "tool" } };
  const card = cardOf({ tools: [inUnits, each("2"), { in: "credits" }] }, "card", document);
  const world = await prepaidWorld("1", card);
  await give(world.engine, ["acme", "4"], { currency: "AI credits" });
  // Two calls by units, one by the dollar.
  assert.deepEqual(words(await holdTools(world, "acme", "a", "b", "c", "d")), [
    "allow",
    "allow",
    "allow",
    "throttle: held_by_others",
  ]);
  await record(world, "acme", "a", "b", "c");
  assert.equal(await owed(world), "0");
  assert.deepEqual(words(await holdTools(world, "acme", "d")), ["block: budget"]);
});

test("a step that came without a hold leaves less, and a void gives it back", async () => {
  const world = await prepaidWorld("2");
  await record(world, "acme", "x", "y");
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["block: budget"]);
  const target = { source: "sdk", id: "x" };
  await world.send(voided({ run: "r acme", target }));
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["allow"]);
});

test("a reserve of credit is kept for delivering the result", async () => {
  const world = await prepaidWorld("2");
  await budget(world.engine, "credit", { ...PREPAID, reserve: "1" });
  const wrapUp = { ...tool("w"), isWrapUp: true };
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["allow"]);
  await record(world, "acme", "a");
  assert.deepEqual(words(await holdTools(world, "acme", "b")), ["block: budget"]);
  assert.deepEqual(words(await holdOn(world.engine, "r acme", wrapUp)), ["allow"]);
});

test("a run that waits for credit goes on when there is some", async () => {
  const world = await prepaidWorld("0");
  await budget(world.engine, "credit", { ...PREPAID, stages: [{ at: "100%", do: "pause" }] });
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["pause: budget"]);
  const waiting = world.engine.limits.waitForRun("w", "r acme", { timeoutMs: 20_000 });
  await give(world.engine, ["acme", "1"]);
  assert.equal((await waiting).state, "running");
  assert.deepEqual(words(await holdTools(world, "acme", "a")), ["allow"]);
});

test("a balance of credit has no limit of its own, and measures nothing else", async () => {
  const { engine } = await prepaidWorld("1");
  const wanted = { budget: "credit", scope: "acme", limit: "5", ...WHO };
  await assert.rejects(engine.limits.setLimit("w", wanted), { code: "budget.invalid" });
  for (const wrong of [
    { ...PREPAID, each: "run" },
    { ...PREPAID, limit: "5" },
    { ...PREPAID, per: "month" },
    { ...PREPAID, enforcement: "soft" },
    { ...PREPAID, stages: [{ at: "50%", do: "pause" }] },
  ]) {
    const document = { key: "wrong", document: wrong, ...WHO };
    const saved = await engine.limits.saveBudget("w", document);
    assert.ok("problems" in saved, JSON.stringify(wrong));
  }
});

type Order = "own" | "own_first" | "parent_first";

/** A parent with two children that it pays for. */
async function family(credit: Order): Promise<World> {
  const world = await newWorld(CARD);
  await world.engine.saveCustomer("w", { id: "group", settings: {} });
  for (const id of ["one", "two"]) {
    const parent = { id: "group", pays: true, credit };
    await world.engine.saveCustomer("w", { id, settings: { parent } });
  }
  for (const id of ["group", "one", "two"]) await openRun(world, id);
  await budget(world.engine, "credit", PREPAID);
  return world;
}

test("children hold of their parent's credit, and not twice of the same", async () => {
  // Where the parent pays first, the child with credit of its own must not use it while the other
  // one needs the parent's: that one would be left without.
  for (const [order, count] of [
    ["own_first", 4],
    ["parent_first", 3],
  ] as const) {
    const world = await family(order);
    await give(world.engine, ["group", "3"]);
    await give(world.engine, ["one", "1"]);
    const granted: [customer: string, id: string][] = [];
    for (const [at, customer] of ["one", "two", "one", "two", "one", "two", "group"].entries()) {
      const [word] = words(await holdTools(world, customer, `h${at}`));
      if (word === "allow") granted.push([customer, `h${at}`]);
    }
    assert.equal(granted.length, count, order);
    for (const [customer, id] of granted) await record(world, customer, id);
    assert.equal(await owed(world, order === "own_first" ? "group" : "one"), "0", order);
  }
});

test("a child of whom the parent's credit is kept holds of its own alone", async () => {
  const world = await family("own");
  await give(world.engine, ["group", "3"]);
  assert.deepEqual(words(await holdTools(world, "one", "a")), ["block: budget"]);
  await give(world.engine, ["one", "1"]);
  assert.deepEqual(words(await holdTools(world, "one", "a")), ["allow"]);
});

test("a child does not take what its parent's other child has used already", async () => {
  const world = await family("own_first");
  await give(world.engine, ["group", "2"]);
  await record(world, "two", "x", "y");
  assert.deepEqual(words(await holdTools(world, "one", "a")), ["block: budget"]);
});

test("whom a budget of credit selects may change while holds stand", async () => {
  const world = await family("own_first");
  await give(world.engine, ["group", "3"]);
  await budget(world.engine, "credit", { ...PREPAID, where: { customer: ["one"] } });
  assert.deepEqual(words(await holdTools(world, "one", "a", "b", "c")), Array(3).fill("allow"));
  await budget(world.engine, "credit", { ...PREPAID, where: { customer: ["two"] } });
  assert.deepEqual(words(await holdTools(world, "two", "d")), ["throttle: held_by_others"]);
  await release(world.engine, "r one", "a");
  assert.deepEqual(words(await holdTools(world, "two", "d")), ["allow"]);
});

test("two budgets of one credit would not see each other's holds: there is one", async () => {
  const { engine } = await family("own_first");
  const second = { key: "second", document: { ...PREPAID, where: { customer: ["two"] } }, ...WHO };
  await assert.rejects(engine.limits.saveBudget("w", second), { code: "budget.invalid" });
  await budget(engine, "euros", { ...PREPAID, currency: "EUR" });
  const euros = { key: "euros", document: PREPAID, ...WHO };
  await assert.rejects(engine.limits.saveBudget("w", euros), { code: "budget.invalid" });
});

/** A command: holds that are asked for at once, by customer, each of so many tokens or a tool. */
const askedAtOnce = fc.array(
  fc.record({
    customer: fc.constantFrom("group", "one", "two"),
    /** 0: a tool call, which is a dollar; else so many tokens, a cent each. */
    tokens: fc.integer({ min: 0, max: 90 }),
    ending: fc.constantFrom("record", "less", "release", "keep"),
  }),
  { minLength: 1, maxLength: 8 },
);
const anyRounds = fc.record({
  order: fc.constantFrom<Order>("own", "own_first", "parent_first"),
  credit: fc.record({
    group: fc.integer({ min: 0, max: 400 }),
    one: fc.integer({ min: 0, max: 200 }),
    two: fc.integer({ min: 0, max: 200 }),
    /** For tools alone, the parent's. */
    tools: fc.integer({ min: 0, max: 300 }),
  }),
  rounds: fc.array(askedAtOnce, { minLength: 1, maxLength: 5 }),
});

type Rounds = typeof anyRounds extends fc.Arbitrary<infer T> ? T : never;

async function giveCents(world: World, [customer, cents]: [string, number], some: object = {}) {
  if (cents > 0) await give(world.engine, [customer, (cents / 100).toFixed(2)], some);
}

/** What nobody's credit pays: what a child's leaves is its parent's where that pays last. */
async function owedByAll({ engine }: World, order: Order): Promise<bigint> {
  const of = async (customer: string) => (await engine.credits.of("w", customer)).wallets[0]?.owed;
  const group = await of("group");
  if (order === "own_first" && group !== undefined) return group;
  const children = [await of("one"), await of("two")];
  const own = order === "own" ? (group ?? 0n) : 0n;
  return children.reduce<bigint>((sum, one) => sum + (one ?? 0n), own);
}

function holdOf(customer: string, id: string, tokens: number) {
  if (tokens === 0) return tool(id, customer);
  const facts = { id, run: `r ${customer}`, customer, usage: usage({ output_text: tokens }) };
  return ask(id, { step: step(facts), contentHash: id });
}

async function playRounds({ order, credit, rounds }: Rounds): Promise<void> {
  const world = await family(order);
  await giveCents(world, ["group", credit.group]);
  await giveCents(world, ["one", credit.one]);
  await giveCents(world, ["two", credit.two]);
  await giveCents(world, ["group", credit.tools], { charges: ["tools"] });
  const given = BigInt(credit.group + credit.one + credit.two + credit.tools);
  const kept: (() => Promise<void>)[] = [];
  let [used, held] = [0, 0];
  for (const [round, asks] of rounds.entries()) {
    const ids = asks.map((_, at) => `${round}-${at}`);
    const decisions = await Promise.all(
      asks.map(({ customer, tokens }, at) =>
        holdOn(world.engine, `r ${customer}`, holdOf(customer, ids[at] ?? "", tokens)),
      ),
    );
    for (const [at, { customer, tokens, ending }] of asks.entries()) {
      if (decisions[at]?.[0]?.decision !== "allow") continue;
      const cents = tokens === 0 ? 100 : tokens;
      const actual = ending === "less" && tokens > 1 ? tokens - 1 : tokens;
      const id = ids[at] ?? "";
      const settle = async () => {
        await world.send(holdOf(customer, id, actual).step);
      };
      if (ending === "release") await release(world.engine, `r ${customer}`, id);
      else if (ending === "keep") {
        kept.push(settle);
        held += cents;
      } else {
        await settle();
        used += tokens === 0 ? 100 : actual;
      }
    }
    assert.ok(BigInt(used + held) <= given, `${used} used and ${held} held of ${given}`);
  }
  for (const settle of kept) await settle();
  assert.equal(await owedByAll(world, order), 0n, "what was held is paid by credit");
}

describe("Whatever is asked for at once, no more is held of credit than there is", () => {
  const isFull = process.env.TOLLGATE_TEST_FULL === "1";
  it("in a family, with credit of each and for some charges alone", async () => {
    await fc.assert(fc.asyncProperty(anyRounds, playRounds), { numRuns: isFull ? 2_000 : 40 });
  });

  it("two hundred callers on a balance for fifty get exactly fifty", async () => {
    const world = await prepaidWorld("50");
    const asked = Array.from({ length: 200 }, (_, at) => holdTools(world, "acme", `c${at}`));
    const decisions = (await Promise.all(asked)).flat();
    assert.equal(decisions.filter(({ decision }) => decision === "allow").length, 50);
  });
});
