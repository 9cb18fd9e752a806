/**
 * What went above limits that changed stays verified where old steps were removed: of all balances
 * in which none of these could have counted.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import fc from "fast-check";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type Act, act, acts, CARD, KEYS, START_MS } from "../faults/limit-acts.ts";
import { playIn } from "../faults/random-acts.ts";
import { closeAll, retainAt, withEngine } from "./retaining.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-retained-limits-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

const DAY_MS = 86_400_000;
const RETAINED_MS = START_MS + 200 * DAY_MS;

function newFolder(): string {
  folders += 1;
  return join(folder, String(folders));
}

/** What happens to one run alone. */
function allOf(run: "a" | "b", history: readonly Act[]): Act[] {
  return history.map((one) => {
    const isOfRun = one[0] !== "limit" && one[0] !== "own" && one[0] !== "retire";
    return isOfRun ? ([one[0], run, one[2]] as Act) : one;
  });
}

/** A history of run a, whose steps are removed, and a later one of run b. */
async function retained(first: readonly Act[], later: readonly Act[]): Promise<string> {
  const dataDir = newFolder();
  await playIn(dataDir, START_MS, async (one) => {
    await one.engine.applyRateCard("w", { ...CARD, effectiveFromMs: 0 });
    for (const key of KEYS) await act(one, ["limit", key, 5]);
    await act(one, ["steps", "a", 2]);
    for (const next of allOf("a", first)) await act(one, next);
    // A run of which a hold counts keeps its steps.
    one.clock.now += DAY_MS;
    await one.engine.limits.endQuarantine("w");
  });
  await withEngine({ dataDir }, RETAINED_MS, (engine) => closeAll(engine, "w"));
  const { steps } = await retainAt({ dataDir }, RETAINED_MS);
  assert.ok(steps > 0);
  await playIn(dataDir, RETAINED_MS + DAY_MS, async (one) => {
    for (const next of allOf("b", later)) await act(one, next);
  });
  return dataDir;
}

test("after any history nothing sound is called false, though steps are gone", async () => {
  const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const history = fc.array(acts, { minLength: 2, maxLength: 20 });
  const property = fc.asyncProperty(history, history, async (first, later) => {
    assert.deepEqual(verifyDataFolder(await retained(first, later)).findings, []);
  });
  await fc.assert(property, { seed, numRuns: process.env.TOLLGATE_TEST_FULL ? 500 : 8 });
});

test("an overrun is missed of a later window, and of a tree that kept its steps", async () => {
  const dataDir = await retained(
    [["limit", "steps", 1]],
    [
      ["steps", "b", 4],
      ["limit", "steps", 3],
      ["limit", "tree", 3],
      ["steps", "b", 4],
    ],
  );
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  for (const key of ["steps", "tree"]) {
    const copy = newFolder();
    cpSync(dataDir, copy, { recursive: true });
    const db = new DatabaseSync(join(copy, "tollgate.db"));
    const of = `budget_id = (SELECT id FROM budgets WHERE key = '${key}')`;
    const last = `(SELECT max(seq) FROM overruns WHERE ${of})`;
    const { changes } = db.prepare(`DELETE FROM overruns WHERE ${of} AND seq = ${last}`).run();
    db.close();
    assert.ok(changes > 0, key);
    const { findings } = verifyDataFolder(copy);
    const isFound = findings.some(({ problem }) => /^add up to .* above the limit$/.test(problem));
    assert.ok(isFound, `${key}: ${JSON.stringify(findings)}`);
  }
});
