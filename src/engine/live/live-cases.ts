/** Use cases of live views: what they begin with, and what they are told then. */
import { type Stop, stopKeysOf } from "../../domain/budget/stop.ts";
import { TollgateError } from "../../domain/errors.ts";
import { LIVE_RUNS_MAX_COUNT } from "../../domain/limits.ts";
import { mayGoOn, type Run } from "../../domain/run/run.ts";
import type { EngineContext } from "../context.ts";
import type { BudgetState } from "../limits/hold-answers.ts";
import { readCustomerBudgets, readWorkspaceBudgets } from "../limits/read-budgets.ts";
import { readRunState } from "../limits/read-run-states.ts";
import { changeIn, type LiveChange, type LiveScope, type LiveView } from "./live-feed.ts";

/** What a view is of, as it stands. */
export interface LiveState {
  /** A run and those below it, parents first; else the newest runs, newest first. */
  readonly runs: readonly Run[];
  readonly budgets: readonly BudgetState[];
  readonly stops: readonly Stop[];
}

/** Live views of one process. */
export class LiveCases {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Gathers what happens from now on. Close the view when nobody looks any more. */
  watch(workspace: string, scope: LiveScope): LiveView {
    return this.#context.live.watch(workspace, scope);
  }

  /** Gathers what other processes have committed, for the views of this one. */
  look(workspace: string): Promise<void> {
    return this.#context.telling.look(workspace);
  }

  /** Number of the last commit that views know of; null: there is no other process. */
  lastNo(workspace: string): number | null {
    return this.#context.telling.lastNo(workspace);
  }

  /** Workspaces that somebody looks at. */
  get workspaces(): Iterable<string> {
    return this.#context.live.workspaces;
  }

  /**
   * What happened in a view behind a commit, of whatever process; null: nobody knows any more. Runs
   * and balances are left out: their states of then are no news.
   */
  async missed(workspace: string, scope: LiveScope, afterNo: number): Promise<LiveChange | null> {
    const units = await this.#context.telling.missed(workspace, afterNo);
    return units === null ? null : changeIn(scope, units);
  }

  /** All of it as of the last commit. Throws `run.not_found`, `customer.not_found`. */
  async read(workspace: string, scope: LiveScope): Promise<LiveState> {
    const budgets = await this.#budgets(workspace, scope);
    const runs = await this.#runs(workspace, scope);
    const own = runs.flatMap(({ id, customer, agent }) => {
      return stopKeysOf({ customer: customer ?? "", agent, path: [{ id }] });
    });
    const keys = new Map(own.map((key) => [`${key.of}\u0000${key.id}`, key]));
    const stops = await this.#context.store.spending.stops(workspace, [...keys.values()]);
    // As readStops leaves them out: who has ended does not wait for a budget.
    const ended = new Set(runs.flatMap((run) => (mayGoOn(run) ? [] : run.id)));
    const inForce = stops.filter(({ id, budget }) => budget === null || !ended.has(id));
    return { runs, budgets, stops: inForce };
  }

  async #budgets(workspace: string, { of, id }: LiveScope): Promise<readonly BudgetState[]> {
    if (of === "customer") return readCustomerBudgets(this.#context, workspace, id);
    if (of === "workspace") return readWorkspaceBudgets(this.#context, workspace);
    return (await readRunState(this.#context, workspace, id)).budgets;
  }

  async #runs(workspace: string, { of, id }: LiveScope): Promise<readonly Run[]> {
    const { store } = this.#context;
    const limit = LIVE_RUNS_MAX_COUNT;
    if (of === "customer") return store.listRuns(workspace, { customer: id, limit });
    if (of === "workspace") return store.listRuns(workspace, { limit });
    const root = await store.run(workspace, id);
    if (root === undefined) {
      throw new TollgateError("run.not_found", `There is no run "${id}".`, "run");
    }
    const found = [root];
    for (let at = 0; at < found.length && found.length < limit; at += 1) {
      const run = found[at] as Run;
      if (run.height > 0) found.push(...(await store.children(workspace, run.id)));
    }
    return found.slice(0, limit);
  }
}
