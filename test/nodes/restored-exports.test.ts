/**
 * What docs/operate.md has done after a restore, on either store: a billing system was told lines
 * that the copy does not know, so exports stand until these lines are taken out there; then all is
 * sent again, and everything is billed once.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { withDisk } from "../../src/connectors/file/disk-requests.ts";
import { BY } from "./calls.ts";
import {
  type Books,
  databaseBooks,
  folder,
  folderBooks,
  keepsBooks,
  pass,
  serveBooks,
} from "./restored-books.ts";

keepsBooks();

/** A server on books, whose files stand in a folder that no restore touches. */
async function serve(books: Books, exports: string) {
  const http = withDisk({ send: async () => ({ kind: "not_sent", reason: "none" }) }, exports);
  return { ...(await serveBooks(books, { http }, "files")), exports };
}

type Server = Awaited<ReturnType<typeof serve>>;

/** Sums of what readers of manifests see, by item; a line of which is there twice fails. */
function seenBy(exports: string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  const keys = new Set<string>();
  const manifests = readdirSync(exports, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".manifest.json"))
    .map((name) => join(exports, name));
  for (const path of manifests) {
    const { file } = JSON.parse(readFileSync(path, "utf8"));
    for (const text of readFileSync(join(dirname(path), file), "utf8")
      .trimEnd()
      .split("\n")) {
      const { key, item, value } = JSON.parse(text);
      assert.ok(!keys.has(key), `${key} is there twice`);
      keys.add(key);
      // Halves, and few of them: exact as floats.
      sums[item] = (sums[item] ?? 0) + Number(value);
    }
  }
  return sums;
}

const step = (id: string, occurredAt: string) => ({
  ...{ id, run: "r", customer: "acme", kind: "tool", tool: "search", source: "t", occurredAt },
});

const FIRST = [step("1", "2024-01-10T10:00:00Z"), step("2", "2024-01-10T11:00:00Z")];
const THIRD = step("3", "2024-01-10T12:00:00Z");
const FOURTH = step("4", "2024-01-12T13:00:00Z");
const HELD = step("5", "2024-01-12T14:00:00Z");

async function begin(server: Server, mode: string): Promise<void> {
  pass("2024-01-01T00:00:00Z");
  const price = { model: "per_unit", unit: "0.5" };
  const charges = [{ key: "calls", meter: { count: "steps" }, price }];
  const card = { key: "k", currency: "USD", charges };
  await server.ask("POST /v1/rate-cards", { card, effectiveFrom: null });
  await server.ask("PUT /v1/customers/acme", { startedAt: "2024-01-01T00:00:00Z" });
  const budget = { each: "run", measure: "steps", limit: "100" };
  await server.ask("PUT /v1/budgets/all", { budget, ...BY });
  const window = mode === "usage" ? "day" : "period";
  const settings = { format: "ndjson" };
  const target = { connector: "file", account: "live", mode, window, since: "2024-01-01" };
  await server.ask("PUT /v1/targets/files", { document: { ...target, settings }, ...BY });
  pass("2024-01-11T00:00:00Z");
}

/** A hold, and the step that it is of. */
async function held({ ask }: Server): Promise<void> {
  const { occurredAt: _, run: __, customer: ___, ...of } = HELD;
  const body = { holds: [{ ...of, usage: {}, cost: "0" }] };
  const { decisions } = await ask("POST /v1/runs/r/holds", body);
  assert.match(String(decisions?.[0]?.decision), /allow/);
  await ask("POST /v1/events", [HELD]);
}

/** The close of January: 5 calls at 0.5 are 2.5; and a credit note of 0.5. */
async function closed({ ask }: Server): Promise<string> {
  const { statements } = await ask("POST /v1/periods/close", { period: "2024-01", early: false });
  const [made] = statements as unknown as { id: string; total: string }[];
  assert.equal(made?.total, "2.5");
  return made.id;
}

async function credited({ ask }: Server, statement: string): Promise<void> {
  const lines = [{ line: 1, amount: "0.5" }];
  await ask(`POST /v1/statements/${statement}/credit-notes`, { lines, ...BY });
}

interface Unknown {
  readonly item: string;
  readonly value: string;
  readonly note: string;
  readonly place: string;
}

const STORES = [
  ["a folder", async () => folderBooks()],
  ["a database", () => databaseBooks()],
] as const;

for (const [store, books] of STORES) {
  for (const isRunFirst of [true, false]) {
    const order = isRunFirst ? "before" : "after";
    test(`usage of ${store} is billed once after a restore, run ${order} all is sent`, async () => {
      const exports = mkdtempSync(join(folder.root, "exports-"));
      const lost = await books();
      const first = await serve(lost, exports);
      await begin(first, "usage");
      await first.ask("POST /v1/events", FIRST);
      assert.equal((await first.run()).planned, 1);
      await first.stop();
      const copy = await lost.copy();
      const second = await serve(lost, exports);
      await second.ask("POST /v1/events", [THIRD]);
      assert.equal((await second.run()).planned, 1);
      pass("2024-01-13T00:00:00Z");
      await second.ask("POST /v1/events", [FOURTH]);
      await held(second);
      assert.equal((await second.run()).planned, 1);
      await second.stop();
      assert.deepEqual(seenBy(exports), { calls: 5 });

      const restored = await serve(copy, exports);
      const again = async () => {
        await restored.ask("POST /v1/events", [...FIRST, THIRD, FOURTH]);
        await held(restored);
      };
      assert.equal((await restored.run()).code, "export.unknown_lines");
      if (!isRunFirst) await again();
      assert.equal((await restored.run()).code, "export.unknown_lines");
      assert.deepEqual(seenBy(exports), { calls: 5 }, "nothing is told meanwhile");
      await takenOut(restored, [
        ["calls", "1"],
        ["calls", "2"],
      ]);
      assert.deepEqual(seenBy(exports), { calls: 2 });
      assert.equal((await restored.run()).planned, isRunFirst ? 0 : 1);
      if (isRunFirst) await again();
      await restored.run();
      assert.deepEqual(seenBy(exports), { calls: 5 });
      await isClean(restored);
      await restored.stop();
      assert.deepEqual(await copy.findings(), []);
    });
  }

  for (const mode of ["rated", "statement"]) {
    test(`a ${mode} target of ${store} is told once after a restore`, async () => {
      const exports = mkdtempSync(join(folder.root, "exports-"));
      const lost = await books();
      const early = await serve(lost, exports);
      await begin(early, mode);
      await early.ask("POST /v1/events", FIRST);
      await early.stop();
      const copy = await lost.copy();
      const first = await serve(lost, exports);
      await first.ask("POST /v1/events", [THIRD, FOURTH]);
      await held(first);
      pass("2024-02-02T00:00:00Z");
      const statement = await closed(first);
      assert.equal((await first.run()).planned, 1);
      await credited(first, statement);
      assert.equal((await first.run()).planned, 1);
      await first.stop();
      const told = seenBy(exports);
      assert.deepEqual(Object.values(told), [2], "2.5 less 0.5");

      const restored = await serve(copy, exports);
      assert.equal((await restored.run()).code, "export.unknown_lines");
      const [item = ""] = Object.keys(told);
      await takenOut(restored, [
        [item, "-0.5"],
        [item, "2.5"],
      ]);
      assert.deepEqual(seenBy(exports), {});
      assert.equal((await restored.run()).planned, 0);
      await restored.ask("POST /v1/events", [...FIRST, THIRD, FOURTH]);
      await held(restored);
      const anew = await closed(restored);
      await restored.run();
      await credited(restored, anew);
      await restored.run();
      assert.deepEqual(seenBy(exports), told);
      await isClean(restored);
      await restored.stop();
      assert.deepEqual(await copy.findings(), []);
    });
  }
}

/** Takes the manifests of lines that are told out, as the page says; asserts which they are. */
async function takenOut(
  { ask, exports }: Server,
  wanted: readonly [string, string][],
): Promise<void> {
  const { unknown, drifts } = await ask("POST /v1/targets/files/reconcile", {});
  const lines = unknown as unknown as readonly Unknown[];
  const told = lines.map(({ item, value }) => [item, value] as [string, string]);
  assert.deepEqual(told.toSorted(), wanted);
  assert.deepEqual(drifts, []);
  for (const { place, note } of lines) {
    assert.equal(note, "not in these books");
    rmSync(join(exports, place.slice("file:///".length)));
  }
  assert.deepEqual((await ask("POST /v1/targets/files/reconcile", {})).unknown, []);
}

async function isClean({ ask }: Server): Promise<void> {
  const { unknown, drifts } = await ask("POST /v1/targets/files/reconcile", {});
  assert.deepEqual({ unknown, drifts }, { unknown: [], drifts: [] });
}
