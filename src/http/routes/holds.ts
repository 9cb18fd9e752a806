/** Holds: what is asked before a step starts, and what becomes of it. */

import type { Hold } from "../../domain/budget/hold.ts";
import type { StatedSpender } from "../../domain/budget/undecided.ts";
import { type ErrorCode, TollgateError } from "../../domain/errors.ts";
import type { RunOpened, TollgateEvent } from "../../domain/event/event.ts";
import {
  DECISION_MAX_MS,
  OCCURRED_AT_MIN_MS,
  PAGE_MAX_ROWS,
  WAIT_HEARTBEAT_MS,
  WAIT_MAX_MS,
} from "../../domain/limits.ts";
import type { HoldsRequest, RunState } from "../../engine/limits/hold-answers.ts";
import type { HoldPlace } from "../../engine/spending-ports.ts";
import { doneInTime, inTime, isUndecided } from "../identify-in-time.ts";
import { timeText } from "../instant.ts";
import { NoDecision } from "../problem.ts";
import { json, ok, type RouteAnswer, type RouteContext, type RouteInput, route } from "../route.ts";
import { ANY_TEXT, closed, described, ID, type JsonSchema, LIMIT, named } from "../schema.ts";
import { textsOf } from "../texts-of-cursor.ts";
import { holdView, runStateView } from "../views/budget-view.ts";
import { writeHoldsAnswer } from "../write-holds-answer.ts";
import { resultView } from "../write-ingest-answer.ts";

interface RunParam {
  readonly run: string;
}

const RUN_PARAM = closed({ run: ID });
const ANY: JsonSchema = { type: "object", description: "See docs/limits.md." };
const NONE: readonly never[] = [];
const NO_REQUEST = { asks: [], releases: [], renewals: [], caps: [] };

const REFUSED_OPENINGS: ReadonlySet<ErrorCode> = new Set([
  "budget.exhausted",
  "entitlement.missing",
]);

/** Asking for holds: what is on the way of every call. */
export const ASK_ROUTE = route<RunParam>({
  method: "POST",
  path: "/v1/runs/{run}/holds",
  operationId: "holdSteps",
  summary: "Ask before steps start: each is allowed, slowed down, paused or blocked, on its own.",
  scope: "ingest",
  params: RUN_PARAM,
  inTimeOr: "hold.undecided",
  body: { schema: ANY, isParsedByHandler: true },
  answers: { 200: json("A decision for each hold, in the order asked.", named("HoldsAnswer")) },
  errors: [
    ...(["field.missing", "field.invalid", "field.unknown", "field.out_of_range"] as const),
    ...(["run.not_found", "run.no_customer", "hold.too_many", "usage.inconsistent"] as const),
    ...(["hold.too_many_balances"] as const),
    ...(["hold.undecided", "store.unknown", "server.busy"] as const),
  ],
  handle: async (context, { workspace, params: { run }, body }) => {
    const read = (nowMs: number): Asked => {
      const nowText = timeText(nowMs);
      const { events, asks, caps } = context.readHolds(body, { run, nowText });
      return { events, request: { run, asks, releases: NONE, renewals: NONE, caps } };
    };
    const { request, results, answer } = await decide(context, workspace, read);
    const [opened] = results;
    // A run that may not open is decided on, like its holds; anything else is a bad request.
    if (opened?.error !== undefined && !REFUSED_OPENINGS.has(opened.error.code)) {
      const { code, detail, field } = opened.error;
      throw new TollgateError(code, detail, field === undefined ? "open" : `open.${field}`);
    }
    const told = opened === undefined ? null : { index: 0, id: null, ...resultView(opened) };
    return ok(writeHoldsAnswer({ request, opened: told, decisions: answer.decisions }));
  },
});

interface Asked {
  readonly events: readonly TollgateEvent[];
  readonly request: HoldsRequest;
}

/**
 * Decides in time, or says that nobody did. What was asked may still be granted afterwards: who
 * asks again with the same identities gets that same hold.
 */
async function decide(
  { engine, storeFailure, decisionMaxMs = DECISION_MAX_MS }: RouteContext,
  workspace: string,
  read: (nowMs: number) => Asked,
) {
  const work = async () => {
    if (storeFailure !== undefined) throw storeFailure;
    // The time of a sandbox is in the store as well.
    const { events, request } = read(await engine.nowMs(workspace));
    return { request, ...(await engine.hold(workspace, events, request)) };
  };
  try {
    return await inTime(work(), decisionMaxMs, "hold.undecided");
  } catch (error) {
    if (!isUndecided(error)) throw error;
    const { events, request } = read(OCCURRED_AT_MIN_MS);
    throw new NoDecision(error, engine.limits.onUndecided(workspace, spendersOf(events, request)));
  }
}

/** What the request says of who spends. */
function spendersOf(
  events: readonly TollgateEvent[],
  { asks }: Pick<HoldsRequest, "asks">,
): StatedSpender[] {
  const opened = events.find(({ type }) => type === "run.opened") as RunOpened | undefined;
  const { customer = null, agent = null, labels = null } = opened ?? {};
  if (asks.length === 0) return [{ customer, agent, labels }];
  return asks.map(({ step }) => ({
    customer: step.customer ?? customer,
    agent: step.agent ?? agent,
    // Those of its run select no budget of its steps.
    labels: step.labels,
  }));
}

async function holdList(
  { engine }: RouteContext,
  { workspace, run }: { readonly workspace: string; readonly run: string },
  holds: readonly (Hold | null)[],
) {
  const nowMs = await engine.nowMs(workspace);
  const missing = holds.indexOf(null);
  if (missing >= 0) {
    const place = `holds[${missing}]`;
    throw new TollgateError("hold.not_found", `Run "${run}" has no hold for ${place}.`, place);
  }
  const known = holds.flatMap((hold) => hold ?? []);
  return ok({ run, holds: known.map((hold) => holdView(hold, nowMs)) });
}

const release = route<RunParam, unknown, unknown>({
  method: "POST",
  path: "/v1/runs/{run}/holds/release",
  operationId: "releaseHolds",
  summary: "Give back what was held for steps that will not be made. Repeating it changes nothing.",
  scope: "ingest",
  params: RUN_PARAM,
  inTimeOr: "store.unknown",
  body: { schema: ANY, isParsedByHandler: true },
  answers: { 200: json("The holds as they are now.", named("HoldList")) },
  errors: ["hold.not_found", "field.missing", "field.invalid", "field.unknown"],
  handle: async (context, { workspace, params: { run }, body }) => {
    const releases = context.readNamedHolds(body, run);
    const request = { ...NO_REQUEST, run, releases };
    return doneInTime(context, async () => {
      const { answer } = await context.engine.hold(workspace, [], request);
      return holdList(context, { workspace, run }, answer.released);
    });
  },
});

const renew = route<RunParam, unknown, unknown>({
  method: "POST",
  path: "/v1/runs/{run}/holds/renew",
  operationId: "renewHolds",
  summary: "Keep holds open for longer while their calls go on.",
  scope: "ingest",
  params: RUN_PARAM,
  inTimeOr: "store.unknown",
  body: { schema: ANY, isParsedByHandler: true },
  answers: { 200: json("The holds as they are now.", named("HoldList")) },
  errors: ["hold.not_found", "field.missing", "field.invalid", "field.unknown"],
  handle: async (context, { workspace, params: { run }, body }) => {
    const renewals = context.readNamedHolds(body, run);
    const request = { ...NO_REQUEST, run, renewals };
    return doneInTime(context, async () => {
      const { answer } = await context.engine.hold(workspace, [], request);
      return holdList(context, { workspace, run }, answer.renewed);
    });
  },
});

interface ListQuery {
  readonly limit: number;
  readonly cursor?: string;
}

/** The place that a cursor names. Throws `field.invalid` for what is no `next` of ours. */
function placeOf(cursor: string): HoldPlace {
  const [at = "", source = "", id, ...more] = textsOf(cursor);
  if (/^\d{1,15}$/.test(at) && id !== undefined && more.length === 0) {
    return { grantedAtMs: Number(at), source, id };
  }
  throw new TollgateError("field.invalid", "The cursor is not of this listing.", "cursor");
}

function cursorOf({ grantedAtMs, source, id }: HoldPlace): string {
  return JSON.stringify([`${grantedAtMs}`, source, id]);
}

const list = route<RunParam, ListQuery>({
  method: "GET",
  path: "/v1/runs/{run}/holds",
  operationId: "listHolds",
  summary: "The holds of a run, newest first.",
  scope: "read",
  params: RUN_PARAM,
  inTimeOr: "store.unknown",
  query: closed({
    "limit?": { ...LIMIT, default: PAGE_MAX_ROWS },
    "cursor?": described(ANY_TEXT, "`next` of the page before."),
  }),
  answers: { 200: json("A page of holds.", named("HoldPage")) },
  errors: ["run.not_found", "field.invalid", "field.out_of_range", "store.unknown"],
  handle: async (context, { workspace, params: { run }, query: { limit, cursor } }) => {
    const after = cursor === undefined ? {} : { after: placeOf(cursor) };
    const asked = { run, page: { limit, ...after } };
    return doneInTime(context, () => holdPage(context, workspace, asked));
  },
});

interface PageAsked {
  readonly run: string;
  readonly page: { readonly limit: number; readonly after?: HoldPlace };
}

async function holdPage({ engine }: RouteContext, workspace: string, { run, page }: PageAsked) {
  const { store } = engine;
  if ((await store.run(workspace, run)) === undefined) {
    throw new TollgateError("run.not_found", `There is no run "${run}".`, "run");
  }
  const holds = await store.spending.holdsOfRun(workspace, run, page);
  const last = holds.length < page.limit ? undefined : holds.at(-1);
  const nowMs = await engine.nowMs(workspace);
  const shown = holds.map((hold) => holdView(hold, nowMs));
  return ok({ run, holds: shown, next: last === undefined ? null : cursorOf(last) });
}

const EVENT_STREAM = "text/event-stream";

interface WaitQuery {
  readonly timeoutMs: number;
}

const wait = route<RunParam, WaitQuery>({
  method: "GET",
  path: "/v1/runs/{run}/wait",
  operationId: "waitForRun",
  summary: "Wait until a paused run may go on; answers at once where it is not paused.",
  scope: "ingest",
  params: RUN_PARAM,
  inTimeOr: "store.unknown",
  query: closed({
    "timeoutMs?": described(
      { type: "integer", minimum: 0, maximum: WAIT_MAX_MS, default: 25_000 },
      "Longest wait; the answer says then what the run is in.",
    ),
  }),
  answers: {
    200: {
      description: "What the run is in; as a stream of events, now and whenever it changes.",
      content: {
        "application/json": named("RunState"),
        [EVENT_STREAM]: described(ANY_TEXT, "`state` events with a RunState, then one `end`."),
      },
    },
  },
  errors: ["run.not_found", "field.invalid", "field.out_of_range", "store.unknown"],
  handle: async (context, input) => {
    if (input.accept.includes(EVENT_STREAM)) return stream(context, input);
    const { workspace, params, query, gone } = input;
    const { timeoutMs } = query;
    const options = { timeoutMs, signal: gone() };
    const wait = () => context.engine.limits.waitForRun(workspace, params.run, options);
    return ok(runStateView(await doneInTime(context, wait, timeoutMs)));
  },
});

/** The same as a stream: the state now, each change, and why it ends. */
async function stream(
  context: RouteContext,
  { workspace, params, query, gone }: RouteInput<RunParam, WaitQuery, unknown>,
): Promise<RouteAnswer> {
  const { engine, draining } = context;
  const { run } = params;
  const { timeoutMs } = query;
  const options = { timeoutMs, heartbeatMs: WAIT_HEARTBEAT_MS, signal: gone() };
  // The first look fails before anything is sent: an unknown run is a 404 like everywhere.
  await doneInTime(context, () => engine.limits.runState(workspace, run));
  const states = engine.limits.followRun(workspace, run, options);
  const pieces = eventsOf(states, () => draining.aborted);
  return { status: 200, body: null, type: EVENT_STREAM, pieces };
}

async function* eventsOf(
  states: AsyncIterable<RunState | null>,
  isDraining: () => boolean,
): AsyncGenerator<string> {
  for await (const state of states) {
    if (state === null) {
      yield ": still waiting\n\n";
      continue;
    }
    const told = eventText("state", runStateView(state));
    // In one piece: hundreds may be told at once, and each write takes its time.
    if (state.state !== "paused") return yield told + eventText("end", { reason: "not_paused" });
    yield told;
  }
  yield eventText("end", { reason: isDraining() ? "shutdown" : "timeout" });
}

function eventText(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

const runBudgets = route<RunParam>({
  method: "GET",
  path: "/v1/runs/{run}/budgets",
  operationId: "readRunBudgets",
  summary: "Whether a run may go on, what it may still use up, and what its budgets stand at.",
  scope: "read",
  params: RUN_PARAM,
  inTimeOr: "store.unknown",
  answers: { 200: json("The state of the run.", named("RunState")) },
  errors: ["run.not_found", "store.unknown"],
  handle: async (context, { workspace, params: { run } }) => {
    const state = () => context.engine.limits.runState(workspace, run);
    return ok(runStateView(await doneInTime(context, state)));
  },
});

/** Asking, releasing, renewing, waiting. */
export const HOLD_ROUTES = [ASK_ROUTE, release, renew, list, wait, runBudgets];
