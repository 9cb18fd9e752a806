/**
 * Steps of 500 runs that go on and on, such as customers have who state no runs, against the limit
 * of this machine for the same bytes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as measured from "./measured.ts";
import { BATCHES, fill, inTurns, round } from "./rounds.ts";

/** Options of the bench. */
export interface LongRunsOptions {
  /** What the runs have together before they are measured. (Default: 600,000.) */
  readonly steps: number;
}

/** Runs it and returns what `--json` prints. */
export async function benchLongRuns({ steps }: LongRunsOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  const limit = await measured.startServer("limit-server.ts", [join(folder, "limit.log")]);
  const long = await measured.startServer("server.ts", [join(folder, "long")]);
  const load = measured.startLoad();
  try {
    const against = { load, limit, long };
    await round(against, "limit", BATCHES);
    const { sent } = await fill(against, "long", steps);
    const label = `batches of 100, ${sent.steps} steps of 500 runs`;
    const { ours, limit: bare, ratio } = await inTurns(against, "long", { shape: BATCHES, label });
    return {
      ...measured.aboutThis(),
      storedSteps: sent.steps,
      eventsPerSecond: ours,
      limitEventsPerSecond: bare,
      ratioToLimit: ratio,
    };
  } finally {
    for (const child of [load, limit.child, long.child]) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
