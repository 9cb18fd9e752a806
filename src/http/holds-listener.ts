/**
 * `POST /v1/runs/{run}/holds` straight on node:http: a caller waits for it before every call of a
 * model. The route's own handler answers, as it does behind the framework; what is left out are the
 * framework's look-up, hooks and reply. A path that needs decoding, or a query, goes there as ever.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { requireScope } from "./authenticator.ts";
import type { Logger } from "./http-parts.ts";
import { answerProblem, SECURITY_HEADERS } from "./problem.ts";
import { readDocument, sentRequest } from "./register-routes.ts";
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
    const body = Buffer.from(JSON.stringify(answer.body));
    response.writeHead(status, [...ANSWER_HEADERS, String(body.length)]).end(body);
  } catch (error) {
    const problem = answerProblem(error, logger);
    status = problem.status;
    response.writeHead(status, problem.headers).end(problem.body);
  }
  context.metrics.observe({ route: ROUTE, status, durationMs: performance.now() - startedMs });
}

const ROUTE = `${ASK_ROUTE.method} ${ASK_ROUTE.path}`;
/** Names and values in turn, which Node writes without making an object of them first. */
const ANSWER_HEADERS = [
  ...Object.entries(SECURITY_HEADERS).flat(),
  ...["content-type", "application/json", "content-length"],
];

/** Who asks waits for one commit: nothing is given up when it hangs up. */
const NEVER = new AbortController().signal;

async function ask(
  context: RouteContext,
  run: string,
  request: IncomingMessage,
): Promise<RouteAnswer> {
  const { authenticator } = context;
  const { authorization, accept = "" } = request.headers;
  const key = authenticator.recall(authorization) ?? (await authenticator.identify(authorization));
  requireScope(key, ASK_ROUTE.scope ?? "ingest");
  const sent = await readDocument(context, ASK_ROUTE, request);
  try {
    const body = context.parseJson(sent?.text ?? "");
    const { workspace } = key;
    const input = { workspace, params: { run }, query: {}, body, accept };
    const as = { sent: () => sentRequest(request, sent?.text ?? ""), gone: () => NEVER };
    return await ASK_ROUTE.handle(context, { ...input, ...as });
  } finally {
    sent?.release();
  }
}
