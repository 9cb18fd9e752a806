/**
 * `npm run --silent bench -- ingest [--json] [--steps N]`: prints what was measured, as JSON or as
 * a list. Progress goes to stderr. Other benches stand beside `ingest.ts` and are listed here.
 */
import { parseArgs } from "node:util";
import { benchIngest } from "./ingest.ts";

const DEFAULT_STEPS = 2_000_000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, steps: { type: "string" } },
});

if (positionals[0] !== "ingest") {
  console.error("Which bench? npm run --silent bench -- ingest [--json] [--steps N]");
  process.exitCode = 2;
} else {
  const report = await benchIngest({ steps: Number(values.steps ?? DEFAULT_STEPS) });
  if (values.json === true) console.log(JSON.stringify(report));
  else console.dir(report, { depth: null });
}
