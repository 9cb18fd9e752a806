/**
 * The first half of removing old steps: whole run trees that ended long ago, and whose periods are
 * all closed, are condensed. Of each step a mark goes into the journal, under the hash chain; from
 * then on the run takes nothing more, so its steps never change again and can go at leisure.
 */

import type { Step } from "../../domain/event/step.ts";
import { encodeMarks } from "../../domain/event/step-marks.ts";
import {
  CONDENSED_RUNS_PER_UNIT_MAX_COUNT,
  CONDENSED_STEPS_PER_UNIT_MAX_COUNT,
  PAGE_MAX_ROWS,
} from "../../domain/limits.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import { type Act, runAct } from "../commit/act.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import type { EngineContext } from "../context.ts";
import type { CounterKey } from "../ports.ts";
import {
  type CondensedDocument,
  condensedKey,
  entriesOf,
  mayBeCondensed,
} from "./condensed-runs.ts";
import type { RetentionBegun } from "./require-steps.ts";

/** What a pass came to. */
export interface Condensed {
  readonly runs: number;
  readonly steps: number;
}

/** A run with all below it, and everything that was read of them. */
interface Tree {
  readonly runs: readonly Run[];
  readonly steps: readonly Step[];
  readonly outcomes: readonly OutcomeState[];
}

/**
 * Condenses every tree whose runs have all ended, were last heard of before an instant, and count
 * in closed periods alone. Between its units others have their turn; a pass that was cut off is
 * begun again.
 */
export async function condenseRuns(
  context: EngineContext,
  workspace: string,
  beforeMs: number,
): Promise<Condensed> {
  await runAct(context, workspace, async ({ journal }) => {
    const begun: RetentionBegun = { beforeMs };
    journal("retention.begun", "", begun);
  });
  let total: Condensed = { runs: 0, steps: 0 };
  for await (const roots of endedRoots(context, workspace)) {
    for (let left = roots; left.length > 0; ) {
      const next = left.slice(0, CONDENSED_RUNS_PER_UNIT_MAX_COUNT);
      const done = await runAct(context, workspace, (act) =>
        condense(context, act, { left: next, beforeMs }),
      );
      total = { runs: total.runs + done.runs, steps: total.steps + done.steps };
      left = left.slice(done.looked);
    }
  }
  return total;
}

/** Roots that have ended, page by page. */
async function* endedRoots({ store }: EngineContext, workspace: string): AsyncGenerator<string[]> {
  const limit = PAGE_MAX_ROWS;
  for (let after = ""; ; ) {
    const page = await store.history(workspace).runs({ after, limit });
    const roots = page.filter((run) => run.parent === null && mayBe(run));
    if (roots.length > 0) yield roots.map(({ id }) => id);
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    after = last.id;
  }
}

/** What facts say of it: when a run was last heard of is none. */
function mayBe(run: RunFacts): boolean {
  return run.customer !== null && mayBeCondensed(run);
}

function isOld(run: Run, beforeMs: number): boolean {
  const isDone = run.suspended === 0 && run.restating === null;
  return mayBe(run) && isDone && run.lastSeenAtMs < beforeMs;
}

/** Looks at these roots, or at as many as a unit may have steps of; says at how many. */
async function condense(
  { digest }: Pick<EngineContext, "digest">,
  { unit, state }: Pick<Act, "unit" | "state">,
  { left, beforeMs }: { readonly left: readonly string[]; readonly beforeMs: number },
): Promise<Condensed & { readonly looked: number }> {
  const found = await unit.runs(left);
  const known = new Set((await entriesOf(unit, found)).map(({ run }) => run));
  const sum = { runs: 0, steps: 0, looked: 0 };
  for (const id of left) {
    const root = found.find((run) => run.id === id);
    if (sum.steps > 0 && sum.steps + (root?.tree.steps ?? 0) > CONDENSED_STEPS_PER_UNIT_MAX_COUNT) {
      break;
    }
    sum.looked += 1;
    if (root === undefined || known.has(id)) continue;
    const tree = await readTree(unit, root);
    if (!tree.runs.every((run) => isOld(run, beforeMs)) || !(await isClosed(unit, tree))) continue;
    if (await hasHolds(unit, tree)) continue;
    const byRun = Map.groupBy(tree.steps, ({ run }) => run);
    for (const run of tree.runs) {
      const marks = encodeMarks(byRun.get(run.id) ?? [], (text) => digest.content(text));
      const document: CondensedDocument = { marks };
      const identity = { ...condensedKey(run.id), contentHash: "" };
      state.record("run.condensed", identity, JSON.stringify(document));
    }
    sum.runs += tree.runs.length;
    sum.steps += tree.steps.length;
  }
  return sum;
}

async function readTree(unit: Act["unit"], root: Run): Promise<Tree> {
  const below = root.height > 0 ? await unit.descendants(root.id) : [];
  const runs = [root, ...below];
  const steps: Step[] = [];
  const outcomes: OutcomeState[] = [];
  for (const { id } of runs) {
    steps.push(...(await unit.stepsOfRun(id)));
    outcomes.push(...(await unit.outcomesOfRun(id)));
  }
  return { runs, steps, outcomes };
}

/** Whether a step may still come of a hold: it would be taken no more, and the hold never end. */
async function hasHolds({ spending }: Act["unit"], { runs }: Tree): Promise<boolean> {
  if ((await spending.countingHoldCount()) === 0) return false;
  return (await spending.countingHoldsOfRuns(runs.map(({ id }) => id))).length > 0;
}

/** Whether every period that anything of the tree counts in is closed, and nothing is to come. */
async function isClosed(unit: Act["unit"], { runs, steps, outcomes }: Tree): Promise<boolean> {
  if (outcomes.some(({ status }) => status === "provisional")) return false;
  const periods = new Map<string, CounterKey>();
  const add = (customer: string, period: string) => {
    periods.set(counterKeyText({ customer, period }), { customer, period });
  };
  for (const { customer, period } of [...steps, ...outcomes]) add(customer, period);
  for (const { customer, rating, corrections, chargedIn } of runs) {
    if (customer === null) return false;
    if (rating !== null) add(customer, rating.period);
    for (const { period } of [...corrections, ...chargedIn]) add(customer, period);
  }
  const closed = await unit.periods([...periods.values()]);
  return closed.length === periods.size;
}
