/** The server of test/, for tests that stand deeper in the folders. */
export { postgresServer } from "../../test/postgres-server.ts";
