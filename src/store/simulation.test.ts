/**
 * The laws of simulations over random histories: what is in force comes to what the ledger holds,
 * and so does the same card sent again; cards side by side are what each is alone; and no store,
 * page or order makes a difference.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../compose.ts";
import type { Store } from "../engine/ports.ts";
import { anyHistory, START_MS } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { CARDS, holdings, play } from "./play-contract.ts";
import { asSent, readable, simulated } from "./simulation-contract.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 20;
const dataDir = mkdtempSync(join(tmpdir(), "tollgate-simulation-"));
const memory = new MemoryStore();
const sqlite = openSqliteStore({ dataDir, digest: nodeDigest });
let workspaces = 0;

after(async () => {
  await sqlite.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function newWorkspace(): string {
  workspaces += 1;
  return `w${workspaces}`;
}

function engineOn(store: Store) {
  return composeEngine(store, { clock: { nowMs: () => START_MS + 86_400_000 } });
}

test("the cards in force come to what the ledger holds, whatever has happened", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const workspace = newWorkspace();
    await play(memory, workspace, history);
    const { customers } = await simulated(engineOn(memory), workspace, { cards: [null] });
    for (const { customer, charged, cards } of customers) {
      assert.deepEqual(cards.map(readable), [readable(charged)], customer);
    }
  });
  await fc.assert(property, { numRuns: 200 * full });
});

test("the card in force sent again comes to what the ledger holds", async () => {
  const [version] = CARDS;
  assert.ok(version !== undefined);
  const property = fc.asyncProperty(anyHistory, async (happenings) => {
    const history = happenings.filter(({ kind }) => kind !== "recard");
    const workspace = newWorkspace();
    await play(memory, workspace, history, { cards: [version] });
    const cards = [asSent(version)];
    const { customers } = await simulated(engineOn(memory), workspace, { cards });
    for (const { customer, charged, cards: bills } of customers) {
      assert.deepEqual(bills.map(readable), [readable(charged)], customer);
    }
  });
  await fc.assert(property, { numRuns: 200 * full });
});

test("two cards side by side are what each is alone, on every store", async () => {
  const cards = [null, ...CARDS.map(asSent)];
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const workspace = newWorkspace();
    await play(memory, workspace, history);
    await play(sqlite, workspace, history);
    const together = await simulated(engineOn(memory), workspace, { cards });
    for (const [at, card] of cards.entries()) {
      const alone = await simulated(engineOn(memory), workspace, { cards: [card] });
      const bills = together.customers.map((one) => readable(one.cards[at] ?? assert.fail()));
      assert.deepEqual(
        alone.customers.map((one) => readable(one.cards[0] ?? assert.fail())),
        bills,
      );
    }
    assert.deepEqual(await simulated(engineOn(sqlite), workspace, { cards }), together);
  });
  await fc.assert(property, { numRuns: 15 * full });
});

test("a simulation changes nothing", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const workspace = newWorkspace();
    await play(memory, workspace, history);
    const before = await holdings(memory, workspace);
    await simulated(engineOn(memory), workspace, { cards: [null, ...CARDS.map(asSent)] });
    assert.deepEqual(await holdings(memory, workspace), before);
  });
  await fc.assert(property, { numRuns: 20 * full });
});
