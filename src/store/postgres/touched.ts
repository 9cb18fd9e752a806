/**
 * What a commit touched, told to the other nodes of a workspace: which rows they must forget, and
 * how far it moved what customers are charged and cost. So nodes that take turns forget what has
 * changed, and not all that they know (decision 0176). The last few are kept, in a table that is
 * written only while several nodes are about.
 */
import { TOUCHED_COMMITS_COUNT, TOUCHED_ROWS_MAX_COUNT } from "../../domain/database-limits.ts";
import type { Run } from "../../domain/run/run.ts";
import type { CellOfCard } from "../../engine/commit/ledger-page.ts";
import type { PeriodMove } from "../../engine/node-ports.ts";
import type { CounterKey, Writes } from "../../engine/ports.ts";
import { type Queries, rowsOf } from "./connection.ts";
import { printsOf } from "./known-identities.ts";
import type { WrittenHolds } from "./written-holds.ts";

/** What one commit touched. */
export interface Touched {
  /** Number of the commit. */
  readonly no: number;
  /** Digests of the chain before it and behind it. */
  readonly before: string;
  readonly after: string;
  /** Null: more than is worth telling. */
  readonly rows: TouchedRows | null;
}

/** Rows that one commit wrote, by their names. */
export interface TouchedRows {
  readonly runs: readonly string[];
  /** Null: it is not told, so which ones these runs hold is not known any more. */
  readonly identities: TouchedIdentities | null;
  readonly customers: readonly string[];
  /** Customers' periods, with what they gained. */
  readonly periods: readonly TouchedPeriod[];
  /**
   * Scopes with balances or limits of their own that it wrote, beside `runs` and the customers of
   * `periods`; null: it is not told.
   */
  readonly scopes: readonly string[] | null;
  /** How many holds more count than before; null: it is not told. */
  readonly moreHolds: number | null;
  /** Whether any of these periods was closed, or closed again: else they stand as they stood. */
  readonly hasClosed: boolean;
  /**
   * Runs that policies must look at anew beside `runs`: those above them, and those with an act on
   * record. Null: steps were revised or runs moved, so any may be one.
   */
  readonly lookedAt: readonly string[] | null;
}

/** Steps that a commit wrote, by their prints, and runs that held none before it. */
export interface TouchedIdentities {
  readonly begun: readonly string[];
  readonly prints: readonly number[];
}

/** A customer's period. `cells`: which counters moved, of one that has many. */
export interface TouchedPeriod extends PeriodMove {
  readonly cells?: readonly CellOfCard[];
}

/** What a commit follows, and what is known of what it writes. */
interface Since extends Pick<Touched, "no" | "before"> {
  readonly holds: Pick<WrittenHolds, "moreCounting" | "reserves">;
  /** Runs of these writes that held nothing before. */
  readonly begun: readonly Pick<Run, "id">[];
  /** Whether a customer's period has so many counters that those which moved are told. */
  readonly isLarge: (key: CounterKey) => boolean;
}

/** What a unit of work touches by what it writes. */
export function touchedBy({ head, ...writes }: Writes, since: Since): Touched {
  const { no, before, holds, isLarge } = since;
  const runs = new Set(writes.runs.map(({ id }) => id));
  for (const { run } of writes.steps) runs.add(run);
  const customers = writes.customers.map(({ id }) => id);
  const moves = movesOf(writes, isLarge);
  const cells = moves.reduce((sum, move) => sum + (move.cells?.length ?? 0), 0);
  const scopes = scopesBeside([...runs, ...moves.map(({ customer }) => customer)], writes, holds);
  const names = runs.size + customers.length + scopes.length;
  const isFew = names + moves.length + cells <= TOUCHED_ROWS_MAX_COUNT;
  const hasClosed = writes.periods.length > 0;
  const identities = identitiesOf(writes.steps, since);
  const named = { runs: [...runs], identities, customers, scopes, moreHolds: holds.moreCounting };
  const lookedAt = lookedAtBy(writes);
  const rows = isFew ? { ...named, periods: moves, hasClosed, lookedAt } : null;
  return { no, before, after: head.digest, rows };
}

/**
 * A new step moves the totals of all runs above it, which are written therefore; a new run may
 * leave the one above it as it is, and so does what a hold put on record.
 */
function lookedAtBy({
  formerSteps,
  formerRuns,
  runs,
  journal,
}: Pick<Writes, "formerSteps" | "formerRuns" | "runs" | "journal">): readonly string[] | null {
  const parents = new Map(runs.map(({ id, parent }) => [id, parent]));
  const isMoved = formerRuns.some(({ facts }) => parents.get(facts.id) !== facts.parent);
  if (formerSteps.length > 0 || isMoved) return null;
  const ids = new Set([...parents.values()].flatMap((id) => id ?? []));
  for (const { kind, id } of journal) {
    if (kind === "policy.reached") ids.add(id);
    // The subject of such an act, as the engine writes it: what is stopped, and which of these.
    if (!kind.startsWith("work.") || !id.startsWith('["run",')) continue;
    const [, run] = JSON.parse(id) as readonly [string, string];
    ids.add(run);
  }
  return [...ids];
}

/** Scopes of what a unit wrote of budgets, beside those that are named anyway. */
function scopesBeside(
  named: readonly string[],
  { balances, limits, freedLimits }: Pick<Writes, "balances" | "limits" | "freedLimits">,
  { reserves }: Since["holds"],
): string[] {
  const scopes = new Set<string>();
  for (const rows of [balances, limits, freedLimits, reserves]) {
    for (const { scope } of rows) scopes.add(scope);
  }
  for (const name of named) scopes.delete(name);
  return [...scopes];
}

function identitiesOf(steps: Writes["steps"], { begun }: Since): TouchedRows["identities"] {
  if (steps.length > TOUCHED_ROWS_MAX_COUNT) return null;
  return { begun: begun.map(({ id }) => id), prints: printsOf(steps) };
}

type Moving = { -readonly [K in keyof PeriodMove]: PeriodMove[K] } & { cells?: CellOfCard[] };

function movesOf(
  { counters, periods, rollups }: Pick<Writes, "counters" | "periods" | "rollups">,
  isLarge: Since["isLarge"],
): TouchedPeriod[] {
  const byKey = new Map<string, Moving>();
  const of = ({ customer, period }: Pick<PeriodMove, "customer" | "period">) => {
    const key = `${customer}\u0000${period}`;
    const known = byKey.get(key) ?? { customer, period, charge: 0n, cost: 0n };
    byKey.set(key, known);
    return known;
  };
  for (const row of counters) {
    const move = of(row);
    if (!isLarge(move)) continue;
    move.cells ??= [];
    move.cells.push(row);
  }
  for (const row of periods) of(row);
  for (const row of rollups) {
    const move = of(row);
    move.charge += row.charge;
    move.cost += row.cost;
  }
  return [...byKey.values()];
}

/**
 * As it is stored: amounts are texts, since JSON knows no such integers. Behind those of a period
 * stand its counters that moved, three texts each, which a node of a version before leaves out.
 */
interface Document extends Omit<Touched, "no" | "rows"> {
  readonly rows:
    | (Pick<TouchedRows, "runs" | "customers"> & {
        readonly identities?: TouchedIdentities | null;
        readonly scopes?: readonly string[] | null;
        readonly periods: readonly (readonly string[])[];
        /** All that a node of a version before is told of holds, or tells. */
        readonly hasHolds: boolean;
        readonly moreHolds?: number | null;
        readonly hasClosed?: boolean;
        readonly lookedAt?: readonly string[] | null;
      })
    | null;
}

function encode({ before, after, rows }: Touched): string {
  const periods = rows?.periods.map(({ customer, period, charge, cost, cells = [] }) => {
    const moved = cells.flatMap(({ cardKey, chargeKey, cell }) => [cardKey, chargeKey, cell]);
    return [customer, period, `${charge}`, `${cost}`, ...moved];
  });
  const document: Document = {
    ...{ before, after },
    rows: rows && { ...rows, periods: periods ?? [], hasHolds: rows.moreHolds !== 0 },
  };
  return JSON.stringify(document);
}

function cellsOf(texts: readonly string[]): CellOfCard[] {
  const cells: CellOfCard[] = [];
  for (let at = 0; at < texts.length; at += 3) {
    const [cardKey = "", chargeKey = "", cell = ""] = texts.slice(at, at + 3);
    cells.push({ cardKey, chargeKey, cell });
  }
  return cells;
}

function decode(no: number, text: string): Touched {
  const { before, after, rows } = JSON.parse(text) as Document;
  const periods = rows?.periods.map(
    ([customer = "", period = "", charge = "", cost = "", ...moved]) => {
      const move = { customer, period, charge: BigInt(charge), cost: BigInt(cost) };
      return moved.length === 0 ? move : { ...move, cells: cellsOf(moved) };
    },
  );
  if (rows === null) return { no, before, after, rows };
  // A node of a version before says nothing of it.
  const { runs, customers, hasHolds, moreHolds = hasHolds ? null : 0, hasClosed = true } = rows;
  const { identities = null, scopes = null, lookedAt = null } = rows;
  return {
    ...{ no, before, after },
    rows: {
      ...{ runs, identities, customers, periods: periods ?? [], scopes },
      ...{ moreHolds, hasClosed, lookedAt },
    },
  };
}

/** A transaction on a workspace. */
interface Place {
  readonly queries: Queries;
  readonly ws: number;
}

/** What commits behind one touched, in their order, as far as it is kept. */
export async function readTouched({ queries, ws }: Place, since: number): Promise<Touched[]> {
  const sql = "SELECT no, document FROM touched WHERE ws = $1 AND no > $2 ORDER BY no";
  const rows = await rowsOf(queries, sql, [ws, since]);
  return rows.map(({ no, document }) => decode(no as number, document as string));
}

/** Tells what a unit touched, in the place of the oldest. */
export async function saveTouched({ queries, ws }: Place, touched: Touched): Promise<void> {
  const sql = `INSERT INTO touched (ws, slot, no, document)
    SELECT $1::integer, $2::integer, $3::bigint, $4::text
    ON CONFLICT (ws, slot) DO UPDATE SET no = excluded.no, document = excluded.document`;
  const slot = touched.no % TOUCHED_COMMITS_COUNT;
  await rowsOf(queries, sql, [ws, slot, touched.no, encode(touched)]);
}
