/** One unit of work: load, decide, seal, write, commit. */
import type { TollgateEvent } from "../domain/event/event.ts";
import { applyBatch } from "./apply-batch.ts";
import { BatchState } from "./batch-state.ts";
import type { EngineContext } from "./context.ts";
import { loadBatch } from "./load-batch.ts";
import type { UnitOfWork, Writes } from "./ports.ts";
import type { BatchResult } from "./result.ts";
import { sealLink } from "./seal.ts";

/** Commits events durably; what resolves is on disk. Throws `store.unknown` when it may not be. */
export async function commitEvents(
  context: Omit<EngineContext, "loop">,
  workspace: string,
  events: readonly TollgateEvent[],
): Promise<BatchResult> {
  const tariff = await context.tariffs.of(workspace);
  const receivedAtMs = context.clock.nowMs();
  return context.store.transact(workspace, async (unit) => {
    const head = await unit.head();
    const state = new BatchState(receivedAtMs, head.lastSeq);
    await loadBatch(unit, tariff, { state, events });
    const result = applyBatch(state, tariff, events);
    await writeState(context, unit, { state, head, extra: {} });
    return result;
  });
}

/** Rows that an act adds beside the state's own. */
export type ExtraWrites = Partial<Pick<Writes, "statements" | "cards" | "prices">>;

/** Seals what a state changed onto the chain and writes it. Nothing changed: nothing is written. */
export async function writeState(
  context: Pick<EngineContext, "digest">,
  unit: UnitOfWork,
  change: {
    readonly state: BatchState;
    readonly head: { readonly lastSeq: number; readonly digest: string };
    readonly extra: ExtraWrites;
  },
): Promise<void> {
  const { state, head, extra } = change;
  if (state.lastSeq === head.lastSeq && !state.touched()) return;
  const writes = { ...state.toWrites(), ...extra };
  const { steps, journal } = writes;
  const { lastSeq } = state;
  // A step revised twice in one unit is sealed as both revisions.
  const sealed = [...steps, ...writes.formerSteps.filter((step) => step.seq > head.lastSeq)];
  const { link, steps: sealedSteps } = sealLink(context.digest, head, {
    steps: sealed,
    journal,
    lastSeq,
  });
  const digest = link?.digest ?? head.digest;
  await unit.write({ ...writes, link, sealedSteps, head: { lastSeq, digest } });
}
