/**
 * The connection to the database breaks at a byte of a unit of work, in either direction. The
 * caller is told success or unknown, never anything else; what it sends again counts once.
 *
 * Bytes of the commit itself and of its answer are all tried; of what goes before them, some, and
 * every one with TOLLGATE_TEST_FULL.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { composeHttp } from "../../src/compose.ts";
import { postgresServer } from "../postgres-server.ts";
import { toolStep } from "./calls.ts";
import { CuttingProxy, type Direction } from "./cutting-proxy.ts";
import { openNode, type SideNode } from "./nodes.ts";

/** The last bytes of a unit, in which its COMMIT and the answer to it stand. */
const COMMIT_BYTES = 20;
const COMMIT_ANSWER_BYTES = 18;
/** Of what goes before, one byte in so many. */
const SPREAD = process.env.TOLLGATE_TEST_FULL === undefined ? 307 : 1;
const RUN = "cut";

let proxy: CuttingProxy;
let node: SideNode;
let witness: SideNode;

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  witness = await openNode(url);
  proxy = await CuttingProxy.start(url);
  node = await openNode(proxy.url);
});

after(async () => {
  await node.close();
  await witness.close();
  proxy.close();
});

let sent = 0;

/** A request of two steps that nobody has sent before. */
function nextRequest(): string {
  sent += 2;
  return JSON.stringify([sent - 1, sent].map((n) => toolStep(RUN, `s-${n}`, "acme")));
}

function ingest(request: string) {
  return composeHttp(node.engine).intake.ingestBody("default", request, "json");
}

async function outcomeOf(request: string): Promise<"kept" | "unknown"> {
  try {
    const { results } = await ingest(request);
    assert.ok(results.every(({ result }) => result.status === "accepted"));
    return "kept";
  } catch (error) {
    assert.equal((error as { code?: string }).code, "store.unknown", String(error));
    return "unknown";
  }
}

/** COMMIT may be with the server while its answers are cut off: a lock waits for its end. */
async function stepsKept(): Promise<number> {
  await witness.store.transact("default", (unit) => unit.head());
  return (await witness.store.run("default", RUN))?.own.steps ?? 0;
}

/**
 * Sends one request through a network that breaks, and again through one that does not. Returns
 * what was told of the first, and whether it stood all the same.
 */
async function cutAt(sender: Direction, byte: number) {
  const request = nextRequest();
  proxy.from({ of: sender, after: byte });
  const outcome = await outcomeOf(request);
  proxy.from(null);
  const before = await stepsKept();
  if (outcome === "kept") assert.equal(before, sent, "what was acknowledged is there");
  else assert.ok(before === sent || before === sent - 2, "a unit is there whole or not at all");
  const { results } = await ingest(request);
  const wanted = before === sent ? "duplicate" : "accepted";
  assert.deepEqual(new Set(results.map(({ result }) => result.status)), new Set([wanted]));
  assert.equal(await stepsKept(), sent, `counted once, cut at byte ${byte} of the ${sender}`);
  return { outcome, hasStood: before === sent };
}

/** Bytes of a whole unit over a connection that has seen all of its statements. */
async function bytesOfUnit(sender: Direction): Promise<number> {
  assert.equal(await outcomeOf(nextRequest()), "kept");
  proxy.from(null);
  assert.equal(await outcomeOf(nextRequest()), "kept");
  return proxy.counts[sender];
}

test("a unit that is cut at any byte is unknown or kept, and counts once", async (t) => {
  for (let warm = 0; warm < 3; warm += 1) await outcomeOf(nextRequest());
  for (const sender of ["node", "database"] as const) {
    const whole = await bytesOfUnit(sender);
    let [cuts, unknown, stood] = [0, 0, 0];
    const cut = async (byte: number): Promise<void> => {
      const { outcome, hasStood } = await cutAt(sender, byte);
      cuts += 1;
      if (outcome === "unknown") unknown += 1;
      if (outcome === "unknown" && hasStood) stood += 1;
    };
    for (let byte = 0; byte < whole - COMMIT_BYTES; byte += SPREAD) await cut(byte);
    // Numbers have grown by a digit meanwhile, and a new connection has more to say.
    for (let back = COMMIT_BYTES; back >= 1; back -= 1) {
      await cut((await bytesOfUnit(sender)) - back);
    }
    t.diagnostic(`${sender}: ${cuts} cuts in ${whole} bytes, ${unknown} unknown, ${stood} stood`);
    assert.ok(unknown > cuts / 2, "the cuts fall into the unit");
    // A commit that was not sent whole is none. One whose answer was lost, of 18 bytes, is the case
    // that identities are there for.
    if (sender === "node") assert.equal(stood, 0, "half a commit is none");
    else assert.ok(stood >= COMMIT_ANSWER_BYTES - 2, `${stood} commits stood unheard`);
  }
});
