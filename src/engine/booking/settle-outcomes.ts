/**
 * Outcomes become final: what nobody has taken back in its window is charged. When an outcome is
 * final is fixed when it is recorded, and decides the period that bills it; when this runs decides
 * nothing.
 */
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { settleDueOutcomes } from "./settle-due-outcomes.ts";

/**
 * Charges every outcome that is final by now, earliest first. May be repeated, and goes on where it
 * was cut off. Returns how many there were.
 */
export async function settleOutcomes(context: EngineContext, workspace: string): Promise<number> {
  const tariff = await context.tariffs.of(workspace);
  if (!tariff.settlesOutcomes) return 0;
  let total = 0;
  for (;;) {
    const { count, hasMore } = await runAct(context, workspace, (act) =>
      settleDueOutcomes(act, act.state.receivedAtMs),
    );
    total += count;
    if (!hasMore) return total;
  }
}
