/** How the script for Citus distributes tables, to hold it against schema and statements. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

interface Distribution {
  /** The column by table. */
  readonly distributed: ReadonlyMap<string, string>;
  /** On every server, or on the coordinator. */
  readonly elsewhere: readonly string[];
}

/** What the script for Citus says of each table. */
export function distribution(): Distribution {
  const script = readFileSync(new URL("../../examples/deploy/citus.sql", import.meta.url), "utf8");
  const distributed = new Map<string, string>();
  const calls = /create_distributed_table\('(\w+)', '(\w+)'(, colocate_with => 'steps')?\)/g;
  for (const [, table = "", column = "", colocated] of script.matchAll(calls)) {
    assert.ok(table === "steps" || colocated !== undefined, `${table} lies with its customer`);
    distributed.set(table, column);
  }
  const references = script.matchAll(/create_reference_table\('(\w+)'\)/g);
  const listed = script.matchAll(/^-- {3}(\w+(?:, \w+)*)$/gm);
  const elsewhere = [
    ...[...references].map(([, table = ""]) => table),
    ...[...listed].flatMap(([, tables = ""]) => tables.split(", ")),
  ];
  return { distributed, elsewhere };
}

/** A condition by such a column: a value, a list of them, or the run that a row of `runs` binds. */
export function namesKey(column: string): RegExp {
  return new RegExp(`\\b${column} = (\\w+\\.customer|\\$\\d|ANY|\\(|k\\.)`);
}
