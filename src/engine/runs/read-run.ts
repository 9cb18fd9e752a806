/** A run as a tree: its steps with cost and charge, its outcomes, its children. */
import { TollgateError } from "../../domain/errors.ts";
import type { Step } from "../../domain/event/step.ts";
import { RUN_DEPTH_MAX, RUN_TREE_STEPS_MAX_COUNT } from "../../domain/limits.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type { EngineContext, ReadContext } from "../context.ts";
import { Accruals } from "../periods/accrued.ts";
import type { StepPlace } from "../periods/line-page.ts";
import { RunsAtClose } from "../periods/runs-at-close.ts";

/** A run with everything below it. */
export interface RunTree {
  readonly run: Run;
  /** By their own time, then in commit order. Empty, too, where they were removed or left out. */
  readonly steps: readonly Step[];
  /** False: nobody asked for steps. */
  readonly hasSteps: boolean;
  /** By their own time. */
  readonly outcomes: readonly OutcomeState[];
  readonly children: readonly RunTree[];
  /** What the run's own charges that wait for its end would come to, were it completed now. */
  readonly accrued: Amount;
}

/** Which steps of a run are read, in the order of their identities. */
export interface StepsAsked {
  readonly run: string;
  /** Null: from the first on. */
  readonly behind: StepPlace | null;
  readonly limit: number;
}

/** A page of them, which may be short before the end. */
export interface StepsOfRun {
  readonly steps: readonly Step[];
  /** Null: those were all. */
  readonly next: StepPlace | null;
}

/** Steps of one run by pages, however many it has, as they are now. Throws `run.not_found`. */
export async function readStepsOfRun(
  context: Pick<EngineContext, "store" | "tariffs">,
  workspace: string,
  { run, behind, limit }: StepsAsked,
): Promise<StepsOfRun> {
  const { store } = context;
  if ((await store.run(workspace, run)) === undefined) throw notFound(run);
  const now = new RunsAtClose(context, { store }, { workspace, seq: Number.MAX_SAFE_INTEGER });
  const { steps, next } = await now.steps(run, behind, limit);
  return { steps: steps.map(({ was }) => was), next };
}

function notFound(run: string): TollgateError {
  return new TollgateError("run.not_found", `There is no run "${run}".`);
}

type Timed = Pick<Step, "occurredAtMs" | "seq">;

/** Which run is read, and whether with its steps. An id alone: with them. */
export interface RunAsked {
  readonly id: string;
  readonly hasSteps: boolean;
}

/**
 * Reads a run with everything below it. Throws `run.not_found`; `run.too_large` where that is more
 * steps than are read at once.
 */
export async function readRunTree(
  { store, tariffs }: Pick<ReadContext, "store" | "tariffs">,
  workspace: string,
  asked: string | RunAsked,
): Promise<RunTree> {
  const { id, hasSteps } = typeof asked === "string" ? { id: asked, hasSteps: true } : asked;
  const run = await store.run(workspace, id);
  if (run === undefined) throw notFound(id);
  const accruals = new Accruals(store, workspace, await tariffs.of(workspace));
  let left = RUN_TREE_STEPS_MAX_COUNT;
  const stepsOf = async (node: Run): Promise<Step[]> => {
    const steps = await store.stepsOfRun(workspace, node.id, left + 1);
    left -= steps.length;
    if (left >= 0) return steps;
    const most = RUN_TREE_STEPS_MAX_COUNT;
    const detail = `Run "${id}" and those below it have more than ${most} steps.`;
    throw new TollgateError("run.too_large", detail, "run");
  };
  const read = async (node: Run, depth: number): Promise<RunTree> => {
    const steps = hasSteps ? await stepsOf(node) : [];
    const outcomes = [...(await store.outcomesOfRun(workspace, node.id))].sort(byTime);
    const accrued = await accruals.of(node, outcomes);
    const below = depth < RUN_DEPTH_MAX ? await store.children(workspace, node.id) : [];
    const children: RunTree[] = [];
    for (const child of below) children.push(await read(child, depth + 1));
    steps.sort(byTime);
    return { run: node, steps, hasSteps, outcomes, children, accrued };
  };
  return read(run, 1);
}

function byTime(a: Timed, b: Timed): number {
  return a.occurredAtMs - b.occurredAtMs || a.seq - b.seq;
}

/** Whether a run has counted steps that are not there any more. */
export function areStepsRemoved({ run, steps, hasSteps }: Omit<RunTree, "children">): boolean {
  return hasSteps && run.own.steps > 0 && steps.length === 0;
}
