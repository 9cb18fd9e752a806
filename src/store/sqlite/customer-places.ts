/**
 * Where a customer's steps stand. No index has them in the order of their seq, and each new step
 * would pay for one; to sort them anew for each page read all of them as often as there are pages.
 * So their places are read once, run by run, and sorted by whoever needs that: two numbers a step,
 * and no statement stays open while pages are taken.
 */
import type { SQLOutputValue } from "node:sqlite";
import { present } from "../../domain/assert.ts";
import { ReadTurns } from "../../engine/commit/others-turn.ts";
import { ask } from "./sqlite-errors.ts";
import type { Statements } from "./statements.ts";

/** A row's number, and its seq when it was looked at. */
export interface StepPlace {
  readonly no: number;
  readonly seq: number;
}

/** Whose rows to look for, and in which table. */
export interface PlacesOf {
  readonly table: "steps" | "former_steps";
  readonly ws: number;
  readonly customer: string;
}

const ROWS_A_READ = 1_000;

/** Rows of a run behind one of them, in the order of the index that has them. */
const IN_RUN = {
  steps: `SELECT step_no AS no, seq, source_no, id FROM steps
    WHERE run_no = ? AND (source_no, id, step_no) > (?, ?, ?)
    ORDER BY source_no, id, step_no LIMIT ${ROWS_A_READ}`,
  former_steps: `SELECT former_no AS no, seq, source_no, id FROM former_steps
    WHERE run_no = ? AND (source_no, id, former_no) > (?, ?, ?)
    ORDER BY source_no, id, former_no LIMIT ${ROWS_A_READ}`,
} as const;

type Found = Readonly<Record<string, SQLOutputValue>>;

const BEGINNING: Found = { source_no: -1, id: "", no: -1 };

/** All of them, in no order. Others have their turn meanwhile. */
export async function placesOf(
  statements: Statements,
  { table, ws, customer }: PlacesOf,
): Promise<StepPlace[]> {
  const runs = "SELECT run_no FROM runs WHERE ws = ? AND customer = ?";
  const turns = new ReadTurns();
  const places: StepPlace[] = [];
  for (const { run_no: run = null } of ask(() => statements.of(runs).all(ws, customer))) {
    let last: Found | undefined = BEGINNING;
    while (last !== undefined) {
      const { source_no: source = null, id = null, no = null }: Found = last;
      const rows: Found[] = ask(() => statements.of(IN_RUN[table]).all(run, source, id, no));
      for (const row of rows) places.push({ no: row.no as number, seq: row.seq as number });
      last = rows.length < ROWS_A_READ ? undefined : present(rows.at(-1), "the last of a page");
      await turns.read(1 + rows.length);
    }
  }
  return places;
}

/** Numbers of rows, so many at a time, as one value for SQL: a list as JSON. */
export function* pagesOf(places: readonly StepPlace[]): Generator<string> {
  for (let from = 0; from < places.length; from += ROWS_A_READ) {
    yield JSON.stringify(places.slice(from, from + ROWS_A_READ).map(({ no }) => no));
  }
}
