/** Budgets, holds and stops on PostgreSQL: inside a unit of work, and outside. */
import type { BalanceKey, BudgetRecord, Overrun, OwnLimit } from "../../domain/budget/budget.ts";
import { emptyBalance } from "../../domain/budget/budget.ts";
import { type Hold, isCounting, type Reserve } from "../../domain/budget/hold.ts";
import type { Stop, StopKey } from "../../domain/budget/stop.ts";
import type { StepKey } from "../../engine/ports.ts";
import type {
  BalanceFilter,
  CustomerStep,
  HoldPage,
  KeptBalance,
  LimitKey,
  RecordKey,
  Since,
  SpendingReads,
  SpendingUnit,
  SpendingWrites,
  StopPage,
} from "../../engine/spending-ports.ts";
import { balancePage } from "../balance-page.ts";
import { condition, conditionsOfHolds, equal } from "../conditions.ts";
import {
  decodeBalance,
  decodeBudget,
  decodeHold,
  decodeLimit,
  decodeOverrun,
  decodeStop,
  encodeBalance,
  encodeBudget,
  encodeHold,
  encodeLimit,
  encodeOverrun,
  encodeStop,
} from "../stored-budgets.ts";
import type { Bound, Row } from "../stored-rows.ts";
import { type Parameter, type Queries, rowsOf } from "./connection.ts";
import { byKeys } from "./keyed-rows.ts";
import { listQuery } from "./list-query.ts";
import { saveRows, TABLES } from "./tables.ts";
import { checksumOf, type Target } from "./target.ts";
import type { UnitAhead } from "./unit-ahead.ts";
import type { WrittenHolds } from "./written-holds.ts";

/** Runs a statement whose first parameter is the workspace. */
type Ask = (sql: string, ...values: Parameter[]) => Promise<Row[]>;

const COUNTING = "state = 'open'";
const HOLDS = byKeys("holds", "run source id");
const HOLDS_OF_CALLS = byKeys("holds", "call_id", {
  where: `r.${COUNTING}`,
  order: "run source id",
});
const HOLDS_OF_RUNS = byKeys("holds", "run", { where: `r.${COUNTING}`, order: "run source id" });
const HOLDS_BY_SETTLER = byKeys("holds", "settled_run settled_source settled_id", {
  order: "run source id",
});
const FORMER_STEPS = byKeys("former_steps", "customer run source id");
const FORMER_RUNS = byKeys("former_runs", "run");
const FORMER_OUTCOMES = byKeys("former_outcomes", "run key");

/** Settled and held of these balances, side by side; either may be missing. */
const BALANCES = `SELECT k.budget_id, k.scope, k.window_key, b.settled, b.stages_told,
    b.granted_at, h.level AS held
  FROM unnest($2::int8[], $3::text[], $4::text[]) AS k (budget_id, scope, window_key)
  LEFT JOIN LATERAL (SELECT * FROM budget_balances r WHERE r.ws = $1 AND r.budget_id = k.budget_id
    AND r.scope = k.scope AND r.window_key = k.window_key OFFSET 0) AS b ON true
  LEFT JOIN LATERAL (SELECT * FROM budget_held r WHERE r.ws = $1 AND r.budget_id = k.budget_id
    AND r.scope = k.scope AND r.window_key = k.window_key OFFSET 0) AS h ON true
  WHERE b.ws IS NOT NULL OR h.level <> 0
  ORDER BY k.budget_id, k.scope, k.window_key`;

async function balancesOf(ask: Ask, keys: readonly BalanceKey[]): Promise<KeptBalance[]> {
  if (keys.length === 0) return [];
  const rows = await ask(
    BALANCES,
    keys.map(({ budgetId }) => budgetId),
    keys.map(({ scope }) => scope),
    keys.map(({ window }) => window),
  );
  return rows.map(decodeKept);
}

function decodeKept(row: Row): KeptBalance {
  const held = row.held === null ? 0n : BigInt(row.held as string);
  const isKept = row.settled !== null;
  return { ...(isKept ? decodeBalance(row) : emptyBalance(keyOfRow(row))), held, isKept };
}

function keyOfRow({ budget_id, scope, window_key }: Row): BalanceKey {
  return { budgetId: Number(budget_id), scope: scope as string, window: window_key as string };
}

async function limitsOf(ask: Ask, keys: readonly LimitKey[]): Promise<OwnLimit[]> {
  if (keys.length === 0) return [];
  const sql = byKeys("budget_limits", "budget_id:int8 scope");
  const ids = keys.map(({ budgetId }) => budgetId);
  return (
    await ask(
      sql,
      ids,
      keys.map(({ scope }) => scope),
    )
  ).map(decodeLimit);
}

async function stopsOf(ask: Ask, keys: readonly StopKey[]): Promise<Stop[]> {
  if (keys.length === 0) return [];
  const sql = byKeys("stops", "scope_kind scope");
  const kinds = keys.map(({ of }) => of);
  return (
    await ask(
      sql,
      kinds,
      keys.map(({ id }) => id),
    )
  ).map(decodeStop);
}

/** Where rows are read: beside units of work, unless the unit ahead may have written them. */
type QueriesUnless = (isWrittenBy: (ahead: UnitAhead) => boolean) => Queries;
type AskUnless = (isWrittenBy: (ahead: UnitAhead) => boolean) => Ask;

/** No unit that hands over writes such rows. */
const NEVER = () => false;

/**
 * Reads of one open transaction: the workspace's row is locked, so nothing changes under them, and
 * what is asked for again and again is remembered until the unit writes.
 */
export class PostgresSpending implements SpendingUnit {
  readonly #ask: Ask;
  readonly #stops = new Map<string, Stop | null>();
  /** Holds that were asked for by their keys; null: there is none. */
  readonly #holds = new Map<string, Hold | null>();
  readonly #rows: Target["rows"];
  readonly #unless: AskUnless;

  constructor({ queries, ws, rows }: Target, unless: QueriesUnless) {
    const askOf =
      (asked: Queries): Ask =>
      (sql, ...values) =>
        rowsOf(asked, sql, [ws, ...values]);
    this.#rows = rows;
    this.#ask = askOf(queries);
    this.#unless = (isWrittenBy) => askOf(unless(isWrittenBy));
  }

  async balances(keys: readonly BalanceKey[]): Promise<KeptBalance[]> {
    const { found, unknown } = this.#rows.balances(keys);
    const ask = this.#unless((ahead) => ahead.hasBalance(unknown));
    const read = await balancesOf(ask, unknown);
    this.#rows.learnBalances(read, unknown);
    return [...found.flatMap((balance) => balance ?? []), ...read];
  }

  async ownLimits(keys: readonly LimitKey[]): Promise<OwnLimit[]> {
    const { found, unknown } = this.#rows.ownLimits(keys);
    const read = await limitsOf(this.#unless(NEVER), unknown);
    this.#rows.learnOwnLimits(read, unknown);
    return [...found.flatMap((limit) => limit ?? []), ...read];
  }

  async holds(keys: readonly StepKey[]): Promise<Hold[]> {
    const found = await this.#holdsBy(keys, HOLDS);
    for (const key of keys) this.#holds.set(keyText(key), null);
    for (const hold of found) this.#holds.set(keyText(hold), hold);
    return found;
  }

  /** What holds that are to be written were before, in their order; null: they were not there. */
  async formerHolds(holds: readonly Hold[]): Promise<(Hold | null)[]> {
    await this.holds(holds.filter((hold) => !this.#holds.has(keyText(hold))));
    return holds.map((hold) => this.#holds.get(keyText(hold)) ?? null);
  }

  /** By their keys alone: told that they count, the server read all that do, for each of them. */
  async countingHolds(keys: readonly StepKey[]): Promise<Hold[]> {
    return (await this.holds(keys)).filter(isCounting);
  }

  async countingHoldsOfCalls(callIds: readonly string[]): Promise<Hold[]> {
    if (callIds.length === 0) return [];
    return (await this.#ask(HOLDS_OF_CALLS, [...new Set(callIds)])).map(decodeHold);
  }

  async countingHoldsOfRuns(runs: readonly string[]): Promise<Hold[]> {
    if (runs.length === 0) return [];
    return (await this.#ask(HOLDS_OF_RUNS, [...new Set(runs)])).map(decodeHold);
  }

  async holdsSettledBy(keys: readonly StepKey[]): Promise<Hold[]> {
    const own = await this.holds(keys);
    const others = await this.#holdsBy(keys, HOLDS_BY_SETTLER);
    return [...own.filter(isSettledByOwn), ...others];
  }

  async #holdsBy(keys: readonly StepKey[], sql: string): Promise<Hold[]> {
    if (keys.length === 0) return [];
    const rows = await this.#ask(
      sql,
      keys.map(({ run }) => run),
      keys.map(({ source }) => source),
      keys.map(({ id }) => id),
    );
    return rows.map(decodeHold);
  }

  async expiredHolds(beforeMs: number, limit: number): Promise<Hold[]> {
    const sql = `SELECT * FROM holds WHERE ws = $1 AND ${COUNTING} AND expires_at < $2
      ORDER BY expires_at, run, source, id LIMIT $3`;
    return (await this.#ask(sql, beforeMs, limit)).map(decodeHold);
  }

  async countingHoldCount(): Promise<number> {
    const known = this.#rows.countingHolds;
    if (known !== null) return known;
    const sql = `SELECT count(*) AS n FROM holds WHERE ws = $1 AND ${COUNTING}`;
    const count = Number((await this.#ask(sql))[0]?.n);
    this.#rows.learnCountingHolds(count);
    return count;
  }

  async stops(keys: readonly StopKey[]): Promise<Stop[]> {
    const unknown = keys.filter((key) => !this.#stops.has(stopText(key)));
    for (const key of unknown) this.#stops.set(stopText(key), null);
    for (const stop of await stopsOf(this.#ask, unknown)) this.#stops.set(stopText(stop), stop);
    return keys.flatMap((key) => this.#stops.get(stopText(key)) ?? []);
  }

  async formerStepSeqs(keys: readonly CustomerStep[]): Promise<Since<StepKey>[]> {
    if (keys.length === 0) return [];
    const column = (read: (key: CustomerStep) => string) => keys.map(read);
    const rows = await this.#ask(
      FORMER_STEPS,
      column(({ customer }) => customer),
      column(({ run }) => run),
      column(({ source }) => source),
      column(({ id }) => id),
    );
    return rows.map(({ run, source, id, seq }) => {
      return { run: run as string, source: source as string, id: id as string, seq: Number(seq) };
    });
  }

  async formerSeqs(keys: readonly RecordKey[]): Promise<Since<RecordKey>[]> {
    const runs = keys.flatMap(({ run, key }) => (key === null ? run : []));
    const outcomes = keys.flatMap(({ run, key }) => (key === null ? [] : { run, key }));
    const rows = runs.length === 0 ? [] : await this.#ask(FORMER_RUNS, runs);
    if (outcomes.length > 0) {
      const of = outcomes.map(({ run }) => run);
      const named = outcomes.map(({ key }) => key);
      rows.push(...(await this.#ask(FORMER_OUTCOMES, of, named)));
    }
    return rows.map(({ run, key = null, since_seq: seq }) => {
      return { run: run as string, key: key as string | null, seq: Number(seq) };
    });
  }

  /** The unit has written: what was remembered may be so no more. */
  forget(): void {
    this.#stops.clear();
    this.#holds.clear();
  }
}

function keyText({ run, source, id }: StepKey): string {
  return JSON.stringify([run, source, id]);
}

function stopText({ of, id }: StopKey): string {
  return JSON.stringify([of, id]);
}

function isSettledByOwn(hold: Hold): boolean {
  const by = hold.settledBy;
  return by !== null && by.run === hold.run && by.source === hold.source && by.id === hold.id;
}

/** Writes what a unit changed. */
export async function writeSpending(
  target: Target,
  writes: SpendingWrites,
  { holds, former, reserves }: WrittenHolds,
): Promise<void> {
  const { queries, ws } = target;
  const ask: Ask = (sql, ...values) => rowsOf(queries, sql, [ws, ...values]);
  const checked = (row: Bound[]) => [...row, checksumOf(target, row)];
  const save = (name: keyof typeof TABLES, rows: Parameters<typeof saveRows>[2]["rows"]) =>
    saveRows(queries, ws, { table: TABLES[name], rows });
  const freed = "DELETE FROM budget_limits WHERE ws = $1 AND budget_id = $2 AND scope = $3";
  const lifted = "DELETE FROM stops WHERE ws = $1 AND scope_kind = $2 AND scope = $3";
  // Like a new step, a new hold was looked for under the lock.
  const rowsOfHolds = (isNew: boolean) =>
    holds.filter((_, at) => (former[at] === null) === isNew).map(encodeHold);
  await Promise.all([
    save("budgets", writes.budgets.map(encodeBudget)),
    ...writes.freedLimits.map(({ budgetId, scope }) => ask(freed, budgetId, scope)),
    save("limits", writes.limits.map(encodeLimit)),
    save("balances", writes.balances.map(encodeBalance)),
    save("held", reserves.map(encodeReserve)),
    save("newHolds", rowsOfHolds(true).map(checked)),
    save("changedHolds", rowsOfHolds(false).map(checked)),
    ...writes.lifted.map(({ of, id }) => ask(lifted, of, id)),
    save("stops", writes.stops.map(encodeStop)),
    save("overruns", writes.overruns.map(encodeOverrun).map(checked)),
  ]);
}

function encodeReserve({ budgetId, scope, window, amount }: Reserve): Bound[] {
  return [budgetId, scope, window, String(amount)];
}

/** Reads outside a unit of work. */
export class PostgresSpendingReads implements SpendingReads {
  readonly #in: (workspace: string) => Promise<Ask>;

  constructor(askIn: (workspace: string) => Promise<Ask>) {
    this.#in = askIn;
  }

  async budgets(workspace: string): Promise<BudgetRecord[]> {
    const ask = await this.#in(workspace);
    return (await ask("SELECT * FROM budgets WHERE ws = $1 ORDER BY id")).map(decodeBudget);
  }

  async balancesOf(workspace: string, filter: BalanceFilter): Promise<KeptBalance[]> {
    const ask = await this.#in(workspace);
    const { budgetId, scope, window, after, limit } = filter;
    const conditions = equal({ budget_id: budgetId, scope, window_key: window });
    if (after !== undefined) {
      const place = [after.budgetId, after.scope, after.window];
      conditions.push(condition("(budget_id, scope, window_key) > (?, ?, ?)", ...place));
    }
    const order = "budget_id, scope, window_key";
    const kept = await ask(...listQuery("budget_balances", { conditions, order, limit }));
    const isHeld = [...conditions, condition("level <> 0")];
    const held = await ask(...listQuery("budget_held", { conditions: isHeld, order, limit }));
    return balancesOf(ask, balancePage([...kept, ...held].map(keyOfRow), filter));
  }

  async balances(workspace: string, keys: readonly BalanceKey[]): Promise<KeptBalance[]> {
    return balancesOf(await this.#in(workspace), keys);
  }

  async ownLimitsOf(workspace: string, budgetId: number, limit: number): Promise<OwnLimit[]> {
    const ask = await this.#in(workspace);
    const sql = `SELECT * FROM budget_limits WHERE ws = $1 AND budget_id = $2
      ORDER BY scope LIMIT $3`;
    return (await ask(sql, budgetId, limit)).map(decodeLimit);
  }

  async ownLimits(workspace: string, keys: readonly LimitKey[]): Promise<OwnLimit[]> {
    return limitsOf(await this.#in(workspace), keys);
  }

  async holdsOfRun(workspace: string, run: string, page: HoldPage): Promise<Hold[]> {
    const ask = await this.#in(workspace);
    const conditions = conditionsOfHolds(run, page.after);
    const order = "granted_at DESC, source, id";
    const query = listQuery("holds", { conditions, order, limit: page.limit });
    return (await ask(...query)).map(decodeHold);
  }

  async listStops(workspace: string, { limit, after }: StopPage): Promise<Stop[]> {
    const ask = await this.#in(workspace);
    const { of, id } = after ?? { of: "", id: "" };
    const sql = `SELECT * FROM stops WHERE ws = $1 AND (scope_kind, scope) > ($2, $3)
      ORDER BY scope_kind, scope LIMIT $4`;
    return (await ask(sql, of, id, limit)).map(decodeStop);
  }

  async stops(workspace: string, keys: readonly StopKey[]): Promise<Stop[]> {
    return stopsOf(await this.#in(workspace), keys);
  }

  async overrunsOf(workspace: string, key: BalanceKey, limit: number): Promise<Overrun[]> {
    const ask = await this.#in(workspace);
    const sql = `SELECT * FROM overruns
      WHERE ws = $1 AND budget_id = $2 AND scope = $3 AND window_key = $4
      ORDER BY seq LIMIT $5`;
    const { budgetId, scope, window } = key;
    return (await ask(sql, budgetId, scope, window, limit)).map(decodeOverrun);
  }
}
