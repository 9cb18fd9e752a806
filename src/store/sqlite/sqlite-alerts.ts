/** The outbox of alerts in the file. */
import type {
  AlertDelivery,
  AlertOutbox,
  DeliveryFilter,
  OpenOutbox,
} from "../../engine/alerts/alert-ports.ts";
import { Turns } from "../../engine/commit/turns.ts";
import type { Answer } from "../../engine/ports.ts";
import { conditionsOfDeliveries, together } from "../conditions.ts";
import { decodeDelivery, encodeDelivery } from "../stored-alerts.ts";
import { type Bound, type Row, rowText } from "../stored-rows.ts";
import { TransactionDraft } from "./transaction.ts";

/** What the outbox needs of its store. */
export interface OutboxStore {
  ws(workspace: string): number;
  all(sql: string, ...values: Bound[]): Row[];
  /** Commits a transaction in turn with the units of work. */
  commit(draft: TransactionDraft): Promise<void>;
  checksum(text: string): number;
}

const PUT = "INSERT OR REPLACE INTO alert_deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const MOVE = "INSERT OR REPLACE INTO alert_cursors VALUES (?, ?, ?)";
const FORGET = "DELETE FROM alert_deliveries WHERE ws = ? AND ended_at < ?";

/** Keeps deliveries in the file. */
export class SqliteAlerts implements AlertOutbox {
  readonly #store: OutboxStore;
  /** One process has the file, so turns in memory are turns of everybody. */
  readonly #turns = new Turns();

  constructor(store: OutboxStore) {
    this.#store = store;
  }

  change<T>(workspace: string, work: (outbox: OpenOutbox) => Answer<T>): Promise<T> {
    return this.#turns.take(async () => {
      const ws = this.#store.ws(workspace);
      const draft = new TransactionDraft();
      const put = (sql: string, values: readonly Bound[]) =>
        draft.run(sql, [...values, this.#store.checksum(rowText(values))]);
      const result = await work({
        cursor: () => this.cursor(workspace),
        delivery: (id) => {
          const sql = "SELECT * FROM alert_deliveries WHERE ws = ? AND id = ?";
          return this.#store.all(sql, ws, id).map(decodeDelivery)[0];
        },
        due: (nowMs, { limit, exceptRoutes }) => {
          const sql = `SELECT * FROM alert_deliveries WHERE ws = ? AND state = 'ready'
            AND next_at <= ? AND route NOT IN (SELECT value FROM json_each(?))
            ORDER BY next_at, id LIMIT ?`;
          const except = JSON.stringify(exceptRoutes);
          return this.#store.all(sql, ws, nowMs, except, limit).map(decodeDelivery);
        },
        moveCursor: (seq) => put(MOVE, [ws, seq]),
        put: (delivery) => put(PUT, [ws, ...encodeDelivery(delivery)]),
        forget: (beforeMs) => draft.run(FORGET, [ws, beforeMs]),
      });
      if (!draft.isEmpty) await this.#store.commit(draft);
      return result;
    });
  }

  cursor(workspace: string): number {
    const ws = this.#store.ws(workspace);
    const [row] = this.#store.all("SELECT seq FROM alert_cursors WHERE ws = ?", ws);
    return (row?.seq as number | undefined) ?? 0;
  }

  list(workspace: string, filter: DeliveryFilter): AlertDelivery[] {
    const ws = this.#store.ws(workspace);
    const { where, values } = together(conditionsOfDeliveries(ws, filter));
    const sql = `SELECT * FROM alert_deliveries WHERE ws = ?${where}
      ORDER BY created_at DESC, id DESC LIMIT ?`;
    return this.#store.all(sql, ws, ...values, filter.limit).map(decodeDelivery);
  }

  nextDueMs(workspace: string): number | null {
    const sql = "SELECT min(next_at) AS at FROM alert_deliveries WHERE ws = ? AND state = 'ready'";
    return this.#store.all(sql, this.#store.ws(workspace))[0]?.at as number | null;
  }

  lastTakenMs(workspace: string, route: string): number | null {
    const sql = `SELECT max(ended_at) AS at FROM alert_deliveries
      WHERE ws = ? AND route = ? AND state = 'delivered'`;
    return this.#store.all(sql, this.#store.ws(workspace), route)[0]?.at as number | null;
  }
}
