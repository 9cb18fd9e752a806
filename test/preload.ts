/**
 * Loaded before each test file, whose tests then cost less and are the same. What the driver of
 * PostgreSQL says that it will refuse one day fails the file: else only a reader of logs sees it.
 *
 * Node's test runner follows every promise by an asynchronous hook, so as to know which test an
 * error belongs to that nobody caught. Where promises are most of the work that is a quarter of it.
 * Here it follows all but promises: such an error still fails its file, under no test's name.
 */
import asyncHooks from "node:async_hooks";
import "./quick-start.ts";

const createHook = asyncHooks.createHook;
asyncHooks.createHook = (callbacks) => {
  const isOfRunner = new Error().stack?.includes("node:internal/test_runner/") === true;
  return createHook(isOfRunner ? { ...callbacks, trackPromises: false } : callbacks);
};

process.on("warning", (warning) => {
  if (warning.name === "DeprecationWarning" && warning.message.includes("pg@")) throw warning;
});
