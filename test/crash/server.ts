/**
 * A server process to be killed, starved and traced:
 * `node test/crash/server.ts FOLDER [FULL|NORMAL] [AHEAD_MS]`.
 * It prints where it listens as one JSON line. NORMAL is what the product never uses: it shows that
 * the trace of system calls would notice. AHEAD_MS is how far its clock is ahead of the machine's.
 */
import {
  composeEngine,
  composeHttp,
  DEFAULT_WORKSPACE,
  nodeDigest,
  prepareWorkspace,
  startTollgate,
} from "../../src/compose.ts";
import { buildServer } from "../../src/http/server.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { threadWriter } from "../../src/store/sqlite/writer.ts";

interface Started {
  readonly url: string;
  readonly adminKey?: string;
  stop(): Promise<void>;
}

async function startWithNormal(dataDir: string): Promise<Started> {
  const store = openSqliteStore({
    dataDir,
    digest: nodeDigest,
    synchronous: "NORMAL",
    writer: threadWriter,
  });
  const engine = composeEngine(store);
  for (const workspace of store.workspaces()) await engine.recover(workspace);
  await prepareWorkspace(engine, DEFAULT_WORKSPACE);
  const server = await buildServer(composeHttp(engine));
  const url = await server.listen();
  const scopes = ["admin"] as const;
  const { secret } = await engine.createKey(DEFAULT_WORKSPACE, { scopes, label: "test" });
  const stop = async () => {
    await server.close();
    await engine.drain();
    await store.close();
  };
  return { url, adminKey: secret, stop };
}

const [dataDir = "", synchronous = "FULL", aheadMs = "0"] = process.argv.slice(2);
const privateTargets = process.env.TOLLGATE_PRIVATE_TARGETS?.split(",") ?? [];
const clock = { nowMs: () => Date.now() + Number(aheadMs) };
try {
  const running =
    synchronous === "NORMAL"
      ? await startWithNormal(dataDir)
      : await startTollgate({ dataDir, port: 0, clock, privateTargets });
  const stop = async (): Promise<void> => {
    await running.stop();
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
  process.once("SIGINT", () => void stop());
  console.log(JSON.stringify({ url: running.url, adminKey: running.adminKey ?? null }));
} catch (error) {
  console.log(JSON.stringify({ refused: (error as { code?: string }).code ?? String(error) }));
  process.exitCode = 1;
}
