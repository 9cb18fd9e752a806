/**
 * `kill -9` between hold and settle, again and again: what was held of credit is held after it,
 * what was recorded burned its grants once, and no more was ever granted than there is.
 * TOLLGATE_SEED repeats what is sent and when it is killed, as far as a kill can be repeated.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../bench/workload.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type ChildServer, startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";

const KILLS = process.env.TOLLGATE_TEST_FULL === undefined ? 5 : 60;
const CALLERS = 6;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
/** Three grants; a call is a tenth of a dollar. */
const GRANTS = ["11", "7.5", "21.5"];
const CALLS_MAX_COUNT = 400;
const CARD = {
  key: "calls",
  currency: "USD",
  charges: [
    { key: "calls", meter: { count: "steps" }, price: { model: "per_unit", unit: "0.10" } },
  ],
};
const WHO = { reason: "test", by: "test" };

/** What is known of a call. Without an answer, an ask may be granted and a release may be done. */
type State = "asked" | "held" | "recorded" | "released";

interface HoldsAnswer {
  readonly decisions: readonly { readonly decision: string }[];
}

/** The calls of all lives of one server. */
class Calls {
  readonly states = new Map<string, State>();
  /** Answers so far. */
  answered = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  in(state: State): string[] {
    return [...this.states].filter(([, own]) => own === state).map(([id]) => id);
  }

  /** Asks for a hold; true: it is held, or recorded already. */
  async hold(client: HttpClient, id: string): Promise<boolean> {
    if (!this.states.has(id)) this.states.set(id, "asked");
    const ask = { source: "sdk", id, kind: "tool", tool: "search", ttlMs: 3_600_000 };
    const path = "/v1/runs/r1/holds";
    const { status, body } = await client.post<HoldsAnswer>(path, { holds: [ask] });
    assert.equal(status, 200, JSON.stringify(body));
    this.answered += 1;
    const decision = body.decisions[0]?.decision ?? "none";
    const was = this.states.get(id);
    if (was === "held") assert.ok(decision === "allow" || decision === "settled", decision);
    if (decision === "settled") this.states.set(id, "recorded");
    else if (decision === "allow") this.states.set(id, "held");
    else this.states.delete(id);
    return decision === "allow";
  }

  async record(client: HttpClient, id: string): Promise<void> {
    const step = { source: "sdk", run: "r1", id, kind: "tool", tool: "search" };
    const events = [{ ...step, occurredAt: new Date().toISOString() }];
    const { status } = await client.post<unknown>("/v1/events", events);
    assert.equal(status, 200);
    this.states.set(id, "recorded");
  }

  async release(client: HttpClient, id: string): Promise<void> {
    const holds = [{ source: "sdk", id }];
    this.states.set(id, "asked");
    await client.post<unknown>("/v1/runs/r1/holds/release", { holds });
    this.states.set(id, "released");
  }
}

/** Holds calls; some are recorded at once, some let go, and some are in flight at the kill. */
async function work(client: HttpClient, calls: Calls, life: string): Promise<void> {
  for (let n = 0; ; n += 1) {
    const id = `${life}-${n}`;
    try {
      if (!(await calls.hold(client, id))) continue;
      const fate = calls.pick(10);
      if (fate < 6) await calls.record(client, id);
      else if (fate < 7) await calls.release(client, id);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
  }
}

async function setUp(client: HttpClient): Promise<void> {
  const done = async (answer: Promise<{ readonly status: number; readonly body: unknown }>) => {
    const { status, body } = await answer;
    assert.ok(status < 300, JSON.stringify(body));
  };
  await done(client.post("/v1/rate-cards", CARD));
  const occurredAt = new Date().toISOString();
  const opening = { type: "run.opened", id: "open", source: "sdk", run: "r1", occurredAt };
  await done(client.post("/v1/events", [{ ...opening, customer: "acme" }]));
  for (const [at, amount] of GRANTS.entries()) {
    const grant = { customer: "acme", amount, id: `g${at}`, priority: at, ...WHO };
    await done(client.post("/v1/credits/grants", grant));
  }
  const budget = { each: "customer", measure: "prepaid" };
  await done(client.put("/v1/budgets/credit", { budget, ...WHO }));
}

interface Credits {
  readonly wallets: readonly {
    readonly balance: string;
    readonly owed: string;
    readonly grants: readonly { readonly grant: string; readonly used: string }[];
  }[];
}

/** In this life nobody kills it: whatever is held goes on, and the rest is used up to the end. */
async function finish(client: HttpClient, calls: Calls): Promise<void> {
  for (const id of calls.in("asked")) await calls.hold(client, id);
  // What was released may have been granted anew by nobody; what is held is held still.
  for (const id of calls.in("held")) {
    if (await calls.hold(client, id)) await calls.record(client, id);
  }
  for (let n = 0; await calls.hold(client, `last-${n}`); n += 1) {
    await calls.record(client, `last-${n}`);
  }
}

test(`${KILLS} kills between hold and settle burn grants once, hold nothing twice`, async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-held-"));
  const calls = new Calls(seededRandom(seed));
  let server: ChildServer = await startChild({ dataDir });
  const key = server.adminKey ?? assert.fail("no key");
  try {
    await setUp(new HttpClient(server.url, key));
    for (let life = 0; life < KILLS; life += 1) {
      const client = new HttpClient(server.url, key);
      const workers = Array.from({ length: CALLERS }, (_, at) =>
        work(client, calls, `${life}-${at}`),
      );
      // A slow machine is given the time that it needs to have something in flight.
      const enough = calls.answered + 10 + calls.pick(30);
      while (calls.answered < enough) await sleep(2);
      await server.end("SIGKILL");
      await Promise.all(workers);
      client.close();
      server = await startChild({ dataDir });
      assert.ok(calls.in("recorded").length <= CALLS_MAX_COUNT);
    }
    const inFlight = calls.in("asked").length + calls.in("held").length;
    t.diagnostic(`${calls.in("recorded").length} recorded, ${inFlight} in flight after the kills`);
    const client = new HttpClient(server.url, key);
    await finish(client, calls);
    const { body } = await client.get<Credits>("/v1/customers/acme/credits");
    const [wallet] = body.wallets;
    assert.equal(wallet?.balance, "0", "every hold was settled by its step");
    assert.equal(wallet.owed, "0", "and none above what there was");
    const used = wallet.grants.map((one) => `${one.grant} ${one.used}`);
    assert.deepEqual(used, ["g0 11", "g1 7.5", "g2 21.5"]);
    assert.equal(calls.in("recorded").length, CALLS_MAX_COUNT);
    client.close();
    await server.end("SIGTERM");
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  } finally {
    await server.end("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  }
});
