/** The command line's entry: takes the product from the composition and runs the command named. */

import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { stylesFor } from "./render/styles.ts";

// Hundreds of modules are read at a start: kept compiled, they cost half as much. The folder is
// inside Tollgate's own, never the shared temporary one: who may write there could change Tollgate
// anyhow. Where it cannot be written nothing is kept, and nothing else changes.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/tollgate", import.meta.url)));
const { openProduct } = await import("../product.ts");
const { dispatch } = await import("./dispatch.ts");

// Whoever read the output may go (`tollgate runs | head`); a server goes on without its reader.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.exitCode = await dispatch(process.argv.slice(2), {
  product: openProduct(),
  out: process.stdout,
  err: process.stderr,
  styles: stylesFor(process.stdout, process.env),
  environment: process.env,
});
