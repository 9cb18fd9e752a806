import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { arrivalsTurn, noteArrival, othersTurn } from "./others-turn.ts";

/** Longer than to open a connection takes. */
const UNIT_MS = 20;

/** What one unit of work does to its thread. */
function workForAUnit(): void {
  const endMs = performance.now() + UNIT_MS;
  while (performance.now() < endMs);
}

/** How many of so many callers who connect at once are let in between units that follow at once. */
async function letIn(callers: number, turn: () => Promise<void>): Promise<number> {
  let count = 0;
  const server = createServer(() => {
    noteArrival();
    count += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sockets = Array.from({ length: callers }, () => connect(port, "127.0.0.1"));
  for (let unit = 0; unit < 4; unit += 1) {
    workForAUnit();
    await turn();
  }
  for (const socket of sockets) socket.destroy();
  server.close();
  return count;
}

test("who connects while units follow each other at once is let in with many others", async () => {
  assert.ok((await letIn(50, othersTurn)) < 10, "one a turn");
  assert.equal(await letIn(50, arrivalsTurn), 50);
});

test("a stream of arrivals holds no unit up for long", async () => {
  let turns = 0;
  let isOver = false;
  const arrive = (): void => {
    noteArrival();
    turns += 1;
    if (!isOver) setImmediate(arrive);
  };
  setImmediate(arrive);
  await arrivalsTurn();
  isOver = true;
  assert.ok(turns <= 33, `${turns} turns`);
});
