/**
 * Rows of budgets, holds and stops, to and from their domain form, as any SQL store keeps them.
 * Levels are whole numbers in the scale of their budget's measure: 33 places for money, else 9.
 */
import { present } from "../domain/assert.ts";
import type {
  Balance,
  BalanceKey,
  BudgetRecord,
  Overrun,
  OverrunCause,
  OwnLimit,
} from "../domain/budget/budget.ts";
import type { Expiry, Hold, HoldState, Reserve } from "../domain/budget/hold.ts";
import { budgetDocument, parseBudget } from "../domain/budget/parse-budget.ts";
import type { Stop, StopScope } from "../domain/budget/stop.ts";
import { formatAmount } from "../domain/money/decimal.ts";
import { amountOf } from "./stored-decimal.ts";
import type { Bound, Row } from "./stored-rows.ts";

/** id, counts_from, retired_at, key, document. */
export function encodeBudget({ id, countsFromMs, retiredAtMs, budget }: BudgetRecord): Bound[] {
  return [id, countsFromMs, retiredAtMs, budget.key, JSON.stringify(budgetDocument(budget))];
}

/** A budget of its document. */
export function decodeBudget(row: Row): BudgetRecord {
  const parsed = parseBudget(JSON.parse(row.document as string), row.key as string);
  const stored = "budget" in parsed ? parsed.budget : undefined;
  return {
    id: Number(row.id),
    budget: present(stored, `budget "${row.key}" that can be read`),
    countsFromMs: Number(row.counts_from),
    retiredAtMs: row.retired_at === null ? null : Number(row.retired_at),
  };
}

/** budget_id, scope, window, settled, stages_told, granted_at. */
export function encodeBalance(balance: Balance): Bound[] {
  const { budgetId, scope, window, settled, stagesTold, grantedAtMs } = balance;
  return [budgetId, scope, window, String(settled), stagesTold, grantedAtMs];
}

function keyOf(row: Row): BalanceKey {
  const { budget_id: budgetId, scope, window_key: window } = row;
  return { budgetId: Number(budgetId), scope: scope as string, window: window as string };
}

/** A balance. */
export function decodeBalance(row: Row): Balance {
  return {
    ...keyOf(row),
    settled: BigInt(row.settled as string),
    stagesTold: Number(row.stages_told),
    grantedAtMs: Number(row.granted_at),
  };
}

/** budget_id, scope, level. */
export function encodeLimit({ budgetId, scope, limit }: OwnLimit): Bound[] {
  return [budgetId, scope, String(limit)];
}

/** A scope's own limit. */
export function decodeLimit({ budget_id: budgetId, scope, level }: Row): OwnLimit {
  const limit = BigInt(level as string);
  return { budgetId: Number(budgetId), scope: scope as string, limit };
}

/** Columns of `holds` after the workspace, in binding order. */
export const HOLD_COLUMNS = [
  "run",
  "source",
  "id",
  "hold_id",
  "state",
  "customer",
  "call_id",
  "content_hash",
  "granted_at",
  "expires_at",
  "on_expiry",
  "cost",
  "charge",
  "currency",
  "max_output",
  "clamped",
  "reserves",
  "document",
  "ended_at",
  "settled_run",
  "settled_source",
  "settled_id",
] as const;

/** Values in the order of HOLD_COLUMNS. */
export function encodeHold(hold: Hold): Bound[] {
  return [
    hold.run,
    hold.source,
    hold.id,
    hold.holdId,
    hold.state,
    hold.customer,
    hold.callId,
    hold.contentHash,
    hold.grantedAtMs,
    hold.expiresAtMs,
    hold.onExpiry,
    formatAmount(hold.cost),
    formatAmount(hold.charge),
    hold.currency,
    hold.maxOutputTokens,
    hold.isClamped ? 1 : 0,
    encodeReserves(hold.reserves),
    hold.document,
    hold.endedAtMs,
    ...settlerColumns(hold),
  ];
}

/** Columns of `holds` that change while a hold counts, and as it ends. */
export const HOLD_MOVES = [
  "state",
  "expires_at",
  "ended_at",
  "settled_run",
  "settled_source",
  "settled_id",
] as const;

/** Values in the order of HOLD_MOVES. */
export function encodeHoldMoves(hold: Hold): Bound[] {
  const { state, expiresAtMs, endedAtMs } = hold;
  return [state, expiresAtMs, endedAtMs, ...settlerColumns(hold)];
}

/** A hold that its own step settled does not repeat it. */
function settlerColumns(hold: Hold): Bound[] {
  const { settledBy } = hold;
  const other = settledBy === null || isOwn(hold, settledBy) ? null : settledBy;
  return [other?.run ?? null, other?.source ?? null, other?.id ?? null];
}

type Settler = NonNullable<Hold["settledBy"]>;

function isOwn(hold: Settler, by: Settler): boolean {
  return hold.run === by.run && hold.source === by.source && hold.id === by.id;
}

function encodeReserves(reserves: readonly Reserve[]): string {
  return JSON.stringify(
    reserves.map(({ budgetId, scope, window, amount }) => [
      budgetId,
      scope,
      window,
      String(amount),
    ]),
  );
}

/** What a hold sets aside, as its row has it. */
export function decodeReserves(text: string): Reserve[] {
  const kept = JSON.parse(text) as [number, string, string, string][];
  return kept.map(([budgetId, scope, window, amount]) => {
    return { budgetId, scope, window, amount: BigInt(amount) };
  });
}

const number = (value: unknown): number | null => (value === null ? null : Number(value));

/** A hold, its step and reserves from their text. */
export function decodeHold(row: Row): Hold {
  const own = { run: row.run as string, source: row.source as string, id: row.id as string };
  const state = row.state as HoldState;
  const other = row.settled_id === null ? own : settlerOf(row);
  // Fields are named one by one: an object that is spread and then added to grows many times.
  return {
    run: own.run,
    source: own.source,
    id: own.id,
    holdId: row.hold_id as string,
    state,
    customer: row.customer as string,
    callId: row.call_id as string | null,
    contentHash: row.content_hash as string,
    grantedAtMs: Number(row.granted_at),
    expiresAtMs: Number(row.expires_at),
    onExpiry: row.on_expiry as Expiry,
    cost: amountOf(row.cost as string),
    charge: amountOf(row.charge as string),
    currency: row.currency as string | null,
    maxOutputTokens: number(row.max_output),
    isClamped: row.clamped === 1 || row.clamped === true,
    reserves: decodeReserves(row.reserves as string),
    document: row.document as string,
    endedAtMs: number(row.ended_at),
    settledBy: state === "settled" ? other : null,
  };
}

function settlerOf(row: Row): Settler {
  const { settled_run: run, settled_source: source, settled_id: id } = row;
  return { run: run as string, source: source as string, id: id as string };
}

/** scope_kind, scope, document. */
export function encodeStop(stop: Stop): Bound[] {
  const { of, id, ...rest } = stop;
  return [of, id, JSON.stringify(rest)];
}

/** A stop. */
export function decodeStop({ scope_kind: of, scope, document }: Row): Stop {
  const rest = JSON.parse(document as string) as Omit<Stop, "of" | "id">;
  return { of: of as StopScope, id: scope as string, ...rest };
}

/** seq, budget_id, scope, window, run, source, id, cause, level. */
export function encodeOverrun(overrun: Overrun): Bound[] {
  const { seq, budgetId, scope, window, run, source, id, cause, amount } = overrun;
  return [seq, budgetId, scope, window, run, source, id, cause, String(amount)];
}

/** What went over a limit, and by what. */
export function decodeOverrun(row: Row): Overrun {
  return {
    ...keyOf(row),
    seq: Number(row.seq),
    run: row.run as string,
    source: row.source as string,
    id: row.id as string,
    cause: row.cause as OverrunCause,
    amount: BigInt(row.level as string),
  };
}
