/**
 * Brings every balance up to date with what a unit of work booked. It looks at rows before and
 * after, so whatever changed them (an event, a correction, a re-rate, a recovery) moves balances
 * alike, and a balance is the sum of the rows that its budget selects.
 *
 * A step counts in the windows of the instant at which its hold was granted, or else of its
 * receipt; a correction moves the balance that the step counts in, however late it comes.
 */
import {
  type BudgetRecord,
  countsRuns,
  type OverrunCause,
  scopeText,
} from "../domain/budget/budget.ts";
import { type Hold, settleHold } from "../domain/budget/hold.ts";
import { measured, type Spend, type Spender, scopesOf } from "../domain/budget/spend.ts";
import type { Step } from "../domain/event/step.ts";
import type { Run } from "../domain/run/run.ts";
import { ancestry } from "../domain/run/run.ts";
import type { Change } from "./batch-rows.ts";
import { stepKeyText } from "./batch-state.ts";
import { type Booking, bookBalances } from "./book-balances.ts";
import {
  currencyOf,
  isInTotals,
  isSelectedRun,
  loadBalances,
  type Spending,
  spendOf,
  usageOfTree,
} from "./load-spending.ts";
import type { StepKey } from "./ports.ts";
import { type Spent, spenderOfStep, spendOfTree, spentByOutcome, spentByRun } from "./spend-of.ts";

/** A step whose hold, if it has one, is settled by it. */
export interface Recorded extends StepKey {
  readonly callId: string | null;
}

/** Settles the holds of recorded steps and moves every balance that the unit's rows count in. */
export async function settleBudgets(
  spending: Spending,
  recorded: readonly Recorded[],
): Promise<void> {
  const settled = await settleHolds(spending, [...recorded, ...releasedOf(spending)]);
  if (spending.book.records.length === 0) return;
  const bookings: Booking[] = [];
  await bookSteps(spending, settled, bookings);
  await bookRuns(spending, bookings);
  bookOutcomes(spending, bookings);
  await bookTrees(spending, bookings);
  await bookBalances(spending, bookings);
}

/** Steps that waited for their run's customer and wait no more. */
function releasedOf({ state }: Spending): Recorded[] {
  return state.released.map((key) => {
    const record = state.steps.get(key) ?? state.witnesses.get(stepKeyText(key));
    return { ...key, callId: record?.callId ?? null };
  });
}

/** Holds by the step that settled them in this unit. */
type SettledHolds = ReadonlyMap<string, Hold>;

async function settleHolds(
  spending: Spending,
  recorded: readonly Recorded[],
): Promise<SettledHolds> {
  const { unit, state } = spending;
  const settled = new Map<string, Hold>();
  if (recorded.length === 0 || (await unit.spending.countingHoldCount()) === 0) return settled;
  const callIds = recorded.flatMap(({ callId }) => callId ?? []);
  const own = await unit.spending.countingHolds(recorded);
  const called = callIds.length === 0 ? [] : await unit.spending.countingHoldsOfCalls(callIds);
  if (own.length === 0 && called.length === 0) return settled;
  for (const hold of [...own, ...called]) state.spending.loadHold(hold);
  await loadBalances(
    spending,
    [...own, ...called].flatMap(({ reserves }) => reserves),
  );
  const byStep = new Map(own.map((hold) => [stepKeyText(hold), hold]));
  for (const step of recorded) {
    const hold = byStep.get(stepKeyText(step)) ?? called.find((one) => isCallOf(one, step, state));
    if (hold === undefined || settled.has(stepKeyText(step))) continue;
    if (state.spending.hold(hold)?.state !== hold.state) continue;
    state.spending.putHold(settleHold(hold, step, state.receivedAtMs));
    settled.set(stepKeyText(step), hold);
  }
  return settled;
}

/** A call id is unique within its customer. */
function isCallOf(hold: Hold, { run, callId }: Recorded, state: Spending["state"]): boolean {
  return (
    callId !== null && hold.callId === callId && state.runs.get(run)?.customer === hold.customer
  );
}

/** What a row's change comes to in the balances of one budget. */
interface Difference {
  readonly record: BudgetRecord;
  readonly off: Placed | null;
  readonly on: Placed | null;
  readonly identity: StepKey;
  readonly causeIn: (budgetId: number, scope: string, amount: bigint) => OverrunCause;
}

interface Placed {
  readonly spender: Spender;
  readonly spend: Spend;
  readonly atMs: number;
}

async function bookSteps(
  spending: Spending,
  settled: SettledHolds,
  bookings: Booking[],
): Promise<void> {
  const { unit, state, tariff, book } = spending;
  const changes: Change<Step>[] = [...state.steps.changes()];
  for (const step of state.restored) changes.push({ before: undefined, after: step });
  const revised = changes.flatMap(({ before }) => before ?? []);
  const former = new Map<string, Hold>();
  const kept = [...revised, ...state.restored];
  for (const hold of kept.length === 0 ? [] : await unit.spending.holdsSettledBy(kept)) {
    if (hold.settledBy !== null) former.set(stepKeyText(hold.settledBy), hold);
  }
  const runOf = (id: string) => state.runs.get(id);
  for (const { before, after } of changes.sort((a, b) => a.after.seq - b.after.seq)) {
    const key = stepKeyText(after);
    const was = former.get(key);
    const hold = settled.get(key) ?? was;
    const placed = (step: Step, by: Hold | undefined): Placed => {
      const atMs = by?.grantedAtMs ?? step.receivedAtMs;
      return { spender: spenderOfStep(step, runOf), spend: spendOf(step, tariff), atMs };
    };
    // A revision may settle a hold of its call that the record before it came too early for.
    const off = before === undefined ? null : placed(before, was);
    const causeIn = causeOfStep(hold, before);
    for (const record of book.records) {
      const difference = { record, off, on: placed(after, hold), identity: after, causeIn };
      addBookings(spending, difference, bookings);
    }
  }
}

function causeOfStep(hold: Hold | undefined, before: Step | undefined): Difference["causeIn"] {
  if (before !== undefined) return () => "revised";
  if (hold === undefined) return () => "no_hold";
  return (budgetId, scope, amount) => {
    const own = hold.reserves.find((one) => one.budgetId === budgetId && one.scope === scope);
    return amount > (own?.amount ?? 0n) ? "above_hold" : "within_hold";
  };
}

async function bookRuns(spending: Spending, bookings: Booking[]): Promise<void> {
  const { state, tariff } = spending;
  for (const { before, after } of [...state.runs.changes()]) {
    const isNew = before === undefined || (await isUncounted(spending, before));
    const off = isNew ? null : spentByRun(before, tariff);
    const on = spentByRun(after, tariff);
    addSpent(spending, { off, on, run: after.id }, bookings);
  }
}

/**
 * A run that steps made: its row is on disk at once, all that it came to was still in memory. One
 * that anything else is on disk of was counted with that.
 */
async function isUncounted({ unit, state }: Spending, run: Run): Promise<boolean> {
  const { id, opened, rating, tree, height } = run;
  if (state.restored.length === 0 || opened || rating !== null || tree.steps > 0) return false;
  const restored = new Set(state.restored.map(stepKeyText));
  for (const one of [run, ...(height > 0 ? await unit.descendants(id) : [])]) {
    const steps = await unit.stepsOfRun(one.id);
    if (!steps.every((step) => restored.has(stepKeyText(step)))) return false;
    if ((await unit.outcomesOfRun(one.id)).length > 0) return false;
  }
  return true;
}

function bookOutcomes(spending: Spending, bookings: Booking[]): void {
  const { state, tariff } = spending;
  for (const { before, after } of state.outcomes.changes()) {
    const run = state.runs.get(after.run);
    const off = before === undefined ? null : spentByOutcome(before, run, tariff);
    addSpent(spending, { off, on: spentByOutcome(after, run, tariff), run: after.run }, bookings);
  }
}

/** What no step did; the run budgets of its tree are told by the tree's own totals. */
function addSpent(
  spending: Spending,
  { off, on, run }: { readonly off: Spent | null; readonly on: Spent | null; readonly run: string },
  bookings: Booking[],
): void {
  const identity = { run, source: "", id: "" };
  for (const record of spending.book.records) {
    const difference = { record, off, on, identity, causeIn: () => "run" as const };
    addBookings(spending, difference, bookings);
  }
}

function addBookings(spending: Spending, difference: Difference, bookings: Booking[]): void {
  const { off, on } = difference;
  const byBalance = new Map<string, Booking>();
  if (off !== null) addPlaced(spending, difference, { placed: off, sign: -1n, byBalance });
  if (on !== null) addPlaced(spending, difference, { placed: on, sign: 1n, byBalance });
  for (const booking of byBalance.values()) if (booking.amount !== 0n) bookings.push(booking);
}

interface Side {
  readonly placed: Placed;
  readonly sign: bigint;
  readonly byBalance: Map<string, Booking>;
}

function addPlaced(
  { state, book }: Spending,
  { record, identity, causeIn }: Difference,
  { placed, sign, byBalance }: Side,
): void {
  const { budget, id: budgetId, countsFromMs } = record;
  const { spender, spend, atMs } = placed;
  const quantity = measured(budget, spend);
  if (quantity === 0n || (budget.each !== "run" && atMs < countsFromMs)) return;
  const calendar = state.customers.get(spender.customer) ?? null;
  for (const scope of scopesOf(budget, spender)) {
    const window = book.windowOf(budget, atMs, calendar).key;
    const text = `${scope}\u0000${window}`;
    const { run, source, id } = identity;
    const cause = causeIn(budgetId, scope, quantity);
    const known = byBalance.get(text) ?? {
      record,
      key: { budgetId, scope, window },
      amount: 0n,
      identity: { run, source, id },
      cause,
    };
    byBalance.set(text, { ...known, amount: known.amount + sign * quantity });
  }
}

/**
 * The rest of what run trees came to: fees, outcomes, bounds, what a link brought below, and runs
 * that a budget selects by their agent or labels and did not before, or no more. The totals of
 * trees are kept exact by the ledger, so what its steps did not tell is the rest.
 */
async function bookTrees(spending: Spending, bookings: Booking[]): Promise<void> {
  const { state, book } = spending;
  const ofRuns = book.records.filter(({ budget }) => budget.each === "run");
  if (ofRuns.length === 0) return;
  const told = new Map<string, bigint>();
  for (const { key, amount } of bookings) {
    const text = scopeText(key);
    told.set(text, (told.get(text) ?? 0n) + amount);
  }
  for (const change of [...state.runs.changes()]) {
    for (const record of ofRuns) {
      const scope = scopeText({ budgetId: record.id, scope: change.after.id });
      const rest = isInTotals(record)
        ? treeDifference(spending, record, change) - (told.get(scope) ?? 0n)
        : await usageDifference(spending, record, change);
      addRest(record, change.after, { rest, bookings });
    }
    if (change.before !== undefined && change.before.parent !== change.after.parent) {
      await bookLinked(spending, { linked: change.after, ofRuns, bookings });
    }
  }
}

function treeDifference(spending: Spending, record: BudgetRecord, change: Change<Run>): bigint {
  const of = (run: Run | undefined) => {
    if (run === undefined || !isSelectedRun(record, run)) return 0n;
    return measured(record.budget, spendOfTree(run, currencyOf(spending, run)));
  };
  return of(change.after) - of(change.before);
}

/** Usage is not in the totals: it is added up where a budget begins to select a run, or ends to. */
async function usageDifference(
  spending: Spending,
  record: BudgetRecord,
  { before, after }: Change<Run>,
): Promise<bigint> {
  const [was, is] = [
    before !== undefined && isSelectedRun(record, before),
    isSelectedRun(record, after),
  ];
  if (was === is || before === undefined || countsRuns(record.budget.measure)) return 0n;
  if (is) return usageOfTree(spending, record, before);
  const key = { budgetId: record.id, scope: after.id, window: "" };
  await loadBalances(spending, [key]);
  return -spending.state.spending.balance(key).settled;
}

/** A run that came below another in this unit. */
interface Link {
  readonly linked: Run;
  readonly ofRuns: readonly BudgetRecord[];
  readonly bookings: Booking[];
}

/** Usage that a newly linked tree brings to all above it: what its steps were before this unit. */
async function bookLinked(spending: Spending, { linked, ofRuns, bookings }: Link): Promise<void> {
  if (linked.parent === null) return;
  for (const record of ofRuns) {
    if (isInTotals(record) || countsRuns(record.budget.measure)) continue;
    const brought = await usageOfTree(spending, record, linked);
    for (const above of ancestry(linked.parent, (id) => spending.state.runs.get(id))) {
      const rest = isSelectedRun(record, above) ? brought : 0n;
      addRest(record, above, { rest, bookings });
    }
  }
}

function addRest(
  record: BudgetRecord,
  run: Run,
  { rest, bookings }: { readonly rest: bigint; readonly bookings: Booking[] },
): void {
  if (rest === 0n) return;
  const key = { budgetId: record.id, scope: run.id, window: "" };
  const identity = { run: run.id, source: "", id: "" };
  bookings.push({ record, key, amount: rest, identity, cause: "run" });
}
