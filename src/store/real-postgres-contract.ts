/** The server of test/, for tests that stand deeper in the folders. */
export { POSTGRES_VERSIONS } from "../../test/postgres-binaries.ts";
export { postgresServer, startPostgres } from "../../test/postgres-server.ts";
