/**
 * What a process keeps of rules is bounded over all workspaces. Here there is room for one alone,
 * so each that is worked on lets all others go amid their holds, waiters, live views and policies;
 * and every answer is what it is with room for all.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { seededRandom } from "../../bench/workload.ts";
import { postgresServer } from "../../test/postgres-server.ts";
import { composeEngine, nodeDigest, prepareWorkspace } from "../compose.ts";
import { storedTariffs } from "../engine/cards/workspace-tariff.ts";
import { NOW_MS, opened, PLAIN_CARD, toolCall } from "../engine/commit/engine-world.test.ts";
import type { Engine } from "../engine/engine.ts";
import { BudgetBooks } from "../engine/limits/budget-books.ts";
import { ask, line, words } from "../engine/limits/holds-world.test.ts";
import type { Store } from "../engine/ports.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { verifyDataFolder } from "./verify/verify-data-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-let-go-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const WORKSPACES = ["w1", "w2", "w3", "w4", "w5"];
const ROUNDS = 30;
const WHO = { reason: "test", by: "test" };
const NOTHING = { asks: [], releases: [], renewals: [], caps: [] };
/** Wide enough for a few rounds, so that some holds are refused and runs are paused. */
const CAP = {
  ...{ each: "customer", per: "lifetime", measure: "steps", limit: "6" },
  stages: [{ at: "100%", do: "pause" }],
};
const CALLS = { rules: [{ rule: "steps", moreThan: 8, do: "pause" }] };

/** Workspaces each with a budget, a policy, a customer of its own terms, and somebody who looks. */
async function prepare(engine: Engine, workspace: string): Promise<void> {
  await engine.applyRateCard(workspace, { ...PLAIN_CARD, effectiveFromMs: 0 });
  const saved = await engine.limits.saveBudget(workspace, { key: "cap", document: CAP, ...WHO });
  assert.ok("record" in saved);
  await engine.policies.save(workspace, { key: "calls", document: CALLS, ...WHO });
  await engine.ingest(workspace, [opened({ run: "r1", id: "open", customer: "acme" })]);
}

/** One of random moves in one workspace; what came of it. */
async function move(engine: Engine, workspace: string, at: { no: number; is: number }) {
  const id = `s${at.no}`;
  if (at.is < 5) {
    const asks = [ask(id, { step: toolCall({ run: "r1", id, customer: "acme" }) })];
    const { answer } = await engine.hold(workspace, [], { ...NOTHING, run: "r1", asks });
    return words(answer.decisions).join();
  }
  if (at.is < 8) {
    const step = toolCall({ run: "r1", id: `s${at.no - 1}`, customer: "acme" });
    return (await engine.ingest(workspace, [step])).results.map(({ status }) => status).join();
  }
  if (at.is === 8) {
    const wanted = { budget: "cap", scope: "acme", limit: String(6 + at.no), ...WHO };
    await engine.limits.setLimit(workspace, wanted);
    return "raised";
  }
  const resumed = await engine.limits
    .resumeWork(workspace, { of: "run", id: "r1", raise: null, ...WHO })
    .catch((error: { code: string }) => error.code);
  return typeof resumed === "string" ? resumed : "resumed";
}

async function play(store: Store, rulesMaxBytes?: number): Promise<readonly string[]> {
  const clock = { nowMs: () => NOW_MS };
  const bound = rulesMaxBytes === undefined ? {} : { rulesMaxBytes };
  const engine = composeEngine(store, { clock, ...bound });
  const told: string[] = [];
  for (const workspace of WORKSPACES) {
    await store.createWorkspace(workspace);
    await prepare(engine, workspace);
  }
  const views = WORKSPACES.map((id) => engine.live.watch(id, { of: "workspace", id: "" }));
  const playOne = async (workspace: string, seed: number) => {
    const random = seededRandom(seed);
    const own: string[] = [];
    for (let no = 1; no <= ROUNDS; no += 1) {
      own.push(await move(engine, workspace, { no, is: Math.floor(random() * 10) }));
      const { state, budgets } = await engine.limits.runState(workspace, "r1");
      own.push(`${state} ${budgets.map(line).join()}`);
    }
    // It is paused; who waits hears at once that it may go on, whoever else was at work since.
    const stop = { of: "run", id: "r1", ...WHO } as const;
    await engine.limits.stopWork(workspace, { ...stop, mode: "pause" });
    const waiting = engine.limits.waitForRun(workspace, "r1", { timeoutMs: 60_000 });
    const other = WORKSPACES[(seed + 1) % WORKSPACES.length] ?? "";
    for (let no = 0; no < 3; no += 1) {
      await engine.ingest(other, [
        toolCall({ run: "o", id: `${workspace}${no}`, customer: "else" }),
      ]);
    }
    await engine.limits.resumeWork(workspace, { ...stop, raise: null });
    own.push((await waiting).state);
    told.push(...own.map((text, no) => `${workspace} ${100 + no} ${text}`));
  };
  await Promise.all(WORKSPACES.map((workspace, at) => playOne(workspace, at)));
  for (const [at, view] of views.entries()) {
    told.push(`${WORKSPACES[at]} looked on: ${view.take() !== null}`);
    view.close();
  }
  assert.equal(engine.waitingCount, 0);
  return told.sort();
}

test("workspaces that make room for each other amid their work lose nothing", async () => {
  const wanted = await play(new MemoryStore());
  for (const word of ["allow", "held_by_others", "pause: policy", " resumed", "looked on: true"]) {
    assert.ok(
      wanted.some((text) => text.includes(word)),
      `some ${word} in ${wanted.join("\n")}`,
    );
  }
  assert.deepEqual(await play(new MemoryStore(), 0), wanted, "in memory");
  const sqlite = openSqliteStore({ dataDir: folder, digest: nodeDigest });
  assert.deepEqual(await play(sqlite, 0), wanted, "on SQLite");
  for (const workspace of WORKSPACES) await sqlite.settle(workspace);
  await sqlite.close();
  assert.deepEqual(verifyDataFolder(folder).findings, []);
  const connectionString = await (await postgresServer()).createDatabase();
  const postgres = await openPostgresStore({ connectionString, digest: nodeDigest });
  const found = await play(postgres, 0).finally(() => postgres.close());
  assert.deepEqual(found, wanted, "on PostgreSQL");
});

test("of many workspaces, as much is kept as there is room for", async () => {
  const store = new MemoryStore();
  const books = new BudgetBooks(store, 10_000);
  const tariffs = storedTariffs(store, 50_000);
  const kept: unknown[] = [];
  for (let no = 0; no < 100; no += 1) {
    await store.createWorkspace(`w${no}`);
    await books.of(`w${no}`);
    kept.push(await tariffs.of(`w${no}`));
  }
  assert.ok(books.size > 1 && books.size <= 10, `${books.size} are kept`);
  assert.equal(await tariffs.of("w99"), kept[99]);
  assert.notEqual(await tariffs.of("w0"), kept[0]);
  // Nobody knows it without asking the store any more: what is undecided there is closed.
  assert.equal(books.lastKnown("w0"), null);
  assert.notEqual(books.lastKnown("w99"), null);
});

test("workspaces that begin with the same price book do not have one each", async () => {
  const dataDir = join(folder, "prices");
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
  for (const workspace of ["a", "b"]) await prepareWorkspace(engine, workspace);
  const [a, b] = [await store.prices("a"), await store.prices("b")];
  assert.ok((a[0]?.entries.length ?? 0) > 1_000);
  assert.equal(a[0]?.entries, b[0]?.entries);
  await store.close();
});
