import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ExportTarget } from "../../domain/export/target.ts";
import { runExport } from "../../engine/export/run-export.ts";
import { assertAllKnown, unknownLines } from "../../engine/export/unknown-lines.ts";
import { MemoryOutbox } from "../../store/memory/memory-outbox.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import { ScriptedWorld, WORKSPACE } from "../scripted-world-contract.ts";
import { FakeObjectStore } from "./fake-object-store-contract.ts";
import { fileConnector, s3Connector } from "./file-connector.ts";

const ACCESS = { accessKey: "AKIAEXAMPLE", secretKey: "wJalrXUtnFEMI", region: "us-east-1" };
const DAY_MS = 86_400_000;
const ALL = { customer: null, sinceMs: null };

function worldOf(connector: "file" | "s3", settings: ExportTarget["settings"] = {}) {
  const target: ExportTarget = {
    ...{ id: "files", connector, account: "live", mode: "usage", window: "day" },
    ...{ timeZone: "UTC", since: "2026-01-01" },
    customers: { names: {}, others: "same" },
    items: { names: {}, others: "same" },
    settings: { ...(connector === "s3" ? { bucket: "lines" } : {}), ...settings },
  };
  const access = connector === "s3" ? ACCESS : null;
  const parts = {
    connector: connector === "s3" ? s3Connector : fileConnector,
    ...{ outbox: new MemoryOutbox(), grain: 10n ** 24n },
    account: (world: FakeWorld) => ({
      target,
      secrets: { access_key: ACCESS.accessKey, secret_key: ACCESS.secretKey },
      fake: new FakeObjectStore(world, access),
    }),
  };
  return new ScriptedWorld(parts, 1);
}

/** One more of something of acme, and a run a day later; answers how many lines it planned. */
async function exported(world: ScriptedWorld, by: bigint): Promise<number> {
  world.ledger.add("acme", "tokens", { atMs: world.nowMs, by: by * 10n ** 33n });
  world.pass(DAY_MS);
  const { context, open } = world.sender();
  return (await runExport(context, open, { customer: null })).planned;
}

for (const connector of ["file", "s3"] as const) {
  for (const format of ["csv", "ndjson", "parquet"]) {
    test(`${format} of ${connector}: lines in no books are told with amounts`, async () => {
      const world = worldOf(connector, { format });
      await world.prepare();
      for (const by of [2n, 3n, 5n, 7n]) assert.equal(await exported(world, by), 1);
      const { context, open } = world.sender();
      assert.deepEqual(await unknownLines(context, open, ALL), [], "these books know them");
      await assertAllKnown(context, open);
      const other = { ...context, outbox: new MemoryOutbox() };
      const found = (await unknownLines(other, open, ALL)) ?? [];
      const told = found.map(({ said, note }) => [said?.customer, said?.item, said?.value, note]);
      const wanted = [2n, 3n, 5n, 7n].map((by) => {
        return ["acme", "tokens", by * 10n ** 33n, "not in these books"];
      });
      assert.deepEqual(told, wanted);
      const of = { customer: "globex", sinceMs: null };
      assert.deepEqual(await unknownLines(other, open, of), []);
      await assert.rejects(assertAllKnown(other, open), { code: "export.unknown_lines" });
    });
  }
}

test("a bucket is read from what was written since books last sent, less an hour", async () => {
  const world = worldOf("s3");
  await world.prepare();
  for (const by of [2n, 3n]) await exported(world, by);
  const { context, open } = world.sender();
  const books = { ...context, outbox: { ...context.outbox, line: async () => undefined } };
  const since = async (sinceMs: number) =>
    ((await unknownLines(books, open, { customer: null, sinceMs })) ?? []).length;
  const [line] = await context.outbox.lines(WORKSPACE, { target: "files", limit: 1 });
  const firstMs = line?.firstSentAtMs ?? assert.fail("it was sent");
  assert.equal(await since(firstMs), 2);
  // The bucket's clock is some minutes off.
  assert.equal(await since(firstMs + 7_200_000), 1);
  assert.equal(await since(firstMs + DAY_MS + 7_200_000), 0);
});

test("lines that were not sent, or say something else, are told", async () => {
  const world = worldOf("file");
  await exported(world, 2n);
  const { context, open } = world.sender();
  const [line] = await context.outbox.lines(WORKSPACE, { target: "files", limit: 1 });
  assert.ok(line !== undefined);
  const noted = async (some: object) => {
    const outbox = { ...context.outbox, line: async () => ({ ...line, ...some }) };
    return (await unknownLines({ ...context, outbox }, open, ALL))?.map(({ note }) => note);
  };
  assert.deepEqual(await noted({}), []);
  assert.deepEqual(await noted({ firstSentAtMs: null }), ["not sent by these books"]);
  assert.deepEqual(await noted({ value: 3n * 10n ** 33n }), ["3 in these books"]);
  const { objects } = world.fake as FakeObjectStore;
  for (const [url, text] of objects) {
    if (!url.endsWith(".manifest.json")) continue;
    const { lines: _, ...before } = JSON.parse(String(text));
    objects.set(url, JSON.stringify(before));
  }
  assert.deepEqual(await noted({ value: 3n }), [], "it does not say how much");
  const [found] = (await unknownLines({ ...context, outbox: new MemoryOutbox() }, open, ALL)) ?? [];
  assert.deepEqual([found?.key, found?.said], [line.key, null]);
});

test("books that lost any lines come to the ledger once these are taken out there", async () => {
  const sale = fc.record({
    ...{ customer: fc.constantFrom("acme", "globex"), item: fc.constantFrom("tokens", "calls") },
    ...{ by: fc.bigInt(-20n, 99n), days: fc.integer({ min: 0, max: 40 }), isRun: fc.boolean() },
  });
  const sales = fc.array(sale, { maxLength: 8 });
  const isLost = async (before: Sale[], since: Sale[]) => {
    const world = worldOf("file", { decimals: "0" });
    await played(world, before);
    const { context, open } = world.sender();
    const outbox = new MemoryOutbox();
    const all = { target: "files", limit: 1_000 };
    const added = await context.outbox.lines(WORKSPACE, all);
    if (added.length > 0) await outbox.write(WORKSPACE, { added, changed: [] });
    await played(world, since);
    const { objects, complaints } = world.fake as FakeObjectStore;
    const lost = (await context.outbox.lines(WORKSPACE, all)).length - added.length;
    const books = { ...context, outbox };
    const unknown = (await unknownLines(books, open, ALL)) ?? [];
    assert.equal(unknown.length, lost);
    for (const { place } of unknown) objects.delete(place);
    assert.deepEqual(await unknownLines(books, open, ALL), []);
    world.pass(40 * DAY_MS);
    await runExport(books, open, { customer: null });
    for (const customer of ["acme", "globex"]) {
      for (const item of ["tokens", "calls"]) {
        assert.equal(world.fake.total(customer, item), world.ledger.total(customer, item));
      }
    }
    assert.deepEqual(complaints, [], "no key is there twice");
  };
  await fc.assert(fc.asyncProperty(sales, sales, isLost), { numRuns: 200 });
});

interface Sale {
  readonly customer: string;
  readonly item: string;
  readonly by: bigint;
  readonly days: number;
  readonly isRun: boolean;
}

/** Sells, and exports now and then. */
async function played(world: ScriptedWorld, sales: readonly Sale[]): Promise<void> {
  for (const { customer, item, by, days, isRun } of sales) {
    world.ledger.add(customer, item, { atMs: world.nowMs, by: by * 10n ** 33n });
    world.pass(days * DAY_MS);
    const { context, open } = world.sender();
    if (isRun) await runExport(context, open, { customer: null });
  }
}

test("what cannot be listed now is told, and nothing is taken for known", async () => {
  const world = worldOf("file");
  await exported(world, 2n);
  const { context, open } = world.sender();
  world.weather = { faults: 0, isOut: true };
  await assert.rejects(assertAllKnown(context, open), { code: "export.unlisted" });
});
