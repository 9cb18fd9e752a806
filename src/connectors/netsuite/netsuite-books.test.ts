import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportTarget } from "../../domain/export/target.ts";
import { reconcileLines } from "../../engine/export/reconcile-export.ts";
import { runExport } from "../../engine/export/run-export.ts";
import { checkTarget } from "../../engine/export/save-target.ts";
import { retryLine } from "../../engine/export/settle-line.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import { ScriptedWorld, WORKSPACE } from "../scripted-world-contract.ts";
import { FakeNetSuite } from "./fake-netsuite-contract.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";
import { accountOf, DAY_MS, ONE, type SampleWay } from "./sample-account-contract.ts";

const HOUR_MS = 60 * 60 * 1000;

async function worldOf(way: SampleWay): Promise<[ScriptedWorld, FakeNetSuite]> {
  const parts = {
    ...{ connector: netsuiteConnector, outbox: new MemoryOutbox(), grain: 1n },
    account: ({ nowMs }: { nowMs: () => number }) => accountOf({ nowMs, chance: () => 0.999 }, way),
  };
  const world = new ScriptedWorld(parts, 1);
  await world.prepare();
  assert.ok(world.fake instanceof FakeNetSuite);
  return [world, world.fake];
}

async function sent(world: ScriptedWorld): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    const { context, open } = world.sender();
    await runExport(context, open, { customer: null });
    world.pass(HOUR_MS);
  }
}

test("what people changed, voided or deleted there is drift of customer and item", async () => {
  const [world, fake] = await worldOf({ mode: "usage", settings: { decimals: "2" } });
  for (const customer of ["acme", "globex", "initech"]) {
    world.ledger.add(customer, "tokens", { atMs: world.nowMs, by: 5n * ONE });
  }
  world.ledger.add("acme", "searches", { atMs: world.nowMs, by: 9n * ONE });
  world.pass(2 * DAY_MS);
  await sent(world);
  const { context, open } = world.sender();
  const request = { customer: null, states: ["confirmed"] as const, isForced: true };
  assert.deepEqual((await reconcileLines(context, open, request)).drifts, []);
  const lines = await world.outbox.lines(WORKSPACE, { target: "books", limit: 10 });
  assert.equal(lines.length, 4);
  for (const { key, customer, item } of lines) {
    const usage = fake.records.usages.get(key);
    assert.ok(usage !== undefined);
    if (item === "searches") continue;
    if (customer === "acme") fake.records.usages.set(key, { ...usage, quantity: "7.5" });
    if (customer === "globex") fake.records.usages.set(key, { ...usage, status: "VOIDED" });
    if (customer === "initech") fake.records.usages.delete(key);
  }
  const { drifts } = await reconcileLines(context, open, request);
  assert.deepEqual(
    drifts.map(({ customer, item, drift }) => [customer, item, drift]),
    [
      ["acme", "tokens", (5n * ONE) / 2n],
      ["globex", "tokens", -5n * ONE],
      ["initech", "tokens", -5n * ONE],
    ],
  );
});

test("lines that they cannot be asked about are told of, and never said not to drift", async () => {
  const [world] = await worldOf({ mode: "usage", settings: { decimals: "2" } });
  world.ledger.add("acme", "tokens", { atMs: world.nowMs, by: 5n * ONE });
  world.pass(2 * DAY_MS);
  await sent(world);
  world.weather = { faults: 0, isOut: true };
  const { context, open } = world.sender();
  const request = { customer: null, states: ["confirmed"] as const, isForced: true };
  const { looked, drifts } = await reconcileLines(context, open, request);
  assert.equal(looked, 1);
  assert.deepEqual(
    drifts.map(({ customer, item, drift }) => [customer, item, drift]),
    [["acme", "tokens", null]],
  );
  assert.notEqual(drifts[0]?.note, "");
});

test("a check tells which line of a subscription is missing, before anything is sent", async () => {
  const [world] = await worldOf({ mode: "usage", settings: {} });
  world.ledger.add("acme", "tokens", { atMs: world.nowMs, by: ONE });
  world.ledger.add("acme", "searches", { atMs: world.nowMs, by: ONE });
  world.pass(2 * DAY_MS);
  const { customers } = world.target;
  const names = { ...customers.names, acme: { id: "1001", subscription: "200" } };
  const target: ExportTarget = { ...world.target, customers: { ...customers, names } };
  world.target = target;
  const { context, open } = world.sender();
  assert.deepEqual(
    (await checkTarget(context, open, { isAsking: false })).map(({ place }) => place),
    ["customers.acme.line.tokens", "customers.acme.line.searches"],
  );
});

test("a bill whose posting period was closed on its way is dated anew by a retry", async () => {
  const way = { mode: "rated", settings: { currency: "usd", openDays: "30" } } as const;
  const [world, fake] = await worldOf(way);
  world.ledger.add("acme", "tokens", { atMs: world.nowMs, by: 12n * ONE });
  world.pass(32 * DAY_MS);
  world.weather = { faults: 0, isOut: true };
  const { context, open } = world.sender();
  await runExport(context, open, { customer: null });
  world.weather = { faults: 0, isOut: false };
  world.pass(40 * DAY_MS);
  await sent(world);
  const [refused] = await world.outbox.lines(WORKSPACE, { target: "books", limit: 10 });
  assert.deepEqual([refused?.state, refused?.outcome], ["rejected", "closed_period"]);
  if (refused !== undefined) await retryLine(context, open, refused);
  await sent(world);
  assert.equal(fake.total("acme", "tokens"), 12n * ONE);
});
