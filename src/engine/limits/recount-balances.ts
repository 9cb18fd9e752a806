/**
 * Sets balances of budgets to what their steps say, where a verification found that they are not:
 * a version before may have counted wrongly. The difference is booked, so what was counted since
 * the verification stays counted, and it is on record as any act is.
 */
import type { BudgetRecord } from "../../domain/budget/budget.ts";
import { formatLevel } from "../../domain/budget/parse-budget.ts";
import { TollgateError } from "../../domain/errors.ts";
import { armStages } from "../alerts/arm-stages.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { type Booking, bookBalances } from "./book-balances.ts";
import { loadBalances, type Spending } from "./load-spending.ts";
import { recordOverrun } from "./overruns.ts";
import type { Decided } from "./save-budget.ts";

/** A difference of one balance. */
export interface Recounted {
  readonly budgetId: number;
  readonly scope: string;
  readonly window: string;
  /** To what is settled. */
  readonly settled: bigint;
  /** To the overruns on record, beside what `settled` itself moves above the limit. */
  readonly overruns: bigint;
}

/** What is to be set. */
export interface Recount extends Decided {
  readonly differences: readonly Recounted[];
  /** The last entry of the journal that the verification saw. */
  readonly asOfSeq: number;
}

const KIND = "budget.recounted";

/**
 * Books the differences in one unit. Throws `booking.conflict` where somebody booked some since the
 * verification: they would be booked twice.
 */
export async function recountBalances(
  context: EngineContext,
  workspace: string,
  { differences, asOfSeq, ...decided }: Recount,
): Promise<void> {
  const all = await context.store.spending.budgets(workspace);
  const byId = new Map(all.map((record) => [record.id, record]));
  const keys = await runAct(context, workspace, async (act) => {
    const since = { kind: KIND, afterSeq: asOfSeq, limit: 1 } as const;
    if ((await context.store.acts(workspace, since)).length > 0) {
      const detail = "Balances were counted again in the meantime. See whether any is left.";
      throw new TollgateError("booking.conflict", detail);
    }
    const { unit, state, tariff } = act;
    const spending = { unit, state, tariff, book: await context.budgets.of(workspace) };
    await loadBalances(spending, differences);
    const bookings: Booking[] = [];
    const booked = new Set<string>();
    for (const one of differences) {
      const record = byId.get(one.budgetId);
      if (record === undefined) continue;
      putOnRecord(act, record, { one, decided });
      const booking = bookingOf(spending, record, one);
      if (record.retiredAtMs === null) bookings.push(booking);
      else moveRetired(spending, booking);
      if (record.retiredAtMs === null) booked.add(record.budget.key);
    }
    await bookBalances(spending, bookings);
    return booked;
  });
  context.waiting.look(workspace);
  for (const key of keys) await armStages(context, workspace, { key });
}

interface Deciding {
  readonly one: Recounted;
  readonly decided: Decided;
}

function putOnRecord(
  { state, journal }: Act,
  { budget, id: budgetId }: BudgetRecord,
  { one: { scope, window, settled, overruns }, decided }: Deciding,
): void {
  const { key, measure } = budget;
  const text = (level: bigint) => formatLevel(level, measure);
  const was = state.spending.balance({ budgetId, scope, window }).settled;
  const [before, after] = [was, was + settled].map(text);
  const more = overruns === 0n ? {} : { overruns: text(overruns) };
  journal(KIND, key, { budget: key, scope, window, before, after, ...more, ...decided });
  if (overruns === 0n) return;
  const [seq, identity] = [state.nextSeq(), { run: "", source: KIND, id: key }];
  const at = { budgetId, scope, window, seq, ...identity };
  state.spending.recordOverrun({ ...at, cause: "revised", amount: overruns });
}

function bookingOf(
  { state }: Spending,
  record: BudgetRecord,
  { settled, ...key }: Recounted,
): Booking {
  const identity = { run: "", source: KIND, id: record.budget.key };
  const place = state.spending.balance(key);
  return { record, place, amount: settled, identity, cause: "revised" };
}

/** One of a budget that is out of force reaches no stage. */
function moveRetired(spending: Spending, { record, place, amount, ...by }: Booking): void {
  const from = place.settled;
  spending.state.spending.moveBalance(place, { settled: from + amount });
  recordOverrun(spending, record, { ...by, place, from, to: from + amount });
}
