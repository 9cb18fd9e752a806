/** Limits while work goes on: what customers may use, who waits, and what to do undecided. */

import type { BudgetRecord } from "../../domain/budget/budget.ts";
import type { Stop } from "../../domain/budget/stop.ts";
import { onUndecided, type StatedSpender, type Undecided } from "../../domain/budget/undecided.ts";
import type { EngineContext } from "../context.ts";
import { endQuarantine, Quarantine } from "./end-quarantine.ts";
import type { RunState } from "./hold-answers.ts";
import {
  type BalanceQuery,
  readBalances,
  readCustomerBudgets,
  readStops,
  type StopList,
  type StopQuery,
} from "./read-budgets.ts";
import { type Recount, recountBalances } from "./recount-balances.ts";
import {
  type Decided,
  findBudget,
  type NewBudget,
  retireBudget,
  type SavedBudget,
  saveBudget,
} from "./save-budget.ts";
import {
  type CustomerEntitlements,
  type NewEntitlements,
  readEntitlements,
  saveEntitlements,
} from "./save-entitlements.ts";
import { type NewLimit, type SetLimit, setLimit } from "./set-limit.ts";
import { type NewResume, type NewStop, resumeWork, stopWork } from "./stop-work.ts";

/** Use cases of limits. */
export class LiveLimits {
  readonly #context: EngineContext;
  readonly #quarantines = new Map<string, Quarantine>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** What a caller should do where nothing was decided; asks no store, which may be what fails. */
  onUndecided(workspace: string, spenders: readonly StatedSpender[]): Undecided {
    const book = this.#context.budgets.lastKnown(workspace);
    // Budgets that were never read may say anything.
    return book === null ? "closed" : onUndecided(book.records, spenders);
  }

  /** The run's state now and whenever it changes, until it may go on; null: nothing changed. */
  followRun(
    workspace: string,
    run: string,
    options: { readonly timeoutMs: number; readonly heartbeatMs: number; signal: AbortSignal },
  ): AsyncGenerator<RunState | null, void> {
    return this.#context.waiting.follow(workspace, run, options);
  }

  /** Sets what a customer may use, in place of what it was given before. */
  saveEntitlements(workspace: string, wanted: NewEntitlements): Promise<CustomerEntitlements> {
    return saveEntitlements(this.#context, workspace, wanted);
  }

  /** What a customer may use now. Throws `customer.not_found`. */
  entitlements(workspace: string, customer: string): Promise<CustomerEntitlements> {
    return readEntitlements(this.#context, workspace, customer);
  }

  /** Ends holds whose quarantine is over. */
  endQuarantine(workspace: string, quarantineMs?: number): Promise<number> {
    const quarantine = this.#quarantines.get(workspace) ?? new Quarantine();
    this.#quarantines.set(workspace, quarantine);
    const options = quarantineMs === undefined ? { quarantine } : { quarantine, quarantineMs };
    return endQuarantine(this.#context, workspace, options);
  }

  saveBudget(workspace: string, budget: NewBudget): Promise<SavedBudget> {
    return saveBudget(this.#context, workspace, budget);
  }

  retireBudget(
    workspace: string,
    budget: Decided & { readonly key: string },
  ): Promise<BudgetRecord> {
    return retireBudget(this.#context, workspace, budget);
  }

  /** Gives one scope of a budget a limit of its own. */
  setLimit(workspace: string, limit: NewLimit): Promise<SetLimit> {
    return setLimit(this.#context, workspace, limit);
  }

  /** Sets balances to what a verification added up for them. Throws `booking.conflict`. */
  recount(workspace: string, recount: Recount): Promise<void> {
    return recountBalances(this.#context, workspace, recount);
  }

  stopWork(workspace: string, stop: NewStop): Promise<Stop> {
    return stopWork(this.#context, workspace, stop);
  }

  resumeWork(workspace: string, resume: NewResume): ReturnType<typeof resumeWork> {
    return resumeWork(this.#context, workspace, resume);
  }

  /** A page of what is stopped, by what it is. Throws `field.invalid`. */
  stops(workspace: string, query: StopQuery): Promise<StopList> {
    return readStops(this.#context, workspace, query);
  }

  /** Whether a run may go on, and what its budgets stand at. */
  runState(workspace: string, run: string): Promise<RunState> {
    return this.#context.waiting.state(workspace, run);
  }

  /** The run's state as soon as it is paused no more, or at the timeout. */
  waitForRun(
    workspace: string,
    run: string,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<RunState> {
    return this.#context.waiting.wait(workspace, run, options);
  }

  /** What a budget came to, by scope and window. Throws `budget.not_found`. */
  async balancesOf(
    workspace: string,
    key: string,
    query: BalanceQuery,
  ): ReturnType<typeof readBalances> {
    const record = await findBudget(this.#context, workspace, key);
    return readBalances(this.#context, workspace, { record, query });
  }

  /** What a customer's budgets stand at. */
  customerBudgets(workspace: string, customer: string): ReturnType<typeof readCustomerBudgets> {
    return readCustomerBudgets(this.#context, workspace, customer);
  }
}
