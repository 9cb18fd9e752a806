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
import type { Step } from "../domain/event/step.ts";
import { RESTATED_PER_UNIT_MAX_COUNT } from "../domain/limits.ts";
import { type Act, runAct } from "./act.ts";
import { tellUnknownPrices } from "./alerts/tell-alert.ts";
import { applyRestatement } from "./apply-batch.ts";
import { restatement } from "./apply-run.ts";
import type { EngineContext } from "./context.ts";
import type { StepPlace } from "./line-page.ts";
import { loadBatch, loadHeirs } from "./load-batch.ts";
import { readStepsOfRun } from "./read-run.ts";
import type { RunResult } from "./result.ts";
import { loadCondensed } from "./retention/condensed-runs.ts";

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
  const callIds = mayHandOver ? steps.flatMap(({ callId }) => callId ?? []) : [];
  const heirs = await loadHeirs(unit, state, callIds);
  await loadBatch(unit, tariff, { state, events: heirs, runs: [run] });
  await loadCondensed(unit, state, digest);
  const count = applyRestatement(state, tariff, { run, isLast });
  await tellUnknownPrices(store, workspace, state);
  journal("run.restated", run, { run, steps: count, isLast });
}

const RUNS_LISTED_MAX_COUNT = 100;

/** Restates all that is left in a workspace, or of one customer. */
export async function restateRuns(
  context: EngineContext,
  workspace: string,
  customer?: string,
): Promise<void> {
  const own = { ...context, actor: null, approving: null };
  for (;;) {
    const left = await runAct(own, workspace, async ({ unit }) =>
      unit.restatingRuns(RUNS_LISTED_MAX_COUNT, customer),
    );
    if (left.length === 0) return;
    for (const { id } of left) await restateRun(context, workspace, id);
  }
}

/** Passes of one process: who asks for a run that is being restated waits for the same pass. */
export class Restatements {
  readonly #context: () => EngineContext;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(context: () => EngineContext) {
    this.#context = context;
  }

  /**
   * Restates runs, and returns what they come to then, among others as they are known. Never
   * rejects: the openings are on disk, so what fails here is done by a later pass.
   */
  async finish(
    workspace: string,
    runs: Iterable<string>,
    known: ReadonlyMap<string, RunResult>,
  ): Promise<ReadonlyMap<string, RunResult>> {
    const after = new Map(known);
    try {
      for (const id of runs) {
        await this.#restate(workspace, id);
        const run = await this.#context().store.run(workspace, id);
        if (run !== undefined) after.set(id, { ...known.get(id), own: run.own, tree: run.tree });
      }
    } catch {
      return known;
    }
    return after;
  }

  async #restate(workspace: string, run: string): Promise<void> {
    const key = JSON.stringify([workspace, run]);
    const pass = this.#underWay.get(key) ?? restateRun(this.#context(), workspace, run);
    this.#underWay.set(key, pass);
    try {
      await pass;
    } finally {
      this.#underWay.delete(key);
    }
  }
}
