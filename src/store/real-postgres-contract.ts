/** The server of test/, for tests that stand deeper in the folders. */
export { POSTGRES_VERSIONS } from "../../test/postgres-binaries.ts";
export { type PostgresServer, postgresServer, startPostgres } from "../../test/postgres-server.ts";
