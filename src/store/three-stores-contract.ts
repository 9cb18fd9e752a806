/** A store of each kind, for tests that play the same over all of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { postgresServer } from "../../test/postgres-server.ts";
import { nodeDigest } from "../compose.ts";
import { present } from "../domain/assert.ts";
import type { Store } from "../engine/ports.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";

/** What a test file has while its tests run. */
export interface ThreeStores {
  readonly memory: Store;
  /** In a database of its own. */
  readonly postgres: Store;
  /** For data folders; removed after the tests. */
  readonly dataDir: string;
}

/** Opens them before the tests of the file that calls this, and closes them after these. */
export function threeStores(): ThreeStores {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-stores-"));
  let postgres: Store | null = null;
  before(async () => {
    const connectionString = await (await postgresServer()).createDatabase();
    postgres = await openPostgresStore({ connectionString, digest: nodeDigest });
  });
  after(async () => {
    await postgres?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return {
    memory: new MemoryStore(),
    get postgres(): Store {
      return present(postgres, "the store of tests that run");
    },
    dataDir,
  };
}
