/** What commits tell live views on other nodes, in a table that is kept short. */
import { LIVE_NOTES_MAX_COUNT } from "../../domain/limits.ts";
import type { LiveNote, LiveNotes } from "../../engine/node-ports.ts";
import type { Row } from "../stored-rows.ts";
import { type Parameter, type Queries, rowsOf } from "./connection.ts";

type Of = (workspace: string, sql: string, ...values: Parameter[]) => Promise<Row[]>;

const NOW_MS = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
/** Whether somebody looks on, as a column of the row of a workspace. */
export const IS_WATCHED = `live_until > ${NOW_MS} AS is_watched`;

/** Notes of every node of a database. */
export class PostgresNotes implements LiveNotes {
  readonly #of: Of;

  constructor(of: Of) {
    this.#of = of;
  }

  async watch(workspace: string, ms: number): Promise<void> {
    const sql = `UPDATE workspaces SET live_until = ${NOW_MS} + $2 WHERE ws = $1`;
    await this.#of(workspace, sql, ms);
  }

  async since(workspace: string, no: number) {
    // One statement: the notes are as of the same moment as the number.
    const sql = `SELECT w.commits, n.no, n.node, n.document FROM workspaces w
      LEFT JOIN live_notes n ON n.ws = w.ws AND n.no > $2 WHERE w.ws = $1 ORDER BY n.no`;
    const rows = await this.#of(workspace, sql, no);
    const notes = rows.flatMap((row): LiveNote[] =>
      row.no === null
        ? []
        : [{ no: row.no as number, node: row.node as string, text: row.document as string }],
    );
    return { commits: (rows[0]?.commits ?? 0) as number, notes };
  }
}

/** Writes the note of a unit, which makes the next commit, and forgets the oldest. */
export async function writeNote(
  { queries, ws }: { readonly queries: Queries; readonly ws: number },
  { node, text }: Pick<LiveNote, "node" | "text">,
): Promise<void> {
  const sql = `INSERT INTO live_notes SELECT ws, commits, $2, $3 FROM workspaces WHERE ws = $1
    ON CONFLICT (ws, no) DO UPDATE SET node = excluded.node, document = excluded.document`;
  await rowsOf(queries, sql, [ws, node, text]);
  const old = `DELETE FROM live_notes WHERE ws = $1
    AND no <= (SELECT commits FROM workspaces WHERE ws = $1) - $2`;
  await rowsOf(queries, old, [ws, LIVE_NOTES_MAX_COUNT]);
}
