/**
 * Revenue, cost and margin from the one record that both stand on. Roll-ups answer what they can;
 * the rest reads runs with their steps. Either way the rows of any dimension add up to the same
 * totals, and those are the bills.
 *
 * A report costs a few reads a bill (one a customer and period), and where it is told by run, tree,
 * card or outcome one a run. It holds a row for each value, by run and tree only those that it
 * answers with. What is written meanwhile may be in one row and not yet in another.
 */
import { TollgateError } from "../../domain/errors.ts";
import { REPORT_ROWS_MAX_COUNT } from "../../domain/limits.ts";
import { entriesOfBill } from "../../domain/margin/bill-lines.ts";
import {
  entryOfRollup,
  type MarginDimension,
  type MarginEntry,
  type MarginPlace,
} from "../../domain/margin/margin-entry.ts";
import {
  byOrder,
  FirstRows,
  type MarginOrder,
  type RowPlace,
} from "../../domain/margin/margin-order.ts";
import { type MarginRow, MarginTable } from "../../domain/margin/margin-table.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { EngineContext } from "../context.ts";
import { MarginBills } from "./margin-bills.ts";
import { MarginRuns } from "./margin-runs.ts";
import { billsOf, type ReportScope, tooLarge } from "./report-periods.ts";

/** What margin to read. */
export interface MarginQuery extends ReportScope {
  readonly by: MarginDimension;
  /** Only what is charged in this one; null: all. */
  readonly currency: string | null;
  readonly order: MarginOrder;
  readonly limit: number;
  /** Goes on behind this row, the `next` of the page before. */
  readonly after: RowPlace | null;
  /** Reads steps though roll-ups would do: they know what customers paid providers themselves. */
  readonly readsSteps: boolean;
}

/** A page of margin, with the totals of all of it. */
export interface MarginReport {
  readonly rows: readonly MarginRow[];
  /** Of all pages. */
  readonly rowCount: number;
  /** One a currency, in their order. */
  readonly totals: readonly MarginRow[];
  readonly next: RowPlace | null;
}

/** Most that a report reads and holds; tests make it smaller. */
export interface MarginBounds {
  /** (Default: REPORT_STEPS_MAX_COUNT.) */
  readonly steps?: number;
  /** (Default: REPORT_BILLS_MAX_COUNT.) */
  readonly bills?: number;
  /** (Default: REPORT_ROWS_MAX_COUNT.) */
  readonly rows?: number;
}

const OF_STEPS: ReadonlySet<MarginDimension> = new Set(["card", "run", "tree", "outcome"]);

/** Reads a page. Throws `customer.not_found`, `report.too_large`, `field.out_of_range`. */
export async function readMargin(
  context: EngineContext,
  workspace: string,
  { query, bounds = {} }: { readonly query: MarginQuery; readonly bounds?: MarginBounds },
): Promise<MarginReport> {
  const { customer, by } = query;
  if (customer !== null && (await context.store.customer(workspace, customer)) === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${customer}".`);
  }
  const nowMs = (await context.clocks.of(workspace)).nowMs();
  const sums = new ReportSums(query, bounds.rows ?? REPORT_ROWS_MAX_COUNT);
  const readsSteps = query.readsSteps || OF_STEPS.has(by);
  const places = new Map<string, MarginPlace>();
  let fromMs = Number.POSITIVE_INFINITY;
  let looked = 0;
  const bills = await MarginBills.open(context, workspace, nowMs);
  const most = bounds.bills === undefined ? {} : { max: bounds.bills };
  for (const key of await billsOf(context, workspace, { ...query, nowMs, ...most })) {
    const { at, startMs, rollups, parts } = await bills.read(key);
    looked += 1;
    if (looked % BILLS_A_TURN === 0) await othersTurn();
    if (query.currency !== null && query.currency !== at.currency) continue;
    places.set(counterKeyText(key), at);
    fromMs = Math.min(fromMs, startMs);
    sums.add(entriesOfBill(at, parts));
    if (!readsSteps) sums.add(rollups.map((row) => entryOfRollup(at, row)));
  }
  if (readsSteps && places.size > 0) {
    const tariff = await context.tariffs.of(workspace);
    const placeOf = (id: string, period: string) =>
      places.get(counterKeyText({ customer: id, period })) ?? null;
    const max = bounds.steps === undefined ? {} : { max: bounds.steps };
    const scope = { customer, tariff, placeOf, fromMs, ...max };
    const runs = new MarginRuns(context.store, workspace, scope);
    for await (const { root, run, entries } of runs.all()) {
      const owner = by === "run" ? run : by === "tree" ? root : null;
      if (owner === null || owner.standing) sums.add(entries);
      else sums.addOwn(owner.id, entries);
    }
  }
  return sums.report();
}

/** Bills read before others have their turn. */
const BILLS_A_TURN = 5;

/** Rows that are whole go to the page at once; all others are held until the end. */
class ReportSums {
  readonly #query: MarginQuery;
  readonly #rowsMax: number;
  readonly #table: MarginTable;
  #own: MarginTable;
  #owner: string | null = null;
  readonly #totals = new MarginTable("all");
  readonly #first: FirstRows;

  constructor(query: MarginQuery, rowsMax: number) {
    this.#query = query;
    this.#rowsMax = rowsMax;
    this.#table = new MarginTable(query.by);
    this.#own = new MarginTable(query.by);
    this.#first = new FirstRows(query.order, query);
  }

  add(entries: readonly MarginEntry[]): void {
    for (const entry of entries) {
      this.#table.add(entry);
      this.#totals.add(entry);
    }
    if (this.#table.size > this.#rowsMax) throw tooLarge("rows", this.#rowsMax);
  }

  /** Adds what one run, or a tree, brings and costs; its row is whole when the next one begins. */
  addOwn(owner: string, entries: readonly MarginEntry[]): void {
    if (owner !== this.#owner) this.#finishOwn();
    this.#owner = owner;
    for (const entry of entries) {
      this.#own.add(entry);
      this.#totals.add(entry);
    }
  }

  #finishOwn(): void {
    for (const row of this.#own.rows()) this.#first.offer(row);
    this.#own = new MarginTable(this.#query.by);
  }

  report(): MarginReport {
    this.#finishOwn();
    for (const row of this.#table.rows()) this.#first.offer(row);
    const { rows, offered, next } = this.#first.page();
    const totals = this.#totals.rows().sort(byOrder("name"));
    return { rows, rowCount: offered, totals, next };
  }
}
