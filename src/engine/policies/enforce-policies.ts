/**
 * Looks at runs by the rules of policies, in the unit of work that changes them: after its events,
 * and before each hold is decided. What a run is beyond is put on record once, and stops the run
 * where the rule says so.
 *
 * The one place where policies are told: `tell` puts `policy.reached` into the journal.
 */
import type { HoldAsk } from "../../domain/budget/hold-ask.ts";
import type { Stop } from "../../domain/budget/stop.ts";
import { judgeRun } from "../../domain/policy/judge-run.ts";
import {
  decidingHit,
  isEnforced,
  isStopping,
  type PolicyHit,
  ruleText,
} from "../../domain/policy/policy.ts";
import type { AskedCall } from "../../domain/policy/run-levels.ts";
import { mayGoOn, type Run } from "../../domain/run/run.ts";
import type { Change } from "../commit/batch-rows.ts";
import type { BatchResult, RunResult } from "../commit/result.ts";
import { recordStop } from "../limits/record-stop.ts";
import type { ReachedDocument } from "./run-episodes.ts";
import type { WatchedRow, WatchedRuns } from "./watched-runs.ts";

/** What rules say of a hold. */
export interface PolicyVerdict {
  /** Every rule that the run, or one above it, is beyond. */
  readonly hits: readonly PolicyHit[];
  /** The rule that refuses the hold; null: none does. */
  readonly by: PolicyHit | null;
  readonly stop: Stop | null;
  readonly retryAfterMs: number | null;
}

/** Notes what the unit changed and looks at every run that it concerns. */
export async function watchEvents(watched: WatchedRuns): Promise<void> {
  const { state } = watched.watching;
  const parents = state.runs.changes().filter(isMoved);
  await watched.load([...movedRuns(watched, parents), ...runsOfSteps(watched)]);
  const seenAtMs = new Map<string, number>();
  const see = (id: string, atMs: number) => {
    const known = seenAtMs.get(id) ?? 0;
    seenAtMs.set(id, Math.max(known, Math.min(atMs, state.receivedAtMs)));
  };
  for (const change of parents) {
    await watched.noteParent(change);
    for (const { id } of watched.path(change.after.id)) see(id, change.after.openedAtMs);
  }
  for (const change of state.steps.changes()) {
    await watched.note(change);
    for (const { id } of concerned(watched, change.after.run)) see(id, change.after.occurredAtMs);
  }
  for (const [id, nowMs] of seenAtMs) {
    await judge(watched, id, { nowMs, ask: null, cause: "event" });
  }
}

/** Whether a run came below another, or left it. */
function isMoved({ before, after }: Change<Run>): boolean {
  return (before?.parent ?? null) !== after.parent;
}

function* movedRuns(watched: WatchedRuns, changes: readonly Change<Run>[]): Generator<string> {
  for (const { before, after } of changes) {
    for (const id of [before?.parent, after.id]) {
      for (const run of watched.path(id ?? "")) yield run.id;
    }
  }
}

function* runsOfSteps(watched: WatchedRuns): Generator<string> {
  for (const { after } of watched.watching.state.steps.changes()) {
    for (const { id } of concerned(watched, after.run)) yield id;
  }
}

/** Whom a step of a run concerns: of those above it, only what the whole tree spends may change. */
function concerned(watched: WatchedRuns, run: string): readonly Run[] {
  const path = watched.path(run);
  return path.length > 1 ? [...path.slice(0, 1), ...path.slice(-1)] : path;
}

interface Looking {
  readonly nowMs: number;
  readonly ask: AskedCall | null;
  readonly cause: ReachedDocument["cause"];
}

/** The rules that a run is beyond; each is put on record, and stops the run where it says so. */
async function judge(watched: WatchedRuns, id: string, looking: Looking): Promise<PolicyHit[]> {
  const { policies } = watched.watching.policies;
  const path = watched.path(id);
  const [run] = path;
  if (run === undefined || run.customer === null) return [];
  const row = await watched.of(id);
  const hits = judgeRun(policies, watched.judged(run, row, path.length), looking);
  for (const hit of hits) await tell(watched, { hit, row, path, cause: looking.cause });
  return hits;
}

interface Telling {
  readonly hit: PolicyHit;
  readonly row: WatchedRow;
  /** The run, and all above it. */
  readonly path: readonly Run[];
  readonly cause: ReachedDocument["cause"];
}

async function tell(watched: WatchedRuns, { hit, row, path, cause }: Telling): Promise<void> {
  const { state } = watched.watching;
  const [run] = path;
  const text = ruleText(hit);
  if (run === undefined || row.told.has(text)) return;
  row.told.set(text, hit);
  const { customer, agent } = run;
  const root = path.at(-1)?.id ?? run.id;
  const document: ReachedDocument = { ...hit, customer, agent, root, cause };
  const identity = { run: "", source: "policy.reached", id: run.id, contentHash: "" };
  state.record("policy.reached", identity, JSON.stringify(document));
  // A run that has ended makes no step that could be stopped; those below it may.
  if (isStopping(hit) && mayGoOn(run)) await stopRun(watched, hit);
}

/** Stops the run and all below it; a stop that is as strict stays as it is. Returns what stands. */
async function stopRun(
  { watching: { state, unit } }: WatchedRuns,
  { run, policy, rule, level, moreThan, action }: PolicyHit,
): Promise<Stop> {
  const key = { of: "run", id: run } as const;
  for (const stored of await unit.spending.stops([key])) state.spending.loadStop(key, stored);
  const mode = action === "block" ? "block" : "pause";
  const known = state.spending.stop(key);
  const isAsStrict = known !== null && (known.mode === "block" || mode === "pause");
  if (isAsStrict && known.budget === null) return known;
  const stop: Stop = {
    ...key,
    mode,
    budget: null,
    policy: { policy, rule, level, moreThan },
    reason: `policy ${policy}: ${rule} ${level}, more than ${moreThan}`,
    by: "tollgate",
    stoppedAtMs: state.receivedAtMs,
  };
  state.spending.putStop(stop);
  recordStop({ state }, stop);
  return stop;
}

/** Has all runs known that rules will look at for asks of these, or tell of them. */
export async function loadPaths(watched: WatchedRuns, runs: Iterable<string>): Promise<void> {
  const paths = [...new Set(runs)].flatMap((run) => watched.path(run));
  await watched.load(paths.map(({ id }) => id));
}

/** What rules say of a hold that would be granted otherwise. */
export async function watchAsk(
  watched: WatchedRuns,
  { step, isWrapUp }: Pick<HoldAsk, "step" | "isWrapUp">,
): Promise<PolicyVerdict> {
  const { receivedAtMs: nowMs } = watched.watching.state;
  const hits: PolicyHit[] = [];
  for (const { id } of watched.path(step.run)) {
    const ask = id === step.run ? { callHash: step.callHash ?? null, tool: step.tool } : null;
    hits.push(...(await judge(watched, id, { nowMs, ask, cause: "ask" })));
  }
  // What delivers the result of a run that was stopped passes all but a block.
  const able = isWrapUp ? hits.filter(({ action }) => action === "block") : hits;
  const by = decidingHit(able);
  if (by === null) return { hits, by, stop: null, retryAfterMs: null };
  if (!isStopping(by)) return paced(watched, { hits, by });
  // It stands already, but where the run above had ended when it was found beyond the rule: who is
  // refused now must have a stop that can be lifted.
  // It is by what was put on record, which the run may be further beyond by now.
  const { told } = await watched.of(by.run);
  const stop = await stopRun(watched, told.get(ruleText(by)) ?? by);
  return { hits, by, stop, retryAfterMs: null };
}

/** Holds of a run that is slowed down keep their distance. */
async function paced(
  watched: WatchedRuns,
  { hits, by }: { readonly hits: readonly PolicyHit[]; readonly by: PolicyHit },
): Promise<PolicyVerdict> {
  const { grantedAtMs } = await watched.of(by.run);
  const { pacedAtMs } = watched.watching;
  const leftMs = grantedAtMs === 0 ? 0 : grantedAtMs + by.delayMs - pacedAtMs;
  // A clock that was set back must not make a caller wait for longer than the delay.
  const isEarly = leftMs > 0 && leftMs <= by.delayMs;
  if (isEarly) return { hits, by, stop: null, retryAfterMs: leftMs };
  return { hits, by: null, stop: null, retryAfterMs: null };
}

/** Notes that a hold was granted where rules slow holds down. */
export async function noteGrant(watched: WatchedRuns, hits: readonly PolicyHit[]): Promise<void> {
  const { pacedAtMs } = watched.watching;
  for (const hit of hits) {
    if (isEnforced(hit)) (await watched.of(hit.run)).grantedAtMs = pacedAtMs;
  }
}

/** The totals of named runs, with the rules that they or runs above them were found beyond. */
export async function withHits(
  watched: WatchedRuns,
  runs: BatchResult["runs"],
): Promise<BatchResult["runs"]> {
  await loadPaths(watched, runs.keys());
  const told = new Map<string, RunResult>();
  for (const [id, totals] of runs) {
    const policies: PolicyHit[] = [];
    for (const run of watched.path(id)) policies.push(...(await watched.of(run.id)).told.values());
    told.set(id, policies.length === 0 ? totals : { ...totals, policies });
  }
  return told;
}
