/** The budgets of each workspace, kept ready and read again when one changes. */
import type { BudgetRecord } from "../../domain/budget/budget.ts";
import {
  type BudgetWindow,
  rememberedWindows,
  type WindowOf,
  windowStartMs,
} from "../../domain/budget/window.ts";
import type { BillingCalendar } from "../../domain/period/billing-period.ts";
import { KeptByVersion } from "../commit/rules.ts";
import type { RulesVersions } from "../node-ports.ts";
import type { Store } from "../ports.ts";

/** The budgets in force in one workspace. */
export interface BudgetBook {
  readonly records: readonly BudgetRecord[];
  byId(id: number): BudgetRecord | undefined;
  readonly windowOf: WindowOf;
}

/** What a budget takes up, about. */
const BUDGET_BYTES = 2_000;

/** Books by workspace. */
export class BudgetBooks {
  readonly #kept: KeptByVersion<BudgetBook>;
  /** What was known last, also where it is to be read again. */
  readonly #last = new Map<string, BudgetBook>();

  constructor(store: Store, maxBytes?: number) {
    this.#kept = new KeptByVersion<BudgetBook>(store, {
      part: "budgets",
      read: async (workspace) => {
        const all = await store.spending.budgets(workspace);
        const records = all.filter(({ retiredAtMs }) => retiredAtMs === null);
        const byId = new Map(records.map((record) => [record.id, record]));
        return { records, byId: (id: number) => byId.get(id), windowOf: rememberedWindows() };
      },
      bytesOf: ({ records }) => records.length * BUDGET_BYTES,
      letGo: (workspace) => this.#last.delete(workspace),
      maxBytes,
    });
  }

  /** Workspaces whose budgets are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** As of `rules` (Default: of what is committed). */
  async of(workspace: string, rules?: RulesVersions): Promise<BudgetBook> {
    const book = await this.#kept.of(workspace, rules);
    if (this.#last.get(workspace) !== book) this.#last.set(workspace, book);
    return book;
  }

  /**
   * The book without asking the store, which may be what fails; null: it was never read, or not
   * since it changed, or so many others were since that it had to make room.
   */
  lastKnown(workspace: string): BudgetBook | null {
    return this.#last.get(workspace) ?? null;
  }

  /**
   * Called when a budget was recorded: what was known holds no more. It is read again at once,
   * because what to do undecided must be told when the store cannot be read any more.
   */
  forget(workspace: string): void {
    this.#kept.forget(workspace);
    this.#last.delete(workspace);
    this.of(workspace).catch(() => undefined);
  }
}

/** The window of a key: one of a billing period is in the calendar of its customer. */
export function windowOfKey(
  book: BudgetBook,
  { budget }: BudgetRecord,
  { key, customer }: { readonly key: string; readonly customer: BillingCalendar | null },
): BudgetWindow {
  const calendar = budget.per === "billing_period" ? (customer ?? budget) : budget;
  return book.windowOf(budget, windowStartMs(calendar, key), customer);
}
