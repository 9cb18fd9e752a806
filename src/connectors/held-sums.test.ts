/** How often a target is asked what it holds of a customer's item, and what comes of no answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Capability } from "../domain/export/capability.ts";
import { runExport } from "../engine/export/run-export.ts";
import { MemoryOutbox } from "../store/memory/memory-outbox.ts";
import { ledgerAccount, ledgerConnector } from "./fake-ledger-contract.ts";
import { ONE } from "./sample-line-contract.ts";
import { ScriptedWorld } from "./scripted-world-contract.ts";

const DAY_MS = 86_400_000;
const CAPABILITY: Omit<Capability, "mode"> = {
  ...{ batchMaxCount: 1, batchMaxBytes: 10_000, dedup: { windowMs: null }, values: "delta" },
  ...{ numbers: { scale: 6, significantDigits: null, negative: false }, pastMaxMs: null },
  ...{ validation: "sync", readBack: { kind: "aggregate", lagMs: 0 }, settlesAfterMs: 60_000 },
  pace: { concurrency: 4, perEntityConcurrency: 1, perSecond: null },
};

/** A target that adds up; `sum`: what it tells, null where it cannot tell now. */
async function adding(capability = CAPABILITY) {
  const asked: [customer: string | undefined, from: string][] = [];
  const told = { sum: 0n as bigint | null };
  const connector = {
    ...ledgerConnector(capability),
    heldSum: async ({
      names,
      span,
    }: {
      names: { customer: { id?: string } } | null;
      span: { startMs: number };
    }) => {
      asked.push([names?.customer.id, new Date(span.startMs).toISOString().slice(0, 7)]);
      return told.sum;
    },
  };
  const parts = { connector, outbox: new MemoryOutbox(), grain: 1n };
  const account = (world: Parameters<typeof ledgerAccount>[0]) => ledgerAccount(world, capability);
  const world = new ScriptedWorld({ ...parts, account }, 1);
  await world.prepare();
  const { context, open } = world.sender();
  const sells = (customer: string) => {
    world.ledger.add(customer, "tokens", { atMs: world.nowMs, by: ONE });
    world.pass(DAY_MS);
  };
  const run = () => runExport(context, open, { customer: null });
  return { world, asked, told, sells, run };
}

test("a process asks once for each customer, item and period that began before it", async () => {
  const { world, asked, sells, run } = await adding();
  await run();
  assert.deepEqual(asked, [], "where nothing is owed, nothing is asked");
  for (const customer of ["acme", "acme", "globex", "acme"]) {
    sells(customer);
    await run();
  }
  assert.deepEqual(asked, [
    ["acme", "2026-10"],
    ["globex", "2026-10"],
  ]);
  world.pass(31 * DAY_MS);
  sells("acme");
  await run();
  assert.equal(asked.length, 2, "a period that began later is of this process");
  assert.equal(world.fake.total("acme", "tokens"), 4n * ONE);
});

test("of what is too much nothing is sent, in each run, and all others go on", async () => {
  const { world, told, sells, run } = await adding();
  told.sum = 2n * ONE;
  sells("acme");
  for (let runs = 0; runs < 2; runs += 1) {
    await assert.rejects(run(), {
      ...{ code: "export.unknown_lines" },
      message: '"t" holds 2 of "tokens" of "acme" that these books do not know.',
    });
  }
  assert.equal(world.fake.total("acme", "tokens"), 0n);
  told.sum = 0n;
  const { sent, stopped } = await run();
  assert.deepEqual({ sent, stopped }, { sent: { accepted: 1 }, stopped: null });
});

test("what cannot be told now is not sent now", async () => {
  const { world, told, sells, run } = await adding();
  told.sum = null;
  sells("acme");
  assert.equal((await run()).stopped, "1 sums there cannot be read now");
  assert.equal(world.fake.total("acme", "tokens"), 0n);
  told.sum = 0n;
  assert.equal((await run()).stopped, null);
  assert.equal(world.fake.total("acme", "tokens"), ONE);
});

test("where others tell the same, their sum stops nothing", async () => {
  const readBack = { kind: "aggregate", lagMs: 0, isShared: true } as const;
  const { world, asked, told, sells, run } = await adding({ ...CAPABILITY, readBack });
  told.sum = 2n * ONE;
  sells("acme");
  assert.equal((await run()).stopped, null);
  assert.equal(world.fake.total("acme", "tokens"), ONE);
  assert.deepEqual(asked, [], "nobody is asked for what would say nothing");
});
