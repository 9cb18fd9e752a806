/**
 * Does what events have left to be done in runs, because it is much: a late opening restates steps,
 * and what waited for a customer is counted. All of it is in units of work of its own.
 */
import { assert } from "../../domain/assert.ts";
import { RELEASED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import type { Run } from "../../domain/run/run.ts";
import type { EngineContext } from "../context.ts";
import { releaseWaiting } from "../runs/release-waiting.ts";
import { restateRun } from "../runs/restate-run.ts";
import { runAct } from "./act.ts";
import type { Left } from "./batch-state.ts";
import type { RunResult } from "./result.ts";

/** Does all that is left in these runs. */
export async function finishThese(
  context: EngineContext,
  workspace: string,
  runs: readonly Pick<Run, "id" | "suspended" | "restating">[],
): Promise<void> {
  // What is counted now is what an opening states already.
  const holding = runs.filter(({ suspended }) => suspended > 0).map(({ id }) => id);
  if (holding.length > 0) await releaseWaiting(context, workspace, holding);
  for (const { id, restating } of runs) {
    if (restating !== null) await restateRun(context, workspace, id);
  }
}

/** What waits in runs that are listed together is counted together. */
const RUNS_LISTED_MAX_COUNT = RELEASED_PER_UNIT_MAX_COUNT;
/** Another opening may leave something in a run anew, but not again and again. */
const PASSES_MAX_COUNT = 20;

/**
 * Does all that is left in a workspace, or in runs of one customer. Crashes where a run says that
 * something is left and nothing is: nobody would end what is done until nothing is.
 */
export async function finishRuns(
  context: EngineContext,
  workspace: string,
  customer?: string,
): Promise<void> {
  const own = { ...context, actor: null, approving: null };
  const passes = new Map<string, number>();
  for (;;) {
    const left = await runAct(own, workspace, async ({ unit }) =>
      unit.unfinishedRuns(RUNS_LISTED_MAX_COUNT, customer),
    );
    if (left.length === 0) return;
    for (const { id } of left) {
      const pass = (passes.get(id) ?? 0) + 1;
      passes.set(id, pass);
      assert(pass <= PASSES_MAX_COUNT, `run "${id}" has something left that is there`);
    }
    await finishThese(context, workspace, left);
  }
}

/**
 * Passes of one process: who asks for a run that is being finished waits for the same pass. It is
 * one of a customer: what the event of one run has bound may be a whole tree.
 */
export class Finishing {
  readonly #context: () => EngineContext;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(context: () => EngineContext) {
    this.#context = context;
  }

  /**
   * Finishes the runs of whom these are, and returns what these come to then, among others as they
   * are known. Never rejects: the events are on disk, and a later pass does what fails here.
   */
  async finish(
    workspace: string,
    left: readonly Left[],
    known: ReadonlyMap<string, RunResult>,
  ): Promise<ReadonlyMap<string, RunResult>> {
    const { store } = this.#context();
    const after = new Map(known);
    try {
      // What is left is in trees of those that left it.
      const customers = new Set<string>();
      for (const id of new Set(left.map(({ by }) => by))) {
        customers.add((await store.run(workspace, id))?.customer ?? "");
      }
      for (const customer of customers) await this.#finishOnce(workspace, customer);
      for (const id of new Set(left.flatMap(({ run, by }) => [run, by]))) {
        const run = known.has(id) ? await store.run(workspace, id) : undefined;
        if (run !== undefined) after.set(id, { ...known.get(id), own: run.own, tree: run.tree });
      }
    } catch {
      return known;
    }
    return after;
  }

  async #finishOnce(workspace: string, customer: string): Promise<void> {
    const key = JSON.stringify([workspace, customer]);
    const pass = this.#underWay.get(key) ?? finishRuns(this.#context(), workspace, customer);
    this.#underWay.set(key, pass);
    try {
      await pass;
    } finally {
      this.#underWay.delete(key);
    }
  }
}
