/** Lines of the outbox, attempts and sealed secrets, to and from their rows. */
import type { ExportAttempt } from "../domain/export/attempt.ts";
import type { ExportLine, LineState } from "../domain/export/export-line.ts";
import { formatValue, parseValue } from "../domain/export/export-line.ts";
import type { AttemptFilter, LineFilter, SealedSecret } from "../engine/export/export-ports.ts";
import { type Condition, condition, equal } from "./conditions.ts";
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
    // Lines of before schema 28 name no attempts.
    ...{ attemptIds: [], ...rest },
    ...{ target: text(row, "target"), key: text(row, "key"), customer: text(row, "customer") },
    ...{ item: text(row, "item"), period: text(row, "period"), no: Number(row.no) },
    ...{ state: text(row, "state") as LineState, dueAtMs: Number(row.due_at) },
    ...{ version: Number(row.version), body: text(row, "body") },
  };
}

/** ws, id, target, is_troubled, at, document, and the checksum of them. */
export function encodeAttempt(
  ws: number,
  attempt: ExportAttempt,
  checksum: (text: string) => number,
): Bound[] {
  const { id, target, isTroubled, atMs, ...rest } = attempt;
  const values = [ws, id, target, isTroubled ? 1 : 0, atMs, JSON.stringify(rest)];
  return [...values, checksum(rowText(values))];
}

/** An attempt. */
export function decodeAttempt(row: Row): ExportAttempt {
  return {
    ...{ id: text(row, "id"), target: text(row, "target"), atMs: Number(row.at) },
    ...{ isTroubled: Number(row.is_troubled) === 1, ...JSON.parse(text(row, "document")) },
  };
}

/** Conditions of a filter of attempts; those of both kinds are read one kind after the other. */
export function attemptConditions(filter: AttemptFilter, isTroubled: boolean): Condition[] {
  const { target, after } = filter;
  const own = equal({ target, is_troubled: isTroubled ? 1 : 0 });
  if (after === undefined) return own;
  return [...own, condition("(at, id) < (?, ?)", after.atMs, after.id)];
}

/** Attempts of both kinds as one page, the newest first. */
export function mergedAttempts(all: readonly ExportAttempt[], limit: number): ExportAttempt[] {
  return all.toSorted((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1)).slice(0, limit);
}

/** The kinds of attempts that a filter asks for. */
export function kindsOf({ isTroubled }: AttemptFilter): readonly boolean[] {
  return isTroubled === undefined ? [false, true] : [isTroubled];
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

/** A filter as conditions that hold together. */
export function conditionsOf(filter: LineFilter): Condition[] {
  const { target, customer, item, period, states, dueByMs, after } = filter;
  const found = equal({ target, customer, item, period });
  if (states !== undefined) {
    found.push(condition(`state IN (${states.map(() => "?").join(", ")})`, ...states));
    // The index of open lines serves who asks for nothing else.
    if (states.every((state) => OPEN_STATES.has(state))) {
      found.push(condition("is_open = 1"));
    }
  }
  if (dueByMs !== undefined) found.push(condition("due_at <= ?", dueByMs));
  if (after !== undefined) {
    const place = [after.customer, after.item, after.no];
    found.push(condition("(customer, item, no) > (?, ?, ?)", ...place));
  }
  return found;
}
