/** Reading runs. */
import { TollgateError } from "../../domain/errors.ts";
import { RUN_ENDINGS } from "../../domain/event/event.ts";
import type { Run } from "../../domain/run/run.ts";
import type { StepPlace } from "../../engine/periods/line-page.ts";
import type { RunFilter } from "../../engine/ports.ts";
import type { RunTree } from "../../engine/runs/read-run.ts";
import { AS_OF_ERRORS, asOfMs } from "../as-of.ts";
import { json, ok, route } from "../route.ts";
import { ANY_TEXT, AS_OF, closed, described, FLAG, ID, LIMIT, named, oneOf } from "../schema.ts";
import { textsOf } from "../texts-of-cursor.ts";
import { readCurrencies } from "../views/currencies.ts";
import { runSummary, runTreeView, stepView } from "../views/run-view.ts";

interface RunsQuery extends Omit<RunFilter, "after"> {
  readonly cursor?: string;
}

const listRuns = route<unknown, RunsQuery>({
  method: "GET",
  path: "/v1/runs",
  operationId: "listRuns",
  summary: "List runs, newest opening first.",
  scope: "read",
  query: closed({
    "customer?": ID,
    "agent?": ID,
    "endUser?": ID,
    "status?": oneOf(["open", ...RUN_ENDINGS, "abandoned"]),
    "roots?": described(FLAG, "Only runs without a parent."),
    "limit?": LIMIT,
    "cursor?": described(ID, "`next` of the page before."),
  }),
  answers: { 200: json("A page of runs.", named("RunPage")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine: { store } }, { workspace, query: { cursor, ...filter } }) => {
    if (cursor !== undefined && (await store.run(workspace, cursor)) === undefined) {
      throw new TollgateError("field.invalid", "The cursor is not of this listing.", "cursor");
    }
    const after = cursor === undefined ? {} : { after: cursor };
    const runs = await store.listRuns(workspace, { ...filter, ...after });
    const currencies = await readCurrencies(store, workspace, runs);
    return ok({
      runs: runs.map((run) => runSummary(run, currencies)),
      next: runs.length < filter.limit ? null : (runs.at(-1)?.id ?? null),
    });
  },
});

interface ReadRunQuery {
  readonly steps: boolean;
  readonly asOf?: string;
}

const readRun = route<{ readonly run: string }, ReadRunQuery>({
  method: "GET",
  path: "/v1/runs/{run}",
  operationId: "readRun",
  summary: "Read a run as a tree: steps with cost and charge, outcomes, child runs.",
  scope: "read",
  params: closed({ run: ID }),
  query: closed({
    "steps?": { ...FLAG, default: true, description: "False: leave the steps out." },
    "asOf?": AS_OF,
  }),
  answers: { 200: json("The run.", named("RunTree")) },
  errors: ["run.not_found", "run.too_large", ...AS_OF_ERRORS],
  handle: async ({ engine }, { workspace, params, query }) => {
    const reads = await engine.readsAt(workspace, asOfMs(query.asOf));
    const asked = { id: params.run, hasSteps: query.steps };
    const tree = await engine.runTree(workspace, asked, reads);
    const currencies = await readCurrencies(reads.store, workspace, treeOf(tree));
    return ok(runTreeView(tree, currencies));
  },
});

interface StepsQuery {
  readonly limit: number;
  readonly cursor?: string;
}

const listSteps = route<{ readonly run: string }, StepsQuery>({
  method: "GET",
  path: "/v1/runs/{run}/steps",
  operationId: "listStepsOfRun",
  summary: "List the steps of a run, however many, in the order of their sources and ids.",
  scope: "read",
  params: closed({ run: ID }),
  query: closed({
    "limit?": LIMIT,
    "cursor?": described(ANY_TEXT, "`next` of the page before."),
  }),
  answers: { 200: json("A page; it may be short before the end.", named("StepPage")) },
  errors: ["run.not_found", "field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, params: { run }, query: { limit, cursor } }) => {
    const behind = cursor === undefined ? null : placeOf(cursor);
    const { steps, next } = await engine.stepsOfRun(workspace, { run, behind, limit });
    const after = next === null ? null : JSON.stringify([next.source, next.id]);
    return ok({ run, steps: steps.map(stepView), next: after });
  },
});

/** Throws `field.invalid` for what is no `next` of ours. */
function placeOf(cursor: string): StepPlace {
  const [source, id] = textsOf(cursor);
  if (source !== undefined && id !== undefined) return { source, id };
  throw new TollgateError("field.invalid", "The cursor is no `next` of a page.", "cursor");
}

function treeOf({ run, children }: RunTree): readonly Run[] {
  return [run, ...children.flatMap(treeOf)];
}

/** Listing and reading runs. */
export const RUN_ROUTES = [listRuns, readRun, listSteps];
