/** Whether a data folder is being moved into the database, and which. */
import { TollgateError } from "../../domain/errors.ts";
import { control, rowsOf } from "./connection.ts";
import type { Client } from "./driver.ts";

const NAME = "move";

/** A move that was begun. */
export interface MoveState {
  /** Digest of where the folder's chains end: another state of it is another move. */
  readonly source: string;
  /** Month of the folder's last commit, counted from 1970. */
  readonly month: number;
  readonly isDone: boolean;
}

/** Null: nothing was ever moved here. */
export async function readMove(client: Client): Promise<MoveState | null> {
  const sql = "SELECT value FROM installation WHERE name = $1";
  const [row] = await rowsOf(client, sql, [NAME]);
  return row === undefined ? null : (JSON.parse(row.value as string) as MoveState);
}

/** Notes how a move stands. */
export async function writeMove(client: Client, state: MoveState): Promise<void> {
  const sql = `INSERT INTO installation VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
  await rowsOf(client, sql, [NAME, JSON.stringify(state)]);
}

/** Throws `store.moving` where a part of the data is still to come. */
export async function refuseUnfinishedMove(client: Client): Promise<void> {
  const { rows } = await control(client, "SELECT tollgate_is_moving() AS moving");
  if (rows[0]?.moving !== true) return;
  const detail = "A data folder is being moved into this database, and is not all there.";
  throw new TollgateError("store.moving", detail);
}
