/**
 * Loaded before each test file: keeps compiled modules between the processes of a test run, one a
 * file, which else compile the same sources hundreds of times. The cache is keyed by content.
 */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/tollgate"));
