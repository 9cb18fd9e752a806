/** What reads work with that are about an instant: all that was known then, and its time. */

import { seqAsOf } from "./as-of-seq.ts";
import type { EngineContext, ReadContext } from "./context.ts";
import { requireSteps } from "./retention/require-steps.ts";
import { StoreAsOf } from "./store-as-of.ts";

/** Reads of what was known then. Throws `asof.future`, `asof.too_early`, `steps.removed`. */
export async function readsAsOf(
  context: EngineContext,
  workspace: string,
  atMs: number,
): Promise<ReadContext> {
  // Totals as of an instant are added up anew, from all steps.
  await requireSteps(context.store, workspace, null);
  const seq = await seqAsOf(context, workspace, atMs);
  const store = new StoreAsOf(context, { workspace, seq });
  return {
    store,
    tariffs: { of: () => store.tariff() },
    clocks: { of: async () => ({ nowMs: () => atMs }) },
  };
}
