/** What the fake answers with, and what it reads of a request. */
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";

/** What a part of the fake needs of the world that it lives in. */
export interface FakeClock {
  /** Their clock. */
  nowMs(): number;
  /** From 0 up to 1: for what the documentation leaves open. */
  chance(): number;
}

/** A request of the API, taken apart. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  /** Of a GET: its query; of a form: its fields. */
  readonly fields: URLSearchParams;
  /** Of a JSON body. */
  readonly json: unknown;
}

/** Something refused, as an error of the API. */
export interface FakeError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** (Default: invalid_request_error.) */
  readonly type?: string;
}

/** A success. */
export function given(body: object): OutgoingAnswer {
  return { status: 200, headers: {}, body: JSON.stringify(body) };
}

/** An error; what is no use to try again says so ("Low-level error handling"). */
export function refused({
  status,
  code,
  message,
  type = "invalid_request_error",
}: FakeError): OutgoingAnswer {
  const headers = { "stripe-should-retry": "false" };
  return { status, headers, body: JSON.stringify({ error: { type, code, message } }) };
}

/** A parameter that is missing or wrong. */
export function invalid(message: string, code = "parameter_invalid"): OutgoingAnswer {
  return refused({ status: 400, code, message });
}

/** A list, newest first, a page of it ("Pagination"). */
export function listed(
  rows: readonly { readonly id: string }[],
  { path, fields }: FakeRequest,
): OutgoingAnswer {
  const limit = Number(fields.get("limit") ?? "10");
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) return invalid("limit is 1 to 100");
  const after = fields.get("starting_after");
  const from = after === null ? 0 : rows.findIndex(({ id }) => id === after) + 1;
  const data = rows.slice(from, from + limit);
  return given({ object: "list", url: path, has_more: from + limit < rows.length, data });
}

/** Metadata of a form. */
export function metadataOf(fields: URLSearchParams): Record<string, string> {
  const own = [...fields].flatMap(([name, value]) => {
    const [, key] = /^metadata\[([^\]]+)\]$/.exec(name) ?? [];
    return key === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(own);
}
