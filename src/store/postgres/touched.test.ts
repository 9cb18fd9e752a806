/** What a node still knows after commits of others, by what these told, without a database. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  TOUCHED_COMMITS_COUNT,
  TOUCHED_ROWS_MAX_COUNT,
  TOUCHED_TOLD_COUNT,
} from "../../domain/database-limits.ts";
import { counterOf } from "../../domain/rating/counter.ts";
import {
  amount,
  counterRow,
  customerRow,
  journalRow,
  runRow,
  stepRow,
  writesOf,
} from "../sample-rows-contract.ts";
import { KnownRows, type UnitRows } from "./known-rows.ts";
import { readTouched, saveTouched, type Touched, touchedBy } from "./touched.ts";
import type { Commit } from "./workspace-rows.ts";
import { writtenHolds } from "./written-holds.ts";

const WS = 1;
const NO_HOLDS = writtenHolds([], []);
const digestOf = (no: number) => `digest ${no}`;
const commitAt = (commits: number): Commit => {
  return { place: "here", commits, digest: digestOf(commits) };
};
const BOTH = ["acme", "globex"];
const PERIOD = "2026-11-01";

const writesAt = (no: number, rows: Parameters<typeof writesOf>[0]) => {
  const head = { lastSeq: no, digest: digestOf(no), committedAtMs: 0 };
  return { ...writesOf(rows), head };
};

const isLarge = () => false;

/** A commit of another node that wrote a customer. */
function another(no: number, id = "acme"): Touched {
  const writes = writesAt(no, { customers: [customerRow({ id })] });
  return touchedBy(writes, { no, before: digestOf(no - 1), holds: NO_HOLDS, begun: [], isLarge });
}

const others = (count: number) => Array.from({ length: count }, (_, at) => another(at + 1));

const nothing = async () => [];

/** A node that knows two customers as of commit 0. */
async function node(): Promise<KnownRows> {
  const known = new KnownRows();
  const rows = await known.asOf(WS, commitAt(0), nothing);
  rows.learnCustomers(BOTH.map((id) => customerRow({ id })));
  rows.committed(() => 0);
  return known;
}

const knownIn = (rows: UnitRows) => rows.customers(BOTH).found.map(({ id }) => id);

async function knownAfter(told: readonly Touched[], commit: Commit): Promise<string[]> {
  return knownIn(await (await node()).asOf(WS, commit, async () => told));
}

test("what others touched is forgotten, of more commits than are kept all", async () => {
  assert.deepEqual(await knownAfter([], commitAt(0)), BOTH);
  assert.deepEqual(await knownAfter(others(1), commitAt(1)), ["globex"]);
  const most = TOUCHED_COMMITS_COUNT;
  assert.deepEqual(await knownAfter(others(most), commitAt(most)), ["globex"]);
  assert.deepEqual(await knownAfter(others(most + 1), commitAt(most + 1)), []);
});

test("a commit that told nothing, or is of another history, makes a node forget all", async () => {
  assert.deepEqual(await knownAfter(others(2), commitAt(3)), [], "the last one told nothing");
  assert.deepEqual(await knownAfter(others(3).slice(1), commitAt(3)), [], "the first one");
  const [first, second] = others(2) as [Touched, Touched];
  const elsewhere = { ...second, before: "another digest" };
  assert.deepEqual(await knownAfter([first, elsewhere], commitAt(2)), []);
  const restored = { ...commitAt(2), digest: "another digest" };
  assert.deepEqual(await knownAfter([first, second], restored), []);
  const promoted = { ...commitAt(2), place: "there" };
  assert.deepEqual(await knownAfter([first, second], promoted), []);
  assert.deepEqual(await knownAfter([first, { ...second, rows: null }], commitAt(2)), []);
});

test("a period others only added to stands as it stood; one they closed is asked", async () => {
  const key = { customer: "acme", period: PERIOD };
  const counter = counterOf([], amount(5));
  const added = { counters: [counterRow({ ...key, counter })] };
  const closed = { ...added, periods: [{ ...key, closedAtMs: 5, statementId: "s-1" }] };
  const since = { no: 1, before: digestOf(0), holds: NO_HOLDS, begun: [], isLarge };
  const stored = async (writes: Parameters<typeof writesOf>[0]): Promise<string> => {
    let text = "";
    const query = async ({ values }: { readonly values?: readonly unknown[] }) => {
      text = values?.at(-1) as string;
      return { rows: [], command: "INSERT" };
    };
    await saveTouched({ queries: { query }, ws: WS }, touchedBy(writesAt(1, writes), since));
    return text;
  };
  const isStillKnown = async (document: string): Promise<boolean> => {
    const known = new KnownRows();
    const rows = await known.asOf(WS, commitAt(0), nothing);
    rows.learnPeriods([], [key]);
    rows.committed(() => 0);
    const query = async () => ({ rows: [{ no: 1, document }], command: "SELECT" });
    const told = await readTouched({ queries: { query }, ws: WS }, 0);
    const after = await known.asOf(WS, commitAt(1), async () => told);
    return after.periods([key]).unknown.length === 0;
  };
  assert.equal(await isStillKnown(await stored(added)), true);
  assert.equal(await isStillKnown(await stored(closed)), false);
  const ofVersionBefore = (await stored(added)).replace(',"hasClosed":false', "");
  assert.ok(!ofVersionBefore.includes("hasClosed"));
  assert.equal(await isStillKnown(ofVersionBefore), false);
});

test("how many holds count is told, unless a node of the version before wrote some", async () => {
  const since = {
    no: 1,
    before: digestOf(0),
    holds: { ...NO_HOLDS, moreCounting: 3 },
    begun: [],
    isLarge,
  };
  let document = "";
  const insert = async ({ values }: { readonly values?: readonly unknown[] }) => {
    document = values?.at(-1) as string;
    return { rows: [], command: "INSERT" };
  };
  await saveTouched({ queries: { query: insert }, ws: WS }, touchedBy(writesAt(1, {}), since));
  const countAfter = async (text: string): Promise<number | null> => {
    const known = new KnownRows();
    (await known.asOf(WS, commitAt(0), nothing)).learnCountingHolds(5);
    const query = async () => ({ rows: [{ no: 1, document: text }], command: "SELECT" });
    const told = await readTouched({ queries: { query }, ws: WS }, 0);
    return (await known.asOf(WS, commitAt(1), async () => told)).countingHolds;
  };
  assert.equal(await countAfter(document), 8);
  const ofVersionBefore = document.replace(',"moreHolds":3', "").replace('"moreHolds":3,', "");
  assert.ok(!ofVersionBefore.includes("moreHolds"));
  assert.equal(await countAfter(ofVersionBefore), null);
  assert.equal(await countAfter(ofVersionBefore.replace("true", "false")), 5);
});

test("a commit tells what it touched up to so many rows", () => {
  const runs = Array.from({ length: TOUCHED_ROWS_MAX_COUNT }, (_, n) => runRow({ id: `r${n}` }));
  const since = { no: 1, before: digestOf(0), holds: NO_HOLDS, begun: [], isLarge };
  assert.equal(touchedBy(writesAt(1, { runs }), since).rows?.runs.length, runs.length);
  const more = { runs, customers: [customerRow({ id: "acme" })] };
  assert.equal(touchedBy(writesAt(1, more), since).rows, null);
});

test("a node tells for so many commits since it found another's, and then no more", async () => {
  const known = new KnownRows();
  const commit = async (no: number): Promise<boolean> => {
    const rows = await known.asOf(WS, commitAt(no - 1), async () => [another(no - 1)]);
    const told = rows.written(writesAt(no, { customers: [customerRow({ id: "acme" })] }), NO_HOLDS);
    rows.committed(() => 0);
    return told !== null;
  };
  for (let no = 1; no <= TOUCHED_TOLD_COUNT; no += 1) assert.ok(await commit(no), `commit ${no}`);
  assert.ok(!(await commit(TOUCHED_TOLD_COUNT + 1)));
  // Another node makes the next one.
  assert.ok(await commit(TOUCHED_TOLD_COUNT + 3));
});

test("what commits moved is told from any link that is still known, own ones too", async () => {
  const known = await node();
  const counter = counterOf([], amount(5));
  const counters = [counterRow({ customer: "acme", period: PERIOD, counter })];
  const own = await known.asOf(WS, commitAt(0), nothing);
  own.written(writesAt(1, { counters }), NO_HOLDS);
  own.committed(() => 0);
  const rows = await known.asOf(WS, commitAt(3), async () => [another(2), another(3)]);
  const moved = { customer: "acme", period: PERIOD, charge: 0n, cost: 0n };
  assert.deepEqual(rows.movedSince(digestOf(0)), [[moved], [], []]);
  assert.deepEqual(rows.movedSince(digestOf(2)), [[]]);
  assert.equal(rows.movedSince("another digest"), null);
});

test("runs that policies look at anew are told, but by a node of the version before", async () => {
  const since = { no: 1, before: digestOf(0), holds: NO_HOLDS, begun: [], isLarge };
  const told = async (rows: Parameters<typeof writesOf>[0], ofVersionBefore = false) => {
    let document = "";
    const insert = async ({ values }: { readonly values?: readonly unknown[] }) => {
      document = values?.at(-1) as string;
      return { rows: [], command: "INSERT" };
    };
    await saveTouched({ queries: { query: insert }, ws: WS }, touchedBy(writesAt(1, rows), since));
    if (ofVersionBefore) document = document.replace(/,"lookedAt":[^\]]*\]/, "");
    assert.equal(document.includes("lookedAt"), !ofVersionBefore);
    const query = async () => ({ rows: [{ no: 1, document }], command: "SELECT" });
    const touched = await readTouched({ queries: { query }, ws: WS }, 0);
    const after = await (await node()).asOf(WS, commitAt(1), async () => touched);
    return after.runsSince(digestOf(0));
  };
  const acts = [
    journalRow({ seq: 1, kind: "policy.reached", id: "r3" }),
    journalRow({ seq: 1, kind: "work.stopped", id: '["run","r4"]' }),
  ];
  const journal = [
    ...acts,
    journalRow({ seq: 1, kind: "work.stopped", id: '["customer","acme"]' }),
  ];
  const written = { runs: [runRow({ id: "r1", parent: "r2" })], journal };
  assert.deepEqual(await told(written), ["r1", "r2", "r3", "r4"]);
  assert.deepEqual(await told({}), []);
  assert.equal(await told(written, true), null);
  const step = stepRow({ run: "r1", id: "s" });
  assert.deepEqual(await told({ steps: [step] }), ["r1"]);
  assert.equal(await told({ steps: [step], formerSteps: [step] }), null);
});
