/**
 * Units of work begin while the one before them is on its way to the disk, and that one fails:
 * then both do, nothing is acknowledged that is not kept, and what is sent again counts once.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { seededRandom } from "../../bench/workload.ts";
import { startTollgate } from "../../src/compose.ts";
import { HttpClient } from "../crash/http-client.ts";
import { send } from "../crash/load.ts";
import { type SentEvent, World } from "../crash/world.ts";
import { disarm } from "./failing-database.ts";
import { assertCountsOnce, prepareFolder } from "./served-store.ts";
import { assertTwoFailTogether, type LateFault, serveSlowly } from "./slow-disk.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
const SENDERS = 6;
const REQUESTS = 30;
const EVENTS_PER_REQUEST = 110;
const folder = mkdtempSync(join(tmpdir(), "tollgate-ahead-"));
const prepared = join(folder, "prepared");
let key = "";

/** Every step moves a balance of its run, its customer and the workspace. */
const BUDGETS = {
  "run-steps": { each: "run", measure: "steps", limit: "1000000" },
  "customer-charge": { each: "customer", measure: "charge", limit: "1000000", per: "month" },
  "all-cost": { each: "workspace", measure: "cost", limit: "1000000", per: "day" },
};

before(async () => {
  key = await prepareFolder(prepared);
  const server = await startTollgate({ dataDir: prepared, port: 0 });
  const client = new HttpClient(server.url, key);
  for (const [name, budget] of Object.entries(BUDGETS)) {
    const { status } = await client.put(`/v1/budgets/${name}`, { budget, reason: "test", by: "t" });
    assert.equal(status, 200, name);
  }
  client.close();
  await server.stop();
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** A disk that takes 4 to 12 ms. */
const serve = (dataDir: string, fault: LateFault | null, random: () => number) =>
  serveSlowly(dataDir, key, { fault, commitMs: () => 4 + 8 * random() });

/** Mostly new events, and some that others are sending just now. */
function requestOf(world: World): SentEvent[] {
  const latest = world.events.slice(-4 * EVENTS_PER_REQUEST);
  const batch: SentEvent[] = [];
  while (batch.length < EVENTS_PER_REQUEST) {
    batch.push(...world.request());
    const again = latest[world.pick(latest.length)];
    if (again !== undefined) batch.push(again);
  }
  return batch;
}

/** Several senders, each until its requests are taken; returns how many were not at first. */
async function sendAtOnce(client: HttpClient, world: World): Promise<number> {
  let left = REQUESTS;
  let failures = 0;
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const batch = requestOf(world);
      let { status, body } = await send(client, batch);
      while (status !== 200) {
        failures += 1;
        assert.deepEqual([status, body.code], [503, "store.unknown"]);
        ({ status, body } = await send(client, batch));
      }
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return failures;
}

interface Session {
  readonly isHit: boolean;
  readonly early: number;
  readonly failures: number;
}

async function sessionWith(fault: LateFault | null, session: number): Promise<Session> {
  const dataDir = join(folder, `session-${session}`);
  cpSync(prepared, dataDir, { recursive: true });
  const random = seededRandom(seed + session);
  const { client, stop, early } = await serve(dataDir, fault, random);
  const world = new World(seed + session, { plainShare: session % 3 === 0 ? 0.9995 : 1 });
  try {
    const failures = await sendAtOnce(client, world);
    const isHit = disarm();
    await assertCountsOnce({ client, stop }, world, dataDir);
    return { isHit, early: early(), failures };
  } finally {
    disarm();
    await stop().catch(() => undefined);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

test("units that overlap come to what units come to that do not", async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  let early = 0;
  const least = isFull ? 30 : 2;
  // How many begin early depends on what else the machine does.
  for (let session = 0; session < least || (early <= 5 && session < 30); session += 1) {
    const done = await sessionWith(null, session);
    assert.equal(done.failures, 0);
    early += done.early;
  }
  t.diagnostic(`${early} units began early`);
  assert.ok(early > 5, `${early} units began early`);
});

for (const kind of ["commit", "answer", "call"] as const) {
  test(`a unit whose ${kind} fails takes the one along that began early`, async (t) => {
    t.diagnostic(`TOLLGATE_SEED=${seed}`);
    t.diagnostic(await assertTwoFailTogether(kind, seed, sessionWith));
  });
}
