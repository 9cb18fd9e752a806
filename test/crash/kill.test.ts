/**
 * `kill -9` under load, again and again: what was acknowledged is there once, what was not can be
 * sent again, and every total is the sum of its steps. 20 kills, 200 with TOLLGATE_TEST_FULL.
 * TOLLGATE_SEED repeats a run's events and instants, as far as a kill can be repeated.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { applyCrashCard } from "./card.ts";
import { type ChildServer, killWhileStarting, startChild } from "./child-server.ts";
import { HttpClient } from "./http-client.ts";
import { resend, sendMany } from "./load.ts";
import { assertTotalsAreTheSums, assertUsageIsWhatWasSent, recountTrees } from "./recount.ts";
import { World } from "./world.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const KILLS = isFull ? 200 : 20;
/** Kills that one data folder goes through. */
const KILLS_PER_FOLDER = 10;
const CONNECTIONS = 6;
const KILL_AFTER_MAX_MS = 250;
const STARTING_MAX_MS = 350;
const RESENT_MAX_COUNT = 300;
const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);

/** A folder, its server and what was sent to it. */
interface Scene {
  readonly dataDir: string;
  readonly world: World;
  readonly key: string;
  server: ChildServer;
}

interface Report {
  readonly startsMs: number[];
  events: number;
  cutOff: number;
}

async function killOnce(scene: Scene, report: Report): Promise<void> {
  const { world, dataDir, key } = scene;
  const client = new HttpClient(scene.server.url, key);
  let isOver = false;
  const load = sendMany(client, world, { connections: CONNECTIONS, isOver: () => isOver });
  await sleep(5 + world.pick(KILL_AFTER_MAX_MS));
  await scene.server.end("SIGKILL");
  isOver = true;
  report.cutOff += (await load).cutOff;
  client.close();
  // One start in four is killed as well: the recovery must survive that.
  if (world.pick(4) === 0) await killWhileStarting({ dataDir }, world.pick(STARTING_MAX_MS));
  scene.server = await startChild({ dataDir });
  report.startsMs.push(scene.server.startMs);
  await checkAfterRestart(scene);
}

/** Before anything is sent again the totals must be right; after it, they must be complete. */
async function checkAfterRestart({ server, world, key }: Scene): Promise<void> {
  const client = new HttpClient(server.url, key);
  const suffix = String(world.pick(5));
  await recountTrees(client, (run) => run.endsWith(suffix));
  await resend(client, world, RESENT_MAX_COUNT);
  await assertUsageIsWhatWasSent(client, world);
  client.close();
}

/** At the end of a folder everything is recounted, and the product's own oracle agrees. */
async function checkAll({ server, world, key, dataDir }: Scene): Promise<void> {
  const client = new HttpClient(server.url, key);
  await resend(client, world, world.events.length);
  const recount = await recountTrees(client);
  await assertUsageIsWhatWasSent(client, world);
  await assertTotalsAreTheSums(client, recount, dataDir);
  client.close();
  await server.end("SIGTERM");
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
}

/** Every other folder gets hardly anything but steps, so that totals are pending at every kill. */
async function killFolder(done: number, report: Report): Promise<void> {
  const folderSeed = seed + done;
  const kills = Math.min(KILLS_PER_FOLDER, KILLS - done);
  const plainShare = (done / KILLS_PER_FOLDER) % 2 === 0 ? 0 : 0.98;
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-kill-"));
  const server = await startChild({ dataDir });
  const world = new World(folderSeed, { plainShare });
  const scene: Scene = { dataDir, world, key: server.adminKey ?? "", server };
  try {
    await applyCrashCard(server.url, scene.key);
    for (let kill = 0; kill < kills; kill += 1) await killOnce(scene, report);
    await checkAll(scene);
    report.events += world.events.length;
  } finally {
    await scene.server.end("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test(`${KILLS} kills under load lose nothing acknowledged and count nothing twice`, async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  const report: Report = { startsMs: [], events: 0, cutOff: 0 };
  for (let done = 0; done < KILLS; done += KILLS_PER_FOLDER) {
    await killFolder(done, report);
  }
  const restart = `restart ${median(report.startsMs).toFixed(0)} ms in the median`;
  t.diagnostic(`${report.events} events, ${report.cutOff} requests cut off, ${restart}`);
  assert.ok(report.cutOff >= KILLS, "the kills hit requests in flight");
});
