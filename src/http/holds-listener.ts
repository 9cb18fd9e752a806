/**
 * `POST /v1/runs/{run}/holds` straight on node:http: a caller waits for it before every call of a
 * model. The route's own handler answers, as it does behind the framework; what is left out are the
 * framework's look-up, hooks and reply. A path that needs decoding, or a query, goes there as ever.
 */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { requireScope } from "./authenticator.ts";
import type { Logger } from "./http-parts.ts";
import { type Identified, identifyInTime } from "./identify-in-time.ts";
import type { PlainAnswer } from "./plain-connections.ts";
import type { PlainRequest } from "./plain-request.ts";
import { answerProblem, endWithProblem, JSON_HEADERS } from "./problem.ts";
import { bodyText } from "./read-body.ts";
import { readDocument, requireJson, sentRequest } from "./register-routes.ts";
import type { RouteAnswer, RouteContext } from "./route.ts";
import { ASK_ROUTE } from "./routes/holds.ts";

/** Ids as most are: every character stands for itself. */
const PLAIN_PATH = /^\/v1\/runs\/([A-Za-z0-9._-]{1,200})\/holds$/;

/** The run that a request asks holds for; null: the framework answers it. */
export function runOfHoldsRequest({ method, url = "" }: IncomingMessage): string | null {
  return method === "POST" ? (PLAIN_PATH.exec(url)?.[1] ?? null) : null;
}

/** What the listener works with. */
export interface HoldsListenerParts {
  readonly context: RouteContext;
  readonly logger: Logger;
}

/** A request, the run that it asks for, and where the answer goes. */
export interface HoldsRequestUnderway {
  readonly run: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers one request, whatever happens. */
export async function answerHolds(
  { context, logger }: HoldsListenerParts,
  { run, request, response }: HoldsRequestUnderway,
): Promise<void> {
  const startedMs = performance.now();
  let status = 200;
  try {
    const answer = await ask(context, run, request);
    status = answer.status;
    const body = Buffer.from(textOf(answer));
    response.writeHead(status, [...ANSWER_HEADERS, String(body.length)]).end(body);
  } catch (error) {
    const problem = answerProblem(error, logger);
    status = problem.status;
    endWithProblem(response, problem);
  }
  context.metrics.observe({ route: ROUTE, status, durationMs: performance.now() - startedMs });
}

const ROUTE = `${ASK_ROUTE.method} ${ASK_ROUTE.path}`;
/** Names and values in turn, which Node writes without making an object of them first. */
const ANSWER_HEADERS = [...Object.entries(JSON_HEADERS).flat(), "content-length"];

function textOf({ body }: RouteAnswer): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

/** The same for a request that is there as a whole. */
export async function answerPlainHolds(
  { context, logger }: HoldsListenerParts,
  run: string,
  { authorization, contentType, body }: PlainRequest,
): Promise<PlainAnswer> {
  const startedMs = performance.now();
  const { budget } = context;
  let answered: PlainAnswer;
  let takenBytes = 0;
  try {
    const recalled = recall(context, authorization);
    const { key, context: own } = recalled ?? (await identifyInTime(context, authorization));
    requireScope(key, ASK_ROUTE.scope ?? "ingest");
    requireJson(contentType);
    budget.take(body.length);
    takenBytes = body.length;
    const parsed = context.parseJson(bodyText(body));
    const { workspace } = key;
    const { query, sent, accept, gone } = UNASKED;
    const input = { workspace, params: { run }, query, body: parsed, sent, accept, gone };
    const answer = await ASK_ROUTE.handle(own, input);
    answered = { status: answer.status, headers: JSON_HEADERS, body: textOf(answer) };
  } catch (error) {
    answered = answerProblem(error, logger);
  }
  budget.give(takenBytes);
  const { status } = answered;
  context.metrics.observe({ route: ROUTE, status, durationMs: performance.now() - startedMs });
  return answered;
}

function recall(context: RouteContext, authorization: string | undefined): Identified | undefined {
  const key = context.authenticator.recall(authorization);
  return key === undefined ? undefined : { key, context };
}

/** Who asks waits for one commit: nothing is given up when it hangs up. */
const NEVER = new AbortController().signal;

/** What the route's handler does not ask for: the whole request, and whether the caller is gone. */
const UNASKED = {
  query: {},
  accept: "",
  sent: () => assert.fail("the route keeps no request"),
  gone: () => NEVER,
};

async function ask(
  context: RouteContext,
  run: string,
  request: IncomingMessage,
): Promise<RouteAnswer> {
  const { authorization, accept = "" } = request.headers;
  const recalled = recall(context, authorization);
  const { key, context: own } = recalled ?? (await identifyInTime(context, authorization));
  requireScope(key, ASK_ROUTE.scope ?? "ingest");
  const sent = await readDocument(context, ASK_ROUTE, request);
  try {
    const body = context.parseJson(sent?.text ?? "");
    const { workspace } = key;
    const input = { workspace, params: { run }, query: {}, body, accept };
    const as = { sent: () => sentRequest(request, sent?.text ?? ""), gone: () => NEVER };
    return await ASK_ROUTE.handle(own, { ...input, ...as });
  } finally {
    sent?.release();
  }
}
