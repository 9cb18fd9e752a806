/** Limits while work goes on: what customers may use, who waits, and what to do undecided. */
import { onUndecided, type StatedSpender, type Undecided } from "../domain/budget/undecided.ts";
import type { EngineContext } from "./context.ts";
import type { RunState } from "./read-budgets.ts";
import {
  type CustomerEntitlements,
  type NewEntitlements,
  readEntitlements,
  saveEntitlements,
} from "./save-entitlements.ts";

/** Use cases of limits that are no act on a budget. */
export class LiveLimits {
  readonly #context: EngineContext;

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
}
