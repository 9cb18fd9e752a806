/**
 * Loaded before each process of the tests, which else spends half a second on reading the product.
 *
 * Compiled modules are kept between processes; the cache is keyed by content. A relative path that
 * names a file of TypeScript is taken at its word: Node would look for the file, for links in the
 * path to it and for the package that it is of, a thousand times. Where there is no such file, to
 * load it fails.
 */
import { enableCompileCache, registerHooks } from "node:module";
import { join } from "node:path";

enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/tollgate"));

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
