/**
 * Holds are decided while the unit before them is on its way to the disk, and that one fails: then
 * both do, and whoever asks again gets what a single caller after the other would have got.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { seededRandom } from "../../bench/workload.ts";
import { startTollgate } from "../../src/compose.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { HttpClient } from "../crash/http-client.ts";
import { disarm } from "./failing-database.ts";
import { prepareFolder } from "./served-store.ts";
import { assertTwoFailTogether, type LateFault, serveSlowly } from "./slow-disk.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
const CALLERS = 24;
const ASKS = 160;
/** Steps that the run may make. */
const ROOM = 50;
const folder = mkdtempSync(join(tmpdir(), "tollgate-holds-ahead-"));
const prepared = join(folder, "prepared");
let key = "";

before(async () => {
  key = await prepareFolder(prepared);
  const server = await startTollgate({ dataDir: prepared, port: 0 });
  const client = new HttpClient(server.url, key);
  const budget = { each: "run", measure: "steps", limit: String(ROOM) };
  await client.put("/v1/budgets/run-steps", { budget, reason: "test", by: "t" });
  const opening = { type: "run.opened", id: "o", source: "sdk", run: "r", customer: "acme" };
  const { status } = await client.post("/v1/events", [{ ...opening, occurredAt: now() }]);
  assert.equal(status, 200);
  client.close();
  await server.stop();
});

after(() => rmSync(folder, { recursive: true, force: true }));

const now = () => new Date().toISOString();

/** A disk that takes 2 to 6 ms. */
const serve = (dataDir: string, fault: LateFault | null, random: () => number) =>
  serveSlowly(dataDir, key, { fault, commitMs: () => 2 + 4 * random() });

interface Decided {
  readonly decisions: readonly { readonly decision: string }[];
  readonly code?: string;
}

/** The same again until somebody decides. */
async function until200<Body extends { readonly code?: string }>(
  post: () => Promise<{ readonly status: number; readonly body: Body }>,
): Promise<{ readonly body: Body; readonly failures: number }> {
  let failures = 0;
  for (;;) {
    const { status, body } = await post();
    if (status === 200) return { body, failures };
    failures += 1;
    assert.deepEqual([status, body.code], [503, "store.unknown"]);
  }
}

/** Callers at once, each of many asks; of the steps that are allowed, a third is recorded. */
async function askAtOnce(client: HttpClient, random: () => number) {
  let [next, allowed, failures, recorded] = [0, 0, 0, 0];
  const caller = async (): Promise<void> => {
    while (next < ASKS) {
      const id = `s${next}`;
      next += 1;
      const what = { source: "sdk", id, kind: "tool", tool: "t" };
      const asked = await until200(() =>
        client.post<Decided>("/v1/runs/r/holds", { holds: [what] }),
      );
      failures += asked.failures;
      if (asked.body.decisions[0]?.decision !== "allow") continue;
      allowed += 1;
      if (random() > 1 / 3) continue;
      recorded += 1;
      const step = { ...what, run: "r", occurredAt: now(), usage: {} };
      const sent = await until200(() => client.post<Decided>("/v1/events", [step]));
      failures += sent.failures;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return { allowed, failures, recorded };
}

interface Balances {
  readonly balances: readonly { readonly settled: string; readonly held: string }[];
}

/** What the run's balance says: how many steps are settled and held. */
async function balanceOf(client: HttpClient) {
  const { body } = await client.get<Balances>("/v1/budgets/run-steps/balances?scope=r");
  const [balance] = body.balances;
  return { settled: Number(balance?.settled), held: Number(balance?.held) };
}

async function sessionWith(fault: LateFault | null, session: number) {
  const dataDir = join(folder, `session-${session}`);
  cpSync(prepared, dataDir, { recursive: true });
  const random = seededRandom(seed + session);
  const { client, stop, early } = await serve(dataDir, fault, random);
  try {
    const { allowed, failures, recorded } = await askAtOnce(client, random);
    const isHit = disarm();
    assert.equal(allowed, ROOM, "no more than there is room for, and no less");
    const expected = { settled: recorded, held: ROOM - recorded };
    assert.deepEqual(await balanceOf(client), expected);
    await stop();
    const again = await serve(dataDir, null, random);
    assert.deepEqual(await balanceOf(again.client), expected, "after a restart");
    await again.stop();
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
    return { isHit, early: early(), failures };
  } finally {
    disarm();
    await stop().catch(() => undefined);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

test("units with holds that overlap allow what there is room for", async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  let early = 0;
  // Who connects together is let in together, so on a busy machine few units follow one another.
  for (let session = 0; session < 30 && (isFull || session < 2 || early <= 5); session += 1) {
    const done = await sessionWith(null, session);
    assert.equal(done.failures, 0);
    early += done.early;
  }
  t.diagnostic(`${early} units began early`);
  assert.ok(early > 5, `${early} units began early`);
});

for (const kind of ["commit", "answer", "call"] as const) {
  test(`holds of a unit whose ${kind} fails are decided anew, with those behind it`, async (t) => {
    t.diagnostic(`TOLLGATE_SEED=${seed}`);
    t.diagnostic(await assertTwoFailTogether(kind, seed, sessionWith));
  });
}
