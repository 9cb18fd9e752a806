/** All that has happened in a workspace, read from its file beside the commits. */
import { present } from "../../domain/assert.ts";
import type { Step } from "../../domain/event/step.ts";
import type { RunFacts } from "../../domain/run/run.ts";
import type { FormerStep, History, PageAfter } from "../../engine/history.ts";
import type { Answer } from "../../engine/ports.ts";
import { decodeOutcome } from "../stored-rows.ts";
import { ask, told } from "./sqlite-errors.ts";
import { decodeStep } from "./step-rows.ts";
import { sumStepsInThreads } from "./sum-steps.ts";
import type { UnitShared } from "./unit-shared.ts";

/** What the history of a workspace is read with. */
export interface HistoryParts {
  readonly path: string;
  readonly ws: number;
  readonly shared: UnitShared;
  /** Runs may be pending with their totals: whoever knows where they are reads them. */
  readonly runs: (page: PageAfter<string>) => Answer<RunFacts[]>;
}

/** Of revisions that have one behind them: the next one is a former one too, or stands now. */
const FORMER_STEPS = `SELECT f.*, r.id AS run, r.customer AS customer, coalesce(
    (SELECT min(n.seq) FROM former_steps n
      WHERE n.run_no = f.run_no AND n.source_no = f.source_no AND n.id = f.id AND n.seq > f.seq),
    (SELECT s.seq FROM steps s
      WHERE s.run_no = f.run_no AND s.source_no = f.source_no AND s.id = f.id)) AS next_seq
  FROM runs r CROSS JOIN former_steps f ON f.run_no = r.run_no
  WHERE r.ws = ? AND r.customer = ? AND f.seq > ? ORDER BY f.seq LIMIT ?`;

/** The history of a workspace. */
export function sqliteHistory({ path, ws, shared, runs }: HistoryParts): History {
  const { statements, names } = shared;
  return {
    sumSteps: async (request, onlooker) => {
      const last = "SELECT coalesce(max(step_no), 0) AS step_no FROM steps";
      const row = ask(() => present(statements.of(last).get(), "a maximum"));
      const place = { path, ws, request };
      try {
        return await sumStepsInThreads(place, row.step_no as number, onlooker);
      } catch (error) {
        throw told(error);
      }
    },
    stepsOfCustomer: (customer, { after, limit }) => {
      const sql = `SELECT s.*, r.id AS run, r.customer AS customer
        FROM runs r CROSS JOIN steps s ON s.run_no = r.run_no
        WHERE r.ws = ? AND r.customer = ? AND s.seq > ? ORDER BY s.seq LIMIT ?`;
      return ask((): Step[] => {
        const rows = statements.of(sql).all(ws, customer, after, limit);
        return rows.map((one) => decodeStep(one, names));
      });
    },
    formerStepsOfCustomer: (customer, { after, limit }) =>
      ask((): FormerStep[] => {
        const rows = statements.of(FORMER_STEPS).all(ws, customer, after, limit);
        return rows.map((row) => {
          return { step: decodeStep(row, names), untilSeq: (row.next_seq as number) - 1 };
        });
      }),
    runs,
    outcomes: ({ after, limit }) => {
      const sql = `SELECT * FROM outcomes WHERE ws = ? AND (run, key) > (?, ?)
        ORDER BY run, key LIMIT ?`;
      const { run, key } = after ?? { run: "", key: "" };
      return ask(() => statements.of(sql).all(ws, run, key, limit).map(decodeOutcome));
    },
  };
}
