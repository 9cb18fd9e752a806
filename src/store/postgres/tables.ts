/** The tables as the writer sees them, and the one statement that saves many rows of each. */
import { arrayParameter, type Rows } from "./array-parameter.ts";
import { type Parameter, type Queries, rowsOf } from "./connection.ts";
import { STEP_COLUMNS } from "./step-rows.ts";

/** One table: its columns in binding order behind `ws`, and how it is written. */
export interface Table {
  readonly name: string;
  /** Types of the columns, in binding order. */
  readonly types: readonly string[];
  readonly saveSql: string;
}

interface Shape {
  /** Columns of the primary key behind `ws`. */
  readonly key: string;
  /** `name` for a text, `name:type` for anything else. */
  readonly columns: string;
  /** Columns that gain what is written, instead of being replaced by it. */
  readonly gaining?: string;
  /** Columns that keep what was written first. */
  readonly fixed?: string;
  /** What is written is not there: one that is fails the unit. (Default: it is replaced.) */
  readonly isNew?: true;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/**
 * Rows travel as one array a column, which the server takes apart beside one another: as functions
 * in FROM each column would be laid down in a store of its own first. They come in the order of the
 * unit: who writes them holds the workspace, so nobody waits for another's rows (decision 0111).
 */
function table(name: string, shape: Shape): Table {
  const columns = words(shape.columns).map((word) => word.split(":"));
  const names = columns.map(([column = ""]) => column);
  const types = columns.map(([, type = "text"]) => type);
  const key = words(shape.key);
  const gaining = new Set(words(shape.gaining ?? ""));
  const kept = [...key, ...words(shape.fixed ?? "")];
  const updates = names
    .filter((column) => !kept.includes(column))
    .map((column) =>
      gaining.has(column)
        ? `${column} = ${name}.${column} + excluded.${column}`
        : `${column} = excluded.${column}`,
    );
  const lists = types.map((type, index) => `unnest($${index + 2}::${type}[])`);
  const insertSql = `INSERT INTO ${name} (ws, ${names.join(", ")})
    SELECT $1::integer, ${lists.join(", ")}`;
  const replaced = `ON CONFLICT (ws, ${key.join(", ")}) DO UPDATE SET ${updates.join(", ")}`;
  return { name, types, saveSql: shape.isNew ? insertSql : `${insertSql} ${replaced}` };
}

/** Rows of a table: values in the order of its columns, behind `skipped` others. */
export interface TableRows {
  readonly table: Table;
  readonly rows: Rows;
  /** (Default: none.) */
  readonly skipped?: number;
}

/** Writes rows. */
export async function saveRows(
  queries: Queries,
  ws: number,
  { table, rows, skipped = 0 }: TableRows,
): Promise<void> {
  if (rows.length === 0) return;
  const values: Parameter[] = [ws];
  for (const [index, type] of table.types.entries()) {
    values.push(arrayParameter(type, rows, index + skipped));
  }
  await rowsOf(queries, table.saveSql, values);
}

const TOTALS = (of: string) =>
  `${of}_steps:int8 ${of}_unpriced:int8 ${of}_cost:numeric ${of}_charge:numeric`;
const HOLDS: Shape = {
  key: "run source id",
  columns: `run source id hold_id state customer call_id content_hash granted_at:int8
    expires_at:int8 on_expiry cost:numeric charge:numeric currency max_output:int8 clamped:int8
    reserves document ended_at:int8 settled_run settled_source settled_id checksum:int8`,
};
const STEPS: Shape = {
  key: "customer run source id month",
  columns: `${STEP_COLUMNS} month:int4`,
};
/** Every table that a unit of work writes. */
export const TABLES = {
  customers: table("customers", {
    key: "id",
    columns: `id name time_zone anchor_day:int8 card_key created_at:int8 former_cards
      started_at:int8 parent`,
  }),
  runs: table("runs", {
    key: "id",
    columns: `month:int4 id customer agent parent height:int8 standing:bool status opened:bool
      opened_at:int8 head agent_head closed_at:int8 closed_by last_seen_at:int8 labels authority
      suspended:int8
      ${TOTALS("own")} ${TOTALS("tree")} rating ended_at:int8 charged_in corrections
      since_seq:int8 end_user`,
    fixed: "month",
  }),
  newSteps: table("steps", { ...STEPS, isNew: true }),
  revisedSteps: table("steps", STEPS),
  formerSteps: table("former_steps", {
    key: "customer run source id seq",
    columns: STEP_COLUMNS,
  }),
  formerRuns: table("former_runs", {
    key: "run until_seq",
    columns: "run since_seq:int8 until_seq:int8 document checksum:int8",
  }),
  formerOutcomes: table("former_outcomes", {
    key: "run key until_seq",
    columns: "run key since_seq:int8 until_seq:int8 document checksum:int8",
  }),
  journal: table("journal", {
    key: "seq",
    columns: "seq:int8 kind run source id content_hash received_at:int8 document checksum:int8",
  }),
  chain: table("chain", {
    key: "first_seq",
    columns: "first_seq:int8 last_seq:int8 digest committed_at:int8",
  }),
  outcomes: table("outcomes", {
    key: "customer run key",
    columns: `customer run key outcome content_hash status seq:int8 occurred_at:int8
      received_at:int8 agent period card_version:int8 charge:numeric shares ending since_seq:int8
      final_at:int8`,
  }),
  counters: table("counters", {
    key: "customer period card_key charge_key cell",
    columns: "customer period card_key charge_key cell segments amount:numeric",
  }),
  rollups: table("rollups", {
    key: "customer period agent kind provider model tool",
    columns: `customer period agent kind provider model tool steps:int8 unpriced:int8
      cost:numeric charge:numeric input_tokens:numeric output_tokens:numeric`,
    gaining: "steps unpriced cost charge input_tokens output_tokens",
  }),
  calls: table("calls", {
    key: "customer call_id",
    columns: "customer call_id run source id",
  }),
  witnesses: table("witnesses", {
    key: "run source id",
    columns: `run source id customer call_id seq:int8 received_at:int8 document checksum:int8`,
  }),
  suspended: table("suspended", {
    key: "run source id",
    columns: "run source id seq:int8 content_hash received_at:int8 document checksum:int8",
  }),
  conflicts: table("conflicts", {
    key: "seq",
    columns: `seq:int8 run source id content_hash received_at:int8 document settled
      checksum:int8`,
  }),
  periods: table("periods", {
    key: "customer period",
    columns: "customer period closed_at:int8 statement_id",
  }),
  adjustments: table("adjustments", {
    key: "customer seq",
    columns: `customer seq:int8 booked_period origin_period card_key charge_key cell
      amount:numeric reason run source id checksum:int8`,
  }),
  statements: table("statements", {
    key: "customer id",
    columns: "customer id period currency closed_at:int8 total document digest",
  }),
  creditBooks: table("credit_books", {
    key: "customer",
    columns: "customer due_at:int8 watched:bool document checksum:int8",
  }),
  cards: table("rate_cards", {
    key: "version_id",
    columns: `version_id:int8 card_key version:int8 effective_from:int8 recorded_at:int8 document
      takes_effect override base_version_id:int8`,
  }),
  budgets: table("budgets", {
    key: "id",
    columns: "id:int8 counts_from:int8 retired_at:int8 key document",
  }),
  limits: table("budget_limits", {
    key: "budget_id scope",
    columns: "budget_id:int8 scope level:numeric",
  }),
  balances: table("budget_balances", {
    key: "budget_id scope window_key",
    columns: `budget_id:int8 scope window_key settled:numeric stages_told:int8
      granted_at:int8`,
  }),
  held: table("budget_held", {
    key: "budget_id scope window_key",
    columns: "budget_id:int8 scope window_key level:numeric",
    gaining: "level",
  }),
  newHolds: table("holds", { ...HOLDS, isNew: true }),
  changedHolds: table("holds", HOLDS),
  stops: table("stops", { key: "scope_kind scope", columns: "scope_kind scope document" }),
  overruns: table("overruns", {
    key: "budget_id scope window_key seq",
    columns: `seq:int8 budget_id:int8 scope window_key run source id cause level:numeric
      checksum:int8`,
  }),
  prices: table("price_versions", {
    key: "version_id",
    columns: "version_id:int8 source effective_from:int8 recorded_at:int8 document",
  }),
} as const;
