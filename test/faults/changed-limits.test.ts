/**
 * What was settled above limits that changed: random histories of steps that are recorded, held,
 * corrected and voided, of runs that open and end and of outcomes, while limits are raised, lowered
 * and taken away and budgets retired. Verification agrees with each, and finds an overrun or a
 * balance that was altered with care.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../../src/compose.ts";
import { ONE_UNIT } from "../../src/domain/money/decimal.ts";
import { type Bound, rowText } from "../../src/store/stored-rows.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type Act, act, acts, BOUND_CARD, CARD, KEYS, START_MS } from "./limit-acts.ts";
import { playIn } from "./random-acts.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-changed-limits-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

/** Plays a history in a folder of its own. */
async function played(all: readonly Act[], card = CARD): Promise<string> {
  folders += 1;
  const dataDir = join(folder, String(folders));
  await playIn(dataDir, START_MS, async (one) => {
    await one.engine.applyRateCard("w", { ...card, effectiveFromMs: 0 });
    for (const key of KEYS) await act(one, ["limit", key, 5]);
    for (const next of all) await act(one, next);
  });
  return dataDir;
}

test("what went above limits that changed adds up, by the limits of its time", async () => {
  const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const property = fc.asyncProperty(
    fc.array(acts, { minLength: 5, maxLength: 40 }),
    fc.constantFrom(CARD, BOUND_CARD),
    async (all, card) => {
      assert.deepEqual(verifyDataFolder(await played(all, card)).findings, []);
    },
  );
  await fc.assert(property, { seed, numRuns: process.env.TOLLGATE_TEST_FULL ? 1_000 : 25 });
});

/** Six steps of a run, then its budget of four, which is raised to ten, and a step in between. */
const BEFORE_ITS_BUDGET = [
  ["steps", "a", 4],
  ["steps", "a", 0],
  ["retire", "tree", 4],
] as const satisfies readonly Act[];
const OF_TREE = "budget_id = (SELECT id FROM budgets WHERE key = 'tree' AND retired_at IS NULL)";

test("what a run did before its budget counts by the limit in force when it is seen", async () => {
  for (const [first, second, sum] of [
    ["steps", "own", 3],
    ["held", "own", 2],
    ["own", "steps", 0],
  ] as const) {
    const more: Act[] = [first, second].map((what) =>
      what === "own" ? ["own", "tree", 9] : [what, "a", 0],
    );
    const dataDir = await played([...BEFORE_ITS_BUDGET, ...more]);
    assert.deepEqual(verifyDataFolder(dataDir).findings, [], first);
    const over = overrunsOf(dataDir);
    assert.equal(over, sum, first);
  }
});

test("an overrun is missed of what a run did before its budget, whose limit changed", async () => {
  const dataDir = await played([...BEFORE_ITS_BUDGET, ["steps", "a", 0], ["own", "tree", 9]]);
  const problems = problemsAfter(dataDir, (db) => {
    assert.ok(db.prepare(`DELETE FROM overruns WHERE ${OF_TREE} AND cause = 'run'`).run().changes);
  });
  const told = "overruns add up to 1, 3 was settled above the limit";
  assert.ok(problems.includes(told), `${problems}`);
  // A hold that was refused may have looked at it under the former limit, and left no row.
  const unseen = await played([...BEFORE_ITS_BUDGET, ["own", "tree", 9], ["steps", "a", 4]]);
  assert.deepEqual(verifyDataFolder(unseen).findings, []);
  const wrong = problemsAfter(unseen, (db) => {
    assert.ok(
      db.prepare(`UPDATE overruns SET level = '9' || level WHERE ${OF_TREE}`).run().changes,
    );
  });
  assert.ok(
    wrong.some((text) => /^overruns add up to \d+, 2 was settled above/.test(text)),
    `${wrong}`,
  );
});

test("an overrun that was made another possible one is named by its link", async () => {
  const unseen = await played([...BEFORE_ITS_BUDGET, ["own", "tree", 9], ["steps", "a", 4]]);
  assert.deepEqual(verifyDataFolder(unseen).findings, []);
  // As if a hold had been refused under the limit of four: two above it then, two of nine since.
  const forged = problemsAfter(unseen, (db) => {
    const [row = {}] = db.prepare(`SELECT * FROM overruns WHERE ${OF_TREE}`).all();
    const level = String(BigInt(row.level as string) + 2n * BigInt(ONE_UNIT));
    rewrite(db, { ...row, level });
  });
  assert.equal(forged.length, 1, `${forged}`);
  assert.match(`${forged}`, /^chain does not seal the rows of seq .*, or the overruns among them$/);
  // A limit that stood, and an overrun of it that is said to be of another step.
  const stood = problemsAfter(unseen, (db) => {
    const [row = {}] = db.prepare(`SELECT * FROM overruns WHERE ${OF_TREE}`).all();
    rewrite(db, { ...row, id: "s1" });
  });
  assert.match(`${stood}`, /^chain does not seal/);
});

/** Writes an overrun anew, with a checksum that fits. */
function rewrite(db: DatabaseSync, row: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(row).filter((name) => name !== "checksum");
  const all = names.map((name) => row[name] as Bound);
  const columns = [...names, "checksum"];
  const sql = `REPLACE INTO overruns (${columns}) VALUES (${columns.map(() => "?")})`;
  db.prepare(sql).run(...all, nodeDigest.checksum(rowText(all)));
}

test("an overrun is missed that a late link brought to the run above", async () => {
  const dataDir = await played([
    ["steps", "a", 1],
    ["own", "tree", 8],
    ["steps", "c", 3],
    // What c did before counts by the limit of the link.
    ["own", "tree", 3],
    ["open", "c", 5],
    ["own", "tree", 9],
    ["steps", "c", 0],
  ]);
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  assert.equal(overrunsOf(dataDir), 3);
  const problems = problemsAfter(dataDir, (db) => {
    assert.ok(db.prepare(`DELETE FROM overruns WHERE ${OF_TREE}`).run().changes);
  });
  const told = "overruns add up to 0, 3 was settled above the limit";
  assert.ok(problems.includes(told), `${problems}`);
});

test("a retired balance of a run is missed, too", async () => {
  const dataDir = await played([...BEFORE_ITS_BUDGET, ["steps", "a", 1], ["retire", "tree", 0]]);
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  const moved = problemsAfter(dataDir, (db) => {
    const of = "budget_id = (SELECT max(id) FROM budgets WHERE key = 'tree')";
    db.exec(`UPDATE budget_balances SET settled = '11' || substr(settled, 3) WHERE ${of}`);
  });
  assert.ok(
    moved.some((text) => /when its budget was retired$/.test(text)),
    `${moved}`,
  );
});

/** What overruns of the run's budget add up to, in steps. */
function overrunsOf(dataDir: string): number {
  const db = new DatabaseSync(join(dataDir, "tollgate.db"));
  const rows = db.prepare(`SELECT level FROM overruns WHERE ${OF_TREE}`).all();
  db.close();
  const sum = rows.reduce((all, { level }) => all + BigInt(`${level}`), 0n);
  return Number(sum / ONE_UNIT);
}

/** What verification says of a copy that was altered. */
function problemsAfter(dataDir: string, alter: (db: DatabaseSync) => void): string[] {
  folders += 1;
  const copy = join(folder, String(folders));
  cpSync(dataDir, copy, { recursive: true });
  const db = new DatabaseSync(join(copy, "tollgate.db"));
  alter(db);
  db.close();
  return verifyDataFolder(copy).findings.map(({ table, problem }) => `${table} ${problem}`);
}

test("an overrun is missed though the limit changed, and so is a retired balance", async () => {
  const dataDir = await played([
    ["steps", "a", 4],
    ["steps", "a", 1],
    ["limit", "steps", 9],
    ["steps", "b", 4],
    ["retire", "steps", 0],
    ["steps", "b", 1],
  ]);
  assert.deepEqual(
    problemsAfter(dataDir, () => undefined),
    [],
  );
  const of = "budget_id = (SELECT id FROM budgets WHERE key = 'steps')";
  const gone = problemsAfter(dataDir, (db) => {
    const { n } = db.prepare(`SELECT count(*) AS n FROM overruns WHERE ${of}`).get() as {
      n: number;
    };
    assert.ok(n >= 2);
    db.exec(`DELETE FROM overruns WHERE ${of} AND seq =
      (SELECT max(seq) FROM overruns WHERE ${of})`);
  });
  assert.ok(
    gone.some((text) => /^overruns add up to \d+, \d+ was settled above/.test(text)),
    `${gone}`,
  );
  const moved = problemsAfter(dataDir, (db) => {
    db.exec(`UPDATE budget_balances SET settled = '11' || substr(settled, 3) WHERE ${of}`);
  });
  assert.ok(
    moved.some((text) => /when its budget was retired$/.test(text)),
    `${moved}`,
  );
});

test("overruns are missed of charge, credits, runs and runs of a card", async () => {
  const keys = ["money", "bill", "units", "runs", "open", "carded"] as const;
  const dataDir = await played([
    ...keys.map((key) => ["limit", key, 0] satisfies Act),
    ["open", "a", 3],
    ["open", "b", 3],
    ["outcome", "a", 0],
    ["steps", "a", 2],
    ...keys.map((key) => ["own", key, 9] satisfies Act),
    ["outcome", "a", 4],
    ["end", "b", 1],
    ["steps", "b", 2],
  ]);
  assertFirstIsMissed(dataDir, keys);
});

/** Nothing is wrong with the folder; without the first overrun of any of these budgets it is. */
function assertFirstIsMissed(dataDir: string, keys: readonly string[]): void {
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  for (const key of keys) {
    const problems = problemsAfter(dataDir, (db) => {
      const of = `budget_id = (SELECT id FROM budgets WHERE key = '${key}')`;
      const sql = `DELETE FROM overruns WHERE seq = (SELECT min(seq) FROM overruns WHERE ${of})`;
      assert.equal(db.prepare(sql).run().changes, 1, `an overrun of ${key}`);
    });
    const isFound = problems.some((text) => text.startsWith("overruns add up to"));
    assert.ok(isFound, `${key}: ${problems}`);
  }
}

test("an overrun is missed of charges in which runs with a cap and a minimum count", async () => {
  const history = [
    ["own", "money", 2],
    ["own", "bill", 1],
    ["open", "a", 3],
    ["open", "b", 3],
    // Calls and fees beyond the cap of a, which takes them off again.
    ["steps", "a", 4],
    ["steps", "a", 4],
    ["own", "money", 3],
    ["own", "bill", 2],
    // The minimum of b comes with its end.
    ["end", "b", 1],
    ["outcome", "a", 0],
    ["own", "money", 9],
    ["own", "bill", 9],
    ["steps", "b", 2],
  ] as const satisfies readonly Act[];
  const dataDir = await played(history, BOUND_CARD);
  assertFirstIsMissed(dataDir, ["money", "bill"]);
});

for (const [key, what] of [
  ["tree", "got its agent later than its steps"],
  ["named", "its budget selects since it got its agent"],
] as const) {
  test(`an overrun is missed of a run that ${what}`, async () => {
    const dataDir = await played([
      ["own", key, 1],
      ["steps", "a", 2],
      ["open", "a", 3],
      ["own", key, 9],
      ["steps", "a", 0],
    ]);
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
    const problems = problemsAfter(dataDir, (db) => {
      const of = `budget_id = (SELECT id FROM budgets WHERE key = '${key}')`;
      assert.ok(db.prepare(`DELETE FROM overruns WHERE ${of}`).run().changes > 0);
    });
    assert.ok(
      problems.some((text) => /^overruns add up to 0, 2 was settled above/.test(text)),
      `${problems}`,
    );
  });
}
