/**
 * Rows of many keys in one statement. Each key is looked up by itself, in the index that begins
 * with the workspace: "OFFSET 0" keeps the planner from joining the other way round, which it does
 * where a table has grown since it was counted. That read every counter of a workspace, 25 ms a
 * unit instead of 1 (decision 0118).
 */

/** One look-up by keys: `columns` as `name` for a text, `name:type` for anything else. */
export function byKeys(
  table: string,
  columns: string,
  { where = "true", order = columns }: { readonly where?: string; readonly order?: string } = {},
): string {
  const keys = columns.split(" ").map((word) => word.split(":"));
  const lists = keys.map(([, type = "text"], index) => `$${index + 2}::${type}[]`);
  const names = keys.map(([name]) => name);
  const own = names.map((name) => `r.${name} = k.${name}`).join(" AND ");
  const ordered = order.split(" ").map((name) => `t.${name.split(":")[0]}`);
  return `SELECT t.* FROM unnest(${lists.join(", ")}) AS k (${names.join(", ")})
    CROSS JOIN LATERAL (
      SELECT * FROM ${table} r WHERE r.ws = $1 AND ${own} AND ${where} OFFSET 0) AS t
    ORDER BY ${ordered.join(", ")}`;
}
