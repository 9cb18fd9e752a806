/**
 * Routes that change a run. Each builds a native event and hands it to the same reader as
 * POST /v1/events, so that there is one set of rules for identities, times and ids. Without an
 * `id` of the caller's, the identity follows from the act itself: repeating it changes nothing.
 */
import { createHash } from "node:crypto";
import { present } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import { RUN_ENDINGS } from "../../domain/event/event.ts";
import { ID_MAX_CHARS } from "../../domain/limits.ts";
import { timeText } from "../instant.ts";
import { json, type RouteAnswer, type RouteContext, route } from "../route.ts";
import { closed, described, FLAG, ID, named, nullable, oneOf, TEXT, TIME_SENT } from "../schema.ts";
import { LABELS } from "../schemas/events.ts";
import { readCurrencies } from "../views/currencies.ts";
import { runSummary } from "../views/run-view.ts";
import { resultView } from "../write-ingest-answer.ts";

const COMMON = {
  "id?": described(ID, "Identity of this act. (Default: derived from the act.)"),
  "source?": ID,
  "occurredAt?": described(TIME_SENT, "(Default: now.)"),
};
const OPTIONAL_ID = nullable(ID);
const ANSWERS = {
  200: json("Nothing new: it was known, or waits for the run's customer.", named("RunEventAnswer")),
  201: json("Committed.", named("RunEventAnswer")),
};

interface Act {
  readonly type: string;
  readonly run: string;
  /** Identity where the caller names none. */
  readonly derivedId: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function perform(
  context: RouteContext,
  workspace: string,
  { type, run, derivedId, fields }: Act,
): Promise<RouteAnswer> {
  const { engine, intake, metrics } = context;
  const occurredAt = timeText(await engine.nowMs(workspace));
  const event = { id: derivedId, occurredAt, ...fields, type, run };
  const { results } = await intake.ingestValue(workspace, event);
  metrics.countEvents(results);
  const { result } = present(results[0], "the result of the one event");
  if (result.error !== undefined) {
    const { code, detail, field } = result.error;
    throw new TollgateError(code, detail, field);
  }
  const state = await engine.store.run(workspace, run);
  const currencies = await readCurrencies(
    engine.store,
    workspace,
    state === undefined ? [] : [state],
  );
  return {
    status: result.status === "accepted" ? 201 : 200,
    body: {
      result: resultView(result),
      run: state === undefined ? null : runSummary(state, currencies),
    },
  };
}

/** An id from a caller's key; a long one by its digest, since ids are bounded. */
function derived(act: string, key: string): string {
  const id = `${act}:${key}`;
  if (id.length <= ID_MAX_CHARS) return id;
  return `${act}:${createHash("sha256").update(key).digest("base64url")}`;
}

type Fields = Readonly<Record<string, unknown>>;

const openRun = route<unknown, unknown, Fields & { readonly run: string }>({
  method: "POST",
  path: "/v1/runs",
  operationId: "openRun",
  summary: "Open a run. (Default id of the act: opened.)",
  scope: "ingest",
  body: {
    schema: closed({
      run: ID,
      "customer?": OPTIONAL_ID,
      "agent?": OPTIONAL_ID,
      "parentRun?": OPTIONAL_ID,
      "labels?": LABELS,
      "authority?": described(OPTIONAL_ID, "The one source whose steps bill."),
      "endUser?": described(OPTIONAL_ID, "Whom it works for. Nobody is billed by it."),
      ...COMMON,
    }),
  },
  answers: ANSWERS,
  errors: [
    ...(["run.customer_mismatch", "run.cycle", "run.parent_differs", "run.too_deep"] as const),
    ...(["run.standing", "event.conflict"] as const),
  ],
  handle: (context, { workspace, body }) =>
    perform(context, workspace, {
      type: "run.opened",
      run: body.run,
      derivedId: "opened",
      fields: body,
    }),
});

const RUN_PARAM = closed({ run: ID });

const closeRun = route<{ readonly run: string }, unknown, Fields>({
  method: "POST",
  path: "/v1/runs/{run}/close",
  operationId: "closeRun",
  summary: "Close a run. (Default id of the act: closed.)",
  scope: "ingest",
  params: RUN_PARAM,
  body: { schema: closed({ "ending?": oneOf(RUN_ENDINGS), ...COMMON }), isOptional: true },
  answers: ANSWERS,
  errors: ["run.standing", "event.conflict"],
  handle: (context, { workspace, params, body }) =>
    perform(context, workspace, {
      type: "run.closed",
      run: params.run,
      derivedId: "closed",
      fields: body,
    }),
});

interface OutcomeBody extends Fields {
  readonly outcome: string;
  readonly key?: string | null;
  readonly final?: boolean;
}

const recordOutcome = route<{ readonly run: string }, unknown, OutcomeBody>({
  method: "POST",
  path: "/v1/runs/{run}/outcomes",
  operationId: "recordOutcome",
  summary: "Record an outcome of a run, once per key, or confirm that it is final.",
  scope: "ingest",
  params: RUN_PARAM,
  body: {
    schema: closed({
      outcome: ID,
      "key?": described(OPTIONAL_ID, "Identity of the outcome in its run. (Default: its name.)"),
      "final?": described(FLAG, "Final now, whatever the window of its charge. (Default: false.)"),
      ...COMMON,
    }),
  },
  answers: ANSWERS,
  errors: ["outcome.conflict", "event.conflict"],
  handle: (context, { workspace, params, body }) =>
    perform(context, workspace, {
      type: "outcome.recorded",
      run: params.run,
      derivedId: derived(body.final === true ? "final" : "recorded", body.key ?? body.outcome),
      fields: body,
    }),
});

const reverseOutcome = route<{ readonly run: string; readonly key: string }, unknown, Fields>({
  method: "POST",
  path: "/v1/runs/{run}/outcomes/{key}/reverse",
  operationId: "reverseOutcome",
  summary: "Take an outcome back.",
  scope: "ingest",
  params: closed({ run: ID, key: ID }),
  body: { schema: closed({ "reason?": TEXT, ...COMMON }), isOptional: true },
  answers: ANSWERS,
  errors: ["outcome.not_found", "event.conflict"],
  handle: (context, { workspace, params, body }) =>
    perform(context, workspace, {
      type: "outcome.reversed",
      run: params.run,
      derivedId: derived("reversed", params.key),
      fields: { ...body, key: params.key },
    }),
});

/** Opening, closing, outcomes. */
export const RUN_EVENT_ROUTES = [openRun, closeRun, recordOutcome, reverseOutcome];
