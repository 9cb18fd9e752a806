/** The varied history of test/, for tests that stand deeper in the folders. */
export { fillVaried } from "../../test/faults/varied-history.ts";
