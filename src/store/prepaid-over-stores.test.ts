/**
 * Holds of prepaid credit over every store: the same rounds of asks, records, voids and gifts get
 * the same answers and leave the same credit, and what was held is paid.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { postgresServer } from "../../test/postgres-server.ts";
import { composeEngine, nodeDigest } from "../compose.ts";
import { formatAmount } from "../domain/money/decimal.ts";
import {
  cardOf,
  each,
  NOW_MS,
  opened,
  toolCall,
  voided,
} from "../engine/commit/engine-world.test.ts";
import { ask, budget, budgetsOf, holdOn, words } from "../engine/limits/holds-world.test.ts";
import type { Store } from "../engine/ports.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { verifyDataFolder } from "./verify/verify-data-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-prepaid-"));
after(async () => {
  rmSync(folder, { recursive: true, force: true });
});

/** Tiers, so that a hold is at the dearer price: 0.5 each, 0.75 from the fourth of a month on. */
const CARD = cardOf({
  tools: [
    { count: "steps", where: { kind: "tool" } },
    { model: "graduated", tiers: [{ upTo: "3", unit: "0.5" }, { unit: "0.75" }] },
  ],
  calls: [{ count: "steps" }, each("0.01")],
});
const CUSTOMERS = ["group", "child"];
const WHO = { reason: "agreed", by: "anna" };
const TERMS = { currency: null, name: null, priority: 1, expiresAtMs: null };
const NO_COST = { cost: null, costCurrency: null, rollover: null };

type Doing =
  | { readonly is: "hold"; readonly who: number; readonly at: readonly number[] }
  | { readonly is: "record" | "void" | "release"; readonly who: number; readonly nth: number }
  | { readonly is: "give"; readonly who: number; readonly cents: number; readonly some: boolean }
  | { readonly is: "month" };

const who = fc.nat(1);
const nth = fc.nat(9);
const doing: fc.Arbitrary<Doing> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant("hold" as const),
      who,
      at: fc.uniqueArray(nth, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constantFrom("record", "void", "release"), who, nth }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant("give" as const),
      who,
      cents: fc.integer({ min: 1, max: 300 }),
      some: fc.boolean(),
    }),
  },
  fc.record({ is: fc.constant("month" as const) }),
) as fc.Arbitrary<Doing>;

const MONTH_MS = 31 * 86_400_000;
const NOTHING = { asks: [], releases: [], renewals: [], caps: [] };

/** Plays over a store; returns all that was answered, and what is left. */
async function play(store: Store, all: readonly Doing[]): Promise<string[]> {
  const clock = { now: NOW_MS };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace("w");
  await engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
  const parent = { id: "group", pays: true, credit: "own_first" } as const;
  await engine.saveCustomer("w", { id: "group", settings: {} });
  await engine.saveCustomer("w", { id: "child", settings: { parent } });
  for (const customer of CUSTOMERS) {
    await engine.ingest("w", [opened({ run: customer, id: `open ${customer}`, customer })]);
  }
  await budget(engine, "credit", { each: "customer", measure: "prepaid" });
  const answers: string[] = [];
  for (const [index, one] of all.entries()) {
    if (one.is === "month") {
      clock.now += MONTH_MS;
      continue;
    }
    const run = CUSTOMERS[one.who] ?? "";
    const call = (id: string) =>
      toolCall({ run, id, customer: run, occurredAtMs: clock.now, contentHash: id });
    if (one.is === "hold") {
      const asks = one.at.map((n) => ask(`s${n}`, { step: call(`s${n}`), contentHash: `${n}` }));
      answers.push(words(await holdOn(engine, run, ...asks)).join());
    } else if (one.is === "give") {
      const amount = (one.cents / 100).toFixed(2);
      const charges = one.some ? ["tools"] : null;
      const request = { ...WHO, ...TERMS, ...NO_COST, id: `g${index}`, customer: run, amount };
      await engine.credits.grant("w", { ...request, charges });
    } else if (one.is === "release") {
      const releases = [{ run, source: "sdk", id: `s${one.nth}` }];
      await engine.hold("w", [], { ...NOTHING, run, releases });
    } else {
      const target = { source: "sdk", id: `s${one.nth}` };
      const event =
        one.is === "record" ? call(`s${one.nth}`) : voided({ run, id: `void ${one.nth}`, target });
      await engine.ingest("w", [event]);
    }
    for (const customer of CUSTOMERS) {
      const { wallets } = await engine.credits.of("w", customer);
      const left = wallets.map(({ balance, owed }) => `${formatAmount(balance)} ${owed}`);
      answers.push(`${customer} ${left.join()}: ${await budgetsOf(engine, customer)}`);
    }
  }
  return answers;
}

async function agree(all: readonly Doing[], count: number, withPostgres: boolean): Promise<void> {
  const wanted = await play(new MemoryStore(), all);
  const dataDir = join(folder, `${count}`);
  const sqlite = openSqliteStore({ dataDir, digest: nodeDigest });
  assert.deepEqual(await play(sqlite, all), wanted, "on SQLite");
  await sqlite.settle("w");
  await sqlite.close();
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  if (!withPostgres) return;
  const connectionString = await (await postgresServer()).createDatabase();
  const postgres = await openPostgresStore({ connectionString, digest: nodeDigest });
  const found = await play(postgres, all).finally(() => postgres.close());
  assert.deepEqual(found, wanted, "on PostgreSQL");
}

test("holds of credit are the same over every store, and verification agrees", async () => {
  const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 20;
  let count = 0;
  const property = fc.asyncProperty(fc.array(doing, { minLength: 4, maxLength: 20 }), (all) => {
    count += 1;
    return agree(all, count, count % 4 === 0);
  });
  await fc.assert(property, { numRuns: 16 * full });
});
