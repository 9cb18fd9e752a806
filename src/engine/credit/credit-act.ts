/** An act on prepaid credit: who pays for an outcome must not depend on when that was looked at. */

import { settleOutcomes } from "../booking/settle-outcomes.ts";
import { runAct } from "../commit/act.ts";
import type { Act } from "../commit/carry-out.ts";
import type { EngineContext } from "../context.ts";

/** Runs an act after everything that is final by now is charged. */
export async function runCreditAct<T>(
  context: EngineContext,
  workspace: string,
  work: (act: Act) => Promise<T>,
): Promise<T> {
  await settleOutcomes(context, workspace);
  const done = await runAct(context, workspace, work);
  // A run may wait for nothing but credit.
  context.waiting.look(workspace);
  return done;
}
