import assert from "node:assert/strict";
import { test } from "node:test";
import { REPLICA_AGE_MAX_MS, REPLICA_REST_MS } from "../../domain/database-limits.ts";
import { ReportSource } from "./report-source.ts";

/** A copy that has what there was at an instant, and a clock. */
function world(has: () => number | null) {
  const clock = { now: 1_000_000 };
  const news: unknown[] = [];
  let asked = 0;
  const asOfMs = async () => {
    asked += 1;
    return has();
  };
  const copy = { engine: "copy", asOfMs };
  const source = new ReportSource(copy, () => clock.now, {
    givenUp: (reason) => news.push(reason instanceof Error ? reason.message : reason),
    takenAgain: (behindMs) => news.push(behindMs),
  });
  return { clock, source, news, asked: () => asked };
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
  const { source, news } = world(() => null);
  assert.equal(await source.fresh(), null);
  assert.equal(await source.behindMs(), null);
  assert.deepEqual(news, ["it follows no database, or has no commit of it yet"]);
});

test("a copy that fails is left alone for a while, and told once", async () => {
  let isAway = true;
  const { clock, source, news, asked } = world(() => {
    if (isAway) throw new Error("away");
    return 1_000_000;
  });
  assert.equal(await source.fresh(), null);
  isAway = false;
  clock.now += REPLICA_REST_MS - 1;
  assert.equal(await source.fresh(), null);
  assert.deepEqual([asked(), news], [1, ["away"]]);
  clock.now += 1;
  assert.notEqual(await source.fresh(), null);
});

test("a copy is told of once when it is given up, and once when it is taken again", async () => {
  let has = 1_000_000;
  const { clock, source, news } = world(() => has);
  clock.now += 2_500;
  assert.equal(await source.behindMs(), 2_500);
  assert.deepEqual(news, []);
  clock.now = has + REPLICA_AGE_MAX_MS + 1;
  assert.equal(await source.behindMs(), 60_001);
  assert.equal(await source.fresh(), null);
  source.failed(new Error("away"));
  assert.equal(await source.behindMs(), null);
  clock.now += REPLICA_REST_MS;
  has = clock.now + 10;
  assert.equal(await source.behindMs(), 0);
  assert.notEqual(await source.fresh(), null);
  assert.deepEqual(news, ["it is 60001 ms behind", -10]);
});
