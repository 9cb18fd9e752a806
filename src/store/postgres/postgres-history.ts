/** All that has happened in a workspace, read from PostgreSQL page by page. */
import type { FormerStep, History } from "../../engine/history.ts";
import type { Store } from "../../engine/ports.ts";
import { type Bound, decodeOutcome, decodeRunFacts, type Row } from "../stored-rows.ts";
import { sumStepPages } from "../sum-step-pages.ts";
import { decodeStep } from "./step-rows.ts";

/** Rows of a query whose first value is the workspace. */
export type RowsOf = (sql: string, ...values: Bound[]) => Promise<Row[]>;

const ofSame = "n.ws = f.ws AND n.customer = f.customer AND n.run = f.run AND n.source = f.source";

/** Of revisions that have one behind them: the next one is a former one too, or stands now. */
const FORMER_STEPS = `SELECT f.*, coalesce(
    (SELECT min(n.seq) FROM former_steps n WHERE ${ofSame} AND n.id = f.id AND n.seq > f.seq),
    (SELECT n.seq FROM steps n WHERE ${ofSame} AND n.id = f.id)) AS next_seq
  FROM former_steps f WHERE f.ws = $1 AND f.customer = $2 AND f.seq > $3 ORDER BY f.seq LIMIT $4`;

/** The history of a workspace. */
export function postgresHistory(
  store: Pick<Store, "stepPage" | "rollups" | "customer">,
  workspace: string,
  rowsOf: RowsOf,
): History {
  return {
    sumSteps: (request, onlooker) => sumStepPages(store, { workspace, request }, onlooker),
    stepsOfCustomer: async (customer, { after, limit }) => {
      const sql = `SELECT * FROM steps WHERE ws = $1 AND customer = $2 AND seq > $3
        ORDER BY seq LIMIT $4`;
      return (await rowsOf(sql, customer, after, limit)).map(decodeStep);
    },
    formerStepsOfCustomer: async (customer, { after, limit }) => {
      const rows = await rowsOf(FORMER_STEPS, customer, after, limit);
      return rows.map((row): FormerStep => {
        return { step: decodeStep(row), untilSeq: Number(row.next_seq) - 1 };
      });
    },
    runs: async ({ after, limit }) => {
      const sql = "SELECT * FROM runs WHERE ws = $1 AND id > $2 ORDER BY id LIMIT $3";
      return (await rowsOf(sql, after, limit)).map(decodeRunFacts);
    },
    outcomes: async ({ after, limit }) => {
      const sql = `SELECT * FROM outcomes WHERE ws = $1 AND (customer, run, key) > ($2, $3, $4)
        ORDER BY customer, run, key LIMIT $5`;
      const { customer, run, key } = after ?? { customer: "", run: "", key: "" };
      return (await rowsOf(sql, customer, run, key, limit)).map(decodeOutcome);
    },
  };
}
