/**
 * A server that is told to stop under load answers what it has taken, refuses what comes after,
 * and ends with 0; the data folder has one owner at a time, dead ones excepted.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { applyCrashCard } from "./card.ts";
import { type ChildServer, Refused, type StartPlan, startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";
import { type LoadReport, resend, sendMany } from "./load.ts";
import { assertUsageIsWhatWasSent, listRoots, recountTrees } from "./recount.ts";
import { World } from "./world.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-stop-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Requests that are taken before the server is told to stop, however slow the machine is. */
const LOAD_REQUESTS = 20;

/** Stops a server under load; returns how the load went. */
async function stopUnderLoad(
  { server, world, key }: { server: ChildServer; world: World; key: string },
  signal: "SIGTERM" | "SIGINT",
): Promise<LoadReport> {
  const client = new HttpClient(server.url, key);
  let isOver = false;
  const loaded = Promise.withResolvers<void>();
  let taken = 0;
  const onAnswer = (status: number): void => {
    if (status === 200) taken += 1;
    if (taken === LOAD_REQUESTS) loaded.resolve();
  };
  const load = sendMany(client, world, { connections: 6, isOver: () => isOver, onAnswer });
  // The load is over first only where the server is gone, which what follows tells.
  await Promise.race([loaded.promise, load]);
  const ending = await server.end(signal);
  isOver = true;
  const report = await load;
  client.close();
  assert.deepEqual(ending, { code: 0, signal: null }, server.errors());
  return report;
}

async function stopAndCompare(plan: StartPlan, signal: "SIGTERM" | "SIGINT"): Promise<void> {
  const { dataDir } = plan;
  const server = await startChild(plan);
  const key = server.adminKey ?? "";
  await applyCrashCard(server.url, key);
  const world = new World(1);
  const { statuses, cutOff } = await stopUnderLoad({ server, world, key }, signal);
  assert.ok((statuses.get(200) ?? 0) >= LOAD_REQUESTS, "there was load");
  const others = [...statuses.keys()].filter((status) => status !== 200 && status !== 503);
  assert.deepEqual(others, []);
  // A connection is closed between two requests at most: each sender ends on one.
  assert.ok(cutOff <= 6);
  const again = await startChild({ dataDir });
  const client = new HttpClient(again.url, key);
  await recountTrees(client);
  await resend(client, world, world.events.length);
  await recountTrees(client);
  await assertUsageIsWhatWasSent(client, world);
  client.close();
  await again.end("SIGTERM");
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} under load drains: exit 0, nothing acknowledged lost`, async () => {
    await stopAndCompare({ dataDir: join(folder, signal) }, signal);
  });
}

/** A connection that speaks HTTP in pieces. */
class RawClient {
  readonly #socket: Socket;
  #received = "";

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => {
      this.#received += chunk.toString("latin1");
    });
    this.#socket.on("error", () => undefined);
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** What came until the server closed the connection. */
  async rest(): Promise<string> {
    if (!this.#socket.closed) await once(this.#socket, "close");
    return this.#received;
  }
}

const head = (key: string, body: string): string =>
  [
    ...["POST /v1/events HTTP/1.1", "host: localhost", `authorization: Bearer ${key}`],
    ...["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`, "", ""],
  ].join("\r\n");

test("what is in flight at SIGTERM is answered, what comes after is refused", async () => {
  const dataDir = join(folder, "flight");
  const server = await startChild({ dataDir });
  const key = server.adminKey ?? "";
  const [inFlight, world] = [new RawClient(server.url), new World(2)];
  const body = JSON.stringify(world.request().map((sent) => sent.event));
  inFlight.write(head(key, body) + body.slice(0, 10));
  const client = new HttpClient(server.url, key);
  // An answered request tells that the server has seen the one before it.
  assert.equal((await client.get("/v1/runs")).status, 200);
  const ending = server.end("SIGTERM");
  await sleep(100);
  const late = new RawClient(server.url);
  late.write(head(key, body) + body);
  const refusal = await late.rest();
  assert.match(refusal, /^HTTP\/1\.1 503 /);
  assert.match(refusal, /server\.draining/);
  inFlight.write(body.slice(10));
  assert.match(await inFlight.rest(), /^HTTP\/1\.1 200 /);
  client.close();
  assert.equal((await ending).code, 0);
  const again = await startChild({ dataDir });
  const reader = new HttpClient(again.url, key);
  assert.ok((await listRoots(reader)).length > 0, "what was answered is there");
  reader.close();
  await again.end("SIGTERM");
});

test("a data folder that another process holds is refused, and let go by a kill", async () => {
  const dataDir = join(folder, "locked");
  const first = await startChild({ dataDir });
  await assert.rejects(startChild({ dataDir }), (error) => {
    return error instanceof Refused && error.message === "store.locked";
  });
  const client = new HttpClient(first.url, first.adminKey ?? "");
  assert.equal((await client.get("/v1/runs")).status, 200, "the first is unharmed");
  client.close();
  await first.end("SIGKILL");
  const second = await startChild({ dataDir });
  assert.equal((await second.end("SIGTERM")).code, 0);
});
