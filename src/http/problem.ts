/** Problem documents (RFC 9457): how every failure is told over HTTP. */
import { randomUUID } from "node:crypto";
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Undecided } from "../domain/budget/undecided.ts";
import { ERRORS, type ErrorCode, type Problem, TollgateError } from "../domain/errors.ts";
import type { Logger } from "./http-parts.ts";

/** Several problems of one document, the first of which is the answer's own. */
export class ManyProblems extends TollgateError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const [first] = problems;
    super(first?.code ?? "request.malformed", first?.detail ?? "", first?.field);
    this.problems = problems;
  }
}

/** The store gave no answer in the time that there is for one, or said that it cannot. */
export class NoAnswer extends TollgateError {
  constructor({ code, message, field, cause }: TollgateError) {
    super(code, message, field, { cause });
  }
}

/** Nobody decided: the caller is told so, and what its budgets want it to do then. */
export class NoDecision extends TollgateError {
  readonly onUndecided: Undecided;

  constructor(cause: TollgateError, onUndecided: Undecided) {
    // It says what the other says, so what caused that caused this.
    super(cause.code, cause.message, cause.field, { cause: cause.cause });
    this.onUndecided = onUndecided;
  }
}

/** An answer that is ready to be sent. */
interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, string>> = {
  "server.busy": "1",
  "hold.undecided": "1",
  "server.draining": "5",
  "store.unknown": "1",
  "store.locked": "5",
  "simulation.busy": "5",
};

/** Headers of every answer: its content is data, for one caller, at one moment. */
export const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

/** Those of an answer of JSON. */
export const JSON_HEADERS = { ...SECURITY_HEADERS, "content-type": "application/json" } as const;

/** What stands in a problem document besides its numbers. */
function problemBody(error: TollgateError, requestId: string): object {
  const [status, title, remedy] = ERRORS[error.code];
  return {
    type: `urn:tollgate:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...(error.field === undefined ? {} : { field: error.field }),
    remedy,
    requestId,
    ...(error instanceof NoDecision ? { undecided: true, onUndecided: error.onUndecided } : {}),
    ...(error instanceof ManyProblems ? { problems: error.problems } : {}),
  };
}

/**
 * The answer for anything that was thrown. Only errors of the catalogue are told; the rest is a
 * defect of ours, which the log gets whole and the caller as `internal` with a request id.
 */
export function answerProblem(thrown: unknown, logger: Logger): ProblemAnswer {
  const requestId = randomUUID();
  const error = thrown instanceof TollgateError ? thrown : unexpected(thrown);
  if (error.status >= 500) logger.error({ requestId, code: error.code, error: thrown });
  const retryAfter = RETRY_AFTER_SECONDS[error.code];
  const headers = {
    ...SECURITY_HEADERS,
    "content-type": "application/problem+json",
    "x-request-id": requestId,
    ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }),
    ...(error.status === 401 ? { "www-authenticate": 'Bearer realm="tollgate"' } : {}),
  };
  return { status: error.status, headers, body: JSON.stringify(problemBody(error, requestId)) };
}

/** Sends it where no framework does. Its length is told, as that of every other answer is. */
export function endWithProblem(
  response: ServerResponse,
  { status, headers, body }: ProblemAnswer,
): void {
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, { ...headers, "content-length": length }).end(body);
}

/** A whole response for a connection that never got as far as a request. It ends there. */
export function rawProblem(error: TollgateError, logger: Logger): string {
  const { status, headers, body } = answerProblem(error, logger);
  const lines = Object.entries({
    ...headers,
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`;
}

function unexpected(cause: unknown): TollgateError {
  const detail = "An unexpected error; the log has it under this request id.";
  return new TollgateError("internal", detail, undefined, { cause });
}
