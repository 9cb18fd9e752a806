/** Lines of the outbox and sealed secrets, to and from their rows. */
import type { ExportLine, LineState } from "../domain/export/export-line.ts";
import { formatValue, parseValue } from "../domain/export/export-line.ts";
import type { LineFilter, SealedSecret } from "../engine/export/export-ports.ts";
import { type Bound, type Row, rowText, text } from "./stored-rows.ts";

/** Columns of `export_lines`, in binding order; behind them stands the checksum of them. */
export const LINE_COLUMNS = [
  ...(["ws", "target", "key", "customer", "item", "period", "no", "state"] as const),
  ...(["is_open", "due_at", "version", "body", "document"] as const),
] as const;

/** States that somebody still has to do something about. */
const OPEN_STATES: ReadonlySet<LineState> = new Set([
  ...(["ready", "in_flight", "accepted", "rejected", "unknown"] as const),
]);

const VALUES = ["value", "windowTotal", "periodTotal"] as const;

/** Values of LINE_COLUMNS, and their checksum. */
export function encodeLine(
  ws: number,
  line: ExportLine,
  checksum: (text: string) => number,
): Bound[] {
  const { target, key, customer, item, period, no, state, dueAtMs, version, body, ...rest } = line;
  const document = JSON.stringify(rest, (_, value) =>
    typeof value === "bigint" ? formatValue(value) : value,
  );
  const isOpen = OPEN_STATES.has(state) ? 1 : 0;
  const place = [ws, target, key, customer, item, period, no];
  const values = [...place, state, isOpen, dueAtMs, version, body, document];
  return [...values, checksum(rowText(values))];
}

/** A line of the outbox. */
export function decodeLine(row: Row): ExportLine {
  const rest = JSON.parse(text(row, "document"));
  for (const name of VALUES) rest[name] = parseValue(rest[name]);
  return {
    ...rest,
    ...{ target: text(row, "target"), key: text(row, "key"), customer: text(row, "customer") },
    ...{ item: text(row, "item"), period: text(row, "period"), no: Number(row.no) },
    ...{ state: text(row, "state") as LineState, dueAtMs: Number(row.due_at) },
    ...{ version: Number(row.version), body: text(row, "body") },
  };
}

/** ws, target, name, key_id, sealed, saved_at, and the checksum of them. */
export function encodeSecret(
  ws: number,
  secret: SealedSecret,
  checksum: (text: string) => number,
): Bound[] {
  const { target, name, keyId, sealed, savedAtMs } = secret;
  const values = [ws, target, name, keyId, sealed, savedAtMs];
  return [...values, checksum(rowText(values))];
}

/** A sealed secret. */
export function decodeSecret(row: Row): SealedSecret {
  return {
    ...{ target: text(row, "target"), name: text(row, "name"), keyId: text(row, "key_id") },
    ...{ sealed: text(row, "sealed"), savedAtMs: Number(row.saved_at) },
  };
}

/** Conditions of a filter, each with its values; `?` stands for each value. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Bound[];
}

/** A filter as conditions that hold together. */
export function conditionsOf(filter: LineFilter): Condition[] {
  const { target, customer, item, period, states, dueByMs, after } = filter;
  const found: Condition[] = [{ sql: "target = ?", values: [target] }];
  if (customer !== undefined) found.push({ sql: "customer = ?", values: [customer] });
  if (item !== undefined) found.push({ sql: "item = ?", values: [item] });
  if (period !== undefined) found.push({ sql: "period = ?", values: [period] });
  if (states !== undefined) {
    found.push({ sql: `state IN (${states.map(() => "?").join(", ")})`, values: states });
    // The index of open lines serves who asks for nothing else.
    if (states.every((state) => OPEN_STATES.has(state))) {
      found.push({ sql: "is_open = 1", values: [] });
    }
  }
  if (dueByMs !== undefined) found.push({ sql: "due_at <= ?", values: [dueByMs] });
  if (after !== undefined) {
    const values = [after.customer, after.item, after.no];
    found.push({ sql: "(customer, item, no) > (?, ?, ?)", values });
  }
  return found;
}
