/**
 * Queries of totals. The connection to ask is an argument: the reading one where the file has all
 * totals, the writing one inside the transaction that brings them there.
 */
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { Run, RunFacts } from "../../domain/run/run.ts";
import type { PageAfter } from "../../engine/history.ts";
import type { CounterKey, RunFilter, StoredCounter, UsageFilter } from "../../engine/ports.ts";
import { conditionsOfRuns, conditionsOfUsage, together } from "../conditions.ts";
import { decodeCounter, decodeRollup, decodeRun, decodeRunFacts } from "../stored-rows.ts";
import type { Statements } from "./statements.ts";

/** A query of the totals of a workspace, as data: the writer's thread may have to answer it. */
export type TotalsQuery = { readonly ws: number } & (
  | { readonly name: "run"; readonly id: string }
  | { readonly name: "runsOf"; readonly ids: readonly string[] }
  | { readonly name: "children"; readonly id: string }
  | { readonly name: "runs"; readonly filter: RunFilter }
  | { readonly name: "runPage"; readonly page: PageAfter<string> }
  | { readonly name: "rollups"; readonly filter: UsageFilter }
  | { readonly name: "counters"; readonly key: CounterKey }
  | { readonly name: "periodsToBill"; readonly prefix: string; readonly customer: string | null }
);

/** What each query answers. */
export interface TotalsAnswers {
  readonly run: Run | undefined;
  readonly runsOf: Run[];
  readonly children: Run[];
  readonly runs: Run[];
  readonly runPage: RunFacts[];
  readonly rollups: RollupRow[];
  readonly counters: StoredCounter[];
  readonly periodsToBill: CounterKey[];
}

/** Answers a query over a connection. */
export function answerQuery(
  reads: Statements,
  query: TotalsQuery,
): TotalsAnswers[TotalsQuery["name"]] {
  switch (query.name) {
    case "run":
      return readRun(reads, query.ws, query.id);
    case "runsOf":
      return [...new Set(query.ids)].flatMap((id) => readRun(reads, query.ws, id) ?? []);
    case "children":
      return readChildren(reads, query.ws, query.id);
    case "runs":
      return readRuns(reads, query.ws, query.filter);
    case "runPage":
      return readRunPage(reads, query.ws, query.page);
    case "rollups":
      return readRollups(reads, query.ws, query.filter);
    case "counters":
      return readCounters(reads, query.ws, query.key);
    case "periodsToBill":
      return readPeriodsToBill(reads, query);
  }
}

/** The run of an id. */
function readRun(reads: Statements, ws: number, id: string): Run | undefined {
  const row = reads.of("SELECT * FROM runs WHERE ws = ? AND id = ?").get(ws, id);
  return row === undefined ? undefined : decodeRun(row);
}

/** The runs right below a run, in the order of their opening. */
function readChildren(reads: Statements, ws: number, id: string): Run[] {
  const sql = "SELECT * FROM runs WHERE ws = ? AND parent = ? ORDER BY opened_at, id";
  return reads.of(sql).all(ws, id).map(decodeRun);
}

/** A page of runs, newest opening first. */
function readRuns(reads: Statements, ws: number, filter: RunFilter): Run[] {
  const { after, byId = false } = filter;
  const last = after === undefined || byId ? undefined : readRun(reads, ws, after);
  const { where, values } = together(conditionsOfRuns(filter, last));
  const sql = `SELECT * FROM runs WHERE ws = ?${where}
    ORDER BY ${byId ? "id" : "opened_at DESC, id DESC"} LIMIT ?`;
  return reads
    .of(sql)
    .all(ws, ...values, filter.limit)
    .map(decodeRun);
}

const FACTS = `id, since_seq, customer, agent, parent, height, standing, status, opened, opened_at,
  head, agent_head, closed_at, closed_by, labels, authority, end_user,
  suspended, rating, ended_at`;

/** Through the table, not an index: by their ids, rows lie all over the file. */
const RUN_PAGE = `SELECT ${FACTS} FROM runs WHERE +ws = ?1
  AND run_no > coalesce((SELECT run_no FROM runs WHERE ws = ?1 AND id = ?2), 0)
  ORDER BY run_no LIMIT ?3`;

/** A page of runs in the order in which they became known. */
function readRunPage(
  reads: Statements,
  ws: number,
  { after, limit }: PageAfter<string>,
): RunFacts[] {
  return reads.of(RUN_PAGE).all(ws, after, limit).map(decodeRunFacts);
}

/** Usage rows that a filter lets through. */
function readRollups(reads: Statements, ws: number, filter: UsageFilter): RollupRow[] {
  const { where, values } = together(conditionsOfUsage(filter));
  const sql = `SELECT * FROM rollups WHERE ws = ?${where}`;
  return reads
    .of(sql)
    .all(ws, ...values)
    .map(decodeRollup);
}

/** The counters of a customer's period. */
function readCounters(
  reads: Statements,
  ws: number,
  { customer, period }: CounterKey,
): StoredCounter[] {
  const sql = "SELECT * FROM counters WHERE ws = ? AND customer = ? AND period = ?";
  return reads.of(sql).all(ws, customer, period).map(decodeCounter);
}

/** Periods with usage or adjustments whose key begins so, of a customer or of each. */
function readPeriodsToBill(
  reads: Statements,
  { ws, prefix, customer }: TotalsQuery & { readonly name: "periodsToBill" },
): CounterKey[] {
  const ofCustomer = customer === null ? "" : "AND customer = ?3";
  const sql = `SELECT customer, period FROM rollups
      WHERE ws = ?1 AND substr(period, 1, length(?2)) = ?2 ${ofCustomer}
    UNION SELECT customer, booked_period FROM adjustments
      WHERE ws = ?1 AND substr(booked_period, 1, length(?2)) = ?2 ${ofCustomer}
    ORDER BY 1, 2`;
  return reads
    .of(sql)
    .all(ws, prefix, ...(customer === null ? [] : [customer]))
    .map((row) => ({ customer: row.customer as string, period: row.period as string }));
}
