/** The query of a page of runs. */
import type { Run } from "../../domain/run/run.ts";
import type { RunFilter } from "../../engine/ports.ts";
import type { Parameter } from "./connection.ts";

/** SQL and values behind the workspace. `last`: the last run of the page before, if known. */
export function runsQuery(
  filter: RunFilter,
  last: Run | undefined,
): [sql: string, ...values: Parameter[]] {
  const { customer = null, agent = null, status = null, roots = false } = filter;
  const { after = "", limit, byId = false, endUser = null, hasEndUser = false } = filter;
  const sql = `SELECT * FROM runs WHERE ws = $1
    AND ($2::text IS NULL OR customer = $2) AND ($3::text IS NULL OR agent = $3)
    AND ($4::text IS NULL OR status = $4) AND (parent IS NULL OR NOT $5::boolean)
    AND ($6::bigint IS NULL OR (opened_at, id) < ($6, $7::text))
    AND ($9::text IS NULL OR id > $9)
    AND ($10::text IS NULL OR end_user = $10) AND (end_user IS NOT NULL OR NOT $11::boolean)
    ORDER BY ${byId ? "id" : "opened_at DESC, id DESC"} LIMIT $8`;
  const before = [last?.openedAtMs ?? null, last?.id ?? null];
  const of = [customer, agent, status, roots, ...before, limit];
  return [sql, ...of, byId ? after : null, endUser, hasEndUser];
}
