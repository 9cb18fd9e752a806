/** Nodes on one database: processes of their own, or engines side by side in this one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { composeEngine, composeHttp, nodeDigest, prepareWorkspace } from "../../src/compose.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Clock } from "../../src/engine/ports.ts";
import { buildServer } from "../../src/http/server.ts";
import type { PoolOptions } from "../../src/store/postgres/driver.ts";
import { openPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { HttpClient } from "../crash/http-client.ts";
import { QUICK_START } from "../quick-start.ts";

const ENTRY = fileURLToPath(new URL("./node.ts", import.meta.url));

/** A node that can be killed. */
export interface NodeProcess {
  readonly url: string;
  /** An admin key that ends with the process. */
  readonly key: string;
  readonly child: ChildProcess;
  readonly client: HttpClient;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** What it wrote to stderr. */
  errors(): string;
}

/** The one that all nodes of a database encrypt secrets with. */
const SECRET_KEY = Buffer.alloc(32, 7).toString("base64");

/** Starts a process on a database and waits until it listens. `entry`: of another version. */
export async function startNode(
  databaseUrl: string,
  { aheadMs = 0, entry = ENTRY }: { readonly aheadMs?: number; readonly entry?: string } = {},
): Promise<NodeProcess> {
  const told = { DATABASE_URL: databaseUrl, CLOCK_AHEAD_MS: `${aheadMs}` };
  const env = { ...process.env, TOLLGATE_SECRET_KEY: SECRET_KEY, ...told };
  const words = [...QUICK_START, entry];
  const child = spawn(process.execPath, words, { env, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, "line"), ended.then(() => ["{}"])]);
  const { url, key } = JSON.parse(line as string) as { url?: string; key?: string };
  if (url === undefined || key === undefined) throw new Error(`a node did not start: ${errors}`);
  const client = new HttpClient(url, key, CALLERS_AT_ONCE);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    client.close();
    child.kill(signal);
    await ended;
  };
  return { url, key, child, client, end, errors: () => errors };
}

type PostgresStore = Awaited<ReturnType<typeof openPostgresStore>>;

/** Sockets of one client: every caller that a test lets ask at once has its own. */
const CALLERS_AT_ONCE = 512;

/** An engine of this process over connections of its own. */
export interface SideNode {
  readonly store: PostgresStore;
  readonly engine: Engine;
  close(): Promise<void>;
}

/** Opens a node beside others. The workspace "default" is there, with its price book. */
export async function openNode(
  connectionString: string,
  options: { readonly bounds?: Partial<PoolOptions>; readonly clock?: Clock } = {},
): Promise<SideNode> {
  const { bounds = {}, clock } = options;
  const store = await openPostgresStore({ connectionString, digest: nodeDigest, bounds });
  const engine = composeEngine(store, clock === undefined ? {} : { clock });
  await prepareWorkspace(engine, "default");
  return { store, engine, close: () => store.close() };
}

/** A node of this process that answers over HTTP. */
export async function serveNode(
  connectionString: string,
): Promise<SideNode & { readonly client: HttpClient }> {
  const node = await openNode(connectionString);
  const server = await buildServer(composeHttp(node.engine));
  const url = await server.listen();
  const wanted = { scopes: ["admin"], label: "test" } as const;
  const client = new HttpClient(url, (await node.engine.createKey("default", wanted)).secret);
  const close = async (): Promise<void> => {
    client.close();
    await server.close();
    await node.engine.drain();
    await node.close();
  };
  return { ...node, client, close };
}
