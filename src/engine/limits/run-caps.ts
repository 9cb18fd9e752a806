/**
 * Caps that a run gets as it opens: its own limits of the workspace's run budgets, one for each
 * measure. The budget behind them is made when the first run asks for one.
 */
import { present } from "../../domain/assert.ts";
import type { BudgetRecord } from "../../domain/budget/budget.ts";
import { budgetDocument, formatLevel, parseBudget } from "../../domain/budget/parse-budget.ts";
import type { BudgetBook } from "./budget-books.ts";
import type { HoldsRequest } from "./hold-answers.ts";
import { loadBalances, type Spending } from "./load-spending.ts";

/** Key of the budget that caps runs in a measure. */
function capKey(measure: string): string {
  return `run.${measure}`;
}

/**
 * Gives runs the caps that they ask for. A run that has a limit keeps it: a retry must not undo
 * what somebody raised since. Returns the budgets with those that were made.
 */
export async function setCaps(
  spending: Spending,
  requests: readonly HoldsRequest[],
): Promise<BudgetBook> {
  let { book } = spending;
  const { spending: own } = spending.state;
  const fresh = new Set<BudgetRecord>();
  for (const { run, caps } of requests) {
    for (const { measure, limit } of caps) {
      const made = capBudget({ ...spending, book }, measure);
      if (made.isNew) {
        book = withRecord(book, made.record);
        fresh.add(made.record);
      }
      const key = { budgetId: made.record.id, scope: run, window: "" };
      // A new budget counts what the run did before, and that by the cap that it was made for.
      if (!fresh.has(made.record)) await loadBalances({ ...spending, book }, [key]);
      else if (!own.knowsLimit(key)) own.loadLimit(key, null);
      if (own.ownLimit(key) !== null) continue;
      recordCap(spending, made.record, { run, limit });
      own.setLimit(key, limit);
      await loadBalances({ ...spending, book }, [key]);
    }
  }
  return book;
}

function capBudget(
  { state, book }: Spending,
  measure: string,
): { readonly record: BudgetRecord; readonly isNew: boolean } {
  const key = capKey(measure);
  const known = book.records.find(({ budget }) => budget.key === key);
  if (known !== undefined) return { record: known, isNew: false };
  const parsed = parseBudget({ each: "run", measure, name: "Cap of a run" }, key);
  const budget = present("budget" in parsed ? parsed.budget : undefined, "budget of a cap");
  const identity = { run: "", source: "budget.saved", id: key, contentHash: "" };
  const after = budgetDocument(budget);
  const document = { key, before: null, after, reason: "a run asked for a cap", by: "tollgate" };
  state.record("budget.saved", identity, JSON.stringify(document));
  const { lastSeq: id, receivedAtMs: countsFromMs } = state;
  const record = { id, budget, countsFromMs, retiredAtMs: null };
  state.spending.budgets.push(record);
  return { record, isNew: true };
}

/** A cap that a run opened with is told as one that somebody set later is. */
function recordCap(
  { state }: Spending,
  { budget: { key, measure } }: BudgetRecord,
  { run, limit }: { readonly run: string; readonly limit: bigint },
): void {
  const after = formatLevel(limit, measure);
  const change = { budget: key, scope: run, before: null, after };
  const document = { ...change, reason: "the run asked for it", by: "tollgate" };
  const identity = { run: "", source: "budget.limit_set", id: key, contentHash: "" };
  state.record("budget.limit_set", identity, JSON.stringify(document));
}

function withRecord(book: BudgetBook, record: BudgetRecord): BudgetBook {
  return {
    ...book,
    records: [...book.records, record],
    byId: (id) => (id === record.id ? record : book.byId(id)),
  };
}
