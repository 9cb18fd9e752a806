/** Periods of thousands of counters cost no more than what of them moves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { nodeDigest } from "../../compose.ts";
import { KNOWN_COUNTERS_MAX_COUNT, KNOWN_ROWS_MAX_COUNT } from "../../domain/database-limits.ts";
import { counterOf } from "../../domain/rating/counter.ts";
import { counterKeyText } from "../../engine/commit/batch-state.ts";
import type { StoredCounter } from "../../engine/ports.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { amount, counterRow, writesOf } from "../sample-rows-contract.ts";
import { KnownPage, KnownPages } from "./known-counters.ts";
import { openPostgresStore } from "./postgres-store.ts";

const KEY = { customer: "acme", period: "2026-11-01" };
const CELLS = 2_000;
const TURNS = 20;

const countedTo = (cell: string, units: number, key = KEY): StoredCounter =>
  counterRow({ ...key, cell, counter: counterOf([], amount(units)) });
const pageOf = (customer: string, count: number): KnownPage => {
  const key = { ...KEY, customer };
  const cells = Array.from({ length: count }, (_, at) => countedTo(`c${at}`, at, key));
  return new KnownPage(key, cells);
};

/** Rows of counters that the server answers while it works. */
async function countersReadIn(work: () => Promise<void>): Promise<number> {
  let rows = 0;
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...words: unknown[]): never {
    const { text = "" } = words[0] as { readonly text?: string };
    const answer = Reflect.apply(query, this, words) as Promise<{ readonly rows: unknown[] }>;
    if (!/FROM counters/.test(text)) return answer as never;
    const counted = async () => {
      const found = await answer;
      rows += found.rows.length;
      return found;
    };
    return counted() as never;
  } as typeof query;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return rows;
}

test("nodes in turns read of a large period what the other one moved, and see it all", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  const nodes = [await open(), await open()];
  await nodes[0]?.createWorkspace("w");
  const kept = new Map<string, bigint>();
  const write = (at: number, cells: readonly string[]) => {
    const counters = cells.map((cell, place) => countedTo(cell, at + place + 1));
    for (const { cell, counter } of counters) kept.set(cell, counter.amount);
    return nodes[at % 2]?.transact("w", async (unit) => {
      const [page] = await unit.counted([KEY]);
      for (const cell of cells) page?.counter("card", { chargeKey: "tools", cell });
      await unit.write(writesOf({ counters }));
    });
  };
  const all = Array.from({ length: CELLS }, (_, at) => `c${at}`);
  await write(0, all);
  await write(1, ["c1"]);
  const read = await countersReadIn(async () => {
    for (let at = 0; at < TURNS; at += 1) await write(at, [`c${at + 100}`, `new ${at}`, "c7"]);
  });
  assert.ok(read <= 3 * TURNS + 1, `${read} rows`);
  for (const node of nodes) {
    const rows = await node.transact("w", (unit) => unit.counters([KEY]));
    assert.deepEqual(new Map(rows.map(({ cell, counter }) => [cell, counter.amount])), kept);
    await node.close();
  }
});

test("of more counters than there is room for those read longest ago are forgotten", () => {
  const pages = new KnownPages();
  const names = ["a", "b", "c", "d", "e"];
  for (const name of names) pages.add(pageOf(name, KNOWN_COUNTERS_MAX_COUNT / 5));
  const known = () => names.filter((customer) => pages.get(counterKeyText({ ...KEY, customer })));
  assert.deepEqual(known(), names);
  // One more on a page that is known, and then another page.
  const page = pages.get(counterKeyText({ ...KEY, customer: "e" })) ?? assert.fail("it is known");
  pages.move(page, [countedTo("more", 1)]);
  pages.add(pageOf("f", 0));
  assert.deepEqual(known(), ["b", "c", "d", "e"]);
});

test("of more periods than there is room for those read longest ago are forgotten", () => {
  const pages = new KnownPages();
  for (let at = 0; at <= KNOWN_ROWS_MAX_COUNT; at += 1) pages.add(pageOf(`${at}`, 1));
  const isKnown = (at: number) =>
    pages.get(counterKeyText({ ...KEY, customer: `${at}` })) !== undefined;
  assert.ok(isKnown(KNOWN_ROWS_MAX_COUNT) && isKnown(KNOWN_ROWS_MAX_COUNT / 8 + 1));
  assert.ok(!isKnown(0) && !isKnown(KNOWN_ROWS_MAX_COUNT / 8 - 1));
});

test("a page of which others moved half is better read again", () => {
  const page = pageOf("acme", 64);
  const cells = page.all.slice(0, 33);
  assert.ok(page.otherMoved(cells.slice(0, 32)));
  assert.equal(page.moved.length, 32);
  page.set(cells[0] as StoredCounter);
  assert.equal(page.moved.length, 31);
  assert.ok(!page.otherMoved(cells));
});
