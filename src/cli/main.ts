/** The command line's entry: takes the product from the composition and runs the command named. */
import { openProduct } from "../product.ts";
import { dispatch } from "./dispatch.ts";
import { stylesFor } from "./render/styles.ts";

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
