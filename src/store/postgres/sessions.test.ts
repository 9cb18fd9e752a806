/** Plans that a connection keeps follow the growth of their tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { sentIn } from "./sent-statements-contract.ts";

test("plans are made anew each time that a connection was used twice as often", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  const bounds = { connectionsMax: 1 };
  const store = await openPostgresStore({ connectionString, digest: nodeDigest, bounds });
  await store.createWorkspace("w");
  const usesOf = async (use: () => Promise<unknown>): Promise<number[]> => {
    const uses: number[] = [];
    for (let no = 1; no <= 70; no += 1) {
      const sent = await sentIn(async () => void (await use()));
      if (sent[0]?.text === "DISCARD PLANS") uses.push(no);
    }
    return uses;
  };
  const units = () => store.transact("w", (unit) => unit.runs(["r1"]));
  assert.deepEqual(await usesOf(units), [8, 16, 32, 64]);
  // Another pool: that of look-ups was used before: whether sessions are its own, making the
  // workspace and its month, and finding it twice, as it is looked up again when a connection was
  // opened.
  assert.deepEqual(await usesOf(async () => store.run("w", "r1")), [3, 11, 27, 59]);
  await store.close();
});
