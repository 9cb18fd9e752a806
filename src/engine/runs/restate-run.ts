/**
 * Steps that were counted before their run was opened take over what the opening states. Where they
 * are many, the opening leaves them to units of work of their own, between which everybody else is
 * served. Each unit replaces steps by revisions of the same ledger that counts events, so every
 * total is the sum of its parts at any point in between, and the run says that it is under way.
 *
 * What is to do is a fact of the run and what is done is one of the steps, so a pass that was cut
 * off is begun again and does the rest: by the opening when it is sent again, by whoever closes a
 * period or issues a receipt, or as periodic work. Who opened the run is answered at the end.
 */
import type { Step } from "../../domain/event/step.ts";
import { RESTATED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import { tellUnknownPrices } from "../alerts/tell-alert.ts";
import { type Act, runAct } from "../commit/act.ts";
import { applyRestatement } from "../commit/apply-batch.ts";
import { loadBatch, loadHeirs } from "../commit/load-batch.ts";
import type { EngineContext } from "../context.ts";
import type { StepPlace } from "../periods/line-page.ts";
import { loadCondensed } from "../retention/condensed-runs.ts";
import { restatement } from "./apply-run.ts";
import { readStepsOfRun } from "./read-run.ts";

/** Restates all that is left of a run. Another pass may be at it: each step is restated once. */
export async function restateRun(
  context: EngineContext,
  workspace: string,
  run: string,
): Promise<void> {
  // Whoever leads to it has decided nothing.
  const own = { ...context, actor: null, approving: null };
  const limit = RESTATED_PER_UNIT_MAX_COUNT;
  for (let behind: StepPlace | null = null; ; ) {
    const { steps, next } = await readStepsOfRun(own, workspace, { run, behind, limit });
    const hasMore = await restatePart(own, workspace, { run, steps, isLast: next === null });
    if (!hasMore) return;
    behind = next;
  }
}

interface Part {
  readonly run: string;
  readonly steps: readonly Step[];
  readonly isLast: boolean;
}

/** Steps are looked at outside of units. Returns whether anything may be left. */
async function restatePart(
  context: EngineContext,
  workspace: string,
  { run, steps, isLast }: Part,
): Promise<boolean> {
  const stored = await context.store.run(workspace, run);
  const before = stored?.restating ?? null;
  if (stored === undefined || before === null) return false;
  const stale = steps.filter((step) => restatement(before, stored, step) !== null);
  if (stale.length === 0 && !isLast) return true;
  await runAct(context, workspace, (act) => restate(context, act, { run, steps: stale, isLast }));
  return !isLast;
}

async function restate(
  { store, digest }: EngineContext,
  { workspace, unit, state, tariff, journal }: Act,
  { run, steps, isLast }: Part,
): Promise<void> {
  const [now] = await unit.runs([run]);
  if (now === undefined || now.restating === null) return;
  for (const step of await unit.steps(steps)) state.steps.load(step);
  const mayHandOver = now.authority !== null;
  const movesCalls = ({ overruled }: Step) => mayHandOver || overruled;
  const callIds = steps.filter(movesCalls).flatMap(({ callId }) => callId ?? []);
  const heirs = await loadHeirs(unit, state, callIds);
  await loadBatch(unit, tariff, { state, events: heirs, runs: [run] });
  await loadCondensed(unit, state, digest);
  const count = applyRestatement(state, tariff, { run, isLast });
  await tellUnknownPrices(store, workspace, state);
  journal("run.restated", run, { run, steps: count, isLast });
}
