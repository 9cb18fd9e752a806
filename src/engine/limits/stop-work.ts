/** Stops work and lets it go on: the kill switch of a run tree, an agent, a customer, all. */
import type { Room } from "../../domain/budget/decide.ts";
import { scopesOf } from "../../domain/budget/spend.ts";
import { type Stop, type StopKey, type StopMode, stopText } from "../../domain/budget/stop.ts";
import { TollgateError } from "../../domain/errors.ts";
import { armStages } from "../alerts/arm-stages.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { episodeOf } from "../policies/run-episodes.ts";
import { readShort } from "./read-run-states.ts";
import { recordStop } from "./record-stop.ts";
import { type Decided, findBudget } from "./save-budget.ts";
import { type NewLimit, putLimit } from "./set-limit.ts";

/** Work to stop. */
export interface NewStop extends Decided, StopKey {
  readonly mode: StopMode;
}

/** Stops it: no hold is granted there from now on. The same again changes nothing. */
export async function stopWork(
  context: EngineContext,
  workspace: string,
  { of, id, mode, reason, by }: NewStop,
): Promise<Stop> {
  const stop = await runAct(context, workspace, async (act) => {
    if (of === "run") await requireRun(act, id);
    const [known] = await act.unit.spending.stops([{ of, id }]);
    if (known?.mode === mode && known.budget === null) return known;
    const { receivedAtMs: stoppedAtMs } = act.state;
    const wanted: Stop = { of, id, mode, budget: null, reason, by, stoppedAtMs };
    act.state.spending.putStop(wanted);
    recordStop(act, wanted);
    return wanted;
  });
  context.waiting.look(workspace);
  return stop;
}

/** A cap to raise. Scope null: that of the work that is let go on. */
export interface NewRaise {
  readonly budget: string;
  readonly scope: string | null;
  readonly limit: unknown;
}

/** Work to let go on, and a cap to raise with it. */
export interface NewResume extends Decided, StopKey {
  readonly raise: NewRaise | null;
}

/** What became of work that was let go on. */
export interface Resumed {
  /** Null: nothing was stopped. */
  readonly lifted: Stop | null;
  /** A balance that pauses or blocks the run again with its next hold; null: none does. */
  readonly short: Room | null;
}

/** Lifts a stop. Throws `stop.not_found` where nothing is stopped and nothing raised. */
export async function resumeWork(
  context: EngineContext,
  workspace: string,
  { of, id, raise, reason, by }: NewResume,
): Promise<Resumed> {
  let raised: Pick<NewLimit, "budget" | "scope"> | null = null;
  const lifted = await runAct(context, workspace, async (act) => {
    if (of === "run") await requireRun(act, id);
    const [known] = await act.unit.spending.stops([{ of, id }]);
    if (known === undefined && raise === null) {
      const what = of === "workspace" ? "The workspace" : `The ${of} "${id}"`;
      throw new TollgateError("stop.not_found", `${what} is not stopped.`, "id");
    }
    if (raise !== null) {
      const { budget, limit } = raise;
      const scope = raise.scope ?? (await scopeToRaise(context, act, { of, id, known, budget }));
      raised = { budget, scope };
      await putLimit(context, act, { budget, scope, limit, reason, by });
    }
    if (known === undefined) return null;
    act.state.spending.lift({ of, id });
    const subject = JSON.stringify(stopText({ of, id }).split("\u0000"));
    const levels = of === "run" ? await levelsOf(act, id) : {};
    act.journal("work.resumed", subject, { of, id, was: known, reason, by, ...levels });
    return known;
  });
  if (of === "run") context.policies.forgetRun(workspace, id);
  context.waiting.look(workspace, of === "run" ? id : null);
  if (raised !== null) {
    const { budget: key, scope } = raised as Pick<NewLimit, "budget" | "scope">;
    await armStages(context, workspace, { key, scope });
  }
  return { lifted, short: of === "run" ? await readShort(context, workspace, id) : null };
}

interface Raising extends StopKey {
  readonly known: Stop | undefined;
  /** Key of the budget. */
  readonly budget: string;
}

/**
 * Whose limit is raised with work that is let go on: the balance that paused it, or what the work
 * counts in. A limit of anything else would be set, told as raised, and let nothing go on.
 */
async function scopeToRaise(
  context: EngineContext,
  { workspace, unit }: Act,
  { of, id, known, budget: key }: Raising,
): Promise<string> {
  const { id: budgetId, budget } = await findBudget(context, workspace, key);
  if (known?.budget?.budgetId === budgetId) return known.budget.scope;
  const { each } = budget;
  if (each === "workspace") return "";
  if (each === of) return id;
  const [run] = of === "run" ? await unit.runs([id]) : [];
  if (run !== undefined) {
    const { customer, agent, labels } = run;
    const spender = { customer: customer ?? "", agent, labels, cardKey: null, path: [] };
    const [scope] = scopesOf({ ...budget, where: {} }, spender);
    if (scope !== undefined && customer !== null) return scope;
  }
  const detail = `"${key}" has a limit for each ${each.replaceAll("_", " and ")}: say which.`;
  throw new TollgateError("budget.invalid", detail, "raise.scope");
}

/** What a run has come to: rules of policies begin anew from there. */
async function levelsOf({ unit, state }: Act, id: string) {
  const [run] = await unit.runs([id]);
  if (run === undefined) return {};
  const below = run.height > 0 ? await unit.descendants(id) : [];
  const children = below.filter(({ parent }) => parent === id).length;
  return { levels: episodeOf(run, { children, atMs: state.receivedAtMs }) };
}

async function requireRun({ unit }: Act, id: string): Promise<void> {
  if ((await unit.runs([id])).length > 0) return;
  throw new TollgateError("run.not_found", `There is no run "${id}".`, "run");
}
