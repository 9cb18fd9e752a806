/** Runs below runs, and steps of runs, as a unit of work reads them: looks at many ask together. */
import type { Row } from "../stored-rows.ts";
import { AskedTogether, ofKeysAsked } from "./asked-together.ts";
import type { Parameter } from "./connection.ts";

const BELOW = ofKeysAsked(
  "root",
  `WITH RECURSIVE below (id) AS (
      SELECT id FROM runs WHERE ws = $1 AND parent = k.root
      UNION ALL SELECT r.id FROM runs r JOIN below b ON r.ws = $1 AND r.parent = b.id
    ) SELECT * FROM runs WHERE ws = $1 AND id IN (SELECT id FROM below)`,
  "id",
);
const STEPS = ofKeysAsked(
  "customer run month:int4 most:bigint",
  `SELECT * FROM steps r
    WHERE r.ws = $1 AND r.customer = k.customer AND r.run = k.run AND r.month = k.month
    ORDER BY r.source, r.id LIMIT k.most`,
  "source id",
);

/** A run whose steps are asked for, and where they stand. */
interface Placed {
  readonly run: string;
  readonly customer: string;
  readonly month: number;
}

/** Rows of one transaction. */
export class TreeRows {
  readonly #below: AskedTogether;
  readonly #steps: AskedTogether;

  /** `rows`: of the transaction's workspace, whose number is the first parameter. */
  constructor(rows: (sql: string, ...values: Parameter[]) => Promise<Row[]>) {
    this.#below = new AskedTogether((columns) => rows(BELOW, ...columns));
    this.#steps = new AskedTogether((columns) => rows(STEPS, ...columns));
  }

  /** All runs below a run. */
  below(root: string): Promise<readonly Row[]> {
    return this.#below.rows(root);
  }

  steps(
    { customer, run, month }: Placed,
    limit = Number.MAX_SAFE_INTEGER,
  ): Promise<readonly Row[]> {
    return this.#steps.rows(customer, run, month, limit);
  }
}
