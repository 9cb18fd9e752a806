/** What the fake answers with, and what it reads of a request. */
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";

/** A request of the API, taken apart. */
export interface FakeRequest {
  readonly method: string;
  /** Below `/api/v2`. */
  readonly path: string;
  /** Of a GET: its query; of a form: its fields. */
  readonly fields: URLSearchParams;
  /** Of a JSON body. */
  readonly json: unknown;
}

/** A success. */
export function given(body: object, status = 200): OutgoingAnswer {
  return { status, headers: {}, body: JSON.stringify(body) };
}

/** An error (API docs, "Error handling": message, type, api_error_code, param). */
export function refused(status: number, code: string, message: string): OutgoingAnswer {
  const error = {
    message,
    type: "invalid_request",
    api_error_code: code,
    http_status_code: status,
  };
  return { status, headers: {}, body: JSON.stringify(error) };
}

/** A parameter that is missing or wrong. */
export function invalid(message: string): OutgoingAnswer {
  return refused(400, "param_wrong_value", message);
}

/** Something that is not there. */
export function notFound(what: string): OutgoingAnswer {
  return refused(404, "resource_not_found", `${what} not found`);
}

const LIMIT_DEFAULT = "10";
const LIMIT_MAX = 100;

/** A page of a list ("Pagination": limit 1 to 100, next_offset is opaque). */
export function listed(
  name: string,
  rows: readonly object[],
  { fields }: FakeRequest,
): OutgoingAnswer {
  const limit = Number(fields.get("limit") ?? LIMIT_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) return invalid("limit");
  const from = Number(/^\["(\d+)"\]$/.exec(fields.get("offset") ?? '["0"]')?.[1]);
  const list = rows.slice(from, from + limit).map((row) => ({ [name]: row }));
  const next = from + limit < rows.length ? { next_offset: `["${from + limit}"]` } : {};
  return given({ list, ...next });
}
