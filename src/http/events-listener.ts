/**
 * `POST /v1/events`, the hot path, straight on node:http. It differs from the other routes in
 * nothing that a caller sees; leaving the framework out saves 8 of 37 µs of processor time for a
 * request of one event (Node 26, the store left out), and little for one of a hundred.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { TollgateError } from "../domain/errors.ts";
import { BODY_MAX_BYTES } from "../domain/limits.ts";
import type { ApiKey } from "../engine/ports.ts";
import { type Authenticator, requireScope } from "./authenticator.ts";
import type { EventIntake, IngestAnswer, Logger } from "./http-parts.ts";
import { ingestAnswerBytes } from "./ingest-answer-bytes.ts";
import type { HttpMetrics } from "./metrics.ts";
import type { PlainAnswer } from "./plain-connections.ts";
import type { PlainRequest } from "./plain-request.ts";
import { answerProblem, endWithProblem, JSON_HEADERS } from "./problem.ts";
import { unknownParameter } from "./query-values.ts";
import { type BodyBudget, readBody, requireUtf8 } from "./read-body.ts";
import { writeIngestAnswer } from "./write-ingest-answer.ts";

/** Path that this listener takes, with method POST. */
export const EVENTS_PATH = "/v1/events";

/** What the listener works with. */
export interface EventsListenerParts {
  readonly authenticator: Authenticator;
  readonly budget: BodyBudget;
  readonly metrics: HttpMetrics;
  readonly logger: Logger;
  readonly ingest: EventIntake["ingestBody"];
}

/** True for the requests that the listener answers. */
export function isEventsRequest({ method, url = "" }: IncomingMessage): boolean {
  return method === "POST" && url.startsWith(EVENTS_PATH) && !isLonger(url);
}

function isLonger(url: string): boolean {
  return url.length > EVENTS_PATH.length && url[EVENTS_PATH.length] !== "?";
}

/** Answers one request, whatever happens. */
export async function answerEvents(
  parts: EventsListenerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startedMs = performance.now();
  let status = 200;
  try {
    sendAnswer(response, await ingestRequest(parts, request));
  } catch (error) {
    const problem = answerProblem(error, parts.logger);
    status = problem.status;
    endWithProblem(response, problem);
  }
  parts.metrics.observe({ route: ROUTE, status, durationMs: performance.now() - startedMs });
}

const ROUTE = `POST ${EVENTS_PATH}`;
/** Names and values in turn, which Node writes without making an object of them first. */
const ANSWER_HEADERS = [...Object.entries(JSON_HEADERS).flat(), "content-length"];

/** Where every character is a byte, Latin-1 is the same bytes, and Node need not look for more. */
function sendAnswer(response: ServerResponse, text: string): void {
  const bytes = Buffer.byteLength(text);
  response.writeHead(200, [...ANSWER_HEADERS, String(bytes)]);
  response.end(text, bytes === text.length ? "latin1" : "utf8");
}

async function ingestRequest(
  { authenticator, budget, ingest, metrics }: EventsListenerParts,
  request: IncomingMessage,
): Promise<string> {
  const { authorization } = request.headers;
  const key = authenticator.recall(authorization) ?? (await authenticator.identify(authorization));
  requireScope(key, "ingest");
  refuseQuery(request.url ?? "");
  const kind = kindOf(request.headers["content-type"]);
  const body = await readBody(request, { maxBytes: BODY_MAX_BYTES, budget });
  try {
    const answer = await ingest(key.workspace, body.text, kind);
    metrics.countEvents(answer.results);
    return writeIngestAnswer(answer);
  } finally {
    body.release();
  }
}

/**
 * The same for a request that is there as a whole. It goes by callbacks: a function that waits
 * keeps all its variables, and seven that did left 2 kB behind for each small request.
 */
export function answerPlainEvents(
  parts: EventsListenerParts,
  request: PlainRequest,
  done: (answer: PlainAnswer) => void,
): void {
  const { authenticator } = parts;
  const underway = new PlainIngest(parts, request, done);
  const key = authenticator.recall(request.authorization);
  if (key !== undefined) underway.begin(key);
  else authenticator.identify(request.authorization).then(underway.begin, underway.fail);
}

/** A request from its arrival to its answer. */
class PlainIngest {
  readonly #parts: EventsListenerParts;
  readonly #request: PlainRequest;
  readonly #done: (answer: PlainAnswer) => void;
  readonly #startedMs = performance.now();
  #takenBytes = 0;

  constructor(
    parts: EventsListenerParts,
    request: PlainRequest,
    done: (answer: PlainAnswer) => void,
  ) {
    this.#parts = parts;
    this.#request = request;
    this.#done = done;
  }

  readonly begin = (key: ApiKey): void => {
    const { budget, ingest } = this.#parts;
    const { body, contentType } = this.#request;
    try {
      requireScope(key, "ingest");
      const kind = kindOf(contentType);
      budget.take(body.length);
      this.#takenBytes = body.length;
      ingest(key.workspace, requireUtf8(body), kind).then(this.#tell, this.fail);
    } catch (error) {
      this.fail(error);
    }
  };

  readonly #tell = (answer: IngestAnswer): void => {
    let written: Uint8Array | string;
    try {
      this.#parts.metrics.countEvents(answer.results);
      written = ingestAnswerBytes(answer) ?? writeIngestAnswer(answer);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#end({ status: 200, headers: JSON_HEADERS, body: written });
  };

  readonly fail = (error: unknown): void => {
    this.#end(answerProblem(error, this.#parts.logger));
  };

  #end(answer: PlainAnswer): void {
    const { budget, metrics } = this.#parts;
    budget.give(this.#takenBytes);
    const durationMs = performance.now() - this.#startedMs;
    metrics.observe({ route: ROUTE, status: answer.status, durationMs });
    this.#done(answer);
  }
}

function refuseQuery(url: string): void {
  if (url.length <= EVENTS_PATH.length + 1) return;
  const [name] = new URLSearchParams(url.slice(EVENTS_PATH.length)).keys();
  if (name !== undefined) throw unknownParameter(name, []);
}

function kindOf(contentType: string | undefined): "json" | "ndjson" {
  if (contentType === "application/json") return "json";
  const name = mediaType(contentType);
  if (name === "application/json") return "json";
  if (name === "application/x-ndjson") return "ndjson";
  throw unsupported(name);
}

/** The media type without its parameters. Throws where they name a charset other than UTF-8. */
export function mediaType(contentType: string | undefined): string {
  const [name = "", ...parameters] = (contentType ?? "").split(";");
  for (const parameter of parameters) {
    const [key = "", value = ""] = parameter.split("=");
    if (key.trim().toLowerCase() !== "charset") continue;
    const charset = value.trim().replaceAll('"', "").toLowerCase();
    if (charset !== "utf-8" && charset !== "utf8") throw unsupported(`charset ${charset}`);
  }
  return name.trim().toLowerCase();
}

/** The refusal of a content type. */
export function unsupported(name: string): TollgateError {
  const shown = name === "" ? "A body without a content type" : JSON.stringify(name.slice(0, 60));
  const detail = `${shown} is not read here.`;
  return new TollgateError("request.unsupported_type", detail, "content-type");
}
