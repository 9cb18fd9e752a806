/** What people are told, when, and that it is told once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Quantity } from "../../domain/money/decimal.ts";
import {
  cardOf,
  DAY_MS,
  each,
  HOUR_MS,
  newWorld,
  STEPS,
  step,
  toolCall,
  voided,
  type World,
} from "../commit/engine-world.test.ts";

const WS = "w";
const BY = { reason: "a test", by: "ops" };

/** A dollar a step. */
const DOLLAR = cardOf({ steps: [STEPS, each("1")] });

/** Alerts of a kind, oldest first: their types and what they say. */
async function told({ engine }: World, type: RegExp) {
  const query = { type: null, customer: null, beforeSeq: null, limit: 1_000 };
  const { alerts } = await engine.alerts.list(WS, query);
  return alerts.filter((alert) => type.test(alert.type)).reverse();
}

const typesOf = (alerts: readonly { readonly type: string }[]) => alerts.map(({ type }) => type);

/** Looks at everybody whose totals have moved. */
async function look({ engine }: World): Promise<void> {
  for (let n = 0; n < 20; n += 1) {
    await engine.alerts.look(WS, 100);
    await engine.alerts.lookAtMargin(WS, 100);
  }
}

async function call(world: World, from: number, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, n) => `t${from + n}`);
  await world.send(...ids.map((id) => toolCall({ id })));
}

const STAGES = [
  { at: "2", do: "notify" },
  { at: "4", do: "throttle", delayMs: 10 },
];

async function saveBudget(world: World, limit: string): Promise<void> {
  const document = { each: "customer", measure: "steps", per: "month", limit, stages: STAGES };
  const saved = await world.engine.limits.saveBudget(WS, { key: "steps", document, ...BY });
  assert.ok("record" in saved);
}

test("a rule that a run is beyond is told once, by the unit that finds it", async () => {
  const world = await newWorld();
  const rules = [
    { rule: "steps", moreThan: 1, do: "notify" },
    { rule: "steps", moreThan: 2, do: "pause" },
  ];
  const policy = { key: "guard", document: { rules }, ...BY };
  await world.engine.policies.save(WS, policy);
  await call(world, 0, 1);
  assert.deepEqual(await told(world, /policy/), []);
  const woken: string[] = [];
  world.engine.alerts.listen((workspace) => void woken.push(workspace));
  await call(world, 1, 1);
  await call(world, 2, 1);
  await call(world, 3, 1);
  const alerts = await told(world, /policy/);
  assert.deepEqual(typesOf(alerts), ["policy.notify", "policy.pause"]);
  assert.match(alerts[0]?.summary ?? "", /is beyond policy "guard": steps 2, more than 1$/);
  assert.ok(woken.includes(WS));
});

test("a stage is told once a window, by the unit that reaches it", async () => {
  const world = await newWorld();
  await saveBudget(world, "10");
  await call(world, 0, 1);
  assert.deepEqual(await told(world, /budget/), []);
  await call(world, 1, 2);
  await call(world, 3, 1);
  const [first, second, ...rest] = await told(world, /budget/);
  assert.deepEqual([first?.type, first?.customer], ["budget.notify", "acme"]);
  const words = 'A stage is reached: budget "steps" for "acme" stands at 2 of 10 steps';
  assert.equal(first?.summary, words);
  assert.equal(second?.type, "budget.throttle");
  assert.deepEqual(rest, []);
  world.clock.now += 10 * DAY_MS;
  await call(world, 10, 2);
  assert.deepEqual(typesOf(await told(world, /budget/)).slice(2), ["budget.notify"]);
});

test("a stage is told again when its limit was raised by a tenth above what was used", async () => {
  const world = await newWorld();
  const stages = [{ at: "50%", do: "notify" }];
  const save = async (limit: string) => {
    const document = { each: "customer", measure: "steps", per: "month", limit, stages };
    const saved = await world.engine.limits.saveBudget(WS, { key: "steps", document, ...BY });
    assert.ok("record" in saved);
  };
  await save("20");
  await call(world, 0, 10);
  assert.equal((await told(world, /budget/)).length, 1);
  await save("21");
  await call(world, 10, 1);
  assert.equal((await told(world, /budget/)).length, 1, "a raise by a hair repeats nothing");
  await save("40");
  await call(world, 11, 9);
  assert.equal((await told(world, /budget/)).length, 2);
});

test("usage without a price is told once a day for each model", async () => {
  const world = await newWorld();
  const unknown = (id: string, model = "gpt-99") => step({ id, model });
  await world.send(unknown("a"), unknown("b"));
  await world.send(unknown("c"));
  await world.send(unknown("d", "gpt-98"));
  const first = await told(world, /price/);
  assert.deepEqual(
    first.map(({ summary }) => summary),
    ["No price for openai gpt-99", "No price for openai gpt-98"],
  );
  world.clock.now += DAY_MS;
  await world.send(unknown("e"));
  await world.send(toolCall({ id: "f", tool: "fax", usage: new Map([["pages", 1n as Quantity]]) }));
  const summaries = (await told(world, /price/)).map(({ summary }) => summary);
  assert.deepEqual(summaries.slice(2), ["No price for openai gpt-99", "No price for fax"]);
});

test("a conflict is told as it is found", async () => {
  const world = await newWorld();
  await world.send(toolCall({ id: "t1" }));
  await world.send(toolCall({ id: "t1", tool: "other" }));
  await world.send(toolCall({ id: "t1", tool: "other" }));
  const [alert, ...rest] = await told(world, /conflict/);
  assert.equal(alert?.summary, 'Step "t1" of run "r1" came with other content');
  assert.deepEqual(rest, []);
});

test("credit that is low, then empty, is told once each, until it is filled", async () => {
  const world = await newWorld(DOLLAR);
  await call(world, 0, 1);
  const terms = { currency: null, name: null, priority: 100, expiresAtMs: null, charges: null };
  const grant = (id: string, amount: string) =>
    world.engine.credits.grant(WS, {
      ...{ ...terms, ...BY, id, customer: "acme", amount },
      ...{ cost: null, costCurrency: null, rollover: null },
    });
  await grant("g1", "20");

  assert.deepEqual(await told(world, /credit/), []);
  await call(world, 1, 19);

  const [low] = await told(world, /credit/);
  assert.deepEqual([low?.type, low?.team, low?.data.balance], ["credit.low", "finance", "1"]);
  await call(world, 20, 3);

  assert.deepEqual(typesOf(await told(world, /credit/)), ["credit.low", "credit.empty"]);
  const [, empty] = await told(world, /credit/);
  assert.equal(empty?.summary, 'Credit of "acme" is used up: 3 USD owed');
  await grant("g2", "1");

  assert.equal((await told(world, /credit/)).length, 2, "a hair of credit changes nothing");
  await grant("g3", "100");

  await call(world, 30, 91);

  const all = typesOf(await told(world, /credit/));
  assert.deepEqual(all, ["credit.low", "credit.empty", "credit.low"]);
});

test("what was not looked at before a crash is looked at after it", async () => {
  const world = await newWorld(DOLLAR);
  await call(world, 0, 5);
  const { composeEngine } = await import("../../compose.ts");
  const clock = { nowMs: () => world.clock.now };
  const engine = composeEngine(world.store, { clock });
  const commitments = [
    { key: "c", kind: "minimum", per: "period", amount: "3", currency: "USD", from: "2026-11-01" },
  ];
  const name = "Monthly";
  const saved = await engine.commitments.save(WS, {
    customer: "acme",
    document: { commitments: commitments.map((one) => ({ name, ...one })) },
  } as never);
  assert.ok(!("problems" in saved));
  await look({ ...world, engine: composeEngine(world.store, { clock }) });
  assert.deepEqual(typesOf(await told(world, /commit/)), [
    "commit.exceeded",
    "commit.overrun_projected",
  ]);
});

test("a commitment that will be used up is told to sales with what it comes to", async () => {
  const world = await newWorld(DOLLAR);
  await call(world, 0, 1);
  const commitment = { key: "c", name: "Monthly", kind: "minimum", per: "period", amount: "40" };
  const dated = { ...commitment, currency: "USD", from: "2026-11-01" };
  const wanted = { customer: "acme", document: { commitments: [dated] } };
  const saved = await world.engine.commitments.save(WS, wanted as never);
  assert.ok(!("problems" in saved));
  await call(world, 1, 20);

  assert.deepEqual(await told(world, /commit/), [], "21 of 40 on the 23rd of 30 days");
  await call(world, 21, 15);

  const [projected] = await told(world, /commit/);
  assert.deepEqual([projected?.type, projected?.team], ["commit.overrun_projected", "sales"]);
  const { projectedDate, overage, trueUp, link } = projected?.data ?? {};
  assert.match(String(projectedDate), /^2026-11-2[5-6]T/);
  assert.equal(overage, "0");
  assert.ok(Number(trueUp) > 7 && Number(trueUp) < 9, String(trueUp));
  assert.equal(link, "/v1/customers/acme/commitments");
  // Chats and mails have these words alone.
  const used = 'Commitment "c" of "acme" (40 USD, ends 2026-12-01) is used up';
  const day = String(projectedDate).slice(0, 10);
  const expected = `${used} on ${day} at this pace, which brings ${trueUp} USD beyond it`;
  assert.equal(projected?.summary, expected);
  await call(world, 36, 7);

  const all = await told(world, /commit/);
  assert.deepEqual(typesOf(all), ["commit.overrun_projected", "commit.exceeded"]);
  assert.equal(all[1]?.data.overage, "3");
  const more = String(all[1]?.data.trueUp);
  assert.equal(all[1]?.summary, `${used}, 3 USD beyond it; ${more} USD by its end at this pace`);
});

test("credit that is used up to nothing owes nothing", async () => {
  const world = await newWorld(DOLLAR);
  // What was charged before a grant stays owed; here that is nothing.
  await world.engine.saveCustomer(WS, { id: "acme", settings: {} });
  const terms = { currency: null, name: null, priority: 100, expiresAtMs: null, charges: null };
  const cost = { cost: null, costCurrency: null, rollover: null };
  const grant = { ...terms, ...cost, ...BY, id: "g1", customer: "acme", amount: "4" };
  await world.engine.credits.grant(WS, grant);
  await call(world, 1, 4);
  const empty = (await told(world, /credit.empty/)).map(({ summary }) => summary);
  assert.deepEqual(empty, ['Credit of "acme" is used up']);
});

test("usage that names nothing is told by what it is", async () => {
  const world = await newWorld();
  const facts = { kind: "compute", provider: null, model: null, tool: null } as const;
  await world.send(step({ id: "a", run: "r1", ...facts, usage: new Map([["s", 1n as Quantity]]) }));
  const [first] = await told(world, /price/);
  const step1 = 'No price for a compute step of run "r1"';
  assert.equal(first?.summary, `${step1}, which names no provider and no model`);
});

test("a stage of money tells the currency", async () => {
  const world = await newWorld(DOLLAR);
  const document = {
    ...{ each: "customer", measure: "charge", per: "month", limit: "10", enforcement: "soft" },
    stages: [{ at: "80%", do: "notify" }],
  };
  await world.engine.limits.saveBudget(WS, { key: "monthly", document, ...BY });
  await call(world, 0, 8);
  const [first] = await told(world, /budget/);
  const words = 'budget "monthly" for "acme" stands at 8 of 10 USD charge';
  assert.equal(first?.summary, `A stage is reached: ${words}`);
});

test("a customer that costs more than it is charged is told once, until that is over", async () => {
  const world = await newWorld(cardOf({ steps: [STEPS, each("1")] }));
  const models = (from: number, count: number) =>
    world.send(...Array.from({ length: count }, (_, n) => step({ id: `m${from + n}` })));
  await models(0, 10);

  const [negative] = await told(world, /margin/);
  assert.equal(negative?.summary, '"acme" costs 12 USD and is charged 10 USD in 2026-11-01');
  await models(10, 1);
  world.clock.now += HOUR_MS;

  assert.equal((await told(world, /margin/)).length, 1);
  await call(world, 0, 10);
  world.clock.now += HOUR_MS;

  await world.send(
    ...Array.from({ length: 10 }, (_, n) =>
      voided({
        id: `v${n}`,
        target: { source: "sdk", id: `t${n}` },
      }),
    ),
  );
  world.clock.now += HOUR_MS;

  assert.equal((await told(world, /margin/)).length, 2, "it was over, and began again");
});

test("nothing is told of a unit that crosses nothing, and nothing is read for it", async () => {
  const world = await newWorld();
  await saveBudget(world, "1000");
  await call(world, 0, 1);
  let reads = 0;
  const { acts, lastAct } = world.store;
  world.store.acts = (...args) => {
    reads += 1;
    return acts.apply(world.store, args);
  };
  world.store.lastAct = (...args) => {
    reads += 1;
    return lastAct.apply(world.store, args);
  };
  await call(world, 1, 1);
  assert.equal(reads, 0);
});
