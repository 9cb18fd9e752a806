/** Reading runs. */
import { TollgateError } from "../../domain/errors.ts";
import { RUN_ENDINGS } from "../../domain/event/event.ts";
import type { Run } from "../../domain/run/run.ts";
import type { RunFilter } from "../../engine/ports.ts";
import type { RunTree } from "../../engine/read-run.ts";
import { AS_OF_ERRORS, asOfMs } from "../as-of.ts";
import { json, ok, route } from "../route.ts";
import { AS_OF, closed, described, FLAG, ID, LIMIT, named, oneOf } from "../schema.ts";
import { readCurrencies } from "../views/currencies.ts";
import { runSummary, runTreeView } from "../views/run-view.ts";

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

const readRun = route<{ readonly run: string }, { readonly asOf?: string }>({
  method: "GET",
  path: "/v1/runs/{run}",
  operationId: "readRun",
  summary: "Read a run as a tree: steps with cost and charge, outcomes, child runs.",
  scope: "read",
  params: closed({ run: ID }),
  query: closed({ "asOf?": AS_OF }),
  answers: { 200: json("The run.", named("RunTree")) },
  errors: ["run.not_found", ...AS_OF_ERRORS],
  handle: async ({ engine }, { workspace, params, query }) => {
    const reads = await engine.readsAt(workspace, asOfMs(query.asOf));
    const tree = await engine.runTree(workspace, params.run, reads);
    const currencies = await readCurrencies(reads.store, workspace, treeOf(tree));
    return ok(runTreeView(tree, currencies));
  },
});

function treeOf({ run, children }: RunTree): readonly Run[] {
  return [run, ...children.flatMap(treeOf)];
}

/** Listing and reading runs. */
export const RUN_ROUTES = [listRuns, readRun];
