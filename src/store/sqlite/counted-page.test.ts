import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeDigest } from "../../compose.ts";
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
  const counter = { segments: [], amount: amount(1) };
  if (before !== undefined)
    counter.amount = (before.counter.amount + amount(1)) as typeof counter.amount;
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
