/**
 * What was settled above limits that changed: random histories of steps that are recorded, held,
 * corrected and voided while limits are raised, lowered and taken away and budgets retired.
 * Verification agrees with each, and finds an overrun or a balance that was altered with care.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import type { Engine } from "../../src/engine/engine.ts";
import {
  amended,
  FACTS,
  step,
  toolCall,
  usage,
  voided,
} from "../../src/engine/engine-world.test.ts";
import { ask, holdOn } from "../../src/engine/holds-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-changed-limits-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

const START_MS = Date.UTC(2026, 10, 23, 10);
const WHO = { reason: "test", by: "test" };
const BUDGETS = {
  steps: { each: "customer", measure: "steps", per: "month" },
  hourly: { each: "workspace", measure: "tokens", per: "hour" },
  tree: { each: "run", measure: "steps", per: "lifetime" },
  money: { each: "customer", measure: "charge", per: "month" },
} as const;
const KEYS = Object.keys(BUDGETS) as (keyof typeof BUDGETS)[];
const RUNS = ["a", "b", "c"] as const;

const keys = fc.constantFrom(...KEYS);
const runs = fc.constantFrom(...RUNS);
const acts = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("steps" as const), runs, fc.nat(4)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("held" as const), runs, fc.nat(3)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("correct" as const), runs, fc.nat(9)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("limit" as const), keys, fc.nat(9)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("own" as const), keys, fc.nat(9)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("retire" as const), keys, fc.nat(1)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("wait" as const), runs, fc.nat(90)) },
);
type Act = typeof acts extends fc.Arbitrary<infer T> ? T : never;

/** Levels come one by one, or by the ten tokens. */
function limitOf(key: keyof typeof BUDGETS, n: number): string {
  return String(key === "hourly" ? n * 10 : n);
}

class Play {
  readonly #engine: Engine;
  readonly #clock: { now: number };
  readonly #sent: { run: string; id: string }[] = [];
  #count = 0;

  constructor(engine: Engine, clock: { now: number }) {
    this.#engine = engine;
    this.#clock = clock;
  }

  async act([what, of, n]: Act): Promise<void> {
    this.#count += 1;
    const { limits } = this.#engine;
    // Else all acts fall into one millisecond; and clocks are set back, too.
    if (what === "wait") this.#clock.now += (n - 20) * 60_000;
    if (what === "steps") await this.#steps(of, n);
    if (what === "held") await this.#held(of, n);
    if (what === "correct") await this.#correct(n);
    if (what === "retire") await unlessRefused(limits.retireBudget("w", { key: of, ...WHO }));
    // One that was retired begins anew.
    if (what === "limit" || (what === "retire" && n > 0)) {
      const document = { ...BUDGETS[of], enforcement: "soft", limit: limitOf(of, n) };
      assert.ok("record" in (await limits.saveBudget("w", { key: of, document, ...WHO })));
    }
    if (what === "own") {
      const scope = { customer: "acme", workspace: "", run: "a" }[BUDGETS[of].each];
      const limit = n === 0 ? null : limitOf(of, n);
      await unlessRefused(limits.setLimit("w", { budget: of, scope, limit, ...WHO }));
    }
  }

  async #steps(run: string, n: number): Promise<void> {
    const ids = Array.from({ length: n + 1 }, (_, at) => `s${this.#count}.${at}`);
    for (const id of ids) this.#sent.push({ run, id });
    const of = { run, customer: "acme", occurredAtMs: this.#clock.now };
    await this.#engine.ingest(
      "w",
      ids.map((id, at) => (at % 2 === 0 ? toolCall({ ...of, id }) : step({ ...of, id }))),
    );
  }

  async #held(run: string, n: number): Promise<void> {
    const id = `h${this.#count}`;
    await holdOn(this.#engine, run, ask(id, { step: toolCall({ run, id }) }));
    if (n === 0) return;
    this.#clock.now += n * 20 * 60_000;
    this.#sent.push({ run, id });
    const of = { run, id, customer: "acme", occurredAtMs: this.#clock.now };
    await this.#engine.ingest("w", [toolCall(of)]);
  }

  async #correct(n: number): Promise<void> {
    const target = this.#sent[n % (this.#sent.length + 1)];
    if (target === undefined) return;
    const of = { run: target.run, id: `x${this.#count}`, target: { source: "sdk", id: target.id } };
    const facts = { ...FACTS, usage: usage({ input_uncached: n + 1 }) };
    await this.#engine.ingest("w", [n % 2 === 0 ? voided(of) : amended({ ...of, facts })]);
  }
}

async function unlessRefused(act: Promise<unknown>): Promise<void> {
  await act.catch(({ code }: { readonly code: string }) => assert.equal(code, "budget.not_found"));
}

/** Plays a history in a folder of its own. */
async function played(all: readonly Act[]): Promise<string> {
  folders += 1;
  const dataDir = join(folder, String(folders));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const clock = { now: START_MS };
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace("w");
  const play = new Play(engine, clock);
  for (const key of KEYS) await play.act(["limit", key, 5]);
  for (const act of all) await play.act(act);
  await store.settle("w");
  await store.close();
  return dataDir;
}

test("what went above limits that changed adds up, by the limits of its time", async () => {
  const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const property = fc.asyncProperty(
    fc.array(acts, { minLength: 5, maxLength: 40 }),
    async (all) => {
      assert.deepEqual(verifyDataFolder(await played(all)).findings, []);
    },
  );
  await fc.assert(property, { seed, numRuns: process.env.TOLLGATE_TEST_FULL ? 1_000 : 25 });
});

test("what a run did before its budget counts by the limit in force when it is seen", async () => {
  const dataDir = await played([
    ["steps", "a", 1],
    ["retire", "tree", 1],
    ["own", "tree", 2],
    ["steps", "a", 0],
  ]);
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
});

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
