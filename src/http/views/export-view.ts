/** Export lines as documents. */
import { type ExportLine, formatValue } from "../../domain/export/export-line.ts";
import type { OutgoingRequest } from "../../engine/export/connector-port.ts";
import type { CarriedItem } from "../../engine/export/plan-export.ts";
import type { Drift } from "../../engine/export/reconcile-export.ts";
import type { UnknownLine } from "../../engine/export/unknown-lines.ts";
import { timeText, timeTextOrNull } from "../instant.ts";

/** A line without its body, which its target knows. */
export function lineView(line: ExportLine) {
  const { key, customer, item, no, period, window, revision, state, unit, attempts } = line;
  return {
    ...{ key, customer, item, no, period, window: windowView(window.startMs, window.endMs) },
    ...{ revision, state, value: formatValue(line.value), unit, attempts },
    ...{ dueAt: timeText(line.dueAtMs), lastSentAt: timeTextOrNull(line.lastSentAtMs) },
    ...{ note: line.note, bodyHash: line.bodyHash },
  };
}

function windowView(startMs: number, endMs: number) {
  return { from: timeText(startMs), to: timeText(endMs) };
}

/** A request as a dry run shows it. */
export function requestView({ method, url, headers, body }: OutgoingRequest) {
  const isBase64 = body instanceof Uint8Array;
  const text = isBase64 ? Buffer.from(body).toString("base64") : body;
  return { method, url, headers, body: text, isBase64 };
}

/** What is due and not sent. */
export function carriedView({ customer, item, unit, carried }: CarriedItem) {
  return { customer, item, unit, carried: formatValue(carried) };
}

/** A line of theirs that these books do not know. */
export function unknownLineView({ key, place, said, note }: UnknownLine) {
  const { customer, item, value, unit } = said ?? {};
  const told = { customer: customer ?? null, item: item ?? null, unit: unit ?? null };
  return { key, ...told, value: value === undefined ? null : formatValue(value), note, place };
}

/** Where they and we differ. */
export function driftView({ customer, item, windowStartMs, windowEndMs, drift, note }: Drift) {
  const window = windowView(windowStartMs, windowEndMs);
  return { customer, item, window, drift: drift === null ? null : formatValue(drift), note };
}
