/**
 * The store on the PostgreSQL versions before the newest: the whole contract, on a real server of
 * each. The oldest with `npm test`, those in between with TOLLGATE_TEST_FULL.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import {
  POSTGRES_VERSIONS,
  type PostgresServer,
  startPostgres,
} from "../real-postgres-contract.ts";
import { storeContract } from "../store-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const OLDER = POSTGRES_VERSIONS.slice(0, -1);

for (const version of isFull ? OLDER : OLDER.slice(0, 1)) {
  let server: PostgresServer;
  let connectionString = "";
  before(async () => {
    server = await startPostgres({ version });
    connectionString = await server.createDatabase();
  });
  after(() => server.stop());
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  storeContract({ name: `the store on PostgreSQL ${version}`, open });

  test(`PostgreSQL ${version} is what answers`, async () => {
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionString });
    await client.connect();
    const { rows } = await client.query("SHOW server_version");
    await client.end();
    assert.equal(Number.parseInt(rows[0].server_version as string, 10), version);
  });
}
