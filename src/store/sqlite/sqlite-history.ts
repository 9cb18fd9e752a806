/** All that has happened in a workspace, read from its file beside the commits. */
import { present } from "../../domain/assert.ts";
import type { Step } from "../../domain/event/step.ts";
import type { RunFacts } from "../../domain/run/run.ts";
import { othersTurn } from "../../engine/commit/others-turn.ts";
import type { FormerStep, History, PageAfter } from "../../engine/history.ts";
import type { Answer, Store } from "../../engine/ports.ts";
import { decodeOutcome } from "../stored-rows.ts";
import { sumStepPages } from "../sum-step-pages.ts";
import { pagesOf, placesOf } from "./customer-places.ts";
import { ask, told } from "./sqlite-errors.ts";
import { decodeStep } from "./step-rows.ts";
import { sumStepsInThreads } from "./sum-steps.ts";
import type { UnitShared } from "./unit-shared.ts";

/** What the history of a workspace is read with. */
export interface HistoryParts {
  readonly store: Pick<Store, "stepPage" | "rollups" | "customer">;
  readonly workspace: string;
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
  FROM former_steps f CROSS JOIN runs r ON r.run_no = f.run_no
  WHERE f.former_no IN (SELECT value FROM json_each(?))`;

const STEPS_BY_NO = `SELECT s.*, r.id AS run, r.customer AS customer
  FROM steps s CROSS JOIN runs r ON r.run_no = s.run_no
  WHERE s.step_no IN (SELECT value FROM json_each(?))`;

/** The history of a workspace. */
export function sqliteHistory(parts: HistoryParts): History {
  const { store, workspace, path, ws, shared, runs } = parts;
  const { statements, names } = shared;
  async function* stepsOf(customer: string): AsyncGenerator<Step[]> {
    const found = await placesOf(statements, { table: "steps", ws, customer });
    found.sort((a, b) => a.seq - b.seq);
    for (const page of pagesOf(found)) {
      yield ask(() => {
        const rows = statements.of(STEPS_BY_NO).all(page);
        return rows.map((row) => decodeStep(row, names)).sort((a, b) => a.seq - b.seq);
      });
      await othersTurn();
    }
  }
  /** One by one they take as long as ten times as many that threads go through. */
  async function areFew(customers: readonly string[] | null): Promise<boolean> {
    let count = 0;
    for (const customer of customers ?? []) {
      for (const { steps } of await store.rollups(workspace, { customer })) count += steps;
    }
    return customers !== null && count * 10 <= lastStepNo();
  }
  const lastStepNo = (): number => {
    const last = "SELECT coalesce(max(step_no), 0) AS step_no FROM steps";
    return ask(() => present(statements.of(last).get(), "a maximum")).step_no as number;
  };
  return {
    sumSteps: async (request, onlooker) => {
      if (await areFew(request.customers)) {
        return sumStepPages(store, { workspace, request, stepsOf }, onlooker);
      }
      const place = { path, ws, request };
      try {
        return await sumStepsInThreads(place, lastStepNo(), onlooker);
      } catch (error) {
        throw told(error);
      }
    },
    stepsOfCustomer: stepsOf,
    async *formerStepsOfCustomer(customer) {
      const found = await placesOf(statements, { table: "former_steps", ws, customer });
      for (const page of pagesOf(found)) {
        yield ask((): FormerStep[] => {
          return statements
            .of(FORMER_STEPS)
            .all(page)
            .map((row) => {
              return { step: decodeStep(row, names), untilSeq: (row.next_seq as number) - 1 };
            });
        });
        await othersTurn();
      }
    },
    runs,
    outcomes: ({ after, limit }) => {
      const sql = `SELECT * FROM outcomes WHERE ws = ? AND (run, key) > (?, ?)
        ORDER BY run, key LIMIT ?`;
      const { run, key } = after ?? { run: "", key: "" };
      return ask(() => statements.of(sql).all(ws, run, key, limit).map(decodeOutcome));
    },
  };
}
