/** Puts route declarations onto the framework: key, schemas, handler, answer. */
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { present } from "../domain/assert.ts";
import { TollgateError } from "../domain/errors.ts";
import { BODY_MAX_BYTES, TEXT_MAX_CHARS } from "../domain/limits.ts";
import type { Actor } from "../engine/actor.ts";
import { answerRoute } from "./answer-report.ts";
import { requireScope } from "./authenticator.ts";
import { mediaType, unsupported } from "./events-listener.ts";
import { identifyInTime } from "./identify-in-time.ts";
import { SECURITY_HEADERS } from "./problem.ts";
import { queryValues } from "./query-values.ts";
import { type ReadBody, readBody } from "./read-body.ts";
import type { Route, RouteAnswer, RouteContext, RouteInput, SentRequest } from "./route.ts";
import { closed } from "./schema.ts";
import { schemaProblem } from "./schema-problem.ts";

const NO_FIELDS = closed({});

/** What is known of a request while it is answered. */
interface Underway {
  workspace: string;
  /** Who asks for a change; null: nothing is changed. */
  actor: Actor | null;
  body: ReadBody | null;
  /** With what is left of the time for an answer. */
  context: RouteContext;
}

/** Registers routes. The body is parsed by our own reader, which loses no digit. */
export function registerRoutes(
  app: FastifyInstance,
  context: RouteContext,
  routes: readonly Route[],
): void {
  const underway = new WeakMap<FastifyRequest, Underway>();
  for (const route of routes) registerRoute(app, context, { route, routes, underway });
}

interface Registration {
  readonly route: Route;
  /** All of them: a change that was approved is carried out by its own. */
  readonly routes: readonly Route[];
  readonly underway: WeakMap<FastifyRequest, Underway>;
}

function registerRoute(
  app: FastifyInstance,
  context: RouteContext,
  { route, routes, underway }: Registration,
): void {
  const query = route.query ?? NO_FIELDS;
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    exposeHeadRoute: false,
    onRequest: async (request) => {
      const caller = await callerOf(context, route, request);
      underway.set(request, { ...caller, body: null });
    },
    preValidation: async (request) => {
      request.query = queryValues(query, request.query as Record<string, unknown>);
      if (route.body === undefined) return;
      const body = await readDocument(context, route, request.raw);
      const known = underway.get(request);
      if (known !== undefined) known.body = body;
      const asked = request.query as Record<string, unknown>;
      request.body = body === null ? {} : parsedBody(context, route, { text: body.text, asked });
    },
    preHandler: async (request) => {
      const isJudged = route.body?.isParsedByHandler !== true;
      judge(request, route.params, { value: request.params, isShown: true });
      if (isJudged) judge(request, route.body?.schema, { value: request.body, isShown: false });
      judge(request, query, { value: request.query, isShown: true });
    },
    onResponse: async (request, reply) => {
      underway.get(request)?.body?.release();
      observe(context, route, reply);
    },
    handler: async (request, reply) => {
      const known = present(underway.get(request), "a request whose caller is known");
      const { workspace, actor, body: read } = known;
      const { params, query: asked, body } = request;
      const accept = request.headers.accept ?? "";
      const gone = () => goneSignal(context, reply);
      const sent = () => sentRequest(request.raw, read?.text ?? "");
      const input = { workspace, params, query: asked, body, sent, accept, gone };
      const engine = actor === null ? context.engine : context.engine.as(actor);
      const own = {
        ...known.context,
        engine,
        carryOut: carryingOut(context, { routes, input, actor }),
      };
      const sending = { ...input, text: read?.text ?? null };
      return send(reply, await handleOrPropose(own, route, sending));
    },
  });
}

type IsRight = ReturnType<FastifyRequest["compileValidationSchema"]>;

/**
 * By the schema, which says all that is looked at: servers of one process share what was compiled.
 */
const compiled = new WeakMap<object, IsRight>();

/**
 * Throws what the schema refuses. Schemas are compiled at the first request that needs them: all at
 * once took a start as long as everything else in it.
 */
function judge(
  request: FastifyRequest,
  schema: object | undefined,
  { value, isShown }: { readonly value: unknown; readonly isShown: boolean },
): void {
  if (schema === undefined) return;
  const isRight =
    compiled.get(schema) ?? request.compileValidationSchema(schema as Record<string, unknown>);
  compiled.set(schema, isRight);
  if (isRight(value)) return;
  throw schemaProblem(isRight.errors?.[0], { shown: isShown ? value : null, schema });
}

type Input = RouteInput<unknown, unknown, unknown>;

/**
 * Puts a request on record where the engine wants a second key for what it changes, and throws
 * `change.proposed` then: the rule is the engine's, the words of the request are ours.
 */
async function handleOrPropose(
  context: RouteContext,
  route: Route,
  { text: body, ...input }: Input & { readonly text: string | null },
): Promise<RouteAnswer> {
  try {
    return await answerRoute(context, route, input);
  } catch (error) {
    if (!(error instanceof TollgateError) || error.code !== "change.unapproved") throw error;
    const { workspace, params, query } = input;
    const sent = { operation: route.operationId, params, query, body };
    const id = await context.engine.changes.propose(workspace, sent);
    throw new TollgateError("change.proposed", `The change waits as "${id}".`, undefined, {
      cause: error,
    });
  }
}

/**
 * What people decide or ask is refused where it says something twice: nobody would know which one
 * was meant. What producers send is read as any JSON is.
 */
function parsedBody(
  context: RouteContext,
  { scope, body }: Route,
  { text, asked }: { readonly text: string; readonly asked: Readonly<Record<string, unknown>> },
): unknown {
  const parsed = context.parseJson(text);
  const isFromProducer = scope === null || scope === "ingest";
  if (isFromProducer || body?.mayRepeatKeys?.(asked) === true) return parsed;
  const twice = context.repeatedKey(text);
  if (twice === null) return parsed;
  const detail = `"${twice}" stands twice; keep one of the two.`;
  throw new TollgateError("request.malformed", detail, twice);
}

interface CarriedOut {
  readonly routes: readonly Route[];
  readonly input: Input;
  readonly actor: Actor | null;
}

/** Carries out a request on record by its own route, in the name of its change. */
function carryingOut(
  context: RouteContext,
  { routes, input, actor }: CarriedOut,
): NonNullable<RouteContext["carryOut"]> {
  return async ({ id, operation, params, query, body: text }) => {
    const route = present(
      routes.find(({ operationId }) => operationId === operation),
      `the route of "${operation}"`,
    );
    const body = text === null ? {} : context.parseJson(text);
    const engine = actor === null ? context.engine : context.engine.as(actor, id);
    const own = { ...context, engine };
    return route.handle(own, { ...input, params, query, body });
  };
}

/** A request's headers and body as texts. */
export function sentRequest({ headers }: IncomingMessage, text: string): SentRequest {
  const all = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return { headers: Object.fromEntries(all), text };
}

/** Said by the signal of one who is gone; without a reason each makes an error of its own. */
const GONE = "gone";

/**
 * Made for the few routes that wait: one that ends with its request holds no listener. Whoever has
 * said its last word is told what there is, and waited for no longer: it cannot be told apart from
 * one that went away before something is sent to it.
 */
function goneSignal({ draining }: RouteContext, { raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const { socket } = raw.req;
  const end = (): void => {
    draining.removeEventListener("abort", end);
    socket.removeListener("end", end);
    gone.abort(GONE);
  };
  if (draining.aborted || raw.destroyed || socket.readableEnded) end();
  draining.addEventListener("abort", end, { once: true });
  socket.once("end", end);
  raw.once("close", end);
  return gone.signal;
}

async function callerOf(
  context: RouteContext,
  { scope, method, inTimeOr }: Route,
  { headers }: FastifyRequest,
): Promise<Omit<Underway, "body">> {
  if (scope === null) return { workspace: "", actor: null, context };
  const { key, context: own } = inTimeOr
    ? await identifyInTime(context, headers.authorization, inTimeOr)
    : { key: await context.authenticator.identify(headers.authorization), context };
  requireScope(key, scope);
  const { workspace, id, label } = key;
  const reason = reasonOf(headers["tollgate-reason"]);
  const actor = method === "GET" ? null : { key: id, label, reason };
  return { workspace, actor, context: own };
}

/** Why a change is made, percent-encoded because a header is no text. Throws `field.invalid`. */
function reasonOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  try {
    const reason = decodeURIComponent(String(header));
    if (reason.length > 0 && reason.length <= TEXT_MAX_CHARS) return reason;
  } catch {
    // What cannot be decoded is refused like what is too long.
  }
  const detail = `tollgate-reason is percent-encoded, of 1 to ${TEXT_MAX_CHARS} characters.`;
  throw new TollgateError("field.invalid", detail, "tollgate-reason");
}

/** The body as text; null where an optional one is left out. */
export async function readDocument(
  { budget }: RouteContext,
  { body: declared }: Route,
  raw: IncomingMessage,
): Promise<ReadBody | null> {
  const { headers } = raw;
  const length = headers["content-length"] ?? "0";
  const isEmpty = length === "0" && headers["transfer-encoding"] === undefined;
  if (isEmpty && declared?.isOptional === true) return null;
  requireJson(headers["content-type"]);
  return readBody(raw, { maxBytes: declared?.maxBytes ?? BODY_MAX_BYTES, budget });
}

/** Throws `request.unsupported_type` for a body that is not said to be JSON. */
export function requireJson(contentType: string | undefined): void {
  if (contentType === "application/json") return;
  const type = mediaType(contentType);
  if (type !== "application/json") throw unsupported(type);
}

function send(reply: FastifyReply, answer: RouteAnswer): FastifyReply {
  const { status, body, lines, pieces, type, headers = {} } = answer;
  const begun = reply
    .code(status)
    .headers({ ...SECURITY_HEADERS, ...headers })
    .type(type ?? "application/json");
  if (pieces instanceof Readable) return begun.send(pieces);
  if (pieces !== undefined) return begun.send(Readable.from(pieces));
  if (lines !== undefined) return begun.send(Readable.from(textsOf(lines)));
  const text = typeof body === "string" ? body : JSON.stringify(body);
  // As bytes: to a text of JSON the framework would add a charset, which that type does not have.
  return begun.send(Buffer.from(text));
}

async function* textsOf(lines: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}

function observe({ metrics }: RouteContext, { method, path }: Route, reply: FastifyReply): void {
  const { statusCode: status, elapsedTime: durationMs } = reply;
  metrics.observe({ route: `${method} ${path}`, status, durationMs });
}
