/** What concerns one customer reads what is that customer's: others may be tens of thousands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RERATED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import type { StoredCounter } from "../ports.ts";
import {
  cardOf,
  DAY_MS,
  each,
  money,
  NOW_MS,
  newWorld,
  STEPS,
  toolCall,
  type World,
} from "./engine-world.test.ts";

const WS = "w";
const WHO = { reason: "asked", by: "ann" };
const others = (count: number) => Array.from({ length: count }, (_, at) => `c${at}`);

/** Counts what reads of one kind return from now on: entries of lists, or looks of one. */
function counted(world: World, name: "acts" | "lastAct" | "periodsToBill"): () => number {
  let count = 0;
  const store = world.store as unknown as Record<string, (...asked: unknown[]) => unknown>;
  const read = store[name]?.bind(world.store) ?? assert.fail(name);
  store[name] = (...asked) => {
    const answer = read(...asked);
    count += Array.isArray(answer) ? answer.length : 1;
    return answer;
  };
  return () => count;
}

async function usedByMany(count: number): Promise<World> {
  const world = await newWorld();
  const used = ["acme", ...others(count)];
  await world.send(...used.map((customer) => toolCall({ run: customer, customer })));
  return world;
}

test("closing one customer's period looks at no other customer's", async () => {
  const world = await usedByMany(50);
  for (const customer of others(50)) {
    const one = { key: "year", kind: "prepaid", amount: "100", currency: "USD" };
    const dated = { ...one, from: "2026-11-01", until: "2027-11-01" };
    await world.engine.commitments.save(WS, { customer, document: { commitments: [dated] } });
  }
  const periods = counted(world, "periodsToBill");
  const acts = counted(world, "acts");
  const { statements, total } = await world.close("2026-11");
  assert.deepEqual([statements.length, total], [1, 1]);
  assert.equal(periods(), 1);
  assert.ok(acts() < 20, `${acts()} acts were read`);
});

test("a bill as of an instant reads no later close of others", async () => {
  const world = await usedByMany(40);
  await world.close("2026-11");
  world.clock.now = NOW_MS + 1_000;
  for (const customer of others(40)) {
    await world.engine.closePeriod(WS, { customer, period: "2026-11", early: true });
  }
  const acts = counted(world, "acts");
  for (const [atMs, isClosed] of [
    [NOW_MS, true],
    [NOW_MS + 1_000, true],
  ] as const) {
    const reads = await world.engine.readsAt(WS, atMs);
    const bill = await world.engine.bill(WS, { customer: "acme", period: "2026-11" }, reads);
    assert.equal(bill.statement !== null, isClosed);
    const other = await world.engine.bill(WS, { customer: "c7", period: "2026-11" }, reads);
    assert.equal(other.statement !== null, atMs > NOW_MS);
  }
  assert.ok(acts() < 20, `${acts()} acts were read`);
});

test("an act for a customer does not look up what former bookings are called", async () => {
  const world = await usedByMany(0);
  const give = (id: string) =>
    world.engine.giveGoodwill(WS, { id, customer: "acme", amount: "0.01", ...WHO });
  for (const id of others(30)) await give(id);
  const looks = counted(world, "lastAct");
  await give("one more");
  assert.ok(looks() < 20, `${looks()} looks`);
  const bill = await world.engine.bill(WS, { customer: "acme", period: null });
  const { lines } = JSON.parse(bill.document) as {
    readonly lines: readonly { readonly kind: string; readonly description: string }[];
  };
  const told = lines.filter(({ kind }) => kind === "goodwill");
  assert.equal(told.length, 31);
  assert.ok(told.every(({ description }) => description.includes("asked")));
});

test("a look at a margin reads no credit notes of others' statements", async () => {
  const world = await usedByMany(25);
  for (const customer of others(25)) {
    const close = { customer, period: "2026-11", early: true };
    const { statements } = await world.engine.closePeriod(WS, close);
    const statement = statements[0]?.id ?? "";
    const lines = [{ line: 1, amount: "0.01" }];
    await world.engine.issueCreditNote(WS, { id: null, statement, lines, ...WHO });
  }
  const acts = counted(world, "acts");
  await world.send(toolCall({ run: "new", customer: "new", id: "first" }));
  assert.ok(acts() < 20, `${acts()} acts were read`);
  assert.equal(money(world.run("new").tree.charge), "0.6");
});

test("an act on a statement reads no disputes of other customers", async () => {
  const world = await usedByMany(25);
  const statements = new Map<string, string>();
  for (const customer of ["acme", ...others(25)]) {
    const close = { customer, period: "2026-11", early: true };
    const closed = await world.engine.closePeriod(WS, close);
    statements.set(customer, closed.statements[0]?.id ?? "");
  }
  const dispute = (customer: string) => {
    const statement = statements.get(customer) ?? "";
    const target = { kind: "line", statement, line: 1 } as const;
    return world.engine.openDispute(WS, { id: null, target, amount: "0.01", ...WHO });
  };
  for (const customer of others(25)) await dispute(customer);
  const acts = counted(world, "acts");
  const looks = counted(world, "lastAct");
  await dispute("acme");
  const statement = statements.get("acme") ?? "";
  const lines = [{ line: 1, amount: "0.01" }];
  await world.engine.issueCreditNote(WS, { id: null, statement, lines, ...WHO });
  const ofOthers = { ...WHO, statement: statements.get("c3") ?? "" };
  await assert.rejects(world.engine.reissueStatement(WS, ofOthers), { code: "statement.credited" });
  assert.ok(acts() < 20 && looks() < 40, `${acts()} acts and ${looks()} looks`);
});

test("a bill as of an instant reads no openings of others", async () => {
  const world = await usedByMany(25);
  const open = (customer: string) =>
    world.engine.setOpening(WS, {
      ...{ id: null, customer, amount: "1", ...WHO },
      counters: [{ charge: "tools", cell: "", quantity: "3" }],
    });
  for (const customer of [...others(25), "acme"]) await open(customer);
  world.clock.now += 1_000;
  const acts = counted(world, "acts");
  const looks = counted(world, "lastAct");
  const reads = await world.engine.readsAt(WS, NOW_MS);
  const key = { customer: "acme", period: "2026-11-01" };
  const byCharge = (rows: readonly StoredCounter[]) =>
    rows.toSorted((a, b) => (a.chargeKey < b.chargeKey ? -1 : 1));
  const then = byCharge(await reads.store.countersOf(WS, key));
  assert.ok(acts() < 20 && looks() < 20, `${acts()} acts and ${looks()} looks`);
  assert.deepEqual(then, byCharge(await world.store.countersOf(WS, key)));
});

test("a credit note of many lines reads disputes once", async () => {
  const charges = Object.fromEntries(others(20).map((key) => [key, [STEPS, each("1")] as const]));
  const world = await newWorld(cardOf(charges));
  await world.send(toolCall({ run: "r1" }));
  const { statements } = await world.close("2026-11");
  const statement = statements[0]?.id ?? "";
  for (const [index, id] of others(20).entries()) {
    const target = { kind: "line", statement, line: index + 1 } as const;
    await world.engine.openDispute(WS, { id, target, amount: "0.5", ...WHO });
  }
  const acts = counted(world, "acts");
  const lines = others(20).map((_, index) => ({ line: index + 1, amount: null }));
  const note = await world.engine.issueCreditNote(WS, { id: null, statement, lines, ...WHO });
  assert.equal(note.total, "10");
  assert.ok(acts() < 30, `${acts()} acts were read for 20 disputes and lines`);
});

/** Counts the adjustments that units of work read from now on. */
function adjustmentsRead({ store }: World): () => number {
  let count = 0;
  const transact = store.transact.bind(store);
  store.transact = (workspace, work) =>
    transact(workspace, async (unit) => {
      const read = unit.adjustments.bind(unit);
      unit.adjustments = async (key) => {
        const rows = await read(key);
        count += rows.length;
        return rows;
      };
      return work(unit);
    });
  return () => count;
}

test("units of a re-rate do not read what those before them have booked", async () => {
  const world = await newWorld(cardOf({ calls: [STEPS, each("1")] }));
  const ids = others(3 * RERATED_PER_UNIT_MAX_COUNT);
  for (let at = 0; at < ids.length; at += RERATED_PER_UNIT_MAX_COUNT) {
    const some = ids.slice(at, at + RERATED_PER_UNIT_MAX_COUNT);
    await world.send(...some.map((id) => toolCall({ run: "r1", id })));
  }
  await world.close("2026-11");
  world.clock.now += 40 * DAY_MS;
  const late = { effectiveFromMs: NOW_MS - 1_000, isRerating: true };
  await world.engine.applyRateCard(WS, { ...cardOf({ calls: [STEPS, each("2")] }), ...late });
  const rows = adjustmentsRead(world);
  const { steps, charge } = await world.engine.rerate(WS, { sinceMs: null });
  assert.deepEqual([steps, money(charge)], [ids.length, `${ids.length}`]);
  assert.ok(rows() <= RERATED_PER_UNIT_MAX_COUNT, `${rows()} adjustments were read`);
  const bill = await world.engine.bill(WS, { customer: "acme", period: null });
  assert.equal((JSON.parse(bill.document) as { readonly total: string }).total, `${ids.length}`);
});
