/** Reads of what is committed, outside any unit of work. */

import type { PriceVersion } from "../../domain/cost/price-book.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import type { History, PageAfter } from "../../engine/history.ts";
import type { StatementFilter, StatementHead } from "../../engine/periods/statement-list.ts";
import type {
  ActFilter,
  ChainLink,
  Conflict,
  CounterKey,
  Customer,
  ProvisionalFilter,
  RevisionFilter,
  RunFilter,
  StepPage,
  StoredCounter,
  Suspended,
  UsageFilter,
} from "../../engine/ports.ts";
import { condition, conditionsOfRuns, conditionsOfUsage, equal } from "../conditions.ts";
import { STATEMENT_HEAD, STATEMENT_ORDER, stretchesOf } from "../statement-stretches.ts";
import { decodeAdjustment } from "../stored-adjustment.ts";
import {
  decodeConflict,
  decodeCounter,
  decodeCustomer,
  decodeJournal,
  decodePeriod,
  decodeRollup,
  decodeRun,
  decodeStatement,
  decodeStatementHead,
  decodeSuspended,
  type Row,
} from "../stored-rows.ts";
import { decodeCard, decodePrices } from "../stored-tariff.ts";
import { AskedOfWorkspaces, ofKeysAsked } from "./asked-together.ts";
import type { Parameter } from "./connection.ts";
import { byKeys } from "./keyed-rows.ts";
import { ADJUSTMENT_PAGE, listQuery } from "./list-query.ts";
import { type PagesOf, postgresHistory, type RowsOf } from "./postgres-history.ts";
import { formerOutcomes, formerRun, linkBefore, revisionsOfRun } from "./read-history.ts";
import { outcomesOfRun, outcomesOfRuns, provisionalOutcomes } from "./read-outcomes.ts";
import { type ReadParts, stepPage, stepsOfRun } from "./read-steps.ts";

const CUSTOMERS = byKeys("customers", "id");
const RUNS = byKeys("runs", "id");
const LAST_ACTS = ofKeysAsked(
  "source id",
  `SELECT * FROM journal r WHERE r.ws = $1 AND r.run = '' AND r.source = k.source AND r.id = k.id
    ORDER BY r.seq DESC LIMIT 1`,
  "seq",
);
const ACTS = ofKeysAsked(
  "source id after:bigint most:bigint",
  `SELECT * FROM journal r WHERE r.ws = $1 AND r.run = '' AND r.source = k.source AND r.id = k.id
    AND r.seq > k.after ORDER BY r.seq LIMIT k.most`,
  "seq",
);

/** Reads of a database's workspaces; who extends it says how rows are read. */
export abstract class PostgresReads {
  readonly #lastActs = new AskedOfWorkspaces((workspace, columns) =>
    this.of(workspace, LAST_ACTS, ...columns),
  );
  readonly #acts = new AskedOfWorkspaces((workspace, columns) =>
    this.of(workspace, ACTS, ...columns),
  );

  /** A few rows of a workspace, whose number is the first parameter: commits may wait for them. */
  protected abstract of(workspace: string, sql: string, ...values: Parameter[]): Promise<Row[]>;

  /** The same for lists and reports, which may take long: no commit waits for them. */
  protected abstract many(workspace: string, sql: string, ...values: Parameter[]): Promise<Row[]>;

  /** The same, for more rows than fit into memory: page by page, of one statement. */
  protected abstract pages(ws: string, sql: string, ...values: Parameter[]): AsyncIterable<Row[]>;

  /** What reads of many rows in files of their own work with. */
  protected abstract parts(workspace: string): Promise<ReadParts>;

  async cards(workspace: string): Promise<RateCardVersion[]> {
    const sql = "SELECT * FROM rate_cards WHERE ws = $1 ORDER BY version_id";
    return (await this.of(workspace, sql)).map(decodeCard);
  }

  async prices(workspace: string): Promise<PriceVersion[]> {
    const sql = "SELECT * FROM price_versions WHERE ws = $1 ORDER BY version_id";
    return (await this.of(workspace, sql)).map(decodePrices);
  }

  async run(workspace: string, id: string): Promise<Run | undefined> {
    const sql = "SELECT * FROM runs WHERE ws = $1 AND id = $2";
    return (await this.of(workspace, sql, id)).map(decodeRun)[0];
  }

  async runs(workspace: string, ids: readonly string[]): Promise<Run[]> {
    if (ids.length === 0) return [];
    return (await this.of(workspace, RUNS, [...new Set(ids)])).map(decodeRun);
  }

  async children(workspace: string, id: string): Promise<Run[]> {
    const sql = "SELECT * FROM runs WHERE ws = $1 AND parent = $2 ORDER BY opened_at, id";
    return (await this.many(workspace, sql, id)).map(decodeRun);
  }

  async listRuns(workspace: string, filter: RunFilter): Promise<Run[]> {
    const { after, byId = false } = filter;
    const last = after === undefined || byId ? undefined : await this.run(workspace, after);
    const conditions = conditionsOfRuns(filter, last);
    const order = byId ? "id" : "opened_at DESC, id DESC";
    const query = listQuery("runs", { conditions, order, limit: filter.limit });
    return (await this.many(workspace, ...query)).map(decodeRun);
  }

  async stepsOfRun(workspace: string, run: string, limit?: number): Promise<Step[]> {
    return stepsOfRun(await this.parts(workspace), run, limit);
  }

  async stepPage(workspace: string, after: string, limit: number): Promise<StepPage> {
    return stepPage(await this.parts(workspace), after, limit);
  }

  async runIds(workspace: string, after: string, limit: number): Promise<string[]> {
    const sql = "SELECT id FROM runs WHERE ws = $1 AND id > $2 ORDER BY id LIMIT $3";
    return (await this.many(workspace, sql, after, limit)).map((row) => row.id as string);
  }

  async outcomesOfRun(workspace: string, run: string): Promise<OutcomeState[]> {
    return outcomesOfRun(await this.parts(workspace), run);
  }

  async outcomesOfRuns(workspace: string, runs: readonly string[]): Promise<OutcomeState[]> {
    return runs.length === 0 ? [] : outcomesOfRuns(await this.parts(workspace), runs);
  }

  async provisionalOutcomes(workspace: string, filter: ProvisionalFilter): Promise<OutcomeState[]> {
    return provisionalOutcomes(await this.parts(workspace), filter);
  }

  history(workspace: string): History {
    const rowsOf: RowsOf = (sql, ...values) => this.many(workspace, sql, ...values);
    const pagesOf: PagesOf = (sql, ...values) => this.pages(workspace, sql, ...values);
    return postgresHistory(this, workspace, { rowsOf, pagesOf });
  }

  async rollups(workspace: string, filter: UsageFilter): Promise<RollupRow[]> {
    const query = listQuery("rollups", { conditions: conditionsOfUsage(filter) });
    return (await this.many(workspace, ...query)).map(decodeRollup);
  }

  async countersOf(workspace: string, key: CounterKey): Promise<StoredCounter[]> {
    const sql = "SELECT * FROM counters WHERE ws = $1 AND customer = $2 AND period = $3";
    return (await this.of(workspace, sql, key.customer, key.period)).map(decodeCounter);
  }

  async periodsToBill(
    workspace: string,
    prefix: string,
    customer: string | null = null,
  ): Promise<CounterKey[]> {
    const ofCustomer = customer === null ? "" : "AND customer = $3";
    const sql = `SELECT customer, period FROM rollups
        WHERE ws = $1 AND starts_with(period, $2) ${ofCustomer}
      UNION SELECT customer, booked_period FROM adjustments
        WHERE ws = $1 AND starts_with(booked_period, $2) ${ofCustomer}
      ORDER BY 1, 2`;
    const values = customer === null ? [prefix] : [prefix, customer];
    return (await this.many(workspace, sql, ...values)).map((row) => ({
      customer: row.customer as string,
      period: row.period as string,
    }));
  }

  async customer(workspace: string, id: string): Promise<Customer | undefined> {
    const sql = "SELECT * FROM customers WHERE ws = $1 AND id = $2";
    return (await this.of(workspace, sql, id)).map(decodeCustomer)[0];
  }

  async customers(workspace: string, ids: readonly string[]): Promise<Customer[]> {
    if (ids.length === 0) return [];
    return (await this.of(workspace, CUSTOMERS, [...new Set(ids)])).map(decodeCustomer);
  }

  async listCustomers(workspace: string, limit: number, after = ""): Promise<Customer[]> {
    const sql = "SELECT * FROM customers WHERE ws = $1 AND id > $2 ORDER BY id LIMIT $3";
    return (await this.many(workspace, sql, after, limit)).map(decodeCustomer);
  }

  async listSuspended(workspace: string, limit: number, afterSeq = -1): Promise<Suspended[]> {
    const sql = "SELECT * FROM suspended WHERE ws = $1 AND seq > $3 ORDER BY seq LIMIT $2";
    return (await this.of(workspace, sql, limit, afterSeq)).map(decodeSuspended);
  }

  async listConflicts(workspace: string, limit: number, afterSeq = 0): Promise<Conflict[]> {
    const sql = `SELECT * FROM conflicts WHERE ws = $1 AND settled IS NULL AND seq > $3
      ORDER BY seq LIMIT $2`;
    return (await this.of(workspace, sql, limit, afterSeq)).map(decodeConflict);
  }

  async listStatements(workspace: string, customer?: string): Promise<StatementRecord[]> {
    const order = STATEMENT_ORDER;
    const query = listQuery("statements", { conditions: equal({ customer }), order });
    // Those of one customer are few, and what commits tell of commitments asks for them.
    const rows =
      customer === undefined ? this.many(workspace, ...query) : this.of(workspace, ...query);
    return (await rows).map(decodeStatement);
  }

  async statementPage(workspace: string, filter: StatementFilter): Promise<StatementHead[]> {
    const found: StatementHead[] = [];
    const of = { columns: STATEMENT_HEAD, order: STATEMENT_ORDER };
    for (const conditions of stretchesOf(filter)) {
      const limit = filter.limit - found.length;
      if (limit === 0) break;
      const query = listQuery("statements", { ...of, conditions, limit });
      found.push(...(await this.many(workspace, ...query)).map(decodeStatementHead));
    }
    return found;
  }

  async statement(workspace: string, id: string): Promise<StatementRecord | undefined> {
    const sql = "SELECT * FROM statements WHERE ws = $1 AND id = $2";
    return (await this.of(workspace, sql, id)).map(decodeStatement)[0];
  }

  async periodsOf(workspace: string, customer: string): Promise<PeriodState[]> {
    const sql = "SELECT * FROM periods WHERE ws = $1 AND customer = $2 ORDER BY period";
    return (await this.of(workspace, sql, customer)).map(decodePeriod);
  }

  async adjustmentsOf(workspace: string, key: CounterKey): Promise<Adjustment[]> {
    const sql = `SELECT * FROM adjustments
      WHERE ws = $1 AND customer = $2 AND booked_period = $3 ORDER BY seq`;
    return (await this.many(workspace, sql, key.customer, key.period)).map(decodeAdjustment);
  }

  async adjustmentPage(
    workspace: string,
    { customer, period }: CounterKey,
    { after, limit }: PageAfter<number>,
  ): Promise<Adjustment[]> {
    const rows = await this.of(workspace, ADJUSTMENT_PAGE, customer, period, after, limit);
    return rows.map(decodeAdjustment);
  }

  async bookedByHand(workspace: string, customer: string): Promise<Adjustment[]> {
    const sql = `SELECT * FROM adjustments
      WHERE ws = $1 AND customer = $2 AND run = '' ORDER BY seq`;
    return (await this.of(workspace, sql, customer)).map(decodeAdjustment);
  }

  async journal(workspace: string, afterSeq: number, limit: number): Promise<JournalEntry[]> {
    const sql = "SELECT * FROM journal WHERE ws = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    return (await this.many(workspace, sql, afterSeq, limit)).map(decodeJournal);
  }

  async acts(workspace: string, filter: ActFilter): Promise<JournalEntry[]> {
    const { kind, subject, afterSeq = 0, beforeSeq, limit } = filter;
    if (subject !== undefined && beforeSeq === undefined) {
      return (await this.#acts.rows(workspace, kind, subject, afterSeq, limit)).map(decodeJournal);
    }
    const own = [condition("run = ''"), ...equal({ source: kind, id: subject })];
    const conditions = [...own, condition("seq > ?", afterSeq)];
    if (beforeSeq !== undefined) conditions.push(condition("seq < ?", beforeSeq));
    const order = beforeSeq === undefined ? "seq" : "seq DESC";
    const query = listQuery("journal", { conditions, order, limit });
    return (await this.of(workspace, ...query)).map(decodeJournal);
  }

  async lastAct(
    workspace: string,
    kind: ActFilter["kind"],
    subject: string,
  ): Promise<JournalEntry | undefined> {
    return (await this.#lastActs.rows(workspace, kind, subject)).map(decodeJournal)[0];
  }

  async linkBefore(workspace: string, seq: number): Promise<ChainLink | undefined> {
    return linkBefore(await this.parts(workspace), seq);
  }

  async revisionsOfRun(workspace: string, filter: RevisionFilter): Promise<StepPage> {
    return revisionsOfRun(await this.parts(workspace), filter);
  }

  async formerRun(workspace: string, id: string, atSeq: number): Promise<RunFacts | undefined> {
    return formerRun(await this.parts(workspace), id, atSeq);
  }

  async formerOutcomes(workspace: string, run: string, atSeq: number): Promise<OutcomeState[]> {
    return formerOutcomes(await this.parts(workspace), run, atSeq);
  }
}
