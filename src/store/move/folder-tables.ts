/**
 * Tables of a data folder as rows that PostgreSQL has too: the same names and columns, but for
 * steps, which repeat texts there and name them here. Whatever table a migration adds to both is
 * copied without a word about it here.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Row } from "../stored-rows.ts";

/** Numbers of rows that nothing but the file itself uses. */
const OWN_NUMBERS: ReadonlySet<string> = new Set(["run_no", "counter_no", "rollup_no"]);
/** Steps are read with the texts that their names stand for. */
const OF_STEPS: Readonly<Record<string, string>> = {
  steps: "step_no",
  former_steps: "former_no",
};
const STEP_COLUMNS = [
  ...["ws", "customer", "run", "source", "id", "seq", "facets", "body", "labels", "checksum"],
];

/** One table of the folder. */
export interface FolderTable {
  readonly name: string;
  /** Columns that PostgreSQL has too. */
  readonly columns: readonly string[];
  /** Columns of the key, in whose order rows are read. */
  readonly key: readonly string[];
  readonly isSteps: boolean;
}

/** Every table of a data folder, runs before their steps. */
export function folderTables(db: DatabaseSync): FolderTable[] {
  const sql = `SELECT name FROM sqlite_master WHERE type = 'table'
    AND name NOT LIKE 'sqlite_%' AND name <> 'names' ORDER BY name LIKE '%steps', name`;
  const names = db.prepare(sql).all() as { name: string }[];
  return names.map(({ name }) => tableOf(db, name));
}

function tableOf(db: DatabaseSync, name: string): FolderTable {
  const number = OF_STEPS[name];
  if (number !== undefined) return { name, columns: STEP_COLUMNS, key: [number], isSteps: true };
  const infos = db.prepare(`SELECT name, pk FROM pragma_table_info('${name}')`).all() as {
    name: string;
    pk: number;
  }[];
  const key = infos.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const columns = infos.map((info) => info.name).filter((column) => !isOwn(name, column));
  return { name, columns, key: key.map((info) => info.name), isSteps: false };
}

function isOwn(table: string, column: string): boolean {
  return OWN_NUMBERS.has(column) || (table === "workspaces" && column === "summed_step_no");
}

/** Rows behind a place, in the order of the key. Each has its columns and its key. */
export function rowsBehind(
  db: DatabaseSync,
  table: FolderTable,
  { place, limit }: { readonly place: readonly unknown[]; readonly limit: number },
): Row[] {
  const { name, key, isSteps } = table;
  const prefix = isSteps ? "s." : "";
  const keys = key.map((column) => prefix + column).join(", ");
  const behind = place.length === 0 ? "true" : `(${keys}) > (${place.map(() => "?").join(", ")})`;
  const from = isSteps ? stepsWithTexts(name) : `SELECT * FROM ${name}`;
  const sql = `${from} WHERE ${behind} ORDER BY ${keys} LIMIT ?`;
  return db.prepare(sql).all(...(place as string[]), limit) as Row[];
}

function stepsWithTexts(table: string): string {
  return `SELECT s.${OF_STEPS[table]}, r.ws, r.customer, r.id AS run, r.opened_at,
      source.text AS source, s.id, s.seq, facets.text AS facets, s.body,
      coalesce(labels.text, '') AS labels, s.checksum
    FROM ${table} s JOIN runs r USING (run_no)
    JOIN names source ON source.name_no = s.source_no
    JOIN names facets ON facets.name_no = s.facets_no
    LEFT JOIN names labels ON labels.name_no = s.labels_no`;
}

/** How many rows a table has. */
export function countRows(db: DatabaseSync, { name }: FolderTable): number {
  return (db.prepare(`SELECT count(*) AS n FROM ${name}`).get() as { n: number }).n;
}
