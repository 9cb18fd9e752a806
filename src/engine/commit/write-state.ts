/** The last act of a unit of work: what changed is sealed onto the hash chain and written. */

import type { EngineContext } from "../context.ts";
import type { ChainHead, UnitOfWork, Writes } from "../ports.ts";
import type { BatchState } from "./batch-state.ts";
import { sealLink } from "./seal.ts";

/** Rows that an act adds beside the state's own. */
export type ExtraWrites = Partial<Pick<Writes, "statements" | "cards" | "prices">>;

/** Seals what a state changed onto the chain and writes it. Nothing changed: nothing is written. */
export async function writeState(
  context: Pick<EngineContext, "digest">,
  unit: UnitOfWork,
  change: {
    readonly state: BatchState;
    readonly head: ChainHead;
    readonly extra: ExtraWrites;
  },
): Promise<string> {
  const { state, head, extra } = change;
  if (state.lastSeq === head.lastSeq && !state.touched()) return head.digest;
  const writes = { ...state.toWrites(), ...extra };
  const { steps, journal } = writes;
  const { lastSeq } = state;
  // A step revised twice in one unit is sealed as both revisions.
  const revised = writes.formerSteps.filter((step) => step.seq > head.lastSeq);
  const { link, steps: sealedSteps } = sealLink(context.digest, head, {
    steps: revised.length === 0 ? steps : [...steps, ...revised],
    journal,
    beside: writes,
    lastSeq,
    nowMs: state.receivedAtMs,
  });
  const { digest, committedAtMs } = { ...head, ...link };
  const after = { lastSeq, digest, committedAtMs: committedAtMs ?? head.committedAtMs };
  await unit.write({ ...writes, link, sealedSteps, head: after });
  return digest;
}
