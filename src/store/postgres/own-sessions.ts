/** Whether connections are sessions of their own, as the second wall needs them. */
import { type Queries, rowsOf } from "./connection.ts";
import { unreachable } from "./owner.ts";
import { ROLE, type Sessions } from "./sessions.ts";

const DIRECTLY = "connect directly, or through a pooler that keeps them";

/**
 * Throws `store.unreachable` where something between this node and the server drops what a session
 * is opened with: queries would be those of the owner, behind no wall. And where it gives the
 * connection of `other`, which is open and idle, to somebody else: the tenant of one session would
 * be that of another. A pooler that shares by transaction and has several connections to the server
 * may show it later than at the start.
 */
export async function requireOwnSessions(
  other: Queries,
  sessions: Pick<Sessions, "lookUp">,
): Promise<void> {
  const [first] = await rowsOf(other, "SELECT pg_backend_pid() AS pid", []);
  const sql = "SELECT pg_backend_pid() AS pid, current_user::text AS role";
  const [row] = await sessions.lookUp(null, sql, []);
  if (row?.role !== ROLE) throw unreachable(`sessions lose their settings; ${DIRECTLY}`);
  if (row.pid !== first?.pid) return;
  throw unreachable(`a pooler shares connections by transaction; ${DIRECTLY}`);
}
