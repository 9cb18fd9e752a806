/**
 * The HTTP server: one node:http listener that takes events and holds itself and hands every
 * other request to Fastify. It binds to this machine alone unless told otherwise.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo, Socket } from "node:net";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { assert, present } from "../domain/assert.ts";
import { TollgateError } from "../domain/errors.ts";
import { DOCUMENT_MAX_BYTES } from "../domain/limits.ts";
import { noteArrival } from "../engine/commit/others-turn.ts";
import { Authenticator } from "./authenticator.ts";
import {
  CONNECTIONS_MAX_COUNT,
  HEADERS_MAX_BYTES,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
  TIMEOUT_CHECK_MS,
} from "./connection-limits.ts";
import {
  answerEvents,
  answerPlainEvents,
  type EventsListenerParts,
  isEventsRequest,
} from "./events-listener.ts";
import { withFewRefusals } from "./few-refusals.ts";
import {
  answerHolds,
  answerPlainHolds,
  type HoldsListenerParts,
  runOfHoldsRequest,
} from "./holds-listener.ts";
import type { HttpParts, Logger } from "./http-parts.ts";
import { LiveHub } from "./live/live-hub.ts";
import { HttpMetrics } from "./metrics.ts";
import { openApiText } from "./openapi-text.ts";
import { PlainConnections, type PlainParts } from "./plain-connections.ts";
import { answerProblem, rawProblem } from "./problem.ts";
import { BodyBudget } from "./read-body.ts";
import { registerRoutes } from "./register-routes.ts";
import { ALL_ROUTES } from "./routes/all.ts";
import { Traffic } from "./traffic.ts";

const LOCALHOST = "127.0.0.1";
const SILENT: Logger = { info: () => undefined, error: () => undefined };

/** A server that can listen and drain. */
export interface HttpServer {
  /** Starts to listen. (Defaults: 127.0.0.1, any free port.) Resolves to the base URL. */
  listen(place?: { readonly host?: string; readonly port?: number }): Promise<string>;
  /**
   * Drains: new requests get 503 `server.draining`, those in flight are answered, then the port
   * is given back. After DRAIN_MAX_MS what is left is cut off.
   */
  close(): Promise<void>;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Builds a server over an engine; nothing listens yet. */
export async function buildServer(parts: HttpParts): Promise<HttpServer> {
  const logger = withFewRefusals(parts.logger ?? SILENT, Date.now);
  const traffic = new Traffic(logger);
  const budget = new BodyBudget();
  const metrics = new HttpMetrics();
  const authenticator = new Authenticator(parts.engine);
  const intake = watchStore(parts, traffic);
  const routes = ALL_ROUTES;
  const context = {
    ...parts,
    ...{ intake, authenticator, metrics, budget },
    live: parts.live ?? new LiveHub(parts.engine, randomUUID),
    isDraining: () => traffic.isDraining,
    draining: traffic.draining,
    traffic,
    openApiText: () => openApiText(parts),
  };
  const { ingestBody: ingest } = intake;
  const events = { authenticator, budget, metrics, logger, ingest };
  const hot = { events, holds: { context, logger } };
  let server: Server | undefined;
  const app = fastify({
    serverFactory: (others: Listener) => {
      server = createServer(SERVER_OPTIONS, (request, response) => {
        if (!traffic.admit(request, response)) return;
        const run = runOfHoldsRequest(request);
        if (isEventsRequest(request)) void answerEvents(events, request, response);
        else if (run !== null) void answerHolds(hot.holds, { run, request, response });
        else others(request, response);
      });
      return server;
    },
    bodyLimit: DOCUMENT_MAX_BYTES,
    routerOptions: { maxParamLength: HEADERS_MAX_BYTES },
    ajv: { customOptions: AJV_OPTIONS },
    schemaController: { compilersFactory: COMPILERS },
    clientErrorHandler: (error, socket) => {
      // What follows a good request must not be answered in its place.
      if (traffic.isAnswering(socket)) socket.destroy();
      else answerBrokenRequest(error, socket, logger);
    },
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply as unknown as FastifyReply, translated(error), logger);
    },
  });
  answerFailures(app, logger);
  registerRoutes(
    app,
    context,
    routes.filter((route) => !isEventsRoute(route)),
  );
  await app.ready();
  const listener = present(server, "the server that the framework asked for");
  listener.maxConnections = CONNECTIONS_MAX_COUNT;
  // Who has said its last word is answered: otherwise Node drops the answer with the connection.
  Object.assign(listener, { httpAllowHalfOpen: true });
  const plain = plainBefore(listener, { hot, traffic, logger });
  const whole = {
    close: listener.close.bind(listener),
    closeAllConnections: () => {
      plain.close();
      listener.closeAllConnections();
    },
  };
  return { listen: (place) => listen(listener, place), close: () => traffic.drain(whole) };
}

interface HotParts {
  readonly events: EventsListenerParts;
  readonly holds: HoldsListenerParts;
}

/** Puts plain connections before a server's own handling of them. */
function plainBefore(
  server: Server,
  {
    hot: { events, holds },
    ...parts
  }: Pick<PlainParts, "traffic" | "logger"> & { readonly hot: HotParts },
): PlainConnections {
  const handlers = server.listeners("connection");
  server.removeAllListeners("connection");
  const plain = new PlainConnections({
    ...parts,
    answer: (request, done) => {
      if (request.run === null) answerPlainEvents(events, request, done);
      else void answerPlainHolds(holds, request.run, request).then(done);
    },
    handOver: (socket) => {
      for (const handler of handlers) Reflect.apply(handler, server, [socket]);
    },
  });
  server.on("connection", (socket: Socket) => {
    noteArrival();
    plain.accept(socket);
  });
  return plain;
}

function isEventsRoute({ method, path }: { method: string; path: string }): boolean {
  return isEventsRequest({ method, url: path } as IncomingMessage);
}

const SERVER_OPTIONS = {
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  maxHeaderSize: HEADERS_MAX_BYTES,
  /** We look for it ourselves, to answer with a problem document. */
  requireHostHeader: false,
};

const ofFramework = createRequire(import.meta.resolve("fastify"));

/**
 * The framework would load all that makes code of schemas when it starts, a hundred modules: what
 * judges requests is loaded by the first that is judged, and no answer is written by a schema.
 */
const COMPILERS = {
  buildValidator: (schemas: unknown, options: unknown) =>
    ofFramework("@fastify/ajv-compiler")()(schemas, options),
  buildSerializer: () => {
    assert(false, "answers are bytes, which no schema writes");
  },
};

/** Nothing is coerced, dropped or truncated: a document is right as it is, or refused. */
const AJV_OPTIONS = {
  removeAdditional: false,
  coerceTypes: false,
  allErrors: false,
  allowUnionTypes: true,
  /** Lengths in UTF-16 units, as everywhere else in Tollgate. */
  unicode: false,
  /** It would print that `unicode` is deprecated; there is no other way to count so. */
  logger: false,
} as const;

/** Remembers whether the last commit was left unknown, which /health tells. */
function watchStore({ intake }: HttpParts, traffic: Traffic): HttpParts["intake"] {
  const known = <T>(result: T): T => {
    traffic.storeDoubt = null;
    return result;
  };
  const failed = (error: unknown): never => {
    if (error instanceof TollgateError && error.code === "store.unknown") {
      traffic.storeDoubt = error;
    }
    throw error;
  };
  const watched = <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return work().then(known, failed);
    } catch (error) {
      return Promise.reject(error).catch(failed);
    }
  };
  return {
    ingestBody: (workspace, body, kind) => watched(() => intake.ingestBody(workspace, body, kind)),
    ingestValue: (workspace, value) => watched(() => intake.ingestValue(workspace, value)),
  };
}

function answerFailures(app: FastifyInstance, logger: Logger): void {
  // Bodies are read by register-routes.ts, byte by byte under a budget, and parsed exactly.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, translated(error), logger));
  app.setNotFoundHandler((request, reply) => {
    const path = JSON.stringify(request.url.split("?")[0]?.slice(0, 100));
    const detail = `There is no route ${request.method} ${path}.`;
    return sendProblem(reply, new TollgateError("request.route_unknown", detail), logger);
  });
}

function sendProblem(reply: FastifyReply, error: unknown, logger: Logger): FastifyReply {
  const { status, headers, body } = answerProblem(error, logger);
  return reply.code(status).headers(headers).send(Buffer.from(body));
}

/** The framework's own refusals, as errors of the catalogue. */
function translated(error: unknown): unknown {
  if (error instanceof TollgateError || !(error instanceof Error)) return error;
  const { statusCode, message } = error as FastifyError;
  const options = { cause: error };
  if (statusCode === 415) {
    return new TollgateError("request.unsupported_type", message, "content-type", options);
  }
  const isCallers = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  return isCallers ? new TollgateError("request.malformed", message, undefined, options) : error;
}

function answerBrokenRequest(error: BrokenRequest, socket: Socket, logger: Logger): void {
  if (!socket.writable || error.code === "ECONNRESET") socket.destroy();
  else socket.end(rawProblem(connectionProblem(error), logger));
}

/** What Node tells of bytes that are no request. */
interface BrokenRequest {
  readonly code?: string;
  readonly message: string;
}

function connectionProblem({ code, message }: BrokenRequest): TollgateError {
  if (code === "HPE_HEADER_OVERFLOW") {
    const detail = `The request line and headers exceed ${HEADERS_MAX_BYTES} bytes.`;
    return new TollgateError("request.headers_too_large", detail);
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new TollgateError("request.timeout", "The request did not arrive in time.");
  }
  return new TollgateError("request.malformed", `This is not HTTP as it should be: ${message}.`);
}

async function listen(
  server: Server,
  { host = LOCALHOST, port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // The system lets 511 wait by default: of 1,000 who call at once some would be cut off.
    server.listen({ host, port, backlog: CONNECTIONS_MAX_COUNT }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: bound } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${bound}`;
}
