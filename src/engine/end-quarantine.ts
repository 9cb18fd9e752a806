/**
 * Periodic work: what becomes of holds whose step nobody recorded. After its quarantine a step is
 * taken to have used all that was held for it: an estimate, which the real record supersedes
 * whenever it comes. Where the caller said so, the hold is released instead.
 *
 * The quarantine is measured on a clock that never jumps, from when this process first saw the hold
 * expired: a machine whose clock is set forward by an hour neither burns nor frees a hold.
 */
import type { Hold } from "../domain/budget/hold.ts";
import { decodeEvent } from "../domain/event/codec.ts";
import { HOLD_QUARANTINE_MS } from "../domain/limits.ts";
import { commitWork } from "./commit-events.ts";
import type { EngineContext } from "./context.ts";
import { GivenUp, guardedStore } from "./guarded-store.ts";

const HOLDS_PER_UNIT_MAX_COUNT = 500;

/** When this process first saw each hold expired, on the clock that never jumps. */
export type Quarantine = Map<string, number>;

/** Ends what is due. Returns how many holds ended. */
export async function endQuarantine(
  context: EngineContext,
  workspace: string,
  {
    seen,
    quarantineMs = HOLD_QUARANTINE_MS,
  }: {
    readonly seen: Quarantine;
    readonly quarantineMs?: number;
  },
): Promise<number> {
  const clock = await context.clocks.of(workspace);
  const passedMs = clock.passedMs?.() ?? clock.nowMs();
  const expired = await context.store.transact(workspace, (unit) =>
    unit.spending.expiredHolds(clock.nowMs(), HOLDS_PER_UNIT_MAX_COUNT),
  );
  forgetOthers(seen, expired);
  const due = expired.filter(({ holdId, expiresAtMs }) => {
    const start = clock.passedMs === undefined ? expiresAtMs : (seen.get(holdId) ?? passedMs);
    seen.set(holdId, start);
    return passedMs >= start + quarantineMs;
  });
  if (due.length === 0) return 0;
  try {
    await endHolds({ ...context, clock }, workspace, due);
  } catch (error) {
    if (error instanceof HoldsMoved) return 0;
    throw error;
  }
  return due.length;
}

/** A hold was renewed, settled or released between the look at it and its end. */
class HoldsMoved extends GivenUp {}

function forgetOthers(seen: Quarantine, expired: readonly Hold[]): void {
  const kept = new Set(expired.map(({ holdId }) => holdId));
  for (const holdId of seen.keys()) if (!kept.has(holdId)) seen.delete(holdId);
}

/** Ends these holds if all stand as they were seen; else none, and the next look decides. */
async function endHolds(
  context: EngineContext,
  workspace: string,
  due: readonly Hold[],
): Promise<void> {
  const { loop, digest, rules, waiting } = context;
  const estimated = due.filter(({ onExpiry }) => onExpiry === "estimate");
  const events = estimated.map(({ document, holdId }) => {
    const event = decodeEvent(document);
    return { ...event, contentHash: `1${digest.content(`estimate of ${holdId}`)}` };
  });
  const releases = due.filter(({ onExpiry }) => onExpiry === "release");
  const none = { asks: [], renewals: [], caps: [] };
  const work = { events, holds: [{ run: "", releases, ...none }] };
  const store = guardedStore(context.store, async (unit) => {
    const counting = await unit.spending.countingHolds(due);
    const expiries = new Map(counting.map(({ holdId, expiresAtMs }) => [holdId, expiresAtMs]));
    const isAsSeen = due.every(({ holdId, expiresAtMs }) => expiries.get(holdId) === expiresAtMs);
    if (!isAsSeen) throw new HoldsMoved("Holds changed before they were ended.");
  });
  const end = () =>
    rules.decideBy(workspace, (seen) => commitWork({ ...context, store, seen }, workspace, work));
  await loop.exclusively(end, workspace);
  waiting.look(workspace);
}
