/** One unit of work: load, decide, seal, write, commit. */
import type { TollgateEvent } from "../domain/event/event.ts";
import { applyBatch } from "./apply-batch.ts";
import { BatchState } from "./batch-state.ts";
import type { EngineContext } from "./context.ts";
import { endDueCredit } from "./end-due-credit.ts";
import { loadBatch } from "./load-batch.ts";
import { recoverTotals } from "./recover-totals.ts";
import type { BatchResult } from "./result.ts";
import { writeState } from "./write-state.ts";

/** Commits events durably; what resolves is on disk. Throws `store.unknown` when it may not be. */
export async function commitEvents(
  context: Omit<EngineContext, "loop" | "clocks">,
  workspace: string,
  events: readonly TollgateEvent[],
): Promise<BatchResult> {
  await recoverTotals(context, workspace);
  await endDueCredit(context, workspace);
  const tariff = await context.tariffs.of(workspace);
  const receivedAtMs = context.clock.nowMs();
  const committed = context.store.transact(workspace, async (unit) => {
    const head = await unit.head();
    const state = new BatchState(receivedAtMs, head.lastSeq);
    await loadBatch(unit, tariff, { state, events });
    const result = applyBatch(state, tariff, events);
    await writeState(context, unit, { state, head, extra: {} });
    return result;
  });
  return committed.catch(async (error: unknown) => {
    // Memory was dropped with the failed unit: sum the steps on disk now, if the disk lets us.
    await recoverTotals(context, workspace).catch(() => undefined);
    throw error;
  });
}
