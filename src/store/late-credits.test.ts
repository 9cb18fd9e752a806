/**
 * Usage that is priced in a card's credits comes in time or late, and is taken back before the
 * close or after it: in the end credits and money are the same, over every store. Credits are whole
 * and one is a cent, so that nothing is rounded.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../compose.ts";
import { type Amount, formatAmount, parseAmount } from "../domain/money/decimal.ts";
import { cardOf, opened, PRICES, toolCall, voided } from "../engine/commit/engine-world.test.ts";
import type { Store } from "../engine/ports.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { threeStores } from "./three-stores-contract.ts";
import { verifyDataFolder } from "./verify/verify-data-folder.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const stores = threeStores();
const { memory, dataDir } = stores;
let count = 0;

const tiers = [{ upTo: "3", unit: "7" }, { upTo: "6", unit: "4" }, { unit: "9" }];
const CARD = cardOf(
  {
    tools: [
      { count: "steps", where: { tool: "search" } },
      { model: "graduated", tiers },
      { in: "credits" },
    ],
    others: [
      { count: "steps", where: { tool: "fetch" } },
      { model: "package", size: "2", amount: "5" },
      { in: "credits" },
    ],
  },
  "card",
  { credit: { name: "AI credits", price: "0.01" } },
);

/** A step of one of three periods. How it arrives is left to who plays it. */
interface Use {
  readonly period: 0 | 1 | 2;
  readonly tool: "search" | "fetch";
  /** Comes behind the close of its period. */
  readonly isLate: boolean;
  /** Is taken back; late: behind the close. */
  readonly taken: "never" | "in_time" | "late";
}

const anyUse: fc.Arbitrary<Use> = fc.record({
  period: fc.constantFrom(0, 1, 2),
  tool: fc.constantFrom("search", "fetch"),
  isLate: fc.boolean(),
  taken: fc.constantFrom("never", "never", "in_time", "late"),
});
/** More than anything here comes to. */
const PLENTY = 1_000;

const anyCase = fc.record({
  uses: fc.array(anyUse, { maxLength: 24 }),
  credits: fc.oneof(fc.integer({ min: 1, max: 150 }), fc.constant(PLENTY)),
  cents: fc.constantFrom(null, 20, 60),
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

const MONTHS = ["2026-09", "2026-10", "2026-11"] as const;
/** The next month, in which the one before is closed. */
const CLOSED_AT = ["2026-10-02", "2026-11-02", "2026-12-02"] as const;

/** All that came of a case: what is left of credits, what is due in money, what was charged. */
async function play(store: Store, given: Case, isInTime: boolean) {
  const { uses, credits, cents } = given;
  count += 1;
  const ws = `w${count}`;
  const clock = { now: Date.parse("2026-09-01T00:00:00Z") };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace(ws);
  await engine.importPrices(ws, { source: "test", entries: PRICES, effectiveFromMs: null });
  await engine.applyRateCard(ws, { ...CARD, effectiveFromMs: 0 });
  await engine.saveWorkspace(ws, { graceHours: 0 });
  await engine.saveCustomer(ws, { id: "acme", settings: {} });
  await engine.ingest(ws, [opened({ customer: "acme" })]);
  const give = (id: string, currency: string, amount: string) => {
    const about = { id, reason: "agreed", by: "anna", customer: "acme", currency, amount };
    const terms = { name: null, priority: 1, expiresAtMs: null, charges: null };
    const none = { cost: null, costCurrency: null, rollover: null };
    return engine.credits.grant(ws, { ...about, ...terms, ...none });
  };
  await give("units", "AI credits", String(credits));
  if (cents !== null) await give("money", "USD", `${cents / 100}`);
  const eventOf = ({ tool, period }: Use, at: number) => {
    const occurredAtMs = Date.parse(`${MONTHS[period]}-10T12:00:00Z`);
    return toolCall({ id: `s${at}`, tool, occurredAtMs });
  };
  const voidOf = (at: number) => {
    const target = { source: "sdk", id: `s${at}` };
    return voided({ id: `v${at}`, target, occurredAtMs: clock.now });
  };
  for (const [period, month] of MONTHS.entries()) {
    const own = uses.map((use, at) => [use, at] as const).filter(([use]) => use.period === period);
    const send = async (events: Parameters<typeof engine.ingest>[1]) => {
      if (events.length > 0) await engine.ingest(ws, events);
    };
    clock.now = Date.parse(`${month}-20T00:00:00Z`);
    const early = own.filter(([use]) => isInTime || !use.isLate);
    await send(early.map(([use, at]) => eventOf(use, at)));
    const taken = early.filter(([{ taken }]) =>
      isInTime ? taken !== "never" : taken === "in_time",
    );
    await send(taken.map(([, at]) => voidOf(at)));
    clock.now = Date.parse(`${CLOSED_AT[period]}T00:00:00Z`);
    await engine.closePeriod(ws, { customer: null, period: month, early: false });
    const late = own.filter((one) => !early.includes(one));
    await send(late.map(([use, at]) => eventOf(use, at)));
    const takenLate = own.filter(
      (one) => one[0].taken !== "never" && early.includes(one) && !taken.includes(one),
    );
    await send(takenLate.map(([, at]) => voidOf(at)));
    await send(late.filter(([{ taken: is }]) => is !== "never").map(([, at]) => voidOf(at)));
  }
  clock.now = Date.parse("2027-01-02T00:00:00Z");
  // A period without usage in time was not closed before.
  for (const period of [...MONTHS, "2026-12"]) {
    await engine.closePeriod(ws, { customer: null, period, early: false });
  }
  return comparable(given, await standing(engine, ws));
}

async function standing(engine: ReturnType<typeof composeEngine>, ws: string) {
  const statements = await engine.store.listStatements(ws, "acme");
  const sumOf = (of: (document: Record<string, string>) => string | undefined) => {
    const amounts = statements.map(({ document }) => parseAmount(of(JSON.parse(document)) ?? "0"));
    return formatAmount(amounts.reduce((sum, one) => sum + (one ?? 0n), 0n) as unknown as Amount);
  };
  const { wallets } = await engine.credits.of(ws, "acme");
  const left = wallets.map(({ currency, balance }) => {
    return { currency, balance, cents: currency === "USD" ? balance : balance / 100n };
  });
  const due = sumOf(({ amountDue, total }) => amountDue ?? total);
  const worth = left.reduce((sum, { cents }) => sum + cents, 0n) - (parseAmount(due) ?? 0n);
  return {
    charged: sumOf(({ total }) => total),
    worth: formatAmount(worth as Amount),
    paid: {
      due,
      left: left.map(({ currency, balance }) => `${formatAmount(balance)} ${currency}`),
    },
  };
}

/** Where credits run out, whom they pay depends on when they came back; the sum does not. */
function comparable({ credits }: Case, { charged, worth, paid }: Standing) {
  return credits === PLENTY ? { charged, worth, paid } : { charged, worth };
}
type Standing = Awaited<ReturnType<typeof standing>>;

test("what comes late in credits leaves what it would have left in time", async () => {
  const property = fc.asyncProperty(anyCase, async (given) => {
    const wanted = await play(memory, given, true);
    assert.deepEqual(await play(memory, given, false), wanted, "memory");
    assert.deepEqual(await play(stores.postgres, given, false), wanted, "PostgreSQL");
    const folder = join(dataDir, `late ${count}`);
    const sqlite = openSqliteStore({ dataDir: folder, digest: nodeDigest });
    assert.deepEqual(await play(sqlite, given, false), wanted, "SQLite");
    await sqlite.settle(`w${count}`);
    await sqlite.close();
    assert.deepEqual(verifyDataFolder(folder).findings, []);
    rmSync(folder, { recursive: true });
  });
  await fc.assert(property, { numRuns: isFull ? 1_000 : 20 });
});
