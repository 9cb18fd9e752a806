/**
 * Loaded before each process of the tests, servers that they start among them, which else spends a
 * second on reading the product.
 *
 * Compiled modules are kept between processes; the cache is keyed by content, and whatever a
 * process starts uses it, too. A relative path that
 * names a file of TypeScript is taken at its word: Node would look for the file, for links in the
 * path to it and for the package that it is of, a thousand times. Where there is no such file, to
 * load it fails.
 */
import { enableCompileCache, registerHooks } from "node:module";
import { join } from "node:path";

const kept = join(import.meta.dirname, "../node_modules/.cache/tollgate");
enableCompileCache(kept);
process.env.NODE_COMPILE_CACHE = kept;

registerHooks({
  resolve: (specifier, context, next) => {
    const { parentURL } = context;
    if (parentURL === undefined || !/^\.\.?\/.*\.ts$/.test(specifier)) {
      return next(specifier, context);
    }
    const { href: url } = new URL(specifier, parentURL);
    return { url, format: "module-typescript", shortCircuit: true };
  },
});

/** For processes that tests start: the options of Node that load this file first. */
export const QUICK_START = ["--import", import.meta.url] as const;
