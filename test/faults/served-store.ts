/** Servers over a store whose disk fails, and what must be true of it once all was sent again. */
import assert from "node:assert/strict";
import { composeEngine, composeHttp, DEFAULT_WORKSPACE, startTollgate } from "../../src/compose.ts";
import type { Store } from "../../src/engine/ports.ts";
import { buildServer } from "../../src/http/server.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { applyCrashCard } from "../crash/card.ts";
import { HttpClient } from "../crash/http-client.ts";
import { resend } from "../crash/load.ts";
import {
  assertTotalsAreTheSums,
  assertUsageIsWhatWasSent,
  recountTrees,
} from "../crash/recount.ts";
import type { World } from "../crash/world.ts";

/** A server in this process, and a client of it. */
export interface Served {
  readonly client: HttpClient;
  /** Drains it and closes the store. */
  stop(): Promise<void>;
}

/** Makes a data folder with the card of the crash tests; returns its admin key. */
export async function prepareFolder(dataDir: string): Promise<string> {
  const server = await startTollgate({ dataDir, port: 0 });
  const key = server.adminKey ?? "";
  await applyCrashCard(server.url, key);
  await server.stop();
  return key;
}

/** Serves an open store. `logged` is given what the server logs as errors. */
export async function serveStore(
  store: Store & { close(): Promise<void> },
  key: string,
  logged: object[] = [],
): Promise<Served> {
  const engine = composeEngine(store);
  await engine.recover(DEFAULT_WORKSPACE);
  const logger = { info: () => undefined, error: (entry: object) => void logged.push(entry) };
  const server = await buildServer({ ...composeHttp(engine), logger });
  const client = new HttpClient(await server.listen(), key);
  const stop = async () => {
    client.close();
    await server.close();
    await engine.drain();
    await store.close();
  };
  return { client, stop };
}

/** Sends everything again, stops, and adds it all up: it counts once, and verification agrees. */
export async function assertCountsOnce(
  { client, stop }: Served,
  world: World,
  dataDir: string,
): Promise<void> {
  await recountTrees(client);
  await resend(client, world, world.events.length);
  const recount = await recountTrees(client);
  await assertUsageIsWhatWasSent(client, world);
  await assertTotalsAreTheSums(client, recount, dataDir);
  await stop();
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
}
