/** Workspaces that share one writer: what each sent is committed together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { CommitLoop } from "./commit-loop.ts";
import type { EventResult } from "./result.ts";

test("what a workspace sent is one unit, past what others sent, each in its turn", async () => {
  const units: string[] = [];
  const loop = new CommitLoop(async (workspace, { events }) => {
    units.push(`${workspace}: ${events.map(({ id }) => id).join(" ")}`);
    await nextTurn();
    return { results: events.map(() => ({}) as EventResult), runs: new Map(), holds: [] };
  });
  const send = (id: string) => loop.submit(id.slice(0, 1), [{ id } as TollgateEvent]);
  const first = send("w0");
  await nextTurn();
  const sent = ["v1", "w1", "u1", "w2", "v2", "u2"].map(send);
  const act = loop.exclusively(async () => void units.push("act"), "w");
  await Promise.all([first, ...sent, act, send("w3")]);
  assert.deepEqual(units, ["w: w0", "v: v1 v2", "w: w1 w2", "u: u1 u2", "act", "w: w3"]);
});
