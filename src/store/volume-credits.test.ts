/**
 * What a period burns of each credit, and owes in money, is what its card's versions say of all
 * units that it counted: volume tiers in credits come back in credits, and a charge that goes over
 * from money to credits, or from one credit to another, owes each part in its own. Worked out by
 * whole numbers, without the product's rating, over every store; also where one unit comes late and
 * the statement is issued again.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../compose.ts";
import { type Amount, formatAmount } from "../domain/money/decimal.ts";
import { cardOf, opened, toolCall, voided } from "../engine/commit/engine-world.test.ts";
import type { Store } from "../engine/ports.ts";
import { anyTiers, type Tier } from "./any-tiers-contract.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { threeStores } from "./three-stores-contract.ts";
import { verifyDataFolder } from "./verify/verify-data-folder.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const stores = threeStores();
let count = 0;

/** Smallest units of money for a credit, by currency and how many of them are one. */
const MONEY = [
  { currency: "EUR", units: 100, prices: [1, 25] },
  { currency: "JPY", units: 1, prices: [1, 7] },
  { currency: "KWD", units: 1_000, prices: [5, 40] },
] as const;
const CREDITS = ["AI credits", "points"] as const;
const PLENTY = 100_000;
const STARTS = ["2026-11-01", "2026-11-11", "2026-11-21"] as const;

/** A version of the card: what its one charge is priced in, and how. */
const anyVersion = fc.record({
  /** Null: smallest units of money. */
  credit: fc.constantFrom(null, "AI credits", "AI credits", "points" as const),
  model: fc.constantFrom("volume", "volume", "graduated" as const),
  tiers: anyTiers,
  included: fc.nat(4),
  /** Steps of its days, of which the first are taken back in time. */
  steps: fc.nat(12),
  taken: fc.nat(3),
});
type Version = typeof anyVersion extends fc.Arbitrary<infer T> ? T : never;

const anyCase = fc.record({
  versions: fc.array(anyVersion, { minLength: 1, maxLength: 3 }),
  money: fc.constantFrom(...MONEY),
  prices: fc.tuple(fc.nat(1), fc.nat(1)),
  /** Whether later days arrive first. */
  isTurned: fc.boolean(),
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

const priceOf = ({ money, prices }: Case, credit: string) =>
  money.prices[prices[CREDITS.indexOf(credit as "points")] ?? 0] ?? 0;
const counted = ({ steps, taken }: Version) => Math.max(0, steps - taken);

/** What a period owes: in smallest units of money, and in each credit. */
function owed(given: Case, counts: readonly number[]) {
  const owes = { money: 0, "AI credits": 0, points: 0 };
  const { versions } = given;
  const total = counts.reduce((sum, one) => sum + one, 0);
  const last = versions.findLastIndex(({ model }, at) => model === "volume" && counts[at] !== 0);
  let from = 0;
  for (const [at, { credit, model, tiers, included }] of versions.entries()) {
    const to = from + (counts[at] ?? 0);
    const beyond = (units: number) => Math.max(0, units - included);
    const [start, end] = [beyond(from), beyond(to)];
    const reached = tiers.find(({ upTo }) => upTo === null || beyond(total) <= upTo);
    const isEntered = at === last && beyond(total) > 0;
    const volume = (end - start) * (reached?.unit ?? 0) + (isEntered ? (reached?.flat ?? 0) : 0);
    const walked = walk(tiers, end) - walk(tiers, start);
    if (to > from) owes[credit ?? "money"] += model === "volume" ? volume : walked;
    from = to;
  }
  return owes;
}

function walk(tiers: readonly Tier[], units: number): number {
  let [sum, lower] = [0, 0];
  for (const { upTo, unit, flat } of tiers) {
    if (units <= lower) break;
    const upper = Math.min(units, upTo ?? units);
    sum += (upper - lower) * unit + flat;
    lower = upper;
  }
  return sum;
}

function cardFor(given: Case, { credit, model, tiers, included }: Version) {
  const { units, currency } = given.money;
  const priced = (amount: number) => String(credit === null ? amount / units : amount);
  const listed = tiers.map(({ upTo, unit, flat }) => ({
    ...(upTo === null ? {} : { upTo: String(upTo) }),
    ...{ unit: priced(unit), flat: priced(flat) },
  }));
  const more = { included: String(included), in: credit === null ? "money" : "credits" };
  const name = credit ?? "AI credits";
  const inCredits = { name, price: String(priceOf(given, name) / units) };
  const charges = { calls: [{ count: "steps" }, { model, tiers: listed }, more] } as const;
  return cardOf(charges as never, "card", { currency, credit: inCredits });
}

/** What each credit has left and what is due, at the close and issued again with a late unit. */
async function play(store: Store, given: Case) {
  count += 1;
  const ws = `w${count}`;
  const clock = { now: Date.parse(`${STARTS[0]}T00:00:00Z`) };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace(ws);
  await engine.saveWorkspace(ws, { graceHours: 0 });
  await engine.saveCustomer(ws, { id: "acme", settings: {} });
  for (const [at, version] of given.versions.entries()) {
    clock.now = Date.parse(`${STARTS[at]}T00:00:00Z`);
    const takesEffect = "at_once" as const;
    await engine.applyRateCard(ws, { ...cardFor(given, version), takesEffect });
  }
  clock.now = Date.parse("2026-11-28T00:00:00Z");
  const names = new Set(given.versions.map(({ credit }) => credit ?? "AI credits"));
  for (const currency of names) {
    const about = { id: currency, reason: "agreed", by: "anna", customer: "acme", currency };
    const terms = { name: null, priority: 1, expiresAtMs: null, charges: null };
    const none = { cost: null, costCurrency: null, rollover: null };
    await engine.credits.grant(ws, { ...about, ...terms, ...none, amount: String(PLENTY) });
  }
  await engine.ingest(ws, [opened({ customer: "acme" })]);
  const call = (at: number, id: string) => {
    const occurredAtMs = Date.parse(`${STARTS[at]}T12:00:00Z`);
    return toolCall({ id, tool: "search", occurredAtMs });
  };
  const all = given.versions.flatMap(({ steps, taken }, at) =>
    Array.from({ length: steps }, (_, no) => ({ at, id: `s${at} ${no}`, isTaken: no < taken })),
  );
  if (given.isTurned) all.reverse();
  for (const { at, id, isTaken } of all) {
    const target = { source: "sdk", id };
    await engine.ingest(ws, [call(at, id)]);
    if (isTaken) await engine.ingest(ws, [voided({ id: `v ${id}`, target })]);
  }
  const key = { customer: "acme", period: "2026-11-01" };
  const open = all.length === 0 ? null : await engine.bill(ws, key);
  clock.now = Date.parse("2026-12-02T00:00:00Z");
  // A period without usage has no statement until something comes late for it.
  if (all.length === 0) return null;
  const closed = await engine.closePeriod(ws, { ...key, early: false });
  const [first] = closed.statements;
  if (first === undefined) return null;
  const before = await standing(engine, ws, first.document);
  assert.deepEqual(open && dueOf(open.document), dueOf(first.document));
  await engine.ingest(ws, [call(given.versions.length - 1, "late")]);
  const again = { statement: first.id, reason: "late", by: "anna" };
  const { document } = await engine.reissueStatement(ws, again);
  return { closed: before, again: await standing(engine, ws, document) };
}

function dueOf(document: string) {
  const { total, amountDue } = JSON.parse(document) as Record<string, string>;
  return { total, amountDue };
}

async function standing(engine: ReturnType<typeof composeEngine>, ws: string, document: string) {
  const { wallets } = await engine.credits.of(ws, "acme");
  const left = wallets.map(({ currency, balance }) => [currency, formatAmount(balance)] as const);
  return { ...dueOf(document), left: Object.fromEntries(left) };
}

/** The same by hand. */
function byHand(given: Case, counts: readonly number[]) {
  const owes = owed(given, counts);
  const inMoney = (units: number) =>
    formatAmount(((BigInt(units) * 10n ** 33n) / BigInt(given.money.units)) as Amount);
  const worth = CREDITS.reduce((sum, one) => sum + owes[one] * priceOf(given, one), 0);
  const names = new Set(given.versions.map(({ credit }) => credit ?? "AI credits"));
  const left = [...names].map((name) => [name, String(PLENTY - owes[name])] as const);
  const total = inMoney(owes.money + worth);
  return { total, amountDue: inMoney(owes.money), left: Object.fromEntries(left) };
}

test("a period burns and owes what all its units come to by the versions of the card", async () => {
  const property = fc.asyncProperty(anyCase, async (given) => {
    const counts = given.versions.map(counted);
    const late = counts.map((one, at) => (at === counts.length - 1 ? one + 1 : one));
    const wanted = { closed: byHand(given, counts), again: byHand(given, late) };
    const check = (found: Awaited<ReturnType<typeof play>>, name: string) => {
      if (found !== null) assert.deepEqual(found, wanted, name);
    };
    check(await play(stores.memory, given), "memory");
    check(await play(stores.postgres, given), "PostgreSQL");
    const folder = join(stores.dataDir, `volume ${count}`);
    const sqlite = openSqliteStore({ dataDir: folder, digest: nodeDigest });
    check(await play(sqlite, given), "SQLite");
    await sqlite.settle(`w${count}`);
    await sqlite.close();
    assert.deepEqual(verifyDataFolder(folder).findings, []);
    rmSync(folder, { recursive: true });
  });
  await fc.assert(property, { numRuns: isFull ? 1_000 : 20 });
});
