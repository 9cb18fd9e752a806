/** Whether connections are sessions of their own, as the second wall needs them. */
import { refusalOf } from "../../engine/store-refused.ts";
import { type Queries, rowsOf } from "./connection.ts";
import { unreachable } from "./owner.ts";
import { DIRECTLY } from "./refusals.ts";
import type { Sessions } from "./sessions.ts";

/**
 * Throws `store.unreachable` where something between this node and the server drops what a session
 * is opened with: queries would be those of the owner, behind no wall (each connection that is
 * opened later is looked at, too). And where it gives the connection of `other`, which is open and
 * idle, to somebody else: the tenant of one session would be that of another. A pooler that shares
 * by transaction and has several connections to the server may show it later than at the start.
 */
export async function requireOwnSessions(
  other: Queries,
  sessions: Pick<Sessions, "lookUp">,
): Promise<void> {
  const [first] = await rowsOf(other, BACKEND, []);
  const [row] = await sessions.lookUp(null, BACKEND, []).catch(tellForeign);
  if (row?.pid !== first?.pid) return;
  throw unreachable(`a pooler shares connections by transaction; ${DIRECTLY}`);
}

const BACKEND = "SELECT pg_backend_pid() AS pid";

function tellForeign(error: unknown): never {
  const refused = refusalOf(error);
  if (refused === null) throw error;
  throw unreachable(refused.message, refused.cause);
}
