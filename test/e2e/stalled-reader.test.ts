/** A reader of a live view whose socket takes nothing more: it is let go, and holds up nobody. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { composeEngine, composeHttp } from "../../src/compose.ts";
import {
  LIVE_CUT_OFF_MS,
  LIVE_RUNS_MAX_COUNT,
  LIVE_TICK_MS,
  LIVE_WAITING_MAX_CHARS,
} from "../../src/domain/limits.ts";
import { opened } from "../../src/engine/commit/engine-world.test.ts";
import { LiveHub } from "../../src/http/live/live-hub.ts";
import { buildServer } from "../../src/http/server.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";

const WS = "default";
/** More than what the two kernels' buffers of a connection hold, at some 60 kB a tick. */
const TICKS_MAX_COUNT = 2_000;
const LONG = "x".repeat(180);

/** Opens a stream over a raw socket, which reads until it is told to stop. */
async function follow(url: string, key: string): Promise<Socket> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port) });
  await once(socket, "connect");
  socket.write(`GET /v1/live HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`);
  await once(socket, "data");
  return socket;
}

/** A server, one who reads what it is told, and one who stops reading until it was let go. */
async function withStalled(
  work: (of: {
    stalled: Socket;
    reading: Socket;
    hub: LiveHub;
    tick: () => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const store = new MemoryStore();
  const engine = composeEngine(store);
  await store.createWorkspace(WS);
  const hub = new LiveHub(engine, randomUUID, { isTicking: false });
  const server = await buildServer({ ...composeHttp(engine), live: hub });
  const url = await server.listen();
  const { secret } = await engine.createKey(WS, { scopes: ["read"], label: "t" });
  const [stalled, reading] = [await follow(url, secret), await follow(url, secret)];
  let ticks = 0;
  const tick = async () => {
    ticks += 1;
    const runs = Array.from({ length: LIVE_RUNS_MAX_COUNT }, (_, n) =>
      opened({ run: `${LONG} ${ticks} ${n}`, id: "o", customer: "acme" }),
    );
    await engine.ingest(WS, runs);
    hub.tick();
    for (let n = 0; n < 4; n += 1) await turn();
  };
  try {
    reading.resume();
    stalled.pause();
    let most = 0;
    for (const before = hub.droppedCount; hub.droppedCount === before; ) {
      assert.ok(ticks < TICKS_MAX_COUNT, "it is let go");
      await tick();
      most = Math.max(most, hub.waitingChars);
    }
    assert.ok(most > 0 && most < LIVE_WAITING_MAX_CHARS / 4, `${most} characters waited`);
    await work({ stalled, reading, hub, tick });
  } finally {
    reading.destroy();
    stalled.destroy();
    await server.close();
  }
}

test("a reader that stops reading is let go, others read on, and it is told so", async () => {
  await withStalled(async ({ stalled, reading, hub, tick }) => {
    const next = once(reading, "data");
    await tick();
    await next;
    assert.equal(hub.readerCount, 2);
    let last = "";
    stalled.on("data", (chunk: Buffer) => {
      last = (last + chunk.toString()).slice(-200);
    });
    stalled.resume();
    while (!last.includes("event: end")) await once(stalled, "data");
    assert.match(last, /event: end\ndata: \{"reason":"slow"\}\n\n/);
  });
});

test("one that does not even take that is cut off, and its place is free", async () => {
  await withStalled(async ({ stalled, hub, tick }) => {
    // It may have been let go within the last tick, or in the one before.
    for (let n = 2; n < LIVE_CUT_OFF_MS / LIVE_TICK_MS; n += 1) await tick();
    assert.equal(hub.readerCount, 2);
    await tick();
    await tick();
    while (hub.readerCount === 2) await turn();
    assert.equal(hub.waitingChars, 0);
    stalled.on("error", () => undefined);
    stalled.resume();
    await once(stalled, "close");
  });
});
