/**
 * Nodes are exchanged one after the other: one of the version before the newest migration works
 * beside today's, on one database, with the same runs. The older version is taken out of the
 * repository's history; where there is none (an archive, a shallow clone), the test is skipped and
 * says so. What holds without history: test "a node goes on beside a newer version whose migrations
 * only add" of src/store/postgres.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { postgresServer } from "../postgres-server.ts";
import { call, opening, toolStep } from "./calls.ts";
import { type NodeProcess, startNode } from "./nodes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MIGRATIONS = "src/store/postgres/migrations";
const ENTRY = "test/nodes/node.ts";
/** Commits that are looked at, newest first. */
const COMMITS_MAX_COUNT = 2_000;
const ARCHIVE_MAX_BYTES = 256 * 1024 * 1024;

const git = (words: readonly string[], input = "") =>
  spawnSync("git", words, { cwd: ROOT, maxBuffer: ARCHIVE_MAX_BYTES, input });

/** The newest commit that has the nodes and not the newest migration; null: no history tells. */
function versionBefore(): { readonly commit: string; readonly migration: string } | null {
  const [migration = "", former = ""] = readdirSync(join(ROOT, MIGRATIONS)).sort().reverse();
  const listed = git(["rev-list", `--max-count=${COMMITS_MAX_COUNT}`, "HEAD"]);
  if (listed.status !== 0) return null;
  const commits = listed.stdout.toString().trim().split("\n");
  const paths = [`${MIGRATIONS}/${migration}`, `${MIGRATIONS}/${former}`, ENTRY];
  const asked = commits.flatMap((commit) => paths.map((path) => `${commit}:${path}`));
  // One process for all of them: a line each, in order.
  const told = git(["cat-file", "--batch-check=%(objecttype)"], asked.join("\n"));
  const found = told.stdout.toString().split("\n");
  const has = (at: number, path: number) => found[at * paths.length + path] === "blob";
  const at = commits.findIndex((_, one) => !has(one, 0) && has(one, 1) && has(one, 2));
  const commit = commits[at];
  return commit === undefined ? null : { commit, migration };
}

/** The sources of a commit in a folder of their own. */
function checkOut(commit: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-former-"));
  const parts = ["src", "test/nodes", "test/crash", "package.json"];
  const archive = git(["archive", commit, ...parts]);
  assert.equal(archive.status, 0, archive.stderr.toString());
  mkdirSync(folder, { recursive: true });
  const unpacked = spawnSync("tar", ["-x", "-C", folder], { input: archive.stdout });
  assert.equal(unpacked.status, 0, unpacked.stderr.toString());
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

const before = versionBefore();
const skip = before === null ? "no history has a version before the newest migration" : false;
const RUNS = ["r1", "r2", "r3"];
const ROUNDS = 5;

/** What both nodes are sent in a round: steps of the same runs, some of them by both. */
function sentTo(node: number, round: number): object[] {
  return RUNS.flatMap((run) => [
    toolStep(run, `own-${node}-${round}`),
    toolStep(run, `both-${round}`),
  ]);
}

test("a node of the version before goes on beside today's, and every sum is exact", {
  skip,
}, async (t) => {
  const { commit, migration } = before ?? { commit: "", migration: "" };
  t.diagnostic(`${commit.slice(0, 10)}, before ${migration}`);
  const folder = checkOut(commit);
  const url = await (await postgresServer()).createDatabase();
  const nodes: NodeProcess[] = [];
  try {
    const former = await startNode(url, { entry: join(folder, ENTRY) });
    nodes.push(former);
    const price = { model: "graduated", tiers: [{ upTo: "20", unit: "0.01" }, { unit: "0.003" }] };
    const charges = [{ key: "steps", meter: { count: "steps" }, price }];
    await call(former.client, "POST /v1/rate-cards", { key: "card", currency: "USD", charges });
    const openings = RUNS.map((run) => opening(run, "acme"));
    await call(former.client, "POST /v1/events", openings);
    const alone = [toolStep("r1", "alone")];
    await call(former.client, "POST /v1/events", alone);
    // Today's node brings the schema up to date while the former one works.
    nodes.push(await startNode(url));
    for (let round = 0; round < ROUNDS; round += 1) {
      const sent = nodes.map(({ client }, at) =>
        call(client, "POST /v1/events", sentTo(at, round)),
      );
      await Promise.all(sent);
    }
    const steps = RUNS.length * ROUNDS * 3 + alone.length;
    for (const { client } of nodes) {
      const usage = await call(client, "GET /v1/usage?groupBy=customer");
      assert.equal(usage.rows?.[0]?.steps as unknown, steps);
      const charge = (20 * 10 + (steps - 20) * 3) / 1_000;
      assert.equal(Number(usage.rows?.[0]?.charge), charge);
      // A retry is known, whichever version took the event.
      const again = await call(client, "POST /v1/events", [
        ...alone,
        ...sentTo(0, 0),
        ...sentTo(1, 0),
      ]);
      const { results } = again as unknown as { results: { status: string }[] };
      assert.deepEqual(new Set(results.map(({ status }) => status)), new Set(["duplicate"]));
    }
  } finally {
    for (const node of nodes) await node.end("SIGKILL");
    rmSync(folder, { recursive: true });
  }
  const { findings } = await verifyDatabase(url, () => undefined);
  assert.deepEqual(
    findings.filter(({ table }) => !CHECKED_SINCE.has(table)),
    [],
  );
});

/** Rows whose checksums the version before 0026 wrote without their workspace. */
const CHECKED_SINCE: ReadonlySet<string> = new Set(["former_runs"]);
