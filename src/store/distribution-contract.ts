/** How the script for Citus distributes tables, for tests that stand deeper in the folders. */
export { distribution, namesKey } from "../../test/nodes/distribution.ts";
