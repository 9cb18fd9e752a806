/**
 * What a node remembers of its own units says nothing but what a read under the lock would say,
 * whoever wrote in between: two nodes write and read in any order, and each unit sees what the last
 * one left, whether its node remembers it or not.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../../compose.ts";
import { LARGE_PAGE_COUNTERS_COUNT } from "../../domain/database-limits.ts";
import type { PeriodState } from "../../domain/period/records.ts";
import { counterOf } from "../../domain/rating/counter.ts";
import type { Run } from "../../domain/run/run.ts";
import type { Customer, Store, StoredCounter, UnitOfWork } from "../../engine/ports.ts";
import { type PostgresServer, startPostgres } from "../real-postgres-contract.ts";
import {
  amount,
  counterRow,
  customerRow,
  runRow,
  stepRow,
  writesOf,
} from "../sample-rows-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";

type Node = Awaited<ReturnType<typeof openPostgresStore>>;
let server: PostgresServer;
let nodes: readonly [Node, Node];

before(async () => {
  server = await startPostgres({ settings: { fsync: "on" } });
  const connectionString = await server.createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  nodes = [await open(), await open()];
});

after(async () => {
  for (const node of nodes) await node.close();
  await server.stop();
});

const RUNS = ["r1", "r2", "r3"] as const;
const STEPS = ["s1", "s2"] as const;
const CHARGES = ["tools", "models"] as const;
const PERIOD = "2026-11-01";

/** What was committed last, by the names of the rows. */
const emptyModel = () => ({
  runs: new Map<string, Run>(),
  customers: new Map<string, Customer>(),
  counters: new Map<string, StoredCounter>(),
  periods: new Map<string, PeriodState>(),
  steps: new Set<string>(),
});
type Model = ReturnType<typeof emptyModel>;

type End = "commits" | "throws" | "throws after reading";
interface Turn {
  readonly node: 0 | 1;
  readonly end: End;
  readonly run: (typeof RUNS)[number];
  readonly charge: (typeof CHARGES)[number];
  readonly step: (typeof STEPS)[number] | null;
  readonly closes: boolean;
  readonly value: number;
}

const anyTurn: fc.Arbitrary<Turn> = fc.record({
  node: fc.constantFrom(0, 1),
  end: fc.constantFrom<End>("commits", "commits", "commits", "throws", "throws after reading"),
  run: fc.constantFrom(...RUNS),
  charge: fc.constantFrom(...CHARGES),
  step: fc.option(fc.constantFrom(...STEPS)),
  closes: fc.boolean(),
  value: fc.nat(1_000),
});

/** The rows that a turn writes: each customer has one run and one period. */
function rowsOf({ run, charge, step, closes, value }: Turn, { steps }: Model) {
  const customer = `of-${run}`;
  const counter = counterOf([], amount(value));
  const closedAtMs = value;
  const revision = steps.has(`${run}/${step}`) ? 2 : 1;
  return {
    runs: [runRow({ id: run, customer, lastSeenAtMs: value })],
    customers: [customerRow({ id: customer, name: `${value}` })],
    counters: [counterRow({ customer, period: PERIOD, chargeKey: charge, counter })],
    steps: step === null ? [] : [stepRow({ run, id: step, customer, seq: 1, revision })],
    periods: closes ? [{ customer, period: PERIOD, closedAtMs, statementId: "st" }] : [],
  };
}

const inOrder = <T>(rows: Iterable<T>, nameOf: (row: T) => string): T[] =>
  [...rows].sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
const chargeOf = ({ customer, chargeKey }: StoredCounter) => `${customer}/${chargeKey}`;

/** Everything that a unit reads must be what was committed last. */
async function requireSame(unit: UnitOfWork, model: Model): Promise<void> {
  const customers = RUNS.map((run) => `of-${run}`);
  const keys = customers.map((customer) => ({ customer, period: PERIOD }));
  const identities = RUNS.flatMap((run) => STEPS.map((id) => ({ run, source: "sdk", id })));
  const same = <T>(found: readonly T[], kept: Map<string, T>, nameOf: (row: T) => string) =>
    assert.deepEqual(inOrder(found, nameOf), inOrder(kept.values(), nameOf));
  same(await unit.runs(RUNS), model.runs, ({ id }) => id);
  same(await unit.customers(customers), model.customers, ({ id }) => id);
  same(await unit.counters(keys), model.counters, chargeOf);
  same(await unit.periods(keys), model.periods, ({ customer }) => customer);
  const steps = (await unit.steps(identities)).map(({ run, id }) => `${run}/${id}`);
  assert.deepEqual(new Set(steps), model.steps);
}

function apply(model: Model, turn: Turn): void {
  const { runs, customers, counters, steps, periods } = rowsOf(turn, model);
  for (const row of runs) model.runs.set(row.id, row);
  for (const row of customers) model.customers.set(row.id, row);
  for (const row of counters) model.counters.set(chargeOf(row), row);
  for (const row of periods) model.periods.set(row.customer, row);
  for (const row of steps) model.steps.add(`${row.run}/${row.id}`);
}

/** Every period has so many counters that nodes tell one another which of them moved. */
async function fillPages(workspace: string, { counters }: Model): Promise<void> {
  for (const run of RUNS) {
    for (let at = 0; at < LARGE_PAGE_COUNTERS_COUNT; at += 1) {
      const row = counterRow({ customer: `of-${run}`, period: PERIOD, chargeKey: `more ${at}` });
      counters.set(chargeOf(row), row);
    }
  }
  const all = [...counters.values()];
  await nodes[0].transact(workspace, (unit) => unit.write(writesOf({ counters: all })));
}

const given = new Error("given up");

async function play(store: Store, workspace: string, [turn, model]: [Turn, Model]) {
  const unit = store.transact(workspace, async (work) => {
    await requireSame(work, model);
    if (turn.end === "throws after reading") throw given;
    await work.write(writesOf(rowsOf(turn, model)));
    if (turn.end === "throws") throw given;
    const written = structuredClone(model);
    apply(written, turn);
    await requireSame(work, written);
  });
  if (turn.end !== "commits") return assert.rejects(unit, given);
  await unit;
  apply(model, turn);
}

test("nodes that write one workspace in any order never go by what they remember", async () => {
  let played = 0;
  const property = fc.asyncProperty(
    fc.array(anyTurn, { minLength: 4, maxLength: 14 }),
    async (turns) => {
      played += 1;
      const workspace = `w${played}`;
      await nodes[0].createWorkspace(workspace);
      const model = emptyModel();
      if (played % 2 === 0) await fillPages(workspace, model);
      for (const turn of turns) await play(nodes[turn.node], workspace, [turn, model]);
      for (const node of nodes) await node.transact(workspace, (unit) => requireSame(unit, model));
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

test("what a unit wrote whose outcome is not known is not remembered", async () => {
  await nodes[0].createWorkspace("cut");
  const [run] = [runRow({ id: "r1", customer: "acme" })];
  await nodes[0].transact("cut", (unit) => unit.write(writesOf({ runs: [run] })));
  const cut = nodes[0].transact("cut", async (unit) => {
    await unit.write(writesOf({ runs: [{ ...run, lastSeenAtMs: 5 }] }));
    // No text of PostgreSQL holds NUL: the server fails the transaction.
    await unit.descendants("\u0000");
  });
  await assert.rejects(cut, { code: "store.unknown" });
  assert.deepEqual(await nodes[0].transact("cut", (unit) => unit.runs(["r1"])), [run]);
});

test("a server that was started anew is asked anew: it may hold another history", async () => {
  const own = await server.createDatabase();
  const store = await openPostgresStore({ connectionString: own, digest: nodeDigest });
  await store.createWorkspace("w");
  const run = runRow({ id: "r1", customer: "acme" });
  await store.transact("w", (unit) => unit.write(writesOf({ runs: [run] })));
  assert.deepEqual(await store.transact("w", (unit) => unit.runs(["r1"])), [run]);
  await server.crash();
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: own });
  await client.connect();
  // What a copy might say that has as many commits and the same chain.
  await client.query("UPDATE runs SET agent = 'of the copy'");
  await client.end();
  const found = await store.transact("w", (unit) => unit.runs(["r1"])).catch(() => null);
  // The first unit may find its connection broken; the next one has another.
  const [read] = found ?? (await store.transact("w", (unit) => unit.runs(["r1"])));
  assert.equal(read?.agent, "of the copy");
  await store.close();
});
