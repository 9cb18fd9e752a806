/** The command line's entry: takes the product from the composition and runs the command named. */
import { openProduct } from "../compose.ts";
import { dispatch } from "./dispatch.ts";
import { stylesFor } from "./render/styles.ts";

process.exitCode = await dispatch(process.argv.slice(2), {
  product: openProduct(),
  out: process.stdout,
  err: process.stderr,
  styles: stylesFor(process.stdout, process.env),
  environment: process.env,
});
