/**
 * A node as a process of its own, to be killed and stopped: `node test/nodes/node.ts`, with the
 * database in DATABASE_URL and its clock CLOCK_AHEAD_MS ahead. It prints where it listens as one
 * JSON line.
 */
import { startTollgate } from "../../src/compose.ts";

const databaseUrl = process.env.DATABASE_URL;
if (databaseUrl === undefined) throw new Error("DATABASE_URL is not set.");
const errors = { info: () => undefined, error: (entry: object) => console.error(entry) };
const aheadMs = Number(process.env.CLOCK_AHEAD_MS ?? 0);
const running = await startTollgate({
  ...{ dataDir: "", databaseUrl, port: 0, logger: errors, privateTargets: ["127.0.0.1"] },
  clock: { nowMs: () => Date.now() + aheadMs },
});
const stop = async (): Promise<void> => {
  await running.stop();
  process.exit(0);
};
process.once("SIGTERM", () => void stop());
const key = running.passingKey(["ingest", "read", "admin"]);
console.log(JSON.stringify({ url: running.url, key }));
