/**
 * `kill -9` of the server while it sends lines to a billing system, again and again: what arrives
 * there, each key counted once, is what was used, and no key ever comes with two bodies.
 * TOLLGATE_SEED repeats what is sent and when it is killed, as far as a kill can be repeated.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../bench/workload.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type ChildServer, startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";

const KILLS = process.env.TOLLGATE_TEST_FULL === undefined ? 6 : 80;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
const CUSTOMERS = Array.from({ length: 16 }, (_, at) => `customer-${at}`);
const EVENTS_A_LIFE = 48;
/** A sender's lease ends, and what it left in flight is taken up. */
const BETWEEN_LIVES_MS = 3_600_000;
const WHO = { reason: "test", by: "test" };
const CARD = {
  key: "calls",
  currency: "USD",
  charges: [
    { key: "calls", meter: { count: "steps" }, price: { model: "per_unit", unit: "0.10" } },
  ],
};
const ENVIRONMENT = {
  TOLLGATE_ALLOW_LOCAL: "1",
  TOLLGATE_SECRET_KEY: randomBytes(32).toString("base64"),
};

/** A billing system that counts each key once; it is slow at times, so kills find requests. */
class Receiver {
  readonly values = new Map<string, { readonly body: string; readonly value: number }>();
  requests = 0;
  again = 0;
  readonly #random: () => number;
  readonly #server: Server;

  constructor(random: () => number) {
    this.#random = random;
    this.#server = createServer(async (request, response) => {
      await this.#take(request);
      if (this.#random() < 0.5) await sleep(20 * this.#random());
      response.end("{}");
    });
  }

  async #take(request: IncomingMessage): Promise<void> {
    let body = "";
    for await (const part of request) body += part;
    this.requests += 1;
    const key = String(request.headers["webhook-id"]);
    const before = this.values.get(key);
    if (before === undefined) {
      this.values.set(key, { body, value: Number(JSON.parse(body).data.value) });
      return;
    }
    assert.equal(body, before.body, "a key has one body for ever");
    this.again += 1;
  }

  get total(): number {
    return [...this.values.values()].reduce((sum, { value }) => sum + value, 0);
  }

  async listen(): Promise<string> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/lines`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

async function done(answer: Promise<{ readonly status: number; readonly body: unknown }>) {
  const { status, body } = await answer;
  assert.ok(status < 300, JSON.stringify(body));
}

async function setUp(client: HttpClient, { url, since }: { url: string; since: string }) {
  await done(client.post(`/v1/rate-cards?effectiveFrom=${since}T00:00:00Z`, CARD));
  for (const id of CUSTOMERS) {
    await done(client.put(`/v1/customers/${id}`, { startedAt: `${since}T00:00:00Z` }));
  }
  const document = {
    ...{ connector: "webhook", account: "live", mode: "usage", window: "hour", since },
    settings: { url },
  };
  await done(client.put("/v1/targets/erp", { document, ...WHO }));
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  await done(client.put("/v1/targets/erp/secrets/signing", { secret }));
}

/** Records usage of the last days, in windows that have ended and been sent before as well. */
async function use(client: HttpClient, life: number, random: () => number): Promise<void> {
  const events = Array.from({ length: EVENTS_A_LIFE }, (_, at) => {
    const customer = CUSTOMERS[at % CUSTOMERS.length];
    const occurredAt = new Date(Date.now() - Math.floor(random() * 40) * 3_600_000).toISOString();
    const about = { run: `run of ${customer}`, customer, kind: "tool", tool: "search" };
    return { id: `e${life}-${at}`, ...about, occurredAt };
  });
  await done(client.post("/v1/events", events));
}

/** Sends what is owed; resolves when the run has come to its end. */
async function run({ url, key }: HttpClient): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const options = { method: "POST", headers, body: "{}" };
  const text = await (await fetch(`${url}/v1/targets/erp/runs`, options)).text();
  const last = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
  assert.equal(last.type, "total", text);
}

test(`${KILLS} kills while lines are sent bill each of them once`, async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  const random = seededRandom(seed);
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-export-kill-"));
  const receiver = new Receiver(random);
  const url = await receiver.listen();
  const start = (life: number) =>
    startChild({ dataDir, aheadMs: life * BETWEEN_LIVES_MS, environment: ENVIRONMENT });
  let server: ChildServer = await start(0);
  const key = server.adminKey ?? assert.fail("no key");
  try {
    const since = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 7);
    await setUp(new HttpClient(server.url, key), { url, since: `${since}-01` });
    for (let life = 0; life < KILLS; life += 1) {
      const client = new HttpClient(server.url, key);
      await use(client, life, random);
      const running = run(client).catch(() => undefined);
      const enough = receiver.requests + Math.floor(random() * CUSTOMERS.length);
      const hasRun = running.then(() => true);
      while (receiver.requests < enough) {
        if (await Promise.race([hasRun, sleep(2, false)])) break;
      }
      await server.end("SIGKILL");
      client.close();
      server = await start(life + 1);
    }
    // What a killed sender left in flight is in doubt first, and is sent again when it is due.
    await run(new HttpClient(server.url, key));
    await server.end("SIGKILL");
    server = await start(KILLS + 1);
    const client = new HttpClient(server.url, key);
    await run(client);
    const { body } = await client.get<{ readonly counts: object }>("/v1/targets/erp/lines");
    assert.deepEqual(body.counts, { confirmed: receiver.values.size });
    t.diagnostic(`${receiver.values.size} lines, ${receiver.again} of them sent again`);
    assert.equal(receiver.total, KILLS * EVENTS_A_LIFE);
    client.close();
    await server.end("SIGTERM");
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  } finally {
    await server.end("SIGKILL");
    receiver.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
