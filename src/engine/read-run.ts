/** A run as a tree: its steps with cost and charge, its outcomes, its children. */
import { TollgateError } from "../domain/errors.ts";
import type { Step } from "../domain/event/step.ts";
import { RUN_DEPTH_MAX } from "../domain/limits.ts";
import type { Amount } from "../domain/money/decimal.ts";
import type { OutcomeState, Run } from "../domain/run/run.ts";
import { Accruals } from "./accrued.ts";
import type { ReadContext } from "./context.ts";

/** A run with everything below it. */
export interface RunTree {
  readonly run: Run;
  /** By their own time, then in commit order. Empty, too, where they were removed. */
  readonly steps: readonly Step[];
  /** By their own time. */
  readonly outcomes: readonly OutcomeState[];
  readonly children: readonly RunTree[];
  /** What the run's own charges that wait for its end would come to, were it completed now. */
  readonly accrued: Amount;
}

type Timed = Pick<Step, "occurredAtMs" | "seq">;

/** Reads a run with everything below it. Throws `run.not_found`. */
export async function readRunTree(
  { store, tariffs }: Pick<ReadContext, "store" | "tariffs">,
  workspace: string,
  id: string,
): Promise<RunTree> {
  const run = await store.run(workspace, id);
  if (run === undefined) throw new TollgateError("run.not_found", `There is no run "${id}".`);
  const accruals = new Accruals(store, workspace, await tariffs.of(workspace));
  const read = async (node: Run, depth: number): Promise<RunTree> => {
    const steps = await store.stepsOfRun(workspace, node.id);
    const outcomes = [...(await store.outcomesOfRun(workspace, node.id))].sort(byTime);
    const accrued = await accruals.of(node, outcomes);
    const below = depth < RUN_DEPTH_MAX ? await store.children(workspace, node.id) : [];
    const children: RunTree[] = [];
    for (const child of below) children.push(await read(child, depth + 1));
    return { run: node, steps: [...steps].sort(byTime), outcomes, children, accrued };
  };
  return read(run, 1);
}

function byTime(a: Timed, b: Timed): number {
  return a.occurredAtMs - b.occurredAtMs || a.seq - b.seq;
}

/** Whether a run has counted steps that are not there any more. */
export function areStepsRemoved({ run, steps }: Pick<RunTree, "run" | "steps">): boolean {
  return run.own.steps > 0 && steps.length === 0;
}
