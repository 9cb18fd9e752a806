/** Live views: what a run, a customer or a workspace does, as it happens. */
import { Readable } from "node:stream";
import type { LiveScope } from "../../engine/live/live-feed.ts";
import { type RouteAnswer, type RouteContext, type RouteInput, route } from "../route.ts";
import { ANY_TEXT, closed, described, ID, nullable, TEXT } from "../schema.ts";

const EVENT_STREAM = "text/event-stream";

interface LiveQuery {
  readonly lastEventId?: string | null;
}

const LIVE = {
  method: "GET",
  scope: "read",
  query: closed({
    "lastEventId?": described(nullable(TEXT), "As the header Last-Event-ID, which comes first."),
  }),
  answers: {
    200: {
      description: "One `snapshot`, then `change` events until one of both sides ends it.",
      content: { [EVENT_STREAM]: described(ANY_TEXT, "See docs/live.md.") },
    },
  },
} as const;

/** The stream of one view. */
async function follow(
  { live, draining }: RouteContext,
  { workspace, query, sent, gone }: RouteInput<unknown, LiveQuery, unknown>,
  scope: LiveScope,
): Promise<RouteAnswer> {
  const lastId = sent().headers["last-event-id"] ?? query.lastEventId ?? null;
  const isDraining = () => draining.aborted;
  let stream: Readable | null = null;
  // Its slot is for others: a connection that nobody reads may stay open for hours.
  const cutOff = () => void stream?.destroy();
  const view = { workspace, scope, lastId, gone: gone(), isDraining, cutOff };
  // Nothing is taken from a reader's messages before the connection has room for it.
  stream = Readable.from(await live.open(view), { highWaterMark: 1 });
  return {
    status: 200,
    body: null,
    type: EVENT_STREAM,
    pieces: stream,
    // A proxy in between is not to gather what it is sent.
    headers: { "cache-control": "no-store", "x-accel-buffering": "no" },
  };
}

const followRun = route<{ readonly run: string }, LiveQuery>({
  ...LIVE,
  path: "/v1/runs/{run}/live",
  operationId: "followRun",
  summary: "Follow a run and all below it: steps, totals, budgets, decisions, as they come.",
  params: closed({ run: ID }),
  errors: ["run.not_found", "live.too_many"],
  handle: (context, input) => follow(context, input, { of: "run", id: input.params.run }),
});

const followCustomer = route<{ readonly customer: string }, LiveQuery>({
  ...LIVE,
  path: "/v1/customers/{customer}/live",
  operationId: "followCustomer",
  summary: "Follow all runs of a customer.",
  params: closed({ customer: ID }),
  errors: ["customer.not_found", "live.too_many"],
  handle: (context, input) => follow(context, input, { of: "customer", id: input.params.customer }),
});

const followWorkspace = route<unknown, LiveQuery>({
  ...LIVE,
  path: "/v1/live",
  operationId: "followWorkspace",
  summary: "Follow every run.",
  errors: ["live.too_many"],
  handle: (context, input) => follow(context, input, { of: "workspace", id: "" }),
});

/** Live views. */
export const LIVE_ROUTES = [followRun, followCustomer, followWorkspace];
