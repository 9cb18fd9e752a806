/** One alteration for every column of a stored row, and which of them nothing can depend on. */
import type { DatabaseSync } from "node:sqlite";
import { decodeId } from "../../src/store/sqlite/stored-id.ts";
import { columnsOf, findingsAfter, keyOf, placeOf, type Row } from "./altered-copy.ts";

type Value = string | number | Uint8Array;

const NO_WORKSPACE = 9;
const LONG_AGO_MS = 1e12;
const FAR = 900;

/** Other values of the same type, in the order in which they are tried: keys must stay unique. */
function otherValues(column: string, type: string, value: unknown): Value[] {
  if (column === "ws") return [NO_WORKSPACE];
  if (column === "last_seen_at") return [(value as number) - LONG_AGO_MS];
  if (column === "head" || column === "agent_head") return [`1${value}`];
  if (value === null) return type === "INTEGER" ? [1] : ["x"];
  if (typeof value === "number") return [value + 1, value + FAR];
  if (value instanceof Uint8Array) return [value.map((byte, at) => (at === 0 ? byte ^ 1 : byte))];
  const text = value as string;
  const digit = /^(.*)(\d)(\D*)$/s.exec(text);
  if (digit === null) return [`${text}x`];
  return [`${digit[1]}${(Number(digit[2]) + 5) % 10}${digit[3]}`, `${text}x`];
}

/** Numbers of rows that nothing but the file itself uses. */
const ROW_NUMBERS: ReadonlySet<string> = new Set([
  "steps.step_no",
  "former_steps.former_no",
  "counters.counter_no",
  "rollups.rollup_no",
]);

/** Columns that pace holds and make no amount. */
const PACING: ReadonlySet<string> = new Set(["budget_balances.granted_at"]);

/** A total that came back to zero says nothing, wherever it stands. */
export function isTotalOfNothing(table: string, row: Row): boolean {
  if (table === "counters") return row.segments === "" && row.amount === "0";
  if (table === "budget_balances") return row.settled === "0" && row.stages_told === 0;
  return table === "rollups" && row.steps === 0 && row.cost === "0" && row.charge === "0";
}

/** Whether no total, bill or reference depends on a column of this row. */
function isIndifferent(table: string, column: string, row: Row): boolean {
  const name = `${table}.${column}`;
  if (ROW_NUMBERS.has(name) || PACING.has(name)) return true;
  if (table === "outcomes" && row.status === "reversed" && row.shares === "[]") {
    return column === "agent" || column === "period" || column === "ending";
  }
  if (table !== "runs") return false;
  if (column === "run_no") return row.own_steps === 0;
  // It orders the records that named an agent; what they named stands in another column.
  if (column === "agent_head") return true;
  // Any accepted step is a sign of life; only events of the journal say when.
  return column === "last_seen_at" && row.opened === 0 && row.outcomes === 0;
}

/** A column that was altered without verification naming the row. */
export interface BlindSpot {
  readonly row: string;
  readonly alteration: string;
}

/** Alters every column of a row, one after the other, each in a fresh copy of the file. */
export function blindSpots(
  { original, db }: { readonly original: string; readonly db: DatabaseSync },
  table: string,
  row: Row,
): BlindSpot[] {
  const { where, values } = placeOf(db, table, row);
  return columnsOf(db, table).flatMap(({ name, type }) => {
    if (isIndifferent(table, name, row)) return [];
    const tried = otherValues(name, type, row[name]);
    const isNamed = tried.some((value) => {
      const findings = findingsAfter(original, (copy) => {
        const sql = `UPDATE OR IGNORE ${table} SET ${name} = ? WHERE ${where}`;
        copy.prepare(sql).run(value, ...values);
      });
      const keys = keysAfter(table, row, { column: name, value });
      return findings.some((found) => found.table === table && keys.includes(found.key));
    });
    const alteration = `${name}: ${row[name]} → ${tried[0]}`;
    return isNamed ? [] : [{ row: `${table} ${keyOf(table, row)}`, alteration }];
  });
}

/** The row's key before and after: either tells people where to look. */
function keysAfter(
  table: string,
  row: Row,
  { column, value }: { readonly column: string; readonly value: Value },
): string[] {
  const altered = { ...row, [column]: value };
  const keys = [keyOf(table, row), keyOf(table, altered)];
  if (column === "ws") keys.push(keyOf(table, { ...altered, workspace: `ws ${value}` }));
  if (column === "run_no") {
    keys.push([`run_no ${value}`, row.source, decodeId(row.id)].join("/"), `run_no ${value}`);
  }
  if (column === "source_no") keys.push(keyOf(table, { ...row, source: "?" }));
  return keys;
}
