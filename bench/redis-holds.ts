/**
 * What many build instead: counters of a run and a customer in Redis, checked and moved by one Lua
 * script, every write synced before its answer (`appendfsync always`). It prices nothing, keeps no
 * hold that could be settled, and knows no window.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunsOf } from "./hold-workload.ts";
import { median, rounded } from "./measured.ts";

const CALLERS = 64;
const RUNS = 500;
const STARTS_MAX_COUNT = 100;
const SCRIPT = `
local amount, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') + amount > limit then return 0 end
end
for _, key in ipairs(KEYS) do redis.call('INCRBY', key, amount) end
return 1`;

/** Measures it, or says that it is not installed. */
export async function benchRedis(
  folder: string,
  { rounds, count }: { readonly rounds: number; readonly count: number },
): Promise<object> {
  const version = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  if (version.error !== undefined) return { skipped: "redis-server is not installed" };
  const port = await freePort();
  const flags = { port, dir: folder, bind: "127.0.0.1", appendonly: "yes", appendfsync: "always" };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn("redis-server", [...args, "--save", ""], { stdio: "ignore" });
  try {
    const sockets = await openAll(child, port);
    const rates: Record<RunsOf, number[]> = { spread: [], hot: [] };
    for (let round = 0; round <= rounds; round += 1) {
      for (const runs of ["spread", "hot"] as const) {
        process.stderr.write(`redis, ${runs}: round ${round} of ${rounds}\n`);
        const startedMs = performance.now();
        await askAll(sockets, commandsOf(runs, count));
        if (round > 0) rates[runs].push((1_000 * count) / (performance.now() - startedMs));
      }
    }
    for (const socket of sockets) socket.destroy();
    const what = `${/v=\S+/.exec(version.stdout)?.[0]} Lua, appendfsync always`;
    const [spread, hot] = [median(rates.spread), median(rates.hot)].map((rate) => rounded(rate));
    return { what, callers: CALLERS, holdsPerSecond: spread, hot: { holdsPerSecond: hot } };
  } finally {
    child.kill("SIGKILL");
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function openAll(child: ChildProcess, port: number): Promise<Socket[]> {
  for (let attempt = 0; attempt < STARTS_MAX_COUNT && child.exitCode === null; attempt += 1) {
    await sleep(50);
    const sockets = Array.from({ length: CALLERS }, () => {
      return connect({ host: "127.0.0.1", port, noDelay: true });
    });
    const opened = await Promise.allSettled(sockets.map((socket) => once(socket, "connect")));
    if (opened.every(({ status }) => status === "fulfilled")) return sockets;
    for (const socket of sockets) socket.destroy();
  }
  throw new Error("redis-server did not start");
}

/** Commands as Redis reads them: a count, then each part with its length. */
function commandsOf(runs: RunsOf, count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const run = at % RUNS;
    const customer = runs === "hot" ? "customer-hot" : `customer-${run}`;
    const keys = [`run:${runs}-${run}`, `customer:${customer}`];
    const parts = ["EVAL", SCRIPT, "2", ...keys, "1000", "1000000000000000"];
    return `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join("")}`;
  });
}

async function askAll(sockets: readonly Socket[], commands: readonly string[]): Promise<void> {
  const queue = commands.values();
  const askOver = (socket: Socket) =>
    new Promise<void>((resolve, reject) => {
      const next = (): void => {
        const { value, done } = queue.next();
        if (done !== true) socket.write(value);
        else {
          socket.removeAllListeners("data");
          resolve();
        }
      };
      socket.on("data", (data) => {
        if (String(data) === ":1\r\n") next();
        else reject(new Error(`redis answered ${data}`));
      });
      next();
    });
  await Promise.all(sockets.map(askOver));
}
