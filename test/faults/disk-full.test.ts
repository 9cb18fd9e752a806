/**
 * A disk that is really full: a small file system where one may be mounted (root), and everywhere
 * on Linux a limit on the size of files, which is lifted later. Writing is answered 503, reading
 * goes on with totals that are exact, and once there is room everything can be sent again.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { applyCrashCard } from "../crash/card.ts";
import { type ChildServer, startChild } from "../crash/child-server.ts";
import { HttpClient } from "../crash/http-client.ts";
import { resend, send } from "../crash/load.ts";
import {
  assertTotalsAreTheSums,
  assertUsageIsWhatWasSent,
  recountTrees,
} from "../crash/recount.ts";
import { World } from "../crash/world.ts";

const seed = Number(process.env.TOLLGATE_SEED ?? Date.now() % 1_000_000);
const isCi = process.env.CI !== undefined;
const folder = mkdtempSync(join(tmpdir(), "tollgate-full-"));
const prepared = join(folder, "prepared");
let key = "";

before(async () => {
  const server = await startChild({ dataDir: prepared });
  key = server.adminKey ?? "";
  await applyCrashCard(server.url, key);
  await server.end("SIGTERM");
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** A place for a data folder that has little room, until it is given more. */
interface SmallDisk {
  readonly dataDir: string;
  /** Words before the server's command. */
  readonly under: readonly string[];
  giveRoom(server: ChildServer): void;
  remove(): void;
}

const SMALL_KIB = 6 * 1024;

function mountedDisk(): SmallDisk {
  const place = join(folder, "mounted");
  mkdirSync(place, { recursive: true });
  const mount = (...words: string[]) => execFileSync("mount", [...words, place], QUIET);
  mount("-t", "tmpfs", "-o", `size=${SMALL_KIB}k`, "tmpfs");
  return {
    dataDir: join(place, "data"),
    under: [],
    giveRoom: () => mount("-o", `remount,size=${SMALL_KIB * 20}k`),
    remove: () => execFileSync("umount", [place], QUIET),
  };
}

const QUIET = { stdio: "ignore" } as const;

/** The soft limit alone is lowered, so that it can be lifted from outside. */
function limitedFiles(): SmallDisk {
  const blocks = String(SMALL_KIB);
  return {
    dataDir: join(folder, "limited", "data"),
    under: ["bash", "-c", `ulimit -S -f ${blocks}; exec "$@"`, "bash"],
    giveRoom: ({ pid }) => {
      execFileSync("prlimit", ["--pid", String(pid), "--fsize=unlimited:unlimited"], QUIET);
    },
    remove: () => undefined,
  };
}

/** Why a disk cannot be had; undefined where it can. */
function whyNot(make: () => void): string | undefined {
  if (process.platform !== "linux") return "disks are filled on Linux only";
  try {
    make();
    return undefined;
  } catch (error) {
    return `not permitted here: ${String(error)}`;
  }
}

/** A request of about 200 steps: many of them fill a small disk soon. */
async function sendUntilRefused(client: HttpClient, world: World): Promise<void> {
  for (let requests = 0; requests < 2_000; requests += 1) {
    const batch = Array.from({ length: 15 }, () => world.request()).flat();
    const answer = await send(client, batch);
    if (answer.status === 200) continue;
    assert.deepEqual([answer.status, answer.body.code], [503, "store.unknown"]);
    assert.equal(answer.headers["retry-after"], "1");
    return;
  }
  assert.fail("the disk did not fill");
}

async function assertReadsGoOn(client: HttpClient): Promise<void> {
  const health = await client.get<unknown>("/health");
  assert.ok(health.status === 200 || health.status === 503);
  for (let time = 0; time < 2; time += 1) {
    await recountTrees(client, (run) => run.endsWith("1") || run.startsWith("~"));
    const { status } = await client.get<unknown>("/v1/usage?groupBy=customer");
    assert.equal(status, 200);
  }
}

async function fill(disk: SmallDisk): Promise<void> {
  cpSync(prepared, disk.dataDir, { recursive: true });
  const { dataDir, under } = disk;
  const server = await startChild({ dataDir, under });
  const client = new HttpClient(server.url, key);
  const world = new World(seed, { plainShare: 0.97 });
  try {
    await sendUntilRefused(client, world);
    await assertReadsGoOn(client);
    for (let time = 0; time < 3; time += 1) {
      const { status } = await send(
        client,
        Array.from({ length: 99 }, () => world.request()).flat(),
      );
      assert.equal(status, 503, "it is still full");
      await assertReadsGoOn(client);
    }
    disk.giveRoom(server);
    await resend(client, world, 500);
    const recount = await recountTrees(client);
    await assertUsageIsWhatWasSent(client, world);
    await assertTotalsAreTheSums(client, recount, dataDir);
    client.close();
    assert.equal((await server.end("SIGTERM")).code, 0);
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  } finally {
    await server.end("SIGKILL");
    disk.remove();
  }
}

const isUnmountable = whyNot(() => mountedDisk().remove());

test("a full file system", { skip: isUnmountable ?? false }, async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  await fill(mountedDisk());
});

const isUnlimitable = whyNot(() => execFileSync("prlimit", ["--version"], QUIET));
if (isCi) assert.equal(isUnlimitable, undefined, "in CI one of the disks must fill");

test("a file that may not grow", { skip: isUnlimitable ?? false }, async (t) => {
  t.diagnostic(`TOLLGATE_SEED=${seed}`);
  await fill(limitedFiles());
});
