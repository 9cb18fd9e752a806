/** What reads work with that are about an instant: all that was known then, and its time. */

import type { EngineContext, ReadContext } from "../context.ts";
import { seqAsOf } from "./as-of-seq.ts";
import { StoreAsOf } from "./store-as-of.ts";

/**
 * Reads of what was known then. Throws `asof.future` and `asof.too_early`; a read throws
 * `steps.removed` where steps that were removed since could change what it answers.
 */
export async function readsAsOf(
  context: EngineContext,
  workspace: string,
  atMs: number,
): Promise<ReadContext> {
  const seq = await seqAsOf(context, workspace, atMs);
  const store = new StoreAsOf(context, { workspace, seq });
  return {
    store,
    tariffs: { of: () => store.tariff() },
    clocks: { of: async () => ({ nowMs: () => atMs }) },
    untilSeq: seq,
  };
}
