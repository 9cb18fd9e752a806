/** What totals begin or end is told by the unit of work that moves them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { composeEngine } from "../../compose.ts";
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
const TERMS = { currency: null, name: null, priority: 100, expiresAtMs: null, charges: null };
const REST = { cost: null, costCurrency: null, rollover: null };

/** Half a dollar a tool call; model calls cost us 1.20 and nobody else anything. */
const CARD = cardOf({ tools: [{ count: "steps", where: { kind: "tool" } }, each("0.5")] });

async function told({ engine }: Pick<World, "engine">) {
  const query = { type: null, customer: null, beforeSeq: null, limit: 1_000 };
  const { alerts } = await engine.alerts.list(WS, query);
  return alerts.map(({ type, customer, data }) => ({ type, customer, data }));
}

async function look({ engine }: Pick<World, "engine">): Promise<void> {
  while ((await engine.alerts.look(WS, 100)) > 0);
  while ((await engine.alerts.lookAtMargin(WS, 100)) > 0);
}

const grant = ({ engine }: World, id: string, of: { customer: string; amount: string }) =>
  engine.credits.grant(WS, { ...TERMS, ...BY, ...REST, id, ...of });

const commit = ({ engine }: World, customer: string, amount: string) => {
  const dated = { key: "c", name: "C", kind: "minimum", per: "period", currency: "USD" };
  const document = { commitments: [{ ...dated, amount, from: "2026-11-01" }] };
  return engine.commitments.save(WS, { customer, document } as never);
};

/** The same card at once, with a fee: no step moves, and every bill does. */
const withFee = ({ engine }: World, amount: number, unit = "0.5") => {
  const fees = [{ key: "base", name: "Base", amount: `${amount}` }];
  const card = cardOf(
    { tools: [{ count: "steps", where: { kind: "tool" } }, each(unit)] },
    "card",
    {
      fees,
    },
  );
  return engine.applyRateCard(WS, { ...card, takesEffect: "at_once" });
};

const close = ({ engine }: World, customer: string) =>
  engine.closePeriod(WS, { customer, period: "2026-11-01", early: true });

/** Nothing is billed to who used nothing, nor twice, nor agreed once a period is closed. */
async function unlessRefused(act: Promise<unknown>): Promise<void> {
  const codes = ["statement.not_found", "customer.not_found", "period.closed"];
  await act.catch(({ code }: { readonly code: string }) => {
    assert.ok([...codes, "commitment.backdated", "commitment.fixed"].includes(code), code);
  });
}

const customers = fc.constantFrom("acme", "globex", "below");
const acts = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("tools" as const), customers, fc.nat(12)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("models" as const), customers, fc.nat(4)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("void" as const), customers, fc.nat(20)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("grant" as const), customers, fc.nat(20)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("commit" as const), customers, fc.nat(30)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("start" as const), customers, fc.nat(1)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("card" as const), customers, fc.nat(9)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("close" as const), customers, fc.nat(0)) },
);

/** One world in which steps, credit and commitments come in any order. */
class Play {
  readonly #world: World;
  readonly #unit: string;
  readonly #sent: { customer: string; id: string }[] = [];
  #count = 0;

  constructor(world: World, unit: string) {
    this.#world = world;
    this.#unit = unit;
  }

  async act([what, customer, n]: typeof acts extends fc.Arbitrary<infer T> ? T : never) {
    this.#count += 1;
    const id = `e${this.#count}`;
    const world = this.#world;
    if (what === "grant") return grant(world, id, { customer, amount: `${n + 1}` });
    if (what === "commit") return unlessRefused(commit(world, customer, `${n + 1}`));
    if (what === "void") return this.#void(n);
    if (what === "card") return withFee(world, n, this.#unit);
    if (what === "close") return unlessRefused(close(world, customer));
    const ids = Array.from({ length: n + 1 }, (_, at) => `${id}.${at}`);
    for (const one of ids) this.#sent.push({ customer, id: one });
    const of = { run: `run of ${customer}`, customer };
    const make = what === "models" ? step : toolCall;
    return world.send(...ids.map((one) => make({ ...of, id: one })));
  }

  async #void(n: number): Promise<unknown> {
    const [sent] = this.#sent.splice(n % (this.#sent.length + 1), 1);
    if (sent === undefined) return undefined;
    const { customer, id } = sent;
    const of = { run: `run of ${customer}`, id: `void ${id}` };
    return this.#world.send(voided({ ...of, target: { source: "sdk", id } }));
  }
}

test("units tell what their totals begin and end: a look behind finds nothing", async () => {
  const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  // Of the second price every other call leaves half a cent to be rounded.
  const units = fc.constantFrom("0.5", "0.495");
  const property = fc.asyncProperty(
    fc.array(acts, { maxLength: 25 }),
    units,
    async (played, unit) => {
      const tools = { tools: [{ count: "steps", where: { kind: "tool" } }, each(unit)] } as const;
      const world = await newWorld(cardOf(tools));
      for (const id of ["acme", "globex"])
        await world.engine.saveCustomer(WS, { id, settings: {} });
      const parent = { id: "acme", pays: true, credit: "own_first" as const };
      await world.engine.saveCustomer(WS, { id: "below", settings: { parent } });
      const play = new Play(world, unit);
      for (const one of played) {
        await play.act(one);
        const before = await told(world);
        await look(world);
        assert.deepEqual(await told(world), before, JSON.stringify(one));
      }
    },
  );
  await fc.assert(property, { seed, numRuns: process.env.TOLLGATE_TEST_FULL ? 2_000 : 40 });
});

test("credit that paid a statement is not taken up again by the period it closes", async () => {
  const world = await newWorld(CARD);
  await world.engine.saveCustomer(WS, { id: "acme", settings: {} });
  await grant(world, "g", { customer: "acme", amount: "6" });
  await world.send(...Array.from({ length: 9 }, (_, n) => toolCall({ id: `t${n}` })));
  await close(world, "acme");
  assert.deepEqual(await told(world), [], "1.50 of 6 are left");
});

test("an alert is sealed with the step that causes it, and stands after a crash", async () => {
  const world = await newWorld(cardOf({ steps: [STEPS, each("1")] }));
  await world.send(toolCall({ id: "t0" }));
  await grant(world, "g", { customer: "acme", amount: "3" });
  await world.send(toolCall({ id: "t1" }), toolCall({ id: "t2" }));
  await world.send(toolCall({ id: "t3" }));
  // Nobody has looked when the process ends; the next one has not looked yet.
  const engine = composeEngine(world.store, { clock: { nowMs: () => world.clock.now } });
  const [empty] = await told({ engine });
  assert.equal(empty?.type, "credit.empty");
  const link = world.store.linkBefore(WS, Number.MAX_SAFE_INTEGER);
  const caused = world.steps("r1").find(({ id }) => id === "t3")?.seq ?? 0;
  const subject = JSON.stringify(["credit.empty", "acme", "USD"]);
  const seq = world.store.lastAct(WS, "alert.told", subject)?.seq;
  assert.deepEqual([link?.firstSeq, link?.lastSeq], [caused, seq]);
});

test("a customer far from any threshold is not looked at again", async () => {
  const world = await newWorld(cardOf({ steps: [STEPS, each("1")] }));
  await world.send(toolCall({ id: "t0" }));
  await grant(world, "g", { customer: "acme", amount: "1000" });
  await world.send(toolCall({ id: "t1" }));
  let reads = 0;
  const { lastAct } = world.store;
  world.store.lastAct = (...args) => {
    reads += 1;
    return lastAct.apply(world.store, args);
  };
  for (let n = 2; n < 400; n += 1) await world.send(toolCall({ id: `t${n}` }));
  assert.equal(reads, 0);
  world.clock.now += HOUR_MS;
  for (let n = 400; n < 1_000; n += 1) await world.send(toolCall({ id: `t${n}` }));
  const types = (await told(world)).map(({ type }) => type);
  assert.deepEqual(types, ["credit.low"]);
  assert.ok(reads < 90, `${reads} reads on the way to a threshold`);
});

const MANY = Array.from({ length: 45 }, (_, n) => `c${String(n).padStart(2, "0")}`);

type Kind = "alert.told" | "alert.look_due" | "alert.looked";

/** Acts of a kind, each with the link that it was sealed by. */
function said({ store }: World, kind: Kind) {
  const acts = store.acts(WS, { kind, limit: 1_000 });
  return acts.map(({ seq, document }) => {
    return { ...JSON.parse(document), link: store.linkBefore(WS, seq)?.lastSeq };
  });
}

/** A world in which each of many customers costs more than it is charged. */
async function manyAtALoss(): Promise<World> {
  const world = await newWorld(CARD);
  await world.send(...MANY.map((customer) => step({ run: `of ${customer}`, customer })));
  return world;
}

test("a unit looks at some customers that it does not know, and leaves the rest", async () => {
  const world = await manyAtALoss();
  const [due, ...more] = said(world, "alert.look_due");
  assert.deepEqual([due?.customers, more], [MANY.slice(20), []]);
  const first = said(world, "alert.told");
  assert.deepEqual(
    first.map(({ customer }) => customer),
    MANY.slice(0, 20),
  );
  assert.ok(first.every(({ link }) => link === due?.link));

  // The next unit looks at others, and leaves nobody a second time.
  await world.send(...MANY.map((customer) => step({ run: `of ${customer}`, customer, id: "e2" })));
  assert.equal(said(world, "alert.look_due").length, 1);
  assert.equal(said(world, "alert.told").length, 40);

  // Another process finds what this one has left.
  const engine = composeEngine(world.store, { clock: { nowMs: () => world.clock.now } });
  await engine.alerts.look(WS, 0);
  const looked = said(world, "alert.looked");
  assert.deepEqual(
    looked.map(({ after }) => after),
    ["c39", null],
  );
  const last = said(world, "alert.told").slice(40);
  assert.deepEqual(
    last.map(({ customer }) => customer),
    MANY.slice(40),
  );
  assert.ok(last.every(({ link }) => link === looked[1]?.link));
});

test("what a card changes of many is told in its unit, or by looks it leaves", async () => {
  const world = await manyAtALoss();
  await look(world);
  assert.equal(said(world, "alert.told").length, 45);
  await withFee(world, 9);
  const card = world.store.lastAct(WS, "card.applied", "card")?.seq ?? 0;
  const link = world.store.linkBefore(WS, card)?.lastSeq;
  const cleared = said(world, "alert.told").filter(({ state }) => state === "cleared");
  assert.deepEqual(
    cleared.map((one) => one.customer),
    MANY.slice(0, 20),
  );
  assert.ok(cleared.every((one) => one.link === link));
  const due = said(world, "alert.look_due").at(-1);
  assert.deepEqual([due?.customers, due?.after, due?.link], [null, "c19", link]);
  const engine = composeEngine(world.store, { clock: { nowMs: () => world.clock.now } });
  await engine.alerts.look(WS, 0);
  const all = said(world, "alert.told").filter(({ state }) => state === "cleared");
  assert.deepEqual(all.map((one) => one.customer).toSorted(), MANY);
  assert.equal(said(world, "alert.looked").at(-1)?.after, null);
});

test("a pace that is believed from a tenth on is told then, though nothing moves", async () => {
  const world = await newWorld(CARD);
  world.clock.now = Date.UTC(2026, 10, 1, 12);
  await world.engine.saveCustomer(WS, { id: "acme", settings: {} });
  await commit(world, "acme", "50");
  const ids = Array.from({ length: 40 }, (_, n) => `t${n}`);
  await world.send(...ids.map((id) => toolCall({ id, occurredAtMs: world.clock.now })));
  await look(world);
  assert.deepEqual(await told(world), []);
  world.clock.now = Date.UTC(2026, 10, 4, 12);
  await look(world);
  assert.deepEqual(
    (await told(world)).map(({ type }) => type),
    ["commit.overrun_projected"],
  );
});

test("what a rate changes from a date on is told at that date, though nothing moves", async () => {
  const tools = { tools: [{ count: "steps", where: { kind: "tool" } }, each("1")] } as const;
  const world = await newWorld(cardOf(tools, "card", { currency: "EUR" }));
  const { now } = world.clock;
  const rate = (text: string, effectiveFromMs: number) => {
    return { from: "USD", to: "EUR", rate: text, effectiveFromMs };
  };
  const rates = [rate("2", now - DAY_MS), rate("0.1", now + HOUR_MS)];
  await world.engine.importRates(WS, rates);
  // A model call of 1.20 dollars, and a tool call that brings one euro.
  await world.send(step(), toolCall({ id: "t1" }));
  await look(world);
  const states = () => said(world, "alert.told").map(({ state }) => state);
  assert.deepEqual(states(), ["raised"]);
  world.clock.now += 2 * HOUR_MS;
  await look(world);
  assert.deepEqual(states(), ["raised", "cleared"]);
});
