/**
 * Calls a test server and holds every exchange against its OpenAPI document: the status must be
 * declared, the answer must be what its schema says, and so must a request that was taken.
 */
import assert from "node:assert/strict";
import { type ApiDocument, apiDocument, type OpenApi } from "./api-document.ts";
import type { TestServer } from "./test-server.ts";

/** JSON of an answer, to look into. */
export interface Json {
  readonly [field: string]: Json;
}

/** An answer that was checked. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text parsed, where it is JSON. */
  readonly body: Json;
}

/** What is sent. A text or bytes go out as they are, everything else as JSON. */
export interface Sending {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const EVENT_STREAM = "text/event-stream";

/** A stream goes on for as long as somebody reads it: its beginning is enough. */
async function firstOf({ body }: Response): Promise<string> {
  assert.ok(body !== null);
  const reader = body.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

export class ApiCaller {
  readonly #server: TestServer;
  readonly #document: ApiDocument;

  constructor(server: TestServer, document: ApiDocument) {
    this.#server = server;
    this.#document = document;
  }

  get openApi(): OpenApi {
    return this.#document.openApi;
  }

  /** Calls with the admin key unless another one (null: none) is given. */
  async call(method: string, path: string, sending: Sending = {}): Promise<Answer> {
    const { key = this.#server.adminKey, body, headers = {} } = sending;
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(this.#server.url + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
    });
    const type = (response.headers.get("content-type") ?? "").split(";")[0] ?? "";
    const text = await (type === EVENT_STREAM ? firstOf(response) : response.text());
    const parsed = isJson(type) ? (JSON.parse(text) as Json) : {};
    const answer = { status: response.status, headers: response.headers, text, body: parsed };
    this.#check({ method, path, type, answer, sent: isRaw ? undefined : body });
    return answer;
  }

  #check(exchange: Exchange): void {
    const { method, path, type, answer, sent } = exchange;
    const document = this.#document;
    const where = `${method} ${path} → ${answer.status}`;
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff", where);
    assert.equal(answer.headers.get("cache-control"), "no-store", where);
    const operation = document.operation(method, path);
    if (operation === undefined) {
      document.assertMatches({ $ref: "#/components/schemas/Problem" }, answer.body, where);
      return;
    }
    const declared = operation.responses[answer.status]?.content[type];
    assert.ok(declared, `${where} as ${type} is not declared: ${answer.text.slice(0, 300)}`);
    if (type === "application/x-ndjson" && declared.schema.type !== "string") {
      for (const line of linesOf(answer)) document.assertMatches(declared.schema, line, where);
    } else document.assertMatches(declared.schema, isJson(type) ? answer.body : answer.text, where);
    const request = operation.requestBody?.content["application/json"];
    const isTaken = answer.status < 300 && !answer.text.includes('"status":"rejected"');
    if (isTaken && request !== undefined && sent !== undefined) {
      document.assertMatches(
        request.schema,
        JSON.parse(JSON.stringify(sent)),
        `request of ${where}`,
      );
    }
  }
}

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly answer: Answer;
  readonly sent: unknown;
}

/** The documents of an answer that has one a line. */
export function linesOf({ text }: Pick<Answer, "text">): Json[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Json);
}

function isJson(type: string): boolean {
  return type === "application/json" || type === "application/problem+json";
}

/** A caller for a server, with the document that the server itself gives out. */
export async function apiCaller(server: TestServer): Promise<ApiCaller> {
  const response = await fetch(`${server.url}/v1/openapi.json`);
  return new ApiCaller(server, apiDocument(await response.text()));
}

/** Asserts that an answer is this problem, and returns it. */
export function assertProblem(answer: Answer, code: string, field?: string): Answer {
  assert.equal(answer.headers.get("content-type"), "application/problem+json", answer.text);
  assert.equal(answer.body.code, code, answer.text);
  if (field !== undefined) assert.equal(answer.body.field, field, answer.text);
  assert.equal(answer.body.status, answer.status);
  assert.ok(!/\bat .*\.(ts|js):\d/.test(answer.text), "no stack trace is told");
  return answer;
}
