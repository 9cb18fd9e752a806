/** One unit of work: load, decide, seal, write, commit. */
import type { NotEntitled } from "../../domain/budget/entitlements.ts";
import type { Problem } from "../../domain/errors.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { EVENTS_PER_EARLY_UNIT_MIN_COUNT } from "../../domain/limits.ts";
import type { ToldAffairs } from "../alerts/affair-telling.ts";
import { tellUnknownPrices } from "../alerts/tell-alert.ts";
import type { RuledContext } from "../context.ts";
import { endDueCredit } from "../credit/end-due-credit.ts";
import { prepaidInUnit } from "../credit/prepaid-rooms.ts";
import { admitRuns } from "../limits/admit-runs.ts";
import { endOwnPauses } from "../limits/budget-pauses.ts";
import { entitlementsAt } from "../limits/entitlements.ts";
import { grantHolds } from "../limits/grant-holds.ts";
import type { Recorded } from "../limits/held-steps.ts";
import type { Admission, HoldsRequest, NotAdmitted } from "../limits/hold-answers.ts";
import type { Spending } from "../limits/load-spending.ts";
import { setCaps } from "../limits/run-caps.ts";
import { settleBudgets } from "../limits/settle-budgets.ts";
import type { ToldUnit } from "../live/live-feed.ts";
import { watchEvents, withHits } from "../policies/enforce-policies.ts";
import type { PolicyBook } from "../policies/policy-books.ts";
import { WatchedRuns } from "../policies/watched-runs.ts";
import type { UnitOfWork } from "../ports.ts";
import { loadCondensed } from "../retention/condensed-runs.ts";
import { applyBatch } from "./apply-batch.ts";
import { BatchState } from "./batch-state.ts";
import { loadBatch } from "./load-batch.ts";
import { othersTurn } from "./others-turn.ts";
import { recoverTotals } from "./recover-totals.ts";
import type { BatchResult, EventResult } from "./result.ts";
import { rejected } from "./result.ts";
import { requireRules } from "./rules.ts";
import type { Work } from "./work.ts";
import { writeState } from "./write-state.ts";

/**
 * Commits work durably; what resolves is on disk. Throws `store.unknown` when it may not be. Its
 * caller begins anew where the rules of `context.seen` hold no more (`KnownRules`), and may begin
 * the next work once this is `handedOver`.
 */
export async function commitWork(
  context: RuledContext,
  workspace: string,
  { holds: requests, handedOver, ...begun }: Work,
): Promise<BatchResult> {
  await recoverTotals(context, workspace);
  await endDueCredit(context, workspace);
  const { seen, store } = context;
  const { tariff, kept, own, policies } = await rulesOf(context, workspace, requests);
  let watched: WatchedRuns | null = null;
  let live: ToldUnit | null = null;
  let hasNewBudgets = false;
  let touched: Iterable<string> = [];
  let found: ToldAffairs | null = null;
  const work = async (unit: UnitOfWork): Promise<BatchResult> => {
    const events = await beginUnit(context, unit, { workspace, isAgain: found !== null, begun });
    // The time of the turn, not of the wait for it: what others committed meanwhile is earlier.
    const [receivedAtMs, pacedAtMs] = timesOf(context);
    const entitlements = entitlementsAt(own, { tariff, nowMs: receivedAtMs });
    const head = await unit.head();
    const state = new BatchState(receivedAtMs, head.lastSeq);
    await loadBatch(unit, tariff, { state, events, runs: requests.map(({ run }) => run) });
    await loadCondensed(unit, state, context.digest);
    const spending = { unit, state, tariff, book: kept };
    const watching = { unit, state, tariff, store, workspace, policies, pacedAtMs };
    watched = watchedBy(watching, { isAgain: watched !== null, digest: head.digest });
    const asked = { ids: context.ids, entitlements, watched, pacedAtMs };
    const admission = await admitRuns({ ...spending, ...asked }, { events, holds: requests });
    const { heard: holds, ...result } = applyAdmitted(spending, { events, requests }, admission);
    await letOthers(events);
    await tellUnknownPrices(store, workspace, state);
    const book = holds.length === 0 ? kept : await setCaps(spending, holds);
    hasNewBudgets = book !== kept;
    await settleBudgets({ ...spending, book }, recordedBy(events, result.results));
    if (watched !== null) await watchEvents(watched);
    const below = async (id: string) => store.credit.customersBelow(workspace, id);
    const prepaid = prepaidInUnit({ ...spending, book }, below);
    const answers = await grantHolds({ ...spending, book, ...asked, prepaid }, holds, admission);
    await endOwnPauses({ ...spending, book }, events);
    const told = await context.affairs.tell({ workspace, unit, state, tariff, head, seen }, null);
    if (state.hasAlert) context.alarm.note(workspace);
    touched = state.customers.keys();
    const runs = watched === null ? result.runs : await withHits(watched, result.runs);
    await letOthers(events);
    told.head = await writeState(context, unit, { state, head, extra: {} });
    policies.kept.asOf = told.head;
    found = told;
    live = await context.telling.ofUnit(workspace, unit, { state, book, holds, answers, head });
    if (isEarly) context.affairs.keep(workspace, found);
    return { ...result, runs, holds: answers };
  };
  // The next unit goes on with what this one leaves in memory: nothing that looks on.
  const isEarly = policies.policies.length === 0 && (requests.length === 0 || !store.isShared);
  const committed = store.transact(workspace, work, isEarly ? handedOver : undefined);
  return committed
    .then((done) => {
      watched?.keep();
      if (!isEarly) context.affairs.keep(workspace, found);
      if (live !== null) context.live.committed(workspace, live);
      return done;
    })
    .catch((error: unknown) => {
      if (watched !== null) policies.kept.clear();
      return afterFailure(context, workspace, error);
    })
    .finally(() => {
      context.moved.note(workspace, touched);
      if (hasNewBudgets) context.budgets.forget(workspace);
    });
}

/** How a unit begins. */
interface Beginning {
  readonly begun: Omit<Work, "holds">;
  readonly workspace: string;
  /** The store begins it anew: what the last attempt kept in memory is not on disk. */
  readonly isAgain: boolean;
}

/** A unit that has its turn: it stands by the rules that it was begun by. Returns its events. */
async function beginUnit(
  { affairs, seen }: RuledContext,
  unit: UnitOfWork,
  { workspace, isAgain, begun: { events, closed, found } }: Beginning,
): Promise<readonly TollgateEvent[]> {
  if (isAgain) affairs.forget(workspace);
  await requireRules(unit, seen);
  return found === undefined ? (closed?.(unit) ?? events) : found(unit);
}

/** Now, and now by what holds keep their distance by. */
function timesOf({ clock }: RuledContext): readonly [receivedAtMs: number, pacedAtMs: number] {
  const receivedAtMs = clock.nowMs();
  return [receivedAtMs, clock.paceMs?.() ?? receivedAtMs];
}

/** What a unit goes by. */
async function rulesOf(context: RuledContext, workspace: string, holds: Work["holds"]) {
  const { seen, tariffs, budgets, entitlements, policies } = context;
  return {
    tariff: await tariffs.of(workspace, seen),
    kept: await budgets.of(workspace, seen),
    own: holds.length === 0 ? new Map() : await entitlements.of(workspace, seen),
    policies: await policies.of(workspace, seen),
  };
}

/**
 * What arrives meanwhile joins the next unit, and the answers of the last one go out. Putting few
 * events together takes less than that would bring.
 */
async function letOthers(events: readonly TollgateEvent[]): Promise<void> {
  if (events.length >= EVENTS_PER_EARLY_UNIT_MIN_COUNT) await othersTurn();
}

/**
 * What is kept of runs may be ahead of the disk, where the unit looked at any (one that was given
 * up because rules had changed did not), and memory was dropped with the failed unit.
 */
async function afterFailure(
  context: RuledContext,
  workspace: string,
  error: unknown,
): Promise<never> {
  context.affairs.forget(workspace);
  // The steps on disk are summed now, if the disk lets us.
  await recoverTotals(context, workspace).catch(() => undefined);
  throw error;
}

/** Null: no policy looks at any run. */
function watchedBy(
  parts: ConstructorParameters<typeof WatchedRuns>[0] & { readonly policies: PolicyBook },
  { isAgain, digest }: { readonly isAgain: boolean; readonly digest: string },
): WatchedRuns | null {
  const { store, policies } = parts;
  // A unit that is done again has gone on with what was kept; another node may have, too.
  const isElsewhere = store.isShared && policies.kept.asOf !== digest;
  const { kept } = policies;
  const touched = isElsewhere && !isAgain ? parts.unit.behind.runsSince(kept.asOf) : null;
  for (const id of touched ?? []) kept.delete(id);
  if (isAgain || (isElsewhere && touched === null)) kept.clear();
  return policies.policies.length === 0 ? null : new WatchedRuns(parts);
}

/** What was applied, and what is asked of holds after it. */
interface Applied extends BatchResult {
  readonly heard: readonly HoldsRequest[];
}

function applyAdmitted(
  spending: Pick<Spending, "state" | "tariff">,
  { events, requests }: Pick<Work, "events"> & { readonly requests: Work["holds"] },
  admission: Admission,
): Applied {
  const result = applyOpenings(spending, events, admission);
  if (requests.length === 0) return { ...result, heard: requests };
  const heard = requests.map(withoutRefused({ events, admission, ...result }));
  return { ...result, heard };
}

/** Applies what may be applied: an opening that was refused leaves no run behind. */
function applyOpenings(
  { state, tariff }: Pick<Spending, "state" | "tariff">,
  events: readonly TollgateEvent[],
  admission: Admission,
): BatchResult {
  if (admission.size === 0) return applyBatch(state, tariff, events);
  const isRefused = ({ type, run }: TollgateEvent) => type === "run.opened" && admission.has(run);
  const applied = applyBatch(
    state,
    tariff,
    events.filter((event) => !isRefused(event)),
  );
  const results = [...applied.results];
  for (const [index, event] of events.entries()) {
    const refused = isRefused(event) ? admission.get(event.run) : undefined;
    if (refused !== undefined) results.splice(index, 0, rejected(problemOf(event.run, refused)));
  }
  return { ...applied, results };
}

function problemOf(run: string, { by, notEntitled }: NotAdmitted): Problem {
  if (notEntitled === null) {
    const budget = by === null ? "its budget" : `budget "${by.record.budget.key}"`;
    const detail = `Run "${run}" may not open: ${budget} has no room for another run.`;
    return { code: "budget.exhausted", detail };
  }
  const detail = `Run "${run}" may not open: its customer ${entitledText(notEntitled)}.`;
  return { code: "entitlement.missing", detail };
}

function entitledText({ what, name }: NotEntitled): string {
  if (what === "parallel_runs") return "may not use another run now";
  if (name === null) return `may use named ${what}s alone, and none is named`;
  return `may not use the ${what} "${name}"`;
}

interface Refusals extends Pick<BatchResult, "results"> {
  readonly events: readonly TollgateEvent[];
  readonly admission: Admission;
}

/**
 * A request whose opening is refused asks for nothing: its caller is told of an error, so a hold
 * would be of a call that nobody makes, and a cap of a run that another opening made.
 */
function withoutRefused({ events, results, admission }: Refusals) {
  const refused = new Set(events.filter((_event, index) => results[index]?.error !== undefined));
  return (request: HoldsRequest): HoldsRequest => {
    if (request.opening === undefined || !refused.has(request.opening)) return request;
    // What budgets or terms refuse is told as decisions.
    const asks = admission.has(request.run) ? request.asks : [];
    return { ...request, asks, caps: [] };
  };
}

/** Steps that were taken up in any way: their holds, if they have one, are settled. */
function recordedBy(events: readonly TollgateEvent[], results: readonly EventResult[]): Recorded[] {
  const recorded: Recorded[] = [];
  for (const [index, event] of events.entries()) {
    if (event.type === "step" && isTakenUp(results[index])) recorded.push(event);
  }
  return recorded;
}

function isTakenUp(result: EventResult | undefined): boolean {
  const status = result?.status ?? "rejected";
  return status !== "rejected" && status !== "suspended" && status !== "conflict";
}
