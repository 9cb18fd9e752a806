/**
 * Brings every balance up to date with what a unit of work booked. It looks at rows before and
 * after, so whatever changed them (an event, a correction, a re-rate, a recovery) moves balances
 * alike, and a balance is the sum of the rows that its budget selects.
 *
 * A step counts in the windows of the instant at which its hold was granted, or else of its
 * receipt; a correction moves the balance that the step counts in, however late it comes.
 */
import { type BudgetRecord, countsRuns } from "../../domain/budget/budget.ts";
import { type Hold, reservedBy, settleHold } from "../../domain/budget/hold.ts";
import { measured } from "../../domain/budget/spend.ts";
import type { Step } from "../../domain/event/step.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import { ancestry } from "../../domain/run/run.ts";
import type { Change } from "../commit/batch-rows.ts";
import { stepKeyText } from "../commit/batch-state.ts";
import { type FirstSeqs, loadFirstSeqs } from "../commit/first-seqs.ts";
import { newCustomer } from "../customers/customer-defaults.ts";
import { addBookings, type Difference, type Placed } from "./add-bookings.ts";
import { type Booking, bookBalances } from "./book-balances.ts";
import type { Recorded } from "./held-steps.ts";
import {
  currencyOf,
  isInTotals,
  isSelectedRun,
  loadBalances,
  type Spending,
  spendOf,
  usageOfTree,
} from "./load-spending.ts";
import { spenderOfStep, spendOfTree, spentByOutcome, spentByRun } from "./spend-of.ts";
import type { BalancePlace } from "./spending-state.ts";

/**
 * Settles the holds of recorded steps, which were looked up before these were booked, and moves
 * every balance that the unit's rows count in.
 */
export async function settleBudgets(
  spending: Spending,
  recorded: readonly Recorded[],
): Promise<void> {
  const released = releasedOf(spending);
  await spending.state.held.load(spending.unit, released);
  const settled = await settleHolds(spending, [...recorded, ...released]);
  if (spending.book.records.length === 0) return;
  const bookings: Booking[] = [];
  const [steps, runs] = [changedSteps(spending), changedRuns(spending)];
  const outcomes = changedOutcomes(spending);
  const firstSeqs = await loadFirstSeqs(spending, { steps, runs, outcomes });
  await bookSteps(spending, { steps, settled, firstSeqs }, bookings);
  await bookRuns(spending, { runs, firstSeqs }, bookings);
  bookOutcomes(spending, { outcomes, firstSeqs }, bookings);
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
  const { state } = spending;
  const settled = new Map<string, Hold>();
  if (state.held.isEmpty) return settled;
  const found: { readonly step: Recorded; readonly hold: Hold }[] = [];
  for (const step of recorded) {
    const hold = state.held.of(step, state.runs.get(step.run)?.customer ?? null);
    if (hold !== undefined) found.push({ step, hold });
  }
  for (const { hold } of found) state.spending.loadHold(hold);
  await loadBalances(
    spending,
    found.flatMap(({ hold }) => hold.reserves),
  );
  for (const { step, hold } of found) {
    const key = stepKeyText(step);
    if (settled.has(key) || state.spending.hold(hold)?.state !== hold.state) continue;
    state.spending.putHold(settleHold(hold, step, state.receivedAtMs));
    settled.set(key, hold);
  }
  return settled;
}

/** In the order of their seqs. */
function changedSteps({ state }: Spending): Change<Step>[] {
  const changes: Change<Step>[] = state.steps.changes();
  for (const step of state.restored) changes.push({ before: undefined, after: step });
  return changes.sort((a, b) => a.after.seq - b.after.seq);
}

interface ChangedSteps {
  readonly steps: readonly Change<Step>[];
  readonly settled: SettledHolds;
  readonly firstSeqs: FirstSeqs;
}

async function bookSteps(
  spending: Spending,
  { steps, settled, firstSeqs }: ChangedSteps,
  bookings: Booking[],
): Promise<void> {
  const { unit, state, tariff } = spending;
  const revised = steps.flatMap(({ before }) => before ?? []);
  const former = new Map<string, Hold>();
  const kept = [...revised, ...state.restored];
  for (const hold of kept.length === 0 ? [] : await unit.spending.holdsSettledBy(kept)) {
    if (hold.settledBy !== null) former.set(stepKeyText(hold.settledBy), hold);
  }
  const runOf = (id: string) => state.runs.get(id);
  const hasHolds = settled.size + former.size > 0;
  for (const change of steps) {
    const { before, after } = change;
    const key = hasHolds ? stepKeyText(after) : "";
    const was = former.get(key);
    const hold = settled.get(key) ?? was;
    const placed = (step: Step, by: Hold | undefined): Placed => {
      const atMs = by?.grantedAtMs ?? step.receivedAtMs;
      return { spender: spenderOfStep(step, runOf, tariff), spend: spendOf(step, tariff), atMs };
    };
    // A revision may settle a hold of its call that the record before it came too early for.
    const off = before === undefined ? null : placed(before, was);
    const on = placed(after, hold);
    const firstSeq = firstSeqs.ofStep(change);
    const causeIn = causeOfStep(hold, before);
    addBookings(spending, { firstSeq, off, on, identity: after, causeIn }, bookings);
  }
}

const REVISED = () => "revised" as const;
const NO_HOLD = () => "no_hold" as const;
const BY_RUN = () => "run" as const;

function causeOfStep(hold: Hold | undefined, before: Step | undefined): Difference["causeIn"] {
  if (before !== undefined) return REVISED;
  if (hold === undefined) return NO_HOLD;
  const reserved = reservedBy(hold);
  return (budgetId, scope, amount) =>
    amount > reserved(budgetId, scope) ? "above_hold" : "within_hold";
}

/** Those that may spend otherwise by themselves. */
function changedRuns({ state }: Spending): Change<Run>[] {
  const isRestored = state.restored.length > 0;
  return state.runs.changes().filter(({ before, after }) => {
    return before === undefined || isRestored || isSpentOtherwise(before, after);
  });
}

interface ChangedRuns {
  readonly runs: readonly Change<Run>[];
  readonly firstSeqs: FirstSeqs;
}

async function bookRuns(
  spending: Spending,
  { runs, firstSeqs }: ChangedRuns,
  bookings: Booking[],
): Promise<void> {
  const { state, tariff } = spending;
  const isRestored = state.restored.length > 0;
  for (const change of runs) {
    const { before, after } = change;
    const isNew = before === undefined || (isRestored && (await isUncounted(spending, before)));
    const off = isNew ? null : spentByRun(before, tariff);
    const on = spentByRun(after, tariff);
    const firstSeq = firstSeqs.ofRun(change);
    addSpent(spending, { firstSeq, off, on, run: after.id }, bookings);
  }
}

/** Whether what a run spends by itself, or where, may differ: totals are no part of it. */
function isSpentOtherwise(before: Run, after: Run): boolean {
  return (
    before.rating !== after.rating ||
    before.corrections !== after.corrections ||
    before.status !== after.status ||
    before.customer !== after.customer ||
    before.agent !== after.agent ||
    before.labels !== after.labels ||
    before.parent !== after.parent ||
    before.standing !== after.standing ||
    before.openedAtMs !== after.openedAtMs
  );
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

/** Outcomes that changed, and those that count by other labels because their run has others now. */
function changedOutcomes({ state }: Spending): Change<OutcomeState>[] {
  const changes = state.outcomes.changes();
  const relabelled = new Set<string>();
  for (const { before, after } of state.runs.changes()) {
    if (before !== undefined && before.labels !== after.labels) relabelled.add(after.id);
  }
  if (relabelled.size === 0) return changes;
  const known = new Set(changes.map(({ after }) => after));
  for (const outcome of state.outcomes.values()) {
    if (!relabelled.has(outcome.run) || known.has(outcome)) continue;
    changes.push({ before: outcome, after: outcome });
  }
  return changes;
}

interface ChangedOutcomes {
  readonly outcomes: readonly Change<OutcomeState>[];
  readonly firstSeqs: FirstSeqs;
}

function bookOutcomes(
  spending: Spending,
  { outcomes, firstSeqs }: ChangedOutcomes,
  bookings: Booking[],
): void {
  const { state, tariff } = spending;
  const customer = (id: string) => state.customers.get(id) ?? newCustomer(id, 0);
  for (const change of outcomes) {
    const { before, after } = change;
    const of = { tariff, customer };
    // It counted by what its run was, and counts by what that is now.
    const was = { ...of, run: state.runs.stored(after.run) };
    const off = before === undefined ? null : spentByOutcome(before, was);
    const on = spentByOutcome(after, { ...of, run: state.runs.get(after.run) });
    const firstSeq = firstSeqs.ofOutcome(change);
    addSpent(spending, { firstSeq, off, on, run: after.run }, bookings);
  }
}

/** What no step did; the run budgets of its tree are told by the tree's own totals. */
function addSpent(
  spending: Spending,
  { run, ...of }: Pick<Difference, "firstSeq" | "off" | "on"> & { readonly run: string },
  bookings: Booking[],
): void {
  const identity = { run, source: "", id: "" };
  addBookings(spending, { ...of, identity, causeIn: BY_RUN }, bookings);
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
  const told = new Map<BalancePlace, bigint>();
  for (const { record, place, amount } of bookings) {
    if (record.budget.each === "run") told.set(place, (told.get(place) ?? 0n) + amount);
  }
  for (const change of state.runs.changes()) {
    for (const record of ofRuns) {
      const place = placeOfRun(spending, record, change.after);
      const rest = isInTotals(record)
        ? treeDifference(spending, record, change) - (told.get(place) ?? 0n)
        : await usageDifference(spending, record, change);
      addRest(record, place, { rest, bookings });
    }
    if (change.before !== undefined && change.before.parent !== change.after.parent) {
      await bookLinked(spending, { linked: change.after, ofRuns, bookings });
    }
  }
}

function treeDifference(spending: Spending, record: BudgetRecord, change: Change<Run>): bigint {
  const of = (run: Run | undefined) => {
    if (run === undefined || !isSelectedRun(spending, record, run)) return 0n;
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
    before !== undefined && isSelectedRun(spending, record, before),
    isSelectedRun(spending, record, after),
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
      const rest = isSelectedRun(spending, record, above) ? brought : 0n;
      addRest(record, placeOfRun(spending, record, above), { rest, bookings });
    }
  }
}

function placeOfRun({ state }: Spending, { id: budgetId }: BudgetRecord, { id }: Run) {
  return state.spending.place({ budgetId, scope: id, window: "" });
}

function addRest(
  record: BudgetRecord,
  place: BalancePlace,
  { rest, bookings }: { readonly rest: bigint; readonly bookings: Booking[] },
): void {
  if (rest === 0n) return;
  const identity = { run: place.scope, source: "", id: "" };
  bookings.push({ record, place, amount: rest, identity, cause: "run" });
}
