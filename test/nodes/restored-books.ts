/** Books that a copy is made of, and a server on either: for tests of what a restore does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { after, before } from "node:test";
import {
  composeEngine,
  composeHttp,
  DEFAULT_WORKSPACE,
  nodeDigest,
  prepareWorkspace,
} from "../../src/compose.ts";
import { buildServer } from "../../src/http/server.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { openPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { postgresServer } from "../postgres-server.ts";
import { call, type Json } from "./calls.ts";

/** Where a file's tests keep what they make. */
export const folder = { root: "" };
const running = new Set<() => Promise<void>>();

/** Makes the folder before the tests of the file that calls it, and removes it behind them. */
export function keepsBooks(): void {
  before(() => {
    folder.root = mkdtempSync(join(tmpdir(), "tollgate-restored-"));
  });
  after(async () => {
    // Those of a test that failed.
    for (const stop of running) await stop();
    rmSync(folder.root, { recursive: true, force: true });
  });
}

/** Where books stand, how a copy is made of them, and what proves them. */
export interface Books {
  open(): Promise<Parameters<typeof composeEngine>[0]>;
  copy(): Promise<Books>;
  findings(): Promise<readonly unknown[]>;
}

export function folderBooks(dataDir = mkdtempSync(join(folder.root, "data-"))): Books {
  return {
    open: async () => openSqliteStore({ dataDir, digest: nodeDigest }),
    copy: async () => {
      const copied = mkdtempSync(join(folder.root, "data-"));
      const source = new DatabaseSync(join(dataDir, "tollgate.db"), { readOnly: true });
      await backup(source, join(copied, "tollgate.db"));
      source.close();
      return folderBooks(copied);
    },
    findings: async () => verifyDataFolder(dataDir).findings,
  };
}

export async function databaseBooks(given?: string): Promise<Books> {
  const server = await postgresServer();
  const connectionString = given ?? (await server.createDatabase());
  return {
    open: () => openPostgresStore({ connectionString, digest: nodeDigest }),
    copy: async () => databaseBooks(await server.copyDatabase(connectionString)),
    findings: async () => (await verifyDatabase(connectionString, () => undefined)).findings,
  };
}

/** The time of every server. */
export const clock = { ms: 0 };
export const pass = (to: string) => {
  clock.ms = Date.parse(to);
};

type Exporting = NonNullable<NonNullable<Parameters<typeof composeEngine>[1]>["exporting"]>;

/** A server on books, whose exports go where no restore touches anything. */
export async function serveBooks(books: Books, exporting: Exporting, target: string) {
  const store = await books.open();
  const parts = { clock: { nowMs: () => clock.ms }, exporting };
  const engine = composeEngine(store, parts);
  await prepareWorkspace(engine, DEFAULT_WORKSPACE);
  await engine.recover(DEFAULT_WORKSPACE);
  const server = await buildServer(composeHttp(engine));
  const url = await server.listen();
  const wanted = { scopes: ["admin"], label: "test" } as const;
  const key = (await engine.createKey(DEFAULT_WORKSPACE, wanted)).secret;
  const ask = (what: Parameters<typeof call>[1], body?: unknown) => call({ url, key }, what, body);
  /** The last line of a run: a total, or why there is none. */
  const run = async (): Promise<Json> => {
    const init = { method: "POST", headers: { authorization: `Bearer ${key}` } };
    const text = await (await fetch(`${url}/v1/targets/${target}/runs`, init)).text();
    return JSON.parse(text.trimEnd().split("\n").at(-1) ?? "") as Json;
  };
  const stop = async () => {
    running.delete(stop);
    await server.close();
    await engine.drain();
    await store.close();
  };
  running.add(stop);
  return { ask, run, stop };
}
