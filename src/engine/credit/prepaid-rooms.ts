/** Prepaid credit among the balances that a hold is decided against. */
import { type BalanceKey, isPrepaid } from "../../domain/budget/budget.ts";
import {
  type Ask,
  type Decision,
  decideHold,
  endAction,
  type Room,
  type WorstCase,
} from "../../domain/budget/decide.ts";
import { type Spender, scopesOf } from "../../domain/budget/spend.ts";
import { HOLD_RETRY_MS } from "../../domain/limits.ts";
import type { EngineContext, ReadContext } from "../context.ts";
import type { BudgetBook } from "../limits/budget-books.ts";
import { loadBalances, type Spending } from "../limits/load-spending.ts";
import type { Customer } from "../ports.ts";
import { readsInUnit, readsOfStore } from "./credit-charged.ts";
import { hasPrepaid, PrepaidCredit } from "./prepaid-credit.ts";

/** What rooms of credit are found with. */
interface Prepaid {
  readonly book: BudgetBook;
  readonly prepaid: PrepaidCredit | null;
}

/** Credit as a unit of work sees it after its events; null: no budget is of credit. */
export function prepaidInUnit(
  spending: Spending,
  below: (id: string) => Promise<readonly Customer[]>,
): PrepaidCredit | null {
  const { unit, state, tariff, book } = spending;
  if (!hasPrepaid(book.records)) return null;
  return new PrepaidCredit({
    tariff,
    nowMs: state.receivedAtMs,
    reads: readsInUnit({ unit, state }),
    customer: async (id) => state.customers.get(id) ?? (await unit.customers([id]))[0],
    below,
    bookRow: async (id) => (await unit.creditBooks([id]))[0],
    held: async (keys) => {
      await loadBalances(spending, keys);
      return keys.map((key) => state.spending.balance(key).held);
    },
  });
}

/** Credit as of the last commit; null: no budget is of credit. */
export async function prepaidInStore(
  { store, tariffs }: Pick<ReadContext, "tariffs"> & Pick<EngineContext, "store">,
  workspace: string,
  { book, nowMs }: { readonly book: BudgetBook; readonly nowMs: number },
): Promise<PrepaidCredit | null> {
  if (!hasPrepaid(book.records)) return null;
  return new PrepaidCredit({
    tariff: await tariffs.of(workspace),
    nowMs,
    reads: readsOfStore(store, workspace),
    customer: async (id) => store.customer(workspace, id),
    below: async (id) => store.credit.customersBelow(workspace, id),
    bookRow: async (id) => store.credit.book(workspace, id),
    held: async (keys) => {
      const kept = await store.spending.balances(workspace, keys);
      return keys.map((key) => kept.find((one) => isSame(one, key))?.held ?? 0n);
    },
  });
}

function isSame(a: BalanceKey, b: BalanceKey): boolean {
  return a.budgetId === b.budgetId && a.scope === b.scope && a.window === b.window;
}

/** The balances of prepaid credit that a spender's work counts in, for work on these charges. */
export async function prepaidRoomsOf(
  { book, prepaid }: Prepaid,
  {
    spender,
    customer,
    charges,
  }: {
    readonly spender: Spender;
    readonly customer: Customer;
    readonly charges: readonly string[];
  },
): Promise<Room[]> {
  if (prepaid === null) return [];
  const rooms: Room[] = [];
  for (const record of book.records) {
    if (!isPrepaid(record.budget.measure)) continue;
    const window = book.windowOf(record.budget, 0, customer);
    for (const scope of scopesOf(record.budget, spender)) {
      rooms.push(await prepaid.room({ record, scope, window }, customer, charges));
    }
  }
  return rooms;
}

/** Who asks for credit, and when. */
interface Asking {
  readonly rooms: readonly Room[];
  readonly customer: Customer;
  readonly nowMs: number;
}

/**
 * Decides on one step, of credit too. Rooms of credit tell what charges may take at the most; what
 * they take together depends on whose grants pay which, so what fits is asked for again, and where
 * credit does not pay all of it, for fewer tokens.
 */
export async function decideWithCredit(
  prepaid: PrepaidCredit,
  ask: Ask,
  { rooms, customer, nowMs }: Asking,
): Promise<Decision> {
  const decided = decideHold(ask, rooms, nowMs);
  if (decided.decision !== "allow") return decided;
  const ofCredit = rooms.filter(({ record }) => isPrepaid(record.budget.measure));
  const shortOf = async ({ parts }: WorstCase): Promise<Room | null> => {
    const asked = parts.filter(({ amount }) => amount > 0n);
    if (asked.length < 2) return null;
    for (const room of ofCredit) {
      if (!(await prepaid.covers(room.record, customer, asked))) return room;
    }
    return null;
  };
  if ((await shortOf(decided.worstCase)) === null) return decided;
  const { output, worstCase } = ask;
  const least = Math.min(output?.leastTokens ?? 0, decided.maxOutputTokens ?? 0);
  const by = await shortOf(worstCase(least));
  if (by !== null) return shortAt(by);
  // The largest that credit pays lies in [low, high).
  let [low, high] = [least, decided.maxOutputTokens ?? 0];
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if ((await shortOf(worstCase(middle))) === null) low = middle;
    else high = middle;
  }
  if (output === null) return decided;
  const again = decideHold({ ...ask, output: { ...output, mostTokens: low } }, rooms, nowMs);
  return again.decision === "allow" ? { ...again, isClamped: output.isStated } : again;
}

/** While others hold, there is reason to wait: their holds may settle below what they set aside. */
function shortAt(by: Room): Decision {
  if (by.held === 0n) {
    return { decision: endAction(by), reason: "budget", by, retryAfterMs: null };
  }
  const reason = "held_by_others";
  return { decision: "throttle", reason, by, retryAfterMs: HOLD_RETRY_MS };
}
