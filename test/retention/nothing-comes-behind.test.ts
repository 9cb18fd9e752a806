/**
 * A run is condensed once nothing of it can come any more, and what says all of a run says so of
 * steps that counted nothing, too.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { composeHttp, DEFAULT_WORKSPACE, prepareWorkspace } from "../../src/compose.ts";
import { HOLD_QUARANTINE_MS } from "../../src/domain/limits.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { postgresServer } from "../postgres-server.ts";
import { closeAll, type Place, retainAt, withEngine } from "./retaining.ts";

const WS = DEFAULT_WORKSPACE;
const JANUARY_MS = Date.UTC(2027, 0, 15);
const APRIL_MS = Date.UTC(2027, 3, 15);
const JULY_MS = Date.UTC(2027, 6, 15);
const WHO = { reason: "test", by: "anna" };
const folder = mkdtempSync(join(tmpdir(), "tollgate-nothing-behind-"));

after(() => rmSync(folder, { recursive: true }));

const step = (run: string, id: string, more: object = {}) => ({
  ...{ source: "sdk", run, id, customer: "acme", kind: "tool", tool: "search" },
  ...{ occurredAt: new Date(JANUARY_MS).toISOString(), ...more },
});

async function statusesOf(engine: Engine, events: readonly object[]) {
  const { intake } = composeHttp(engine);
  const { results } = await intake.ingestBody(WS, JSON.stringify(events), "json");
  return results.map(({ result }) => result.error?.code ?? result.status);
}

async function askedFor(engine: Engine, run: string, nowMs: number) {
  const nowText = new Date(nowMs).toISOString();
  const ask = { id: "h1", source: "sdk", kind: "tool", tool: "search", usage: { calls: "2" } };
  const body = { holds: [ask] };
  const { events, ...asked } = composeHttp(engine).readHolds(body, { run, nowText });
  const { answer } = await engine.hold(WS, events, { run, releases: [], renewals: [], ...asked });
  const [decision] = answer.decisions;
  assert.ok(decision !== undefined);
  return "reason" in decision ? decision.reason : decision.decision;
}

async function heldIn(engine: Engine): Promise<bigint[]> {
  const { balances } = await engine.limits.balancesOf(WS, "calls", { limit: 10 });
  return balances.map(({ held }) => held);
}

function behind(name: string, begin: () => Promise<Place>): void {
  describe(name, () => {
    let place: Place;
    before(async () => {
      place = await begin();
      await withEngine(place, JANUARY_MS, async (engine) => {
        await prepareWorkspace(engine, WS);
        const document = { each: "customer", measure: "steps", per: "lifetime", limit: "100" };
        await engine.limits.saveBudget(WS, { key: "calls", document, ...WHO });
        const sent = [step("held", "s1"), step("gone", "s1"), step("void", "s1")];
        assert.deepEqual(new Set(await statusesOf(engine, sent)), new Set(["accepted"]));
        const voiding = { type: "step.voided", reason: "test", target: { id: "s1" } };
        const at = { source: "sdk", occurredAt: new Date(JANUARY_MS).toISOString() };
        await statusesOf(engine, [{ ...voiding, ...at, run: "void", id: "v1" }]);
      });
      await withEngine(place, APRIL_MS, (engine) => closeAll(engine, WS));
    });

    test("a run of which a hold counts keeps its steps, and its estimate is counted", async () => {
      await withEngine(place, APRIL_MS, async (engine) => {
        assert.equal(await askedFor(engine, "held", APRIL_MS), "allow");
      });
      assert.deepEqual(await retainAt(place, APRIL_MS, 1), { runs: 2, steps: 2 });
      const laterMs = APRIL_MS + 86_400_000 + HOLD_QUARANTINE_MS;
      await withEngine(place, laterMs, async (engine) => {
        assert.equal(await engine.limits.endQuarantine(WS), 1);
        assert.deepEqual(await heldIn(engine), [0n]);
        const { run, steps } = await engine.runTree(WS, "held");
        assert.deepEqual([run.own.steps, steps.length], [2, 2]);
      });
    });

    test("no hold is granted of a run that is condensed: its step would be refused", async () => {
      await withEngine(place, JULY_MS, async (engine) => {
        assert.equal(await askedFor(engine, "gone", JULY_MS), "run_ended");
        assert.deepEqual(await statusesOf(engine, [step("gone", "h1")]), ["run.condensed"]);
        assert.deepEqual(await heldIn(engine), [0n]);
      });
    });

    test("a receipt is refused where steps that counted nothing are gone", async () => {
      await withEngine(place, JULY_MS, async (engine) => {
        for (const run of ["gone", "void"]) {
          const issued = engine.receipts.issue(WS, { run, issuer: "test" });
          await assert.rejects(issued, { code: "steps.removed" }, run);
        }
        await engine.receipts.issue(WS, { run: "held", issuer: "test" });
      });
    });

    test("it verifies", async () => {
      const { databaseUrl, dataDir } = place;
      const verified =
        databaseUrl === undefined
          ? verifyDataFolder(dataDir)
          : await verifyDatabase(databaseUrl, () => undefined);
      assert.deepEqual(verified.findings, []);
    });
  });
}

behind("in a folder", async () => ({ dataDir: join(folder, "data") }));
behind("in a database", async () => {
  const databaseUrl = await (await postgresServer()).createDatabase();
  return { dataDir: "", databaseUrl };
});
