/**
 * A whole Tollgate in this process for tests over HTTP: a store, an engine, a server on a free
 * port, keys of every scope and a second workspace that must never see the first.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeEngine, composeHttp, DEFAULT_WORKSPACE, nodeDigest } from "../../src/compose.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { ExportParts } from "../../src/engine/export/export-cases.ts";
import type { Clock, Store } from "../../src/engine/ports.ts";
import type { Scope } from "../../src/engine/workspaces/keys.ts";
import type { HttpParts } from "../../src/http/http-parts.ts";
import { buildServer } from "../../src/http/server.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";

/** What a test server may be given. */
export interface TestServerOptions {
  /** (Default: memory.) */
  readonly store?: "memory" | "sqlite";
  /** (Default: the computer's.) */
  readonly clock?: Clock;
  /** What exports are carried out with. (Default: nothing local is reached, and no secret kept.) */
  readonly exporting?: Partial<ExportParts>;
  /** Changes the parts before the server is built, to inject faults. */
  readonly change?: (parts: HttpParts) => HttpParts;
}

export interface TestServer {
  readonly url: string;
  readonly adminKey: string;
  readonly ingestKey: string;
  readonly readKey: string;
  /** An admin key of another workspace. */
  readonly foreignKey: string;
  readonly engine: Engine;
  readonly store: Store;
  /** Of the store on disk; null: it is in memory. */
  readonly dataDir: string | null;
  /** What was logged as an error. */
  readonly errors: readonly object[];
  /** May be called again. */
  stop(): Promise<void>;
}

const FOREIGN_WORKSPACE = "foreign";

/** Starts one. Call `stop` when done. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { store, dataDir, remove } = openStore(options.store ?? "memory");
  for (const workspace of [DEFAULT_WORKSPACE, FOREIGN_WORKSPACE]) {
    await store.createWorkspace(workspace);
  }
  const { clock, exporting } = options;
  const engine = composeEngine(store, { ...(clock && { clock }), ...(exporting && { exporting }) });
  const errors: object[] = [];
  const logger = { info: () => undefined, error: (entry: object) => void errors.push(entry) };
  const parts = { ...composeHttp(engine), logger };
  const server = await buildServer(options.change?.(parts) ?? parts);
  const url = await server.listen();
  const key = async (scope: Scope, workspace = DEFAULT_WORKSPACE) =>
    (await engine.createKey(workspace, { scopes: [scope], label: scope })).secret;
  const stop = async (): Promise<void> => {
    await server.close();
    await engine.drain();
    await store.close();
    remove();
  };
  let stopped: Promise<void> | undefined;
  return {
    ...{ url, engine, store, dataDir, errors },
    adminKey: await key("admin"),
    ingestKey: await key("ingest"),
    readKey: await key("read"),
    foreignKey: await key("admin", FOREIGN_WORKSPACE),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

interface OpenStore {
  readonly store: Store;
  readonly dataDir: string | null;
  remove(): void;
}

function openStore(kind: "memory" | "sqlite"): OpenStore {
  if (kind === "memory") {
    return { store: new MemoryStore(), dataDir: null, remove: () => undefined };
  }
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-http-"));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  return { store, dataDir, remove: () => rmSync(dataDir, { recursive: true, force: true }) };
}
