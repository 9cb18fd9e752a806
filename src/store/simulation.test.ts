/**
 * The laws of simulations over random histories: what is in force comes to what the ledger holds,
 * and so does the same card sent again; cards side by side are what each is alone; and no store,
 * page or order makes a difference.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { postgresServer } from "../../test/postgres-server.ts";
import { composeEngine, nodeDigest } from "../compose.ts";
import type { Store } from "../engine/ports.ts";
import { anyHistory, type Happening, START_MS } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { CARDS, holdings, lengthMs, play } from "./play-contract.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { asSent, readable, simulated } from "./simulation-contract.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { assertHistory } from "./whole-history-contract.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const full = isFull ? 60 : 1;
const dataDir = mkdtempSync(join(tmpdir(), "tollgate-simulation-"));
const memory = new MemoryStore();
const sqlite = openSqliteStore({ dataDir, digest: nodeDigest });
const stores = new Map<string, Store>([
  ["memory", memory],
  ["SQLite", sqlite],
]);
let workspaces = 0;

before(async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  stores.set("PostgreSQL", await openPostgresStore({ connectionString, digest: nodeDigest }));
});

after(async () => {
  for (const store of stores.values()) await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function newWorkspace(): string {
  workspaces += 1;
  return `w${workspaces}`;
}

const DAY_MS = 86_400_000;
/** Later than any history: whatever has a window is final, once it is settled. */
const NOW_MS = START_MS + 100 * DAY_MS;

function engineOn(store: Store, nowMs = NOW_MS) {
  return composeEngine(store, { clock: { nowMs: () => nowMs } });
}

/** When a history has ended. */
function endOf(history: readonly Happening[]): number {
  return history.reduce((sum, happening) => sum + lengthMs(happening), START_MS);
}

test("the cards in force come to what the ledger holds, whatever has happened", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const [own, workspace] = [new MemoryStore(), newWorkspace()];
    await play(own, workspace, history);
    const { customers } = await simulated(engineOn(own), workspace, { cards: [null] });
    for (const { customer, charged, cards } of customers) {
      assert.deepEqual(cards.map(readable), [readable(charged)], customer);
    }
  });
  await fc.assert(property, { numRuns: isFull ? 20_000 : 70 });
});

test("the card in force sent again comes to what the ledger holds", async () => {
  const [version] = CARDS;
  assert.ok(version !== undefined);
  const daysLater = fc.constantFrom(0, 3, 100);
  const property = fc.asyncProperty(anyHistory, daysLater, async (happenings, days) => {
    const history = happenings.filter(({ kind }) => kind !== "recard");
    const [own, workspace] = [new MemoryStore(), newWorkspace()];
    await play(own, workspace, history, { cards: [version] });
    const cards = [asSent(version)];
    // By then the windows of some outcomes have passed, and those of others have not.
    const engine = engineOn(own, endOf(history) + days * DAY_MS);
    await engine.settleOutcomes(workspace);
    const { customers } = await simulated(engine, workspace, { cards });
    for (const { customer, charged, cards: bills } of customers) {
      // A customer with terms of its own is charged by another card.
      if ((await own.customer(workspace, customer))?.cardKey !== null) continue;
      assert.deepEqual(bills.map(readable), [readable(charged)], customer);
    }
  });
  await fc.assert(property, { numRuns: isFull ? 20_000 : 70 });
});

test("two cards side by side are what each is alone, on every store", async () => {
  const cards = [null, ...CARDS.map(asSent)];
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const workspace = newWorkspace();
    for (const store of stores.values()) await play(store, workspace, history);
    const together = await simulated(engineOn(memory), workspace, { cards });
    for (const [at, card] of cards.entries()) {
      const alone = await simulated(engineOn(memory), workspace, { cards: [card] });
      const bills = together.customers.map((one) => readable(one.cards[at] ?? assert.fail()));
      assert.deepEqual(
        alone.customers.map((one) => readable(one.cards[0] ?? assert.fail())),
        bills,
      );
    }
    for (const [name, store] of stores) {
      assert.deepEqual(await simulated(engineOn(store), workspace, { cards }), together, name);
      await assertHistory(store, workspace, 2);
    }
  });
  await fc.assert(property, { numRuns: 5 * full });
});

test("a simulation changes nothing", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const workspace = newWorkspace();
    await play(memory, workspace, history);
    const before = await holdings(memory, workspace);
    await simulated(engineOn(memory), workspace, { cards: [null, ...CARDS.map(asSent)] });
    assert.deepEqual(await holdings(memory, workspace), before);
  });
  await fc.assert(property, { numRuns: 7 * full });
});

test("who stops reading ends a simulation", async () => {
  const workspace = newWorkspace();
  await play(sqlite, workspace, fc.sample(anyHistory, { numRuns: 1, seed: 3 })[0] ?? []);
  const controller = new AbortController();
  controller.abort(new Error("nobody reads"));
  const request = { cards: [null], customers: null, from: null, to: null };
  const { signal } = controller;
  const listener = { onProgress: () => {}, onCustomer: async () => {}, signal };
  for (const store of [memory, sqlite]) {
    if (store === memory) await store.createWorkspace(workspace);
    const given = engineOn(store).simulate(workspace, { request, listener });
    await assert.rejects(given, /nobody reads/);
  }
});

test("one customer's simulation is its part of everyone's, on every store", async () => {
  const cards = [null, ...CARDS.map(asSent)];
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const workspace = newWorkspace();
    for (const store of stores.values()) await play(store, workspace, history);
    const all = await simulated(engineOn(memory), workspace, { cards });
    for (const [name, store] of stores) {
      for (const one of all.customers) {
        const customers = [one.customer];
        const alone = await simulated(engineOn(store), workspace, { cards, customers });
        assert.deepEqual(alone.customers, [one], name);
      }
    }
  });
  await fc.assert(property, { numRuns: 5 * full });
});
