/**
 * The database fails at the n-th call, for every n of a short session: nothing is acknowledged
 * that is not kept, the caller hears 503, and what is sent again comes to the same totals. The
 * full run takes every n, the gate a tenth of them, another tenth each time.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { nodeDigest } from "../../src/compose.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { HttpClient } from "../crash/http-client.ts";
import { send } from "../crash/load.ts";
import { recountTrees } from "../crash/recount.ts";
import { World } from "../crash/world.ts";
import { arm, disarm, type Fault } from "./failing-database.ts";
import { assertCountsOnce, prepareFolder, type Served, serveStore } from "./served-store.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
const REQUESTS = 8;
const TRIES_MAX_COUNT = 3;
const folder = mkdtempSync(join(tmpdir(), "tollgate-errors-"));
const prepared = join(folder, "prepared");
/** What servers logged as errors, the latest last. */
const logged: object[] = [];
let key = "";

before(async () => {
  key = await prepareFolder(prepared);
});

after(() => rmSync(folder, { recursive: true, force: true }));

async function serve(dataDir: string): Promise<Served> {
  return serveStore(openSqliteStore({ dataDir, digest: nodeDigest }), key, logged);
}

interface Refusal {
  readonly code?: string;
}

/** A failure is told as one whose outcome is unknown, and when to try again. */
function assertUnknown(answer: {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Refusal;
}): void {
  const { status, headers, body } = answer;
  const about = inspect(logged.at(-1));
  assert.deepEqual([status, body.code], [503, "store.unknown"], about);
  assert.equal(headers["retry-after"], "1");
}

/** One request, sent until it is taken. A single fault is over soon. */
async function sendUntilTaken(client: HttpClient, world: World): Promise<number> {
  const batch = world.request();
  for (let failures = 0; failures < TRIES_MAX_COUNT; failures += 1) {
    const answer = await send(client, batch);
    if (answer.status === 200) return failures;
    assertUnknown(answer);
    // Whatever became of the commit: what is read now is the sum of the steps that are there.
    await recountTrees(client);
  }
  return assert.fail("the fault does not end");
}

/** A read that fails is told so, and takes nothing along that the next one needs. */
async function readBetween(client: HttpClient): Promise<number> {
  const answer = await client.get<Refusal>("/v1/usage?groupBy=customer");
  if (answer.status === 200) return 0;
  assertUnknown(answer);
  await recountTrees(client);
  return 1;
}

async function sessionWith(fault: Fault, at: number): Promise<boolean> {
  const dataDir = join(folder, `${fault.kind}-${at}`);
  cpSync(prepared, dataDir, { recursive: true });
  const { client, stop } = await serve(dataDir);
  const world = new World(seed, { plainShare: fault.nth % 2 === 0 ? 0.9 : 0 });
  try {
    await sendUntilTaken(client, world);
    arm(fault);
    let failures = 0;
    for (let request = 0; request < REQUESTS; request += 1) {
      failures += await sendUntilTaken(client, world);
      if (request % 3 === 2) failures += await readBetween(client);
    }
    const isHit = disarm();
    assert.ok(failures <= 1, "one fault fails one request");
    await assertCountsOnce({ client, stop }, world, dataDir);
    return isHit;
  } finally {
    disarm();
    await stop().catch(() => undefined);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Every n until there are no more calls; in the gate every tenth. */
async function forEveryNth(kind: Fault["kind"], stride: number): Promise<number> {
  const step = isFull ? 1 : stride;
  let count = 0;
  for (let nth = 1 + (isFull ? 0 : seed % stride); ; nth += step) {
    count += 1;
    if (!(await sessionWith({ kind, nth }, nth))) return count;
  }
}

test("a database call that fails fails one request and no total", async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  t.diagnostic(`${await forEveryNth("call", 17)} sessions`);
});

test("a commit that fails is not acknowledged and can be sent again", async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}; ${await forEveryNth("commit", 2)} sessions`);
});

test("a commit whose answer is lost counts once when it is sent again", async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}; ${await forEveryNth("answer", 2)} sessions`);
});
