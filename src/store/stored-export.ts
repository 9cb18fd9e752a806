/** Lines of the outbox and sealed secrets, to and from their rows. */
import type { ExportLine, LineState } from "../domain/export/export-line.ts";
import { formatValue, parseValue } from "../domain/export/export-line.ts";
import type { SealedSecret } from "../engine/export/export-ports.ts";
import { type Bound, type Row, rowText, text } from "./stored-rows.ts";

/** Columns of `export_lines` behind the workspace, in binding order; the last is the checksum. */
export const LINE_COLUMNS = [
  ...(["target", "key", "customer", "item", "period", "no", "state", "due_at", "version"] as const),
  ...(["body", "document", "checksum"] as const),
] as const;

const VALUES = ["value", "windowTotal", "periodTotal"] as const;

/** Values of LINE_COLUMNS. */
export function encodeLine(line: ExportLine, checksum: (text: string) => number): Bound[] {
  const { target, key, customer, item, period, no, state, dueAtMs, version, body, ...rest } = line;
  const document = JSON.stringify(rest, (_, value) =>
    typeof value === "bigint" ? formatValue(value) : value,
  );
  const values = [target, key, customer, item, period, no, state, dueAtMs, version, body, document];
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

/** target, name, key_id, sealed, saved_at, and the checksum of them. */
export function encodeSecret(secret: SealedSecret, checksum: (text: string) => number): Bound[] {
  const { target, name, keyId, sealed, savedAtMs } = secret;
  const values = [target, name, keyId, sealed, savedAtMs];
  return [...values, checksum(rowText(values))];
}

/** A sealed secret. */
export function decodeSecret(row: Row): SealedSecret {
  return {
    ...{ target: text(row, "target"), name: text(row, "name"), keyId: text(row, "key_id") },
    ...{ sealed: text(row, "sealed"), savedAtMs: Number(row.saved_at) },
  };
}
