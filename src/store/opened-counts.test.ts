/**
 * Who moves here in mid-period owes f(elsewhere + here) − f(elsewhere), where f is what a whole
 * period costs, however the counts were set, whatever was used or granted before or after: the open
 * bill, also as of an instant and simulated, the statement, and the one issued again with a late
 * unit. Wallets pay what tiers
 * run up to while the period is open, and what is owed once it is closed. Worked out by whole
 * numbers, without the product's rating, over every store.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../compose.ts";
import { type Amount, formatAmount } from "../domain/money/decimal.ts";
import { cardOf, opened, toolCall } from "../engine/commit/engine-world.test.ts";
import type { Store } from "../engine/ports.ts";
import { anyTiers } from "./any-tiers-contract.ts";
import { asSent, simulated } from "./simulation-contract.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { threeStores } from "./three-stores-contract.ts";
import { verifyDataFolder } from "./verify/verify-data-folder.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const stores = threeStores();
let count = 0;

const CREDIT = "AI credits";
/** Smallest units of money, how many of them are one, and how many a credit is. */
const MONEY = [
  { currency: "EUR", units: 100, price: 25 },
  { currency: "JPY", units: 1, price: 7 },
  { currency: "KWD", units: 1_000, price: 5 },
] as const;

const anyMove = fc.oneof(
  fc.record({ is: fc.constant("moved" as const), units: fc.integer({ min: 1, max: 15 }) }),
  fc.record({ is: fc.constant("used" as const), units: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ is: fc.constant("granted" as const), units: fc.integer({ min: 1, max: 120 }) }),
);

const anyCase = fc.record({
  money: fc.constantFrom(...MONEY),
  isInCredits: fc.boolean(),
  model: fc.constantFrom("volume", "volume", "graduated" as const),
  tiers: anyTiers,
  included: fc.nat(4),
  moves: fc
    .array(anyMove, { minLength: 1, maxLength: 7 })
    .filter((moves) => moves.some(({ is }) => is !== "granted")),
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

/** What tiers run up to while a period is open. */
function walked({ tiers, included }: Case, total: number): number {
  const units = Math.max(0, total - included);
  let [sum, lower] = [0, 0];
  for (const { upTo, unit, flat } of tiers) {
    if (units <= lower) break;
    const upper = Math.min(units, upTo ?? units);
    sum += (upper - lower) * unit + flat;
    lower = upper;
  }
  return sum;
}

/** What a whole period costs. */
function whole(given: Case, total: number): number {
  if (given.model === "graduated") return walked(given, total);
  const units = Math.max(0, total - given.included);
  const reached = given.tiers.find(({ upTo }) => upTo === null || units <= upTo);
  return units === 0 ? 0 : units * (reached?.unit ?? 0) + (reached?.flat ?? 0);
}

/** Who paid what of the charge, in the order of payment. */
type Parts = readonly { readonly isPaid: boolean; readonly units: number }[];

const paidOf = (parts: Parts) =>
  parts.reduce((sum, { isPaid, units }) => sum + (isPaid ? units : 0), 0);

/** Parts that come to a level: what came last goes first, and grants pay what is missing. */
function served(parts: Parts, level: number, granted: number): Parts {
  let missing = Math.max(0, level);
  const kept = parts.flatMap(({ isPaid, units }) => {
    const some = Math.min(units, missing);
    missing -= some;
    return some > 0 ? [{ isPaid, units: some }] : [];
  });
  const paid = Math.min(missing, granted - paidOf(kept));
  return [...kept, { isPaid: true, units: paid }, { isPaid: false, units: missing - paid }];
}

/** By hand: what is left after each move, what is owed, and what credit pays of it. */
function byHand(given: Case) {
  const { moves, isInCredits, money } = given;
  let [elsewhere, here, granted] = [0, 0, 0];
  let parts: Parts = [];
  const level = () => walked(given, elsewhere + here) - walked(given, elsewhere);
  const left = moves.map(({ is, units }) => {
    if (is === "moved") elsewhere += units;
    if (is === "used") here += units;
    if (is === "granted") {
      // It pays for what is used from now on.
      parts = served(parts, level(), granted);
      granted += units;
    }
    return granted - paidOf(served(parts, level(), granted));
  });
  const owes = (late: number) => whole(given, elsewhere + here + late) - whole(given, elsewhere);
  const paid = paidOf(served(parts, owes(0), granted));
  const worth = (units: number) => inMoney(given, units * (isInCredits ? money.price : 1));
  const inWallet = (units: number) => (isInCredits ? String(units) : inMoney(given, units));
  return {
    left: left.map(inWallet),
    closed: {
      total: worth(owes(0)),
      amountDue: worth(owes(0) - paid),
      left: inWallet(granted - paid),
    },
    again: worth(owes(1)),
  };
}

function inMoney({ money }: Case, units: number): string {
  return formatAmount(((BigInt(units) * 10n ** 33n) / BigInt(money.units)) as Amount);
}

function cardFor({ money, isInCredits, model, tiers, included }: Case) {
  const { units, currency, price } = money;
  const priced = (amount: number) => String(isInCredits ? amount : amount / units);
  const listed = tiers.map(({ upTo, unit, flat }) => ({
    ...(upTo === null ? {} : { upTo: String(upTo) }),
    ...{ unit: priced(unit), flat: priced(flat) },
  }));
  const more = { included: String(included), in: isInCredits ? "credits" : "money" };
  const credit = { name: CREDIT, price: String(price / units) };
  const charges = { calls: [{ count: "steps" }, { model, tiers: listed }, more] } as const;
  return cardOf(charges as never, "card", { currency, credit });
}

async function play(store: Store, given: Case) {
  count += 1;
  const ws = `w${count}`;
  const clock = { now: Date.parse("2026-11-01T00:00:00Z") };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace(ws);
  await engine.saveWorkspace(ws, { graceHours: 0 });
  await engine.saveCustomer(ws, { id: "acme", settings: {} });
  await engine.applyRateCard(ws, cardFor(given));
  clock.now = Date.parse("2026-11-20T00:00:00Z");
  const currency = given.isInCredits ? CREDIT : given.money.currency;
  const by = { reason: "agreed", by: "anna", customer: "acme" };
  const call = (id: string) =>
    toolCall({ id, tool: "search", occurredAtMs: Date.parse("2026-11-19T00:00:00Z") });
  await engine.ingest(ws, [opened({ customer: "acme" })]);
  const left: string[] = [];
  for (const [at, { is, units }] of given.moves.entries()) {
    const id = `m${at}`;
    clock.now += 60_000;
    if (is === "moved") {
      const counters = [{ charge: "calls", cell: "", quantity: String(units) }];
      await engine.setOpening(ws, { ...by, id, amount: null, counters });
    } else if (is === "used") {
      const calls = Array.from({ length: units }, (_, no) => call(`${id} ${no}`));
      await engine.ingest(ws, calls);
    } else {
      const amount = given.isInCredits ? String(units) : inMoney(given, units);
      const terms = { name: null, priority: 1, expiresAtMs: null, charges: null };
      const none = { cost: null, costCurrency: null, rollover: null };
      await engine.credits.grant(ws, { ...by, id, currency, ...terms, ...none, amount });
    }
    left.push(await balance());
  }
  async function balance(): Promise<string> {
    const { wallets } = await engine.credits.of(ws, "acme");
    const wallet = wallets.find((one) => one.currency === currency);
    return wallet === undefined ? "0" : formatAmount(wallet.balance);
  }
  const key = { customer: "acme", period: "2026-11-01" };
  const open = dueOf((await engine.bill(ws, key)).document);
  // As it is known now, and under the card in force, also where it is sent again.
  const then = await engine.bill(ws, key, await engine.readsAt(ws, clock.now));
  assert.equal(dueOf(then.document).total, open.total, "as of now");
  const card = cardFor(given);
  const { customers } = await simulated(engine, ws, { cards: [null, asSent(card)] });
  for (const { charged, cards } of customers) {
    for (const bill of [charged, ...cards]) {
      const due = formatAmount((bill.revenue - bill.paidByCredit) as Amount);
      assert.deepEqual({ total: formatAmount(bill.revenue), amountDue: due }, open, "simulated");
    }
  }
  clock.now = Date.parse("2026-12-02T00:00:00Z");
  const { statements } = await engine.closePeriod(ws, { ...key, early: false });
  const [first] = statements;
  assert.ok(first);
  const closed = { ...dueOf(first.document), left: await balance() };
  assert.deepEqual(open, dueOf(first.document), "open and closed");
  await engine.ingest(ws, [call("late")]);
  const again = { statement: first.id, reason: "late", by: "anna" };
  const { document } = await engine.reissueStatement(ws, again);
  return { left, closed, again: dueOf(document).total };
}

function dueOf(document: string) {
  const { total, amountDue = total } = JSON.parse(document) as Record<string, string>;
  return { total, amountDue };
}

test("who moves in mid-period pays what is new here, by the tiers of all", async () => {
  const property = fc.asyncProperty(anyCase, async (given) => {
    const wanted = byHand(given);
    assert.deepEqual(await play(stores.memory, given), wanted, "memory");
    assert.deepEqual(await play(stores.postgres, given), wanted, "PostgreSQL");
    const folder = join(stores.dataDir, `opened ${count}`);
    const sqlite = openSqliteStore({ dataDir: folder, digest: nodeDigest });
    assert.deepEqual(await play(sqlite, given), wanted, "SQLite");
    await sqlite.settle(`w${count}`);
    await sqlite.close();
    assert.deepEqual(verifyDataFolder(folder).findings, []);
    rmSync(folder, { recursive: true });
  });
  await fc.assert(property, { numRuns: isFull ? 1_000 : 20 });
});
