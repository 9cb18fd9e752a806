/**
 * Month by month steps are removed, as a company does it: runs that were committed together end at
 * different times, so a link of the chain loses rows again and again.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { composeHttp, DEFAULT_WORKSPACE, prepareWorkspace } from "../../src/compose.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { openFile } from "../faults/altered-copy.ts";
import { postgresServer } from "../postgres-server.ts";
import { closeAll, type Place, retainAt, withEngine } from "./retaining.ts";

const IS_FULL = process.env.TOLLGATE_TEST_FULL !== undefined;
const WS = DEFAULT_WORKSPACE;
const RUNS = 4;
/** Behind the last batch, until all may go. */
const MONTHS = 8;
const folder = mkdtempSync(join(tmpdir(), "tollgate-later-removals-"));
let folders = 0;

after(() => rmSync(folder, { recursive: true }));

function newFolder(): Place {
  folders += 1;
  return { dataDir: join(folder, `data-${folders}`) };
}

/** The middle of a month, counted from January of 2027. */
const middleOf = (month: number) => Date.UTC(2027, month, 15);

/** What one request of a month has: runs that work together, once each. */
interface Batch {
  readonly month: number;
  readonly runs: readonly number[];
}

const anyBatches: fc.Arbitrary<Batch[]> = fc
  .array(
    fc.record({
      month: fc.nat({ max: 4 }),
      runs: fc.uniqueArray(fc.nat({ max: RUNS - 1 }), { minLength: 1 }),
    }),
    { minLength: 2, maxLength: 8 },
  )
  .map((batches) => batches.toSorted((a, b) => a.month - b.month));

const stepsOf = ({ month, runs }: Batch, place: number) =>
  runs.map((run) => ({
    ...{ source: "sdk", run: `r${run}`, id: `s${place}`, customer: "acme", kind: "tool" },
    ...{ tool: "search", occurredAt: new Date(middleOf(month)).toISOString() },
  }));

async function statusesOf(engine: Engine, events: readonly object[]) {
  const { intake } = composeHttp(engine);
  const { results } = await intake.ingestBody(WS, JSON.stringify(events), "json");
  return results.map(({ result }) => result.error?.code ?? result.status);
}

async function findingsAt({ dataDir, databaseUrl }: Place) {
  if (databaseUrl === undefined) return verifyDataFolder(dataDir);
  return verifyDatabase(databaseUrl, () => undefined);
}

/** Plays a month, and removes all that may go by then. Returns how many steps went. */
async function playMonth(
  place: Place,
  batches: readonly Batch[],
  { month, counted }: { readonly month: number; readonly counted: Set<string> },
): Promise<number> {
  await withEngine(place, middleOf(month), async (engine) => {
    await prepareWorkspace(engine, WS);
    await closeAll(engine, WS);
    for (const [at, batch] of batches.entries()) {
      if (batch.month !== month) continue;
      const steps = stepsOf(batch, at);
      const statuses = await statusesOf(engine, steps);
      for (const [index, status] of statuses.entries()) {
        if (status === "run.condensed") continue;
        assert.equal(status, "accepted");
        counted.add(JSON.stringify(steps[index]));
      }
    }
  });
  return (await retainAt(place, middleOf(month), 1)).steps;
}

/** Plays it month by month, until all has gone. */
async function removedMonthly(place: Place, batches: readonly Batch[]): Promise<number> {
  const counted = new Set<string>();
  let removed = 0;
  for (let month = 0; month < MONTHS; month += 1) {
    removed += await playMonth(place, batches, { month, counted });
    const verified = await findingsAt(place);
    assert.deepEqual(verified.findings, [], `month ${month}`);
    assert.equal(verified.removed.steps, removed);
  }
  await withEngine(place, middleOf(MONTHS), async (engine) => {
    const sent = [...counted].map((step) => JSON.parse(step) as object);
    assert.deepEqual(new Set(await statusesOf(engine, sent)), new Set(["duplicate"]));
    const [row] = await engine.usage(WS, { groupBy: [], filter: {} });
    assert.equal(row?.steps, counted.size);
  });
  assert.equal(removed, counted.size);
  return removed;
}

const TOGETHER: readonly Batch[] = [
  { month: 0, runs: [0, 1, 2] },
  { month: 2, runs: [1, 2] },
  { month: 3, runs: [2] },
];

test("of runs that were committed together each goes in its month", async () => {
  assert.equal(await removedMonthly(newFolder(), TOGETHER), 6);
});

test("whatever was committed together, each month's removal goes on", async () => {
  const property = fc.asyncProperty(anyBatches, async (batches) => {
    await removedMonthly(newFolder(), batches);
  });
  await fc.assert(property, { numRuns: IS_FULL ? 150 : 4 });
});

test("and so it does from a database", async () => {
  const server = await postgresServer();
  const newDatabase = async () => ({ dataDir: "", databaseUrl: await server.createDatabase() });
  assert.equal(await removedMonthly(await newDatabase(), TOGETHER), 6);
  const property = fc.asyncProperty(anyBatches, async (batches) => {
    await removedMonthly(await newDatabase(), batches);
  });
  if (IS_FULL) await fc.assert(property, { numRuns: 20 });
});

test("where a step is missing of what an earlier removal left, nothing is removed", async () => {
  const place = newFolder();
  const batches = [
    { month: 0, runs: [0, 1] },
    { month: 2, runs: [1] },
  ];
  const counted = new Set<string>();
  const removed = [];
  for (const month of [0, 1, 2]) {
    removed.push(await playMonth(place, batches, { month, counted }));
  }
  assert.deepEqual(removed, [0, 0, 1]);
  const db = openFile(place.dataDir);
  db.exec("DELETE FROM steps WHERE step_no = (SELECT min(step_no) FROM steps)");
  db.close();
  await assert.rejects(playMonth(place, [], { month: MONTHS, counted }), { code: "store.corrupt" });
});
