/** Holds: what is asked before a step starts, and what becomes of it. */

import type { Hold } from "../../domain/budget/hold.ts";
import { TollgateError } from "../../domain/errors.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { timeText } from "../instant.ts";
import { json, ok, type RouteContext, route } from "../route.ts";
import { closed, described, ID, type JsonSchema, named } from "../schema.ts";
import { decisionViews, holdView, runStateView } from "../views/budget-view.ts";
import { resultView } from "../write-ingest-answer.ts";

interface RunParam {
  readonly run: string;
}

const RUN_PARAM = closed({ run: ID });
const ANY: JsonSchema = { type: "object", description: "See docs/limits.md." };
const NO_REQUEST = { asks: [], releases: [], renewals: [], caps: [] };

/** Asking for holds: what is on the way of every call. */
export const ASK_ROUTE = route<RunParam>({
  method: "POST",
  path: "/v1/runs/{run}/holds",
  operationId: "holdSteps",
  summary: "Ask before steps start: each is allowed, slowed down, paused or blocked, on its own.",
  scope: "ingest",
  params: RUN_PARAM,
  body: { schema: ANY, isParsedByHandler: true },
  answers: { 200: json("A decision for each hold, in the order asked.", named("HoldsAnswer")) },
  errors: [
    ...(["field.missing", "field.invalid", "field.unknown", "field.out_of_range"] as const),
    ...(["run.not_found", "run.no_customer", "hold.too_many", "usage.inconsistent"] as const),
  ],
  handle: async (context, { workspace, params: { run }, body }) => {
    const { engine, readHolds } = context;
    const nowText = timeText(await engine.nowMs(workspace));
    const { events, asks, caps } = readHolds(body, { run, nowText });
    const request = { ...NO_REQUEST, run, asks, caps };
    const { results, answer } = await engine.hold(workspace, events, request);
    const [opened] = results;
    const refused = opened?.status === "rejected" && opened.error?.code !== "budget.exhausted";
    if (refused && opened.error !== undefined) {
      const { code, detail, field } = opened.error;
      throw new TollgateError(code, detail, field === undefined ? "open" : `open.${field}`);
    }
    return ok({
      run,
      opened: opened === undefined ? null : { index: 0, id: null, ...resultView(opened) },
      decisions: decisionViews(request, answer.decisions),
    });
  },
});

interface NamedHolds {
  readonly holds: unknown;
}

async function holdList(
  { engine }: RouteContext,
  { workspace, run }: { readonly workspace: string; readonly run: string },
  holds: readonly (Hold | null)[],
) {
  const nowMs = await engine.nowMs(workspace);
  const known = holds.flatMap((hold) => hold ?? []);
  if (known.length < holds.length) {
    const detail = `Run "${run}" has no hold for ${holds.length - known.length} of these steps.`;
    throw new TollgateError("hold.not_found", detail, "holds");
  }
  return ok({ run, holds: known.map((hold) => holdView(hold, nowMs)) });
}

const release = route<RunParam, unknown, NamedHolds>({
  method: "POST",
  path: "/v1/runs/{run}/holds/release",
  operationId: "releaseHolds",
  summary: "Give back what was held for steps that will not be made. Repeating it changes nothing.",
  scope: "ingest",
  params: RUN_PARAM,
  body: { schema: ANY, isParsedByHandler: true },
  answers: { 200: json("The holds as they are now.", named("HoldList")) },
  errors: ["hold.not_found", "field.missing", "field.invalid", "field.unknown"],
  handle: async (context, { workspace, params: { run }, body }) => {
    const releases = context.readNamedHolds(body.holds, run);
    const request = { ...NO_REQUEST, run, releases };
    const { answer } = await context.engine.hold(workspace, [], request);
    return holdList(context, { workspace, run }, answer.released);
  },
});

const renew = route<RunParam, unknown, NamedHolds>({
  method: "POST",
  path: "/v1/runs/{run}/holds/renew",
  operationId: "renewHolds",
  summary: "Keep holds open for longer while their calls go on.",
  scope: "ingest",
  params: RUN_PARAM,
  body: { schema: ANY, isParsedByHandler: true },
  answers: { 200: json("The holds as they are now.", named("HoldList")) },
  errors: ["hold.not_found", "field.missing", "field.invalid", "field.unknown"],
  handle: async (context, { workspace, params: { run }, body }) => {
    const renewals = context.readNamedHolds(body.holds, run);
    const request = { ...NO_REQUEST, run, renewals };
    const { answer } = await context.engine.hold(workspace, [], request);
    return holdList(context, { workspace, run }, answer.renewed);
  },
});

const list = route<RunParam>({
  method: "GET",
  path: "/v1/runs/{run}/holds",
  operationId: "listHolds",
  summary: "The holds of a run, newest first.",
  scope: "read",
  params: RUN_PARAM,
  answers: { 200: json("The holds.", named("HoldList")) },
  errors: ["run.not_found"],
  handle: async (context, { workspace, params: { run } }) => {
    const { store } = context.engine;
    if ((await store.run(workspace, run)) === undefined) {
      throw new TollgateError("run.not_found", `There is no run "${run}".`, "run");
    }
    const holds = await store.spending.holdsOfRun(workspace, run, PAGE_MAX_ROWS);
    return holdList(context, { workspace, run }, holds);
  },
});

const WAIT_MAX_MS = 60_000;

const wait = route<RunParam, { readonly timeoutMs: number }>({
  method: "GET",
  path: "/v1/runs/{run}/wait",
  operationId: "waitForRun",
  summary: "Wait until a paused run may go on; answers at once where it is not paused.",
  scope: "ingest",
  params: RUN_PARAM,
  query: closed({
    "timeoutMs?": described(
      { type: "integer", minimum: 0, maximum: WAIT_MAX_MS, default: 25_000 },
      "Longest wait; the answer says then what the run is in.",
    ),
  }),
  answers: { 200: json("What the run is in.", named("RunState")) },
  errors: ["run.not_found", "field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, params: { run }, query: { timeoutMs } }) =>
    ok(runStateView(await engine.waitForRun(workspace, run, { timeoutMs }))),
});

const runBudgets = route<RunParam>({
  method: "GET",
  path: "/v1/runs/{run}/budgets",
  operationId: "readRunBudgets",
  summary: "Whether a run may go on, and what every budget that it counts in stands at.",
  scope: "read",
  params: RUN_PARAM,
  answers: { 200: json("The state of the run.", named("RunState")) },
  errors: ["run.not_found"],
  handle: async ({ engine }, { workspace, params: { run } }) =>
    ok(runStateView(await engine.runState(workspace, run))),
});

/** Asking, releasing, renewing, waiting. */
export const HOLD_ROUTES = [ASK_ROUTE, release, renew, list, wait, runBudgets];
