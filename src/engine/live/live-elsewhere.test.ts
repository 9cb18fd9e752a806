import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../ports.ts";
import { LiveTelling } from "./live-elsewhere.ts";
import type { LiveFeed } from "./live-feed.ts";

test("where a copy goes on that has fewer commits, all is read anew", async () => {
  let commits = 9;
  const read: string[] = [];
  const notes = { watch: () => undefined, since: () => ({ commits, notes: [] }) };
  const store = { isShared: true, commits: () => commits, notes } as unknown as Store;
  const feed = { acted: (workspace: string) => read.push(workspace) } as unknown as LiveFeed;
  const parts = { store, clock: { nowMs: () => 1_000_000 }, budgets: {} as never };
  const telling = new LiveTelling(parts, feed, "here");
  await telling.look("w");
  await telling.look("w");
  assert.deepEqual([read, await telling.missed("w", 9)], [[], []]);
  commits = 7;
  assert.equal(await telling.missed("w", 9), null);
  await telling.look("w");
  assert.deepEqual(read, ["w"]);
});
