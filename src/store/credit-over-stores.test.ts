/**
 * Random histories of usage, corrections, grants, ends and closings over every store: balances are
 * the same to the last digit wherever they are kept, however events were batched, also after a
 * crash; and what verification works out again agrees.
 */
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../compose.ts";
import { present } from "../domain/assert.ts";
import { TollgateError } from "../domain/errors.ts";
import type { TollgateEvent } from "../domain/event/event.ts";
import { formatAmount, parseAmount } from "../domain/money/decimal.ts";
import {
  cardOf,
  DAY_MS,
  each,
  NOW_MS,
  opened,
  PRICES,
  RUNS,
  toolCall,
  voided,
} from "../engine/commit/engine-world.test.ts";
import type { Engine } from "../engine/engine.ts";
import type { Store } from "../engine/ports.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { threeStores } from "./three-stores-contract.ts";
import { verifyDataFolder } from "./verify/verify-data-folder.ts";

const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 20;
const stores = threeStores();
const { memory, dataDir } = stores;
let count = 0;

/** A call is 0.3337, so that halves of cents are burned; a tier makes shares depend on others. */
const CARD = cardOf(
  {
    runs: [RUNS, each("0.5")],
    tools: [
      { count: "steps", where: { kind: "tool" } },
      { model: "graduated", tiers: [{ upTo: "5", unit: "0.3337" }, { unit: "0.21" }] },
    ],
  },
  "card",
  { runCap: "4" },
);

type Happening =
  | { readonly is: "events"; readonly ids: readonly number[]; readonly daysAgo: number }
  | { readonly is: "void"; readonly nth: number }
  | {
      readonly is: "grant";
      readonly cents: number;
      readonly priority: number;
      readonly days: number | null;
      readonly charges: readonly string[] | null;
      readonly rolls: boolean;
    }
  | { readonly is: "refund"; readonly nth: number; readonly cents: number }
  | { readonly is: "goodwill"; readonly cents: number }
  | { readonly is: "days"; readonly days: number }
  | { readonly is: "close" };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      is: fc.constant("events" as const),
      ids: fc.array(fc.nat(60), { minLength: 1, maxLength: 6 }),
      daysAgo: fc.constantFrom(0, 0, 0, 10, 30),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant("void" as const), nth: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant("grant" as const),
      cents: fc.integer({ min: 1, max: 400 }),
      priority: fc.nat(1),
      days: fc.constantFrom(null, 2, 12, 40),
      charges: fc.constantFrom(null, ["tools"], ["runs"]),
      rolls: fc.boolean(),
    }),
  },
  fc.record({
    is: fc.constant("refund" as const),
    nth: fc.nat(4),
    cents: fc.integer({ min: 1, max: 90 }),
  }),
  fc.record({ is: fc.constant("goodwill" as const), cents: fc.integer({ min: 1, max: 300 }) }),
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant("days" as const), days: fc.constantFrom(1, 7, 31) }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant("close" as const) }) },
);

const anyHistory = fc.array(happening, { minLength: 3, maxLength: 16 });

class Player {
  readonly engine: Engine;
  readonly store: Store;
  readonly ws: string;
  readonly #clock = { now: NOW_MS };
  readonly #isBatched: boolean;
  readonly #grants: string[] = [];
  readonly #sent: string[] = [];
  /** What bills of open periods said, and the statements that closing made of them. */
  readonly bills: { readonly before: string; readonly closed: string | undefined }[] = [];
  #voids = 0;
  #goodwill = 0;

  constructor(store: Store, isBatched = true) {
    count += 1;
    this.ws = `w${count}`;
    this.store = store;
    this.#isBatched = isBatched;
    this.engine = composeEngine(store, { clock: { nowMs: () => this.#clock.now } });
  }

  async play(history: readonly Happening[]): Promise<object> {
    const { engine, ws } = this;
    await this.store.createWorkspace(ws);
    await engine.importPrices(ws, { source: "test", entries: PRICES, effectiveFromMs: null });
    await engine.applyRateCard(ws, { ...CARD, effectiveFromMs: 0 });
    await engine.saveWorkspace(ws, { graceHours: 24 });
    await this.#send([opened({ customer: "acme" })]);
    for (const one of history) await this.#happen(one).catch(ignoreRefusals);
    return standing(engine, ws);
  }

  async #happen(one: Happening): Promise<unknown> {
    const { engine, ws } = this;
    const now = this.#clock.now;
    switch (one.is) {
      case "events": {
        const occurredAtMs = now - one.daysAgo * DAY_MS;
        const events = one.ids.map((id) => toolCall({ id: `s${id}`, occurredAtMs }));
        this.#sent.push(...one.ids.map((id) => `s${id}`));
        return this.#send(events);
      }
      case "void": {
        const id = this.#sent[one.nth % Math.max(1, this.#sent.length)];
        if (id === undefined) return;
        this.#voids += 1;
        const target = { source: "sdk", id };
        return this.#send([voided({ id: `v${this.#voids}`, target, occurredAtMs: now })]);
      }
      case "grant":
        return this.#grant(one);
      case "refund": {
        const grant = this.#grants[one.nth % Math.max(1, this.#grants.length)] ?? "none";
        const id = `r${this.#grants.length}-${one.nth}-${one.cents}`;
        const amount = `${one.cents / 100}`;
        const who = { id, reason: "asked", by: "anna", customer: "acme" };
        return engine.credits.refund(ws, { ...who, grant, amount });
      }
      case "goodwill": {
        this.#goodwill += 1;
        const about = { id: `k${this.#goodwill}`, customer: "acme", reason: "sorry", by: "anna" };
        return engine.giveGoodwill(ws, { ...about, amount: `${one.cents / 100}` });
      }
      case "days":
        this.#clock.now += one.days * DAY_MS;
        return;
      case "close":
        return this.#close(new Date(now).toISOString().slice(0, 7));
    }
  }

  /** Closes, and notes what the bill said the moment before. */
  async #close(month: string): Promise<void> {
    const { engine, ws } = this;
    const of = { customer: "acme", period: `${month}-01` };
    const { statement, document } = await engine.bill(ws, of);
    const close = { customer: "acme", period: month, early: true };
    const [closed] = (await engine.closePeriod(ws, close)).statements;
    if (statement === null) this.bills.push({ before: document, closed: closed?.document });
  }

  #grant({ cents, priority, days, charges, rolls }: Happening & { readonly is: "grant" }) {
    const id = `g${this.#grants.length}`;
    this.#grants.push(id);
    const expiresAtMs = days === null ? null : this.#clock.now + days * DAY_MS;
    const isRolling = rolls && expiresAtMs !== null;
    const rollover = isRolling ? { upTo: "0.5", expiresAtMs: expiresAtMs + DAY_MS } : null;
    const about = { id, reason: "agreed", by: "anna", customer: "acme", currency: "USD" };
    const terms = { amount: `${cents / 100}`, name: null, priority, expiresAtMs, charges };
    const none = { cost: null, costCurrency: null, rollover };
    return this.engine.credits.grant(this.ws, { ...about, ...terms, ...none });
  }

  async #send(events: readonly TollgateEvent[]): Promise<void> {
    const batches = this.#isBatched ? [events] : events.map((event) => [event]);
    for (const batch of batches) await this.engine.ingest(this.ws, batch);
  }
}

/** A history may ask for what is not there. */
function ignoreRefusals(error: unknown): void {
  if (!(error instanceof TollgateError)) throw error;
}

/** Balances, owed amounts and what every statement says of credit. */
async function standing(engine: Engine, ws: string): Promise<object> {
  const { wallets } = await engine.credits.of(ws, "acme");
  const statements = await engine.store.listStatements(ws, "acme");
  return {
    wallets: wallets.map(({ balance, owed, grants }) => ({
      balance: formatAmount(balance),
      owed: formatAmount(owed),
      grants: grants.map(({ grant, left }) => `${grant.id} ${formatAmount(left)}`),
    })),
    statements: statements.map(({ document }) => {
      const { paidByCredit, amountDue, wallets, total } = JSON.parse(document);
      const paid = present(parseAmount(paidByCredit ?? "0"), paidByCredit);
      const most = present(parseAmount(total), total);
      assert.ok(paid <= (most > 0n ? most : 0n), `of ${total} credit pays ${paidByCredit}`);
      return { paidByCredit, amountDue, wallets };
    }),
  };
}

test("balances are the same on every store and in every batching", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const wanted = await new Player(memory).play(history);
    assert.deepEqual(await new Player(memory, false).play(history), wanted, "one by one");
    assert.deepEqual(await new Player(stores.postgres).play(history), wanted, "PostgreSQL");
    const folder = join(dataDir, `same ${count}`);
    const sqlite = openSqliteStore({ dataDir: folder, digest: nodeDigest });
    assert.deepEqual(await new Player(sqlite).play(history), wanted, "SQLite");
    await sqlite.close();
    rmSync(folder, { recursive: true });
  });
  await fc.assert(property, { numRuns: 20 * full });
});

test("the bill of an open period tells what its close lets credit pay", async () => {
  let paid = 0;
  const property = fc.asyncProperty(anyHistory, async (history) => {
    for (const store of [memory, stores.postgres]) {
      const player = new Player(store);
      await player.play([...history, { is: "close" }]);
      for (const { before, closed } of player.bills) {
        assert.deepEqual(JSON.parse(closed ?? "null"), JSON.parse(before));
        if ((JSON.parse(before).paidByCredit ?? "0") !== "0") paid += 1;
      }
    }
  });
  // Most histories pay little by credit: one that does is always among them.
  const grant = { is: "grant", cents: 500, priority: 0, charges: null, rolls: false } as const;
  const paying: Happening[] = [
    { ...grant, days: null },
    { is: "events", ids: [0, 1, 2], daysAgo: 0 },
  ];
  await fc.assert(property, { numRuns: 25 * full, examples: [[paying]] });
  assert.ok(paid > 1, `${paid} bills were paid by credit`);
});

test("after a crash balances are what they were, and verification agrees", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const [before, after] = [join(dataDir, `${count} before`), join(dataDir, `${count} after`)];
    const store = openSqliteStore({ dataDir: before, digest: nodeDigest });
    const player = new Player(store);
    const wanted = await player.play(history);
    // The files as they are while totals still wait in memory.
    cpSync(before, after, { recursive: true });
    const survivor = openSqliteStore({ dataDir: after, digest: nodeDigest });
    const nowMs = await player.engine.nowMs(player.ws);
    const engine = composeEngine(survivor, { clock: { nowMs: () => nowMs } });
    await engine.recover(player.ws);
    assert.deepEqual(await standing(engine, player.ws), wanted);
    await survivor.settle(player.ws);
    await survivor.close();
    await store.settle(player.ws);
    await store.close();
    assert.deepEqual(verifyDataFolder(before).findings, []);
    assert.deepEqual(verifyDataFolder(after).findings, []);
    for (const folder of [before, after]) rmSync(folder, { recursive: true });
  });
  // Once: what a closing brought back to an ended grant was still there behind it.
  const grant = { is: "grant", cents: 1, priority: 0, charges: null, rolls: false } as const;
  const returned: Happening[] = [
    { ...grant, days: 2 },
    { is: "events", ids: [0], daysAgo: 0 },
    { is: "days", days: 31 },
    { is: "void", nth: 0 },
    { is: "events", ids: [2], daysAgo: 0 },
    { is: "close" },
    { ...grant, days: null },
  ];
  await fc.assert(property, { numRuns: 25 * full, examples: [[returned]] });
});
