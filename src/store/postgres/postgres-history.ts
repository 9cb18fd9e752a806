/** All that has happened in a workspace, read from PostgreSQL page by page. */
import type { Step } from "../../domain/event/step.ts";
import type { FormerStep, History } from "../../engine/history.ts";
import type { Store } from "../../engine/ports.ts";
import { type Bound, decodeOutcome, decodeRunFacts, type Row } from "../stored-rows.ts";
import { sumStepPages } from "../sum-step-pages.ts";
import { decodeStep } from "./step-rows.ts";

/** Rows of a query whose first value is the workspace. */
export type RowsOf = (sql: string, ...values: Bound[]) => Promise<Row[]>;

/** The same in pages: the query is carried out once, and its rows wait at the server. */
export type PagesOf = (sql: string, ...values: Bound[]) => AsyncIterable<Row[]>;

/** What a history is read with. */
export interface HistoryReads {
  readonly rowsOf: RowsOf;
  readonly pagesOf: PagesOf;
}

/** Steps in a page. */
const STEPS_A_READ = 1_000;

/** No index has this order, and each new step would pay for one: all are sorted, once. */
const STEPS = "SELECT * FROM steps WHERE ws = $1 AND customer = $2 ORDER BY seq";

/** A page of a customer's steps, in the order of the key. */
const STEPS_BY_KEY = `SELECT * FROM steps WHERE ws = $1 AND customer = $2
  AND (run, source, id) > ($3, $4, $5) ORDER BY run, source, id LIMIT $6`;

const ofSame = "n.ws = f.ws AND n.customer = f.customer AND n.run = f.run AND n.source = f.source";

/** Of revisions that have one behind them: the next one is a former one too, or stands now. */
const FORMER_STEPS = `SELECT f.*, coalesce(
    (SELECT min(n.seq) FROM former_steps n WHERE ${ofSame} AND n.id = f.id AND n.seq > f.seq),
    (SELECT n.seq FROM steps n WHERE ${ofSame} AND n.id = f.id)) AS next_seq
  FROM former_steps f WHERE f.ws = $1 AND f.customer = $2
    AND (f.run, f.source, f.id, f.seq) > ($3, $4, $5, $6::bigint)
  ORDER BY f.run, f.source, f.id, f.seq LIMIT $7`;

/** The history of a workspace. */
export function postgresHistory(
  store: Pick<Store, "stepPage" | "rollups" | "customer">,
  workspace: string,
  { rowsOf, pagesOf }: HistoryReads,
): History {
  return {
    sumSteps: (request, onlooker) => {
      const stepsOf = (customer: string) => stepsByKey(rowsOf, customer);
      return sumStepPages(store, { workspace, request, stepsOf }, onlooker);
    },
    async *stepsOfCustomer(customer) {
      for await (const rows of pagesOf(STEPS, customer)) yield rows.map(decodeStep);
    },
    async *formerStepsOfCustomer(customer) {
      const limit = STEPS_A_READ;
      let last: FormerStep["step"] | undefined;
      do {
        const { run = "", source = "", id = "", seq = 0 } = last ?? {};
        const rows = await rowsOf(FORMER_STEPS, customer, run, source, id, seq, limit);
        const page = rows.map((row): FormerStep => {
          return { step: decodeStep(row), untilSeq: Number(row.next_seq) - 1 };
        });
        yield page;
        last = page.length < limit ? undefined : page.at(-1)?.step;
      } while (last !== undefined);
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

async function* stepsByKey(rowsOf: RowsOf, customer: string): AsyncGenerator<Step[]> {
  let last: Step | undefined;
  do {
    const { run = "", source = "", id = "" } = last ?? {};
    const rows = await rowsOf(STEPS_BY_KEY, customer, run, source, id, STEPS_A_READ);
    const page = rows.map(decodeStep);
    yield page;
    last = page.length < STEPS_A_READ ? undefined : page.at(-1);
  } while (last !== undefined);
}
