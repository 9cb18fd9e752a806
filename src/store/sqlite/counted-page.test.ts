import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { counterOf } from "../../domain/rating/counter.ts";
import type { CountedPage, UnitOfWork } from "../../engine/ports.ts";
import { amount, counterRow, rollupRow, writesOf } from "../sample-rows-contract.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-page-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const KEY = { customer: "acme", period: "2026-11-01" };
const CHARGE = { chargeKey: "tools", cell: "" };
/** More customers than have their pages at hand. */
const OTHERS = Array.from({ length: 4_001 }, (_, at) => ({ ...KEY, customer: `other-${at}` }));

/** Counts one more, by what a page says. */
function countOne(unit: UnitOfWork, page: CountedPage | undefined) {
  const before = page?.counter("card", CHARGE);
  const counted = before?.counter.amount ?? amount(0);
  const counter = counterOf([], (counted + amount(1)) as typeof counted);
  const moved = counterRow({ counter });
  const gained = rollupRow({ cost: amount(1) });
  const counters = [before?.place === undefined ? moved : { ...moved, place: before.place }];
  const rollups = [page?.place === undefined ? gained : { ...gained, place: page.place }];
  return unit.write(writesOf({ counters, rollups }));
}

test("a page that others drove out of memory since it was looked at loses no total", async () => {
  const store = openSqliteStore({ dataDir: join(folder, "forgotten"), digest: nodeDigest });
  await store.createWorkspace("a");
  const counted = async (unit: UnitOfWork) => (await unit.counted([KEY]))[0];
  await store.transact("a", async (unit) => countOne(unit, await counted(unit)));
  await store.transact("a", async (unit) => {
    const page = await counted(unit);
    await unit.counted(OTHERS);
    assert.notEqual(await counted(unit), page, "the page was forgotten");
    await countOne(unit, page);
  });
  await store.transact("a", async (unit) => countOne(unit, await counted(unit)));
  const [counter] = await store.countersOf("a", KEY);
  assert.equal(counter?.counter.amount, amount(3));
  const [rollup] = await store.rollups("a", {});
  assert.equal(rollup?.cost, amount(3));
  await store.close();
});

/** Empty pages of many periods of 1,000 customers: each weighs two rows. */
const periodsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, at) => ({
    customer: `${name}-${at % 1_000}`,
    period: `p${Math.floor(at / 1_000)}`,
  }));

test("however many periods customers have, so many rows of a workspace are at hand", async () => {
  const store = openSqliteStore({ dataDir: join(folder, "periods"), digest: nodeDigest });
  await store.createWorkspace("a");
  await store.transact("a", async (unit) => {
    const counted = async () => (await unit.counted([KEY]))[0];
    const page = await counted();
    await unit.counted(periodsOf("other", 49_000));
    assert.equal(await counted(), page);
    await unit.counted(periodsOf("another", 2_000));
    assert.notEqual(await counted(), page, "the page was forgotten");
  });
  await store.close();
});

test("workspaces not worked on for longest are forgotten, and lose no total", async () => {
  const store = openSqliteStore({ dataDir: join(folder, "workspaces"), digest: nodeDigest });
  for (const workspace of ["a", "b", "c"]) await store.createWorkspace(workspace);
  const counted = async (unit: UnitOfWork) => (await unit.counted([KEY]))[0];
  const pages: (CountedPage | undefined)[] = [];
  for (const workspace of ["a", "b"]) {
    await store.transact(workspace, async (unit) => {
      pages.push(await counted(unit));
      await countOne(unit, await counted(unit));
      await unit.counted(periodsOf("other", 40_000));
    });
  }
  await store.transact("c", () => undefined);
  const again = await Promise.all(["b", "a"].map((one) => store.transact(one, counted)));
  assert.equal(again[0], pages[1], "of b everything is at hand");
  assert.notEqual(again[1], pages[0]);
  for (const workspace of ["a", "b"]) {
    await store.transact(workspace, async (unit) => countOne(unit, await counted(unit)));
    assert.equal((await store.countersOf(workspace, KEY))[0]?.counter.amount, amount(2));
    assert.equal((await store.rollups(workspace, {}))[0]?.cost, amount(2));
  }
  await store.close();
});
