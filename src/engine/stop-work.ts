/** Stops work and lets it go on: the kill switch of a run tree, an agent, a customer, all. */
import { type Stop, type StopKey, type StopMode, stopText } from "../domain/budget/stop.ts";
import { TollgateError } from "../domain/errors.ts";
import { type Act, runAct } from "./act.ts";
import type { EngineContext } from "./context.ts";
import { recordStop } from "./record-stop.ts";
import { episodeOf } from "./run-episodes.ts";
import type { Decided } from "./save-budget.ts";
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

/** Work to let go on, and a cap to raise with it. */
export interface NewResume extends Decided, StopKey {
  readonly raise: Pick<NewLimit, "budget" | "scope" | "limit"> | null;
}

/** Lifts a stop. Throws `stop.not_found` where nothing is stopped and nothing raised. */
export async function resumeWork(
  context: EngineContext,
  workspace: string,
  { of, id, raise, reason, by }: NewResume,
): Promise<{ readonly lifted: Stop | null }> {
  const lifted = await runAct(context, workspace, async (act) => {
    if (of === "run") await requireRun(act, id);
    const [known] = await act.unit.spending.stops([{ of, id }]);
    if (known === undefined && raise === null) {
      throw new TollgateError("stop.not_found", `The ${of} "${id}" is not stopped.`, "id");
    }
    if (raise !== null) await putLimit(context, act, { ...raise, reason, by });
    if (known === undefined) return null;
    act.state.spending.lift({ of, id });
    const subject = JSON.stringify(stopText({ of, id }).split("\u0000"));
    const levels = of === "run" ? await levelsOf(act, id) : {};
    act.journal("work.resumed", subject, { of, id, was: known, reason, by, ...levels });
    return known;
  });
  context.policies.forgetRuns(workspace);
  context.waiting.look(workspace);
  return { lifted };
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
