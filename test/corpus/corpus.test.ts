/**
 * The recorded runs beside the repository, judged by the rules. Skipped where they are absent; in
 * CI they must be there.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { before, describe, test } from "node:test";
import { RUN_DATASETS } from "./datasets/all.ts";
import { lastDigitChanged } from "./fixtures.ts";
import { judgeDataset, judgeFigure } from "./judge.ts";
import { StandInMeter } from "./stand-in-meter.ts";
import { worst } from "./stated-total.ts";
import type { CorpusRun, MeteredRun } from "./types.ts";

const shared = process.env.TOLLGATE_SHARED ?? resolve(import.meta.dirname, "../../../shared");
const root = resolve(shared, "traces");
const isAbsent = !existsSync(resolve(root, "runs"));
const skip = isAbsent && process.env.CI === undefined ? "the recorded runs are not here" : false;

for (const reader of RUN_DATASETS) {
  describe(`recorded runs of ${reader.dataset}`, { skip }, () => {
    let runs: readonly CorpusRun[] = [];
    const meter = new StandInMeter();

    before(async () => {
      runs = await reader.read(root);
    });

    test("every run is explained, and feeding it twice adds nothing", async () => {
      assert.ok(runs.length > 0);
      const options = { meter, progress: () => {} };
      const judged = await judgeDataset(reader.dataset, runs, options);
      assert.deepEqual(judged.faults, []);
      const open = judged.runs.filter(({ verdict }) => verdict.verdict === "unexplained");
      assert.deepEqual(open, []);
    });

    test("any figure with another last digit makes its run unexplained", async () => {
      let figures = 0;
      for (const run of runs) {
        const metered = await meter.run(run.run);
        figures += run.stated.length;
        const escaped = mutationsThatEscape(run, metered);
        assert.deepEqual(escaped, [], run.run);
      }
      assert.ok(figures > 0);
    });

    test("run ids are each run's own", () => {
      assert.equal(new Set(runs.map(({ run }) => run)).size, runs.length);
    });
  });
}

function mutationsThatEscape(run: CorpusRun, metered: MeteredRun): string[] {
  return run.stated.flatMap((figure) =>
    lastDigitChanged(figure.text)
      .filter((text) => {
        const verdict = worst([judgeFigure({ ...figure, text }, metered)]);
        return verdict.verdict !== "unexplained";
      })
      .map((text) => `${figure.name}: ${figure.text} as ${text}`),
  );
}
