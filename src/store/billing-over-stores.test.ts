/**
 * One story of everything that people do to bills, over every store: the same statements, to the
 * byte, and the same acts, also where the process starts again between any two of them.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { postgresServer } from "../../test/postgres-server.ts";
import { composeEngine, composeHttp, nodeDigest } from "../compose.ts";
import { storedRateCard } from "../domain/rating/stored-rate-card.ts";
import type { Engine } from "../engine/engine.ts";
import type { Store } from "../engine/ports.ts";
import { assertCloseChangesNothing, assertMarginLaws } from "./margin-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

const WS = "w";
const WHO = { id: null, reason: "agreed", by: "anna" };
const TIERS = [{ upTo: "5", unit: "0" }, { upTo: "20", unit: "0.5" }, { unit: "0.25" }];
const CARD = JSON.stringify({
  key: "card",
  currency: "USD",
  charges: [
    { key: "calls", meter: { count: "steps" }, price: { model: "graduated", tiers: TIERS } },
    { key: "bulk", meter: { count: "steps" }, price: { model: "volume", tiers: TIERS } },
    { key: "done", meter: { count: "outcomes" }, price: { model: "per_unit", unit: "0.99" } },
  ],
  minimum: "3",
});

interface World {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: { now: number };
}

const at = (day: string) => Date.parse(`${day}T12:00:00Z`);

async function steps({ engine }: World, day: string, ids: readonly string[]): Promise<void> {
  const about = { run: "r1", customer: "acme", kind: "tool", tool: "search" };
  const events = ids.map((id) => ({ id, ...about, occurredAt: `${day}T12:00:00Z` }));
  const { intake } = composeHttp(engine);
  const { results } = await intake.ingestBody(WS, JSON.stringify(events), "json");
  for (const { result } of results) assert.equal(result.status, "accepted");
}

async function close({ engine }: World, period: string): Promise<string> {
  const { statements } = await engine.closePeriod(WS, { customer: "acme", period, early: true });
  return statements[0]?.id ?? assert.fail(`nothing of ${period}`);
}

const IDS = { first: "", again: "" };

/** What happens, act by act. */
const STORY: readonly ((world: World) => Promise<unknown>)[] = [
  async ({ engine, store }) => {
    await store.createWorkspace(WS);
    const card = { card: storedRateCard(CARD), document: CARD, effectiveFromMs: 0 };
    await engine.applyRateCard(WS, card);
    await engine.saveCustomer(WS, { id: "acme", settings: { timeZone: "Europe/Berlin" } });
  },
  (world) => steps(world, "2026-11-10", ["a", "b", "c"]),
  ({ engine }) => {
    const counters = [{ charge: "calls", cell: "", quantity: "17" }];
    return engine.setOpening(WS, { ...WHO, customer: "acme", amount: "4", counters });
  },
  (world) => steps(world, "2026-11-11", ["d", "e"]),
  async (world) => {
    world.clock.now = at("2026-12-01");
    IDS.first = await close(world, "2026-11");
  },
  (world) => steps(world, "2026-11-12", ["late 1", "late 2"]),
  ({ engine }) => engine.giveGoodwill(WS, { ...WHO, customer: "acme", amount: "1.25" }),
  (world) => close(world, "2026-12"),
  (world) => steps(world, "2026-11-12", ["late 3"]),
  async ({ engine }) => {
    const again = await engine.reissueStatement(WS, { ...WHO, statement: IDS.first });
    IDS.again = again.id;
  },
  async ({ engine }) => {
    const target = { kind: "line", statement: IDS.again, line: 2 } as const;
    await engine.openDispute(WS, { ...WHO, id: "d", target, amount: "0.75" });
  },
  (world) => close(world, "2027-01"),
  ({ engine }) => engine.resolveDispute(WS, { ...WHO, id: "d", favor: "us" }),
  ({ engine }) => {
    const lines = [{ line: 2, amount: "0.10" }];
    return engine.issueCreditNote(WS, { ...WHO, statement: IDS.again, lines });
  },
  (world) => close(world, "2027-02"),
];

async function tell(open: () => Promise<Store>, restarts: boolean): Promise<object> {
  const clock = { now: at("2026-11-20") };
  let store = await open();
  const worldOf = (): World => {
    const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
    return { engine, store, clock };
  };
  let world = worldOf();
  for (const happen of STORY) {
    await happen(world);
    if (!restarts) continue;
    await store.close();
    store = await open();
    world = worldOf();
    await world.engine.recover(WS);
  }
  const statements = await store.listStatements(WS);
  const journal = await store.journal(WS, 0, 1_000);
  await store.close();
  return { statements, journal };
}

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-billing-"));
const memory = new MemoryStore();
let connectionString = "";

before(async () => {
  connectionString = await (await postgresServer()).createDatabase();
});
after(async () => {
  rmSync(dataDir, { recursive: true, force: true });
});

test("what people do to bills is the same on every store, and across restarts", async () => {
  const wanted = await tell(async () => memory, false);
  const totals = (await memory.listStatements(WS)).map((one) => `${one.period} ${one.total}`);
  assert.deepEqual(totals.sort(), [
    // 22 calls of which 17 were counted elsewhere: 8 − 6; bulk is free so far; 4 brought along.
    "2026-11-01 6",
    // Issued again with 8 calls of its own: 8.75 − 6 + 4, bulk 4, without 1.50 billed in December.
    "2026-11-01 9.25",
    // Two late calls, 0.50 and 1.00, the minimum of a month with adjustments, and goodwill.
    "2026-12-01 3.25",
    // The third went into the statement issued again. Nobody used anything from then on: the
    // minimum of 3 is owed all the same, less what is disputed, and then with it.
    "2027-01-01 2.25",
    "2027-02-01 3.75",
  ]);
  const engine = composeEngine(memory, { clock: { nowMs: () => at("2027-02-20") } });
  await assertMarginLaws(engine, WS);
  await assertCloseChangesNothing(engine, WS);
  const sqlite = async () => openSqliteStore({ dataDir, digest: nodeDigest });
  assert.deepEqual(await tell(sqlite, true), wanted, "SQLite");
  const postgres = () => openPostgresStore({ connectionString, digest: nodeDigest });
  assert.deepEqual(await tell(postgres, true), wanted, "PostgreSQL");
});
