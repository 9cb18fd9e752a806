/** The outbox of alerts on PostgreSQL. */
import type {
  AlertDelivery,
  AlertOutbox,
  DeliveryFilter,
  OpenOutbox,
} from "../../engine/alerts/alert-ports.ts";
import type { Answer } from "../../engine/ports.ts";
import { conditionsOfDeliveries } from "../conditions.ts";
import { decodeDelivery, encodeDelivery } from "../stored-alerts.ts";
import { type Bound, type Row, rowText } from "../stored-rows.ts";
import { type Parameter, type Queries, rowsOf } from "./connection.ts";
import { listQuery } from "./list-query.ts";
import type { OutboxStore } from "./postgres-outbox.ts";

/** Rows of a workspace, whose number is the first parameter. */
type RowsOf = (sql: string, ...values: Parameter[]) => Promise<Row[]>;

const PUT = `INSERT INTO alert_deliveries VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (ws, id) DO UPDATE SET (route, state, next_at, fence, created_at, ended_at, document,
    checksum) = ROW (excluded.route, excluded.state, excluded.next_at, excluded.fence,
    excluded.created_at, excluded.ended_at, excluded.document, excluded.checksum)`;
const MOVE = `INSERT INTO alert_cursors VALUES ($1, $2, $3)
  ON CONFLICT (ws) DO UPDATE SET seq = excluded.seq, checksum = excluded.checksum`;
const FORGET = "DELETE FROM alert_deliveries WHERE ws = $1 AND ended_at < $2";
/** Namespace of the advisory locks by which changes of a workspace take turns. */
const LOCK_SPACE = 716_455;

/** Keeps deliveries in the database. */
export class PostgresAlerts implements AlertOutbox {
  readonly #store: OutboxStore;

  constructor(store: OutboxStore) {
    this.#store = store;
  }

  async change<T>(workspace: string, work: (outbox: OpenOutbox) => Answer<T>): Promise<T> {
    const ws = await this.#store.ws(workspace);
    // A result of `false` is one like any other: wrapped, it undoes nothing.
    const ended = await this.#store.inTransaction(ws, async (queries) => {
      await rowsOf(queries, "SELECT pg_advisory_xact_lock($1, $2)", [LOCK_SPACE, ws]);
      const writes: [string, Parameter[]][] = [];
      const put = (sql: string, values: readonly Bound[]) =>
        writes.push([sql, [...(values as Parameter[]), this.#store.checksum(rowText(values))]]);
      const result = await work(openOutbox(rowsIn(queries, ws), { ws, put, writes }));
      for (const [sql, values] of writes) await rowsOf(queries, sql, values);
      return { result };
    });
    return ended.result;
  }

  async cursor(workspace: string): Promise<number> {
    return cursorOf(this.#of(workspace));
  }

  async list(workspace: string, filter: DeliveryFilter): Promise<AlertDelivery[]> {
    const conditions = conditionsOfDeliveries(await this.#store.ws(workspace), filter);
    const list = { conditions, limit: filter.limit };
    const query = listQuery("alert_deliveries", { ...list, order: "created_at DESC, id DESC" });
    return (await this.#store.of(workspace, ...query)).map(decodeDelivery);
  }

  nextDueMs(workspace: string): Promise<number | null> {
    const sql = "SELECT min(next_at) AS at FROM alert_deliveries WHERE ws = $1 AND state = 'ready'";
    return this.#instant(workspace, sql);
  }

  lastTakenMs(workspace: string, route: string): Promise<number | null> {
    const sql = `SELECT max(ended_at) AS at FROM alert_deliveries
      WHERE ws = $1 AND route = $2 AND state = 'delivered'`;
    return this.#instant(workspace, sql, route);
  }

  #of(workspace: string): RowsOf {
    return (sql, ...values) => this.#store.of(workspace, sql, ...values);
  }

  async #instant(workspace: string, sql: string, ...values: Parameter[]): Promise<number | null> {
    const [row] = await this.#store.of(workspace, sql, ...values);
    return row?.at === null || row === undefined ? null : Number(row.at);
  }
}

function rowsIn(queries: Queries, ws: number): RowsOf {
  return (sql, ...values) => rowsOf(queries, sql, [ws, ...values]);
}

async function cursorOf(of: RowsOf): Promise<number> {
  const [row] = await of("SELECT seq FROM alert_cursors WHERE ws = $1");
  return row === undefined ? 0 : Number(row.seq);
}

interface Change {
  readonly ws: number;
  readonly put: (sql: string, values: readonly Bound[]) => void;
  readonly writes: [string, Parameter[]][];
}

function openOutbox(of: RowsOf, { ws, put, writes }: Change): OpenOutbox {
  return {
    cursor: () => cursorOf(of),
    delivery: async (id) => {
      const sql = "SELECT * FROM alert_deliveries WHERE ws = $1 AND id = $2";
      return (await of(sql, id)).map(decodeDelivery)[0];
    },
    due: async (nowMs, { limit, exceptRoutes }) => {
      const sql = `SELECT * FROM alert_deliveries WHERE ws = $1 AND state = 'ready'
        AND next_at <= $2 AND route NOT IN (SELECT jsonb_array_elements_text($3::jsonb))
        ORDER BY next_at, id LIMIT $4`;
      return (await of(sql, nowMs, JSON.stringify(exceptRoutes), limit)).map(decodeDelivery);
    },
    moveCursor: (seq) => put(MOVE, [ws, seq]),
    put: (delivery) => put(PUT, [ws, ...encodeDelivery(delivery)]),
    forget: (beforeMs) => writes.push([FORGET, [ws, beforeMs]]),
  };
}
