/**
 * Where the steps of runs stand: by customer, in the partition of the month in which the run was
 * first heard of. A unit learns it with the runs that it loads, so steps are found without a join.
 */
import { conditionsOfUnfinished } from "../conditions.ts";
import type { Row } from "../stored-rows.ts";
import { type Queries, rowsOf } from "./connection.ts";
import { byKeys } from "./keyed-rows.ts";
import { listQuery } from "./list-query.ts";

/** Runs of many ids in one statement. */
export const RUNS = byKeys("runs", "id");

/** Open runs that were silent since an instant, longest first. */
export const SILENT_RUNS = `SELECT * FROM runs
  WHERE ws = $1 AND status = 'open' AND NOT standing AND last_seen_at < $2
  ORDER BY last_seen_at, id LIMIT $3`;

/** Runs with steps that their opening has yet to restate. */
export function unfinishedRuns(limit: number, customer: string | undefined) {
  return listQuery("runs", {
    conditions: conditionsOfUnfinished("strpos(head, chr(29))", customer),
    order: "customer, id",
    limit,
  });
}

/** Customer and month of a run; a customer of null: it has no steps yet. */
export interface RunPlace {
  readonly customer: string | null;
  readonly month: number;
}

/** Places of the runs of one unit of work. */
export class RunPlaces {
  readonly #places = new Map<string, RunPlace>();
  /** The month of runs that this unit is the first to hear of. */
  readonly #now: number;

  constructor(monthNow: number) {
    this.#now = monthNow;
  }

  /** Rows of runs, and ids that were looked for: those without a row are new. */
  learn(rows: readonly Row[], ids: readonly string[] = []): void {
    for (const id of ids) if (!this.#places.has(id)) this.#places.set(id, this.#new());
    for (const { id, customer, month } of rows) {
      const place = { customer: customer as string | null, month: month as number };
      this.#places.set(id as string, place);
    }
  }

  #new(): RunPlace {
    return { customer: null, month: this.#now };
  }

  set(run: string, place: RunPlace): void {
    this.#places.set(run, place);
  }

  of(run: string): RunPlace | undefined {
    return this.#places.get(run);
  }

  monthOf(run: string): number {
    return this.#places.get(run)?.month ?? this.#now;
  }

  /** Looks for those of these runs that nobody has looked for. */
  async find(queries: Queries, ws: number, runs: readonly string[]): Promise<void> {
    const unknown = [...new Set(runs)].filter((run) => !this.#places.has(run));
    if (unknown.length === 0) return;
    this.learn(await rowsOf(queries, RUNS, [ws, unknown]), unknown);
  }
}
