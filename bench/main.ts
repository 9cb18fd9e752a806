/**
 * `npm run --silent bench -- export|growth|ingest|limits|live|long-runs|rating|reads|simulate
 * [--json] [--steps N] [--store postgres]`: prints what was measured, as JSON or as a list.
 * Progress goes to stderr. Every bench stands beside `ingest.ts` and is listed here.
 */
import { parseArgs } from "node:util";
import { benchExport } from "./export.ts";
import { benchGrowth } from "./growth.ts";
import { benchIngest } from "./ingest.ts";
import { benchIngestPostgres } from "./ingest-postgres.ts";
import { benchLimits } from "./limits.ts";
import { benchLimitsPostgres } from "./limits-postgres.ts";
import { benchLive } from "./live.ts";
import { benchLongRuns } from "./long-runs.ts";
import { benchRating } from "./rating.ts";
import { benchReads } from "./reads.ts";
import { benchSimulate } from "./simulate.ts";

const BENCHES = {
  export: { defaultSteps: 200_000, run: benchExport },
  growth: { defaultSteps: 20_000_000, run: benchGrowth },
  ingest: { defaultSteps: 2_000_000, run: benchIngest },
  limits: { defaultSteps: 6_000, run: benchLimits },
  live: { defaultSteps: 100_000, run: benchLive },
  "long-runs": { defaultSteps: 600_000, run: benchLongRuns },
  rating: { defaultSteps: 200_000, run: benchRating },
  reads: { defaultSteps: 200_000, run: benchReads },
  simulate: { defaultSteps: 1_000_000, run: benchSimulate },
} as const;

/** What `--store postgres` runs instead. */
const ON_POSTGRES: Readonly<Record<string, (options: { steps: number }) => Promise<object>>> = {
  ingest: benchIngestPostgres,
  limits: benchLimitsPostgres,
};

const OPTIONS = {
  json: { type: "boolean" },
  steps: { type: "string" },
  store: { type: "string" },
} as const;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: OPTIONS,
});

const name = positionals[0] ?? "";
const known = Object.hasOwn(BENCHES, name) ? BENCHES[name as keyof typeof BENCHES] : null;
const steps = Number(values.steps ?? known?.defaultSteps);
const isStore = values.store === undefined || values.store === "postgres";
const isAsked = isStore && Object.keys(values).every((option) => Object.hasOwn(OPTIONS, option));

if (known !== null && isAsked && Number.isSafeInteger(steps) && steps > 0) {
  const chosen = values.store === "postgres" ? (ON_POSTGRES[name] ?? known.run) : known.run;
  const report = await chosen({ steps });
  if (values.json === true) console.log(JSON.stringify(report));
  else console.dir(report, { depth: null });
} else {
  const names = Object.keys(BENCHES).join("|");
  console.error(`Which bench? npm run --silent bench -- ${names}
  [--json] [--steps N] [--store postgres]`);
  process.exitCode = 2;
}
