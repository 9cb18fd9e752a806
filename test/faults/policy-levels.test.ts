/**
 * Findings of policies in random histories: runs that come below others late or move, steps that
 * are voided, asks, runs that are let go on. Verification, which works levels out from rows, agrees
 * with each, also once the steps are removed.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { opened, step, toolCall, voided } from "../../src/engine/engine-world.test.ts";
import { ask, holdOn } from "../../src/engine/holds-world.test.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { closeAll, retainAt, withEngine } from "../retention/retaining.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-policy-levels-"));
after(() => rmSync(folder, { recursive: true }));
let folders = 0;

const START_MS = Date.UTC(2026, 10, 23);
const LATER_MS = Date.UTC(2028, 0, 15);
/** Of so many histories the steps of one are removed. */
const REMOVED_EVERY = 6;
const WHO = { reason: "test", by: "test" };
const RUNS = ["a", "b", "c", "d", "e"] as const;

/** Stages of each, so that levels are found more than once on the way. */
const RULES = [
  ...[2, 4, 7].map((moreThan) => ({ rule: "steps", moreThan, do: "notify" })),
  ...[1, 2, 3].map((moreThan) => ({ rule: "depth", moreThan, do: "notify" })),
  ...[1, 2].map((moreThan) => ({ rule: "fan_out", moreThan, do: "notify" })),
  ...[1, 3, 9].map((moreThan) => ({ rule: "wall_time", moreThan: `${moreThan}`, do: "notify" })),
  ...[1, 2].map((moreThan) => ({ rule: "error_storm", moreThan, do: "notify", within: 5 })),
  ...[1, 2].map((moreThan) => ({ rule: "repeated_call", moreThan, do: "notify", within: 6 })),
  { rule: "context_growth", moreThan: 10, do: "notify", within: 6, rises: 1 },
  ...["1", "5"].map((moreThan) => ({ rule: "spend_per_minute", moreThan, do: "notify" })),
  { rule: "steps", moreThan: 9, do: "pause" },
];

const runs = fc.constantFrom(...RUNS);
const acts = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant("steps" as const), runs, fc.nat(3)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("move" as const), runs, fc.nat(4)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("ask" as const), runs, fc.nat(3)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("void" as const), runs, fc.nat(9)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("resume" as const), runs, fc.nat(0)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("wait" as const), runs, fc.nat(180)) },
);
type Act = typeof acts extends fc.Arbitrary<infer T> ? T : never;

/** A history, one act after the other. */
class Play {
  readonly #engine: Engine;
  readonly #clock: { now: number };
  readonly #sent: { run: string; id: string }[] = [];
  #count = 0;

  constructor(engine: Engine, clock: { now: number }) {
    this.#engine = engine;
    this.#clock = clock;
  }

  async act([what, run, n]: Act): Promise<void> {
    this.#count += 1;
    const { now } = this.#clock;
    const id = `${what} ${this.#count}`;
    if (what === "wait") this.#clock.now += n * 1_000;
    if (what === "steps") await this.#steps(run, n);
    if (what === "move") {
      const [parent = "a", customer] = [RUNS[n], "acme"];
      const moved = opened({ run, id, customer, occurredAtMs: now - n * 30_000 });
      await this.#engine.ingest("w", [parent === run ? moved : { ...moved, parentRun: parent }]);
    }
    if (what === "ask") {
      await holdOn(this.#engine, run, ask(id, { step: toolCall({ run, id, callHash: `h${n}` }) }));
    }
    if (what === "void") {
      const [target] = this.#sent.splice(n % (this.#sent.length + 1), 1);
      if (target === undefined) return;
      const of = { run: target.run, id, target: { source: "sdk", id: target.id } };
      await this.#engine.ingest("w", [voided(of)]);
    }
    if (what === "resume") {
      const of = { of: "run", id: run, raise: null, ...WHO } as const;
      await this.#engine.limits.resumeWork("w", of).catch(({ code }: { readonly code: string }) => {
        assert.ok(["run.not_found", "stop.not_found"].includes(code), code);
      });
    }
  }

  async #steps(run: string, n: number): Promise<void> {
    const of = { run, customer: "acme", occurredAtMs: this.#clock.now - n * 20_000 };
    const ids = Array.from({ length: n + 1 }, (_, at) => `s${this.#count}.${at}`);
    const made = ids.map((id, at) =>
      at % 2 === 0
        ? toolCall({ ...of, id, callHash: `h${n}`, status: n > 1 ? "error" : "ok" })
        : step({ ...of, id }),
    );
    for (const id of ids) this.#sent.push({ run, id });
    await this.#engine.ingest("w", made);
  }
}

test("each level that was found is borne out, whatever was moved and voided", async () => {
  const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  let [found, removed] = [0, 0];
  const property = fc.asyncProperty(
    fc.array(acts, { minLength: 5, maxLength: 40 }),
    async (all) => {
      folders += 1;
      const dataDir = join(folder, String(folders));
      const store = openSqliteStore({ dataDir, digest: nodeDigest });
      const clock = { now: START_MS };
      const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
      await store.createWorkspace("w");
      const policy = { key: "guard", document: { rules: RULES }, ...WHO };
      const saved = await engine.policies.save("w", policy);
      assert.ok(!("problems" in saved));
      const play = new Play(engine, clock);
      for (const act of all) await play.act(act);
      found += (await store.acts("w", { kind: "policy.reached", limit: 1_000 })).length;
      await store.close();
      assert.deepEqual(verifyDataFolder(dataDir).findings, []);
      if (folders % REMOVED_EVERY > 0) return;
      await withEngine({ dataDir }, LATER_MS, (later) => closeAll(later, "w"));
      removed += (await retainAt({ dataDir }, LATER_MS)).steps;
      assert.deepEqual(verifyDataFolder(dataDir).findings, []);
    },
  );
  await fc.assert(property, { seed, numRuns: process.env.TOLLGATE_TEST_FULL ? 1_000 : 25 });
  assert.ok(found > 50 && removed > 20, `${found} findings, ${removed} steps removed`);
});
