/** An administrative act: one unit of work of its own, journalled and sealed like events are. */

import type { EngineContext } from "../context.ts";
import { endDueCredit } from "../credit/end-due-credit.ts";
import type { RulesVersions } from "../node-ports.ts";
import { type Act, carryOut, carryOutBesideTotals } from "./carry-out.ts";
import { recoverTotals } from "./recover-totals.ts";

export type { Act } from "./carry-out.ts";

/** Runs an act in turn with the commits. What it resolves to is durable. */
export function runAct<T>(
  context: EngineContext,
  workspace: string,
  work: (act: Act) => Promise<T>,
): Promise<T> {
  return runBy(carryOut, { context, workspace, work });
}

/**
 * The same for an act that reads no totals but those of its unit, and moves none: bringing totals
 * to the disk first would keep whoever asks for holds waiting for that.
 */
export function runActBesideTotals<T>(
  context: EngineContext,
  workspace: string,
  work: (act: Act) => Promise<T>,
): Promise<T> {
  return runBy(carryOutBesideTotals, { context, workspace, work });
}

interface Asked<T> {
  readonly context: EngineContext;
  readonly workspace: string;
  readonly work: (act: Act) => Promise<T>;
}

function runBy<T>(carry: typeof carryOut, { context, workspace, work }: Asked<T>): Promise<T> {
  const once = async (seen: RulesVersions): Promise<T> => {
    const clock = await context.clocks.of(workspace);
    const own = { ...context, clock, seen };
    await recoverTotals(own, workspace);
    // Nobody asked for this: it was due.
    await endDueCredit({ ...own, actor: null }, workspace);
    return carry(own, workspace, work);
  };
  return context.loop.exclusively(() => context.rules.decideBy(workspace, once), workspace);
}
