/**
 * A route as data: what it takes, answers and may refuse with, and the function that answers. The
 * same declaration is registered, checked by tests and printed as OpenAPI, so none of the three
 * can say something else than the others.
 */
import type { ErrorCode, TollgateError } from "../domain/errors.ts";
import type { Change } from "../engine/acts/changes.ts";
import type { Scope } from "../engine/workspaces/keys.ts";
import type { Authenticator } from "./authenticator.ts";
import type { HttpParts } from "./http-parts.ts";
import type { LiveHub } from "./live/live-hub.ts";
import type { HttpMetrics } from "./metrics.ts";
import type { BodyBudget } from "./read-body.ts";
import type { JsonSchema, ObjectSchema } from "./schema.ts";
import type { Traffic } from "./traffic.ts";

/** How it is told that time is up: nobody decided, or what was asked for may have been done. */
export type TimeIsUp = Extract<ErrorCode, "hold.undecided" | "store.unknown">;

/** What a handler works with. */
export interface RouteContext extends HttpParts {
  readonly authenticator: Authenticator;
  readonly metrics: HttpMetrics;
  readonly budget: BodyBudget;
  /** Whether the server refuses new work because it is shutting down. */
  readonly isDraining: () => boolean;
  /** Aborts when the server begins to shut down. */
  readonly draining: AbortSignal;
  /** What the store failed with before the handler was asked. (Default: it did not.) */
  readonly storeFailure?: TollgateError;
  /** Where the last commit failed, and may or may not be on disk. */
  readonly traffic: Pick<Traffic, "storeDoubt">;
  /** Carries out a request that was put on record, as whoever asks now. */
  readonly carryOut?: (sent: Change) => Promise<RouteAnswer>;
  /** The live views that are open. */
  readonly live: LiveHub;
  /** The OpenAPI document as text. */
  readonly openApiText: () => string;
}

/** A request before anything was read out of it. */
export interface SentRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What a handler is asked. Everything in it has passed the route's schemas. */
export interface RouteInput<Params, Query, Body> {
  /** Workspace of the key; "" on a route that needs none. */
  readonly workspace: string;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The request as it came, for who checks a signature of it. */
  readonly sent: () => SentRequest;
  /** Media types that the caller accepts, as sent. */
  readonly accept: string;
  /** Aborts when there is nobody to answer any more, or the server shuts down: stop waiting. */
  readonly gone: () => AbortSignal;
}

/** What a handler answers. A text goes out as it is, anything else as JSON. */
export interface RouteAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Pieces of text, sent one by one in place of the body. (Default: none.) */
  readonly pieces?: AsyncIterable<string>;
  /** Sent instead of the body, a line of JSON each, as they come. (Default: the body.) */
  readonly lines?: AsyncIterable<object>;
  /** (Default: application/json.) */
  readonly type?: string;
  /** Headers besides those of every answer. (Default: none.) */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A success that a route may answer with, by media type. */
export interface DeclaredAnswer {
  readonly description: string;
  readonly content: Readonly<Record<string, JsonSchema>>;
}

/** A body that a route takes. */
export interface DeclaredBody {
  readonly schema: JsonSchema;
  /** (Default: BODY_MAX_BYTES.) */
  readonly maxBytes?: number;
  /** The handler's parser judges the document, with better words than a schema has. */
  readonly isParsedByHandler?: true;
  /**
   * Whether a key may stand twice, by what else is asked: it does in lists that others publish, and
   * the last one holds.
   */
  readonly mayRepeatKeys?: (query: Readonly<Record<string, unknown>>) => boolean;
  /** May be left out: an empty object then. */
  readonly isOptional?: true;
  /** Media types besides application/json. */
  readonly otherTypes?: Readonly<Record<string, JsonSchema>>;
}

/** A route whose parameters, query and body have known types. */
export interface RouteOf<Params, Query, Body> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Template as OpenAPI writes it: `/v1/runs/{run}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** Scope that the key needs; null: open to everyone. */
  readonly scope: Scope | null;
  readonly params?: ObjectSchema;
  readonly query?: ObjectSchema;
  readonly body?: DeclaredBody;
  readonly answers: Readonly<Record<number, DeclaredAnswer>>;
  /** What it changes may want a second key, and is on record then. (Default: it never does.) */
  readonly mayWait?: true;
  /**
   * Whether it only reads, and may answer a little late: a copy of the database is asked where
   * there is one. (Default: no.)
   */
  readonly isReport?: true;
  /**
   * What its caller is told where it is not answered within `decisionMaxMs`, in which the key is
   * looked up, too. (Default: it may take as long as the store does.)
   */
  readonly inTimeOr?: TimeIsUp;
  /** Codes besides those that every route of its kind may answer. */
  readonly errors?: readonly ErrorCode[];
  handle(
    context: RouteContext,
    input: RouteInput<Params, Query, Body>,
  ): RouteAnswer | Promise<RouteAnswer>;
}

export type Route = RouteOf<unknown, unknown, unknown>;

/** Declares a route; the types are what its schemas have proven. */
export function route<Params = unknown, Query = unknown, Body = unknown>(
  declared: RouteOf<Params, Query, Body>,
): Route {
  return declared;
}

/** A success with a JSON document. */
export function json(description: string, schema: JsonSchema): DeclaredAnswer {
  return { description, content: { "application/json": schema } };
}

/** 200 with a JSON document. */
export function ok(body: unknown): RouteAnswer {
  return { status: 200, body };
}
