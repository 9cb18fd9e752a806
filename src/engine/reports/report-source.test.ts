import assert from "node:assert/strict";
import { test } from "node:test";
import { REPLICA_AGE_MAX_MS, REPLICA_REST_MS } from "../../domain/database-limits.ts";
import { ReportSource } from "./report-source.ts";

/** A copy that has what there was at an instant, and a clock. */
function world(has: () => number | null) {
  const clock = { now: 1_000_000 };
  const failures: unknown[] = [];
  let asked = 0;
  const asOfMs = async () => {
    asked += 1;
    return has();
  };
  const copy = { engine: "copy", asOfMs };
  const source = new ReportSource(
    copy,
    () => clock.now,
    (error) => failures.push(error),
  );
  return { clock, source, failures, asked: () => asked };
}

test("a copy is asked while it is young enough, and not a millisecond longer", async () => {
  const { clock, source } = world(() => 1_000_000);
  assert.deepEqual(await source.fresh(), { engine: "copy", asOfMs: 1_000_000 });
  clock.now += REPLICA_AGE_MAX_MS;
  assert.notEqual(await source.fresh(), null);
  clock.now += 1;
  assert.equal(await source.fresh(), null);
});

test("what follows no database is no copy", async () => {
  const { source, failures } = world(() => null);
  assert.equal(await source.fresh(), null);
  assert.deepEqual(failures, []);
});

test("a copy that fails is left alone for a while, and told once", async () => {
  let isAway = true;
  const { clock, source, failures, asked } = world(() => {
    if (isAway) throw new Error("away");
    return 1_000_000;
  });
  assert.equal(await source.fresh(), null);
  isAway = false;
  clock.now += REPLICA_REST_MS - 1;
  assert.equal(await source.fresh(), null);
  assert.deepEqual([asked(), failures.length], [1, 1]);
  clock.now += 1;
  assert.notEqual(await source.fresh(), null);
});
