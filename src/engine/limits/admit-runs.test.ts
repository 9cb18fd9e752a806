/** What an opening that asks for holds must have room for: itself, and a root that it implies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY_MS, HOUR_MS, NOW_MS, newWorld, opened } from "../commit/engine-world.test.ts";
import { budget } from "./holds-world.test.ts";

const TWO_A_DAY = { each: "customer", measure: "runs", limit: "2", per: "day" };
const NOTHING = { asks: [], releases: [], renewals: [], caps: [] };

async function openingWorld() {
  const { engine } = await newWorld();
  await budget(engine, "daily", TWO_A_DAY);
  const open = async (run: string, occurredAtMs = NOW_MS, parentRun: string | null = null) => {
    const event = opened({ run, id: `open ${run}`, customer: "acme", occurredAtMs, parentRun });
    const { results } = await engine.hold("w", [event], { ...NOTHING, run });
    return results[0]?.error?.code ?? results[0]?.status;
  };
  const perDay = async () => {
    const { balances } = await engine.limits.balancesOf("w", "daily", { limit: 9 });
    return balances.map(({ window, settled }) => [window.key, Number(settled) / 1e9]);
  };
  return { open, perDay };
}

test("runs that say that they opened yesterday are no more than yesterday's limit", async () => {
  const { open, perDay } = await openingWorld();
  const said: (string | undefined)[] = [];
  for (const run of ["a", "b", "c"]) said.push(await open(run, NOW_MS - DAY_MS));
  for (const run of ["d", "e", "f"]) said.push(await open(run, NOW_MS));
  const two = ["accepted", "accepted", "budget.exhausted"];
  assert.deepEqual(said, [...two, ...two]);
  assert.deepEqual(await perDay(), [
    ["2026-11-22", 2],
    ["2026-11-23", 2],
  ]);
});

test("one that is dated too far ahead opens now", async () => {
  const { open, perDay } = await openingWorld();
  const said: (string | undefined)[] = [];
  for (const run of ["a", "b", "c"]) said.push(await open(run, NOW_MS + DAY_MS + HOUR_MS));
  assert.deepEqual(said, ["accepted", "accepted", "budget.exhausted"]);
  assert.deepEqual(await perDay(), [["2026-11-23", 2]]);
});

test("a parent that nobody has heard of is a run more, once", async () => {
  const { open, perDay } = await openingWorld();
  const said: (string | undefined)[] = [];
  for (const [run, parent] of [
    ["a1", "a"],
    ["a2", "a"],
    ["b1", "b"],
    ["c1", "c"],
    ["a11", "a1"],
  ] as const) {
    said.push(await open(run, NOW_MS, parent));
  }
  const three = ["accepted", "accepted", "accepted"];
  assert.deepEqual(said, [...three, "budget.exhausted", "accepted"]);
  assert.deepEqual(await perDay(), [["2026-11-23", 2]]);
});
