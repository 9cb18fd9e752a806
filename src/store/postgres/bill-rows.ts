/** What bills are told from, as one unit of work reads it: looks at many customers ask together. */
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { PageAfter } from "../../engine/history.ts";
import type { CounterKey } from "../../engine/ports.ts";
import { decodeAdjustment } from "../stored-adjustment.ts";
import { decodePeriod, decodeRollup, type Row } from "../stored-rows.ts";
import { AskedTogether, ofKeysAsked } from "./asked-together.ts";
import type { Parameter } from "./connection.ts";

const OF_PERIOD = "r.ws = $1 AND r.customer = k.customer AND r";
const ROLLUPS = ofKeysAsked(
  "customer period",
  `SELECT * FROM rollups r WHERE ${OF_PERIOD}.period = k.period`,
  "period",
);
const PERIODS = ofKeysAsked(
  "customer",
  "SELECT * FROM periods r WHERE r.ws = $1 AND r.customer = k.customer",
  "period",
);
const ADJUSTMENTS = ofKeysAsked(
  "customer period after:bigint most:bigint",
  `SELECT * FROM adjustments r WHERE ${OF_PERIOD}.booked_period = k.period AND r.seq > k.after
    ORDER BY r.seq LIMIT k.most`,
  "seq",
);

/**
 * Periods in which a customer used anything or something is booked for it. Of what is booked, which
 * may be much, one row a period is looked at.
 */
export const CHARGED_PERIODS = `WITH RECURSIVE booked (period) AS (
    SELECT min(booked_period) FROM adjustments WHERE ws = $1 AND customer = $2
    UNION ALL SELECT (
      SELECT min(booked_period) FROM adjustments
      WHERE ws = $1 AND customer = $2 AND booked_period > booked.period
    ) FROM booked WHERE period IS NOT NULL
  )
  SELECT period FROM booked WHERE period IS NOT NULL
  UNION SELECT period FROM rollups WHERE ws = $1 AND customer = $2`;

/** Rows of one transaction. */
export class BillRows {
  readonly #rollups: AskedTogether;
  readonly #periods: AskedTogether;
  readonly #adjustments: AskedTogether;

  /** `rows`: of the transaction's workspace, whose number is the first parameter. */
  constructor(rows: (sql: string, ...values: Parameter[]) => Promise<Row[]>) {
    this.#rollups = new AskedTogether((columns) => rows(ROLLUPS, ...columns));
    this.#periods = new AskedTogether((columns) => rows(PERIODS, ...columns));
    this.#adjustments = new AskedTogether((columns) => rows(ADJUSTMENTS, ...columns));
  }

  async rollups({ customer, period }: CounterKey): Promise<RollupRow[]> {
    return (await this.#rollups.rows(customer, period)).map(decodeRollup);
  }

  async periodsOf(customer: string): Promise<PeriodState[]> {
    return (await this.#periods.rows(customer)).map(decodePeriod);
  }

  async adjustments(
    { customer, period }: CounterKey,
    { after, limit }: PageAfter<number>,
  ): Promise<Adjustment[]> {
    const rows = await this.#adjustments.rows(customer, period, after, limit);
    return rows.map(decodeAdjustment);
  }
}
