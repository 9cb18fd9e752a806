/** An administrative act: one unit of work of its own, journalled and sealed like events are. */
import { type Act, carryOut } from "./carry-out.ts";
import type { EngineContext } from "./context.ts";
import { endDueCredit } from "./end-due-credit.ts";
import type { RulesVersions } from "./node-ports.ts";
import { recoverTotals } from "./recover-totals.ts";

export type { Act } from "./carry-out.ts";

/** Runs an act in turn with the commits. What it resolves to is durable. */
export function runAct<T>(
  context: EngineContext,
  workspace: string,
  work: (act: Act) => Promise<T>,
): Promise<T> {
  const once = async (seen: RulesVersions): Promise<T> => {
    const clock = await context.clocks.of(workspace);
    const own = { ...context, clock, seen };
    await recoverTotals(own, workspace);
    await endDueCredit(own, workspace);
    return carryOut(own, workspace, work);
  };
  return context.loop.exclusively(() => context.rules.decideBy(workspace, once), workspace);
}
