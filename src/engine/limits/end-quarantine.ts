/**
 * Periodic work: what becomes of holds whose step nobody recorded. After its quarantine a step is
 * taken to have used all that was held for it: an estimate, which the real record supersedes
 * whenever it comes. Where the caller said so, the hold is released instead.
 *
 * The quarantine is measured on a clock that never jumps, from when this process first looked
 * after the hold had expired: a machine whose clock is set forward by an hour neither burns nor
 * frees one. Looks are remembered and no holds: where a fleet dies, tens of thousands expire.
 */
import type { Hold } from "../../domain/budget/hold.ts";
import { decodeEvent } from "../../domain/event/codec.ts";
import { HOLD_QUARANTINE_MS } from "../../domain/limits.ts";
import { commitWork } from "../commit/commit-events.ts";
import type { EngineContext } from "../context.ts";
import { GivenUp, guardedStore } from "../duties/guarded-store.ts";

const HOLDS_PER_UNIT_MAX_COUNT = 500;

/** When this process looked, by the workspace's clock and by one that never jumps. */
interface Look {
  readonly nowMs: number;
  readonly passedMs: number;
}

/** Looks of one process at one workspace, as far back as a quarantine lasts. */
export class Quarantine {
  readonly #looks: Look[] = [];

  /**
   * Looks. Holds that expired before the time that this returns were seen expired when that time
   * was, a quarantine ago; null: no look was so long ago.
   */
  look(look: Look, quarantineMs: number): number | null {
    // Where the clock was set back, what expires from now on was not seen by former looks.
    if (look.nowMs < (this.#looks.at(-1)?.nowMs ?? 0)) this.#looks.length = 0;
    this.#looks.push(look);
    const isLongAgo = ({ passedMs }: Look) => passedMs <= look.passedMs - quarantineMs;
    this.#looks.splice(0, Math.max(0, this.#looks.findLastIndex(isLongAgo)));
    const [first] = this.#looks;
    return first !== undefined && isLongAgo(first) ? first.nowMs : null;
  }
}

/** Ends all that is due, unit by unit. Returns how many holds ended. */
export async function endQuarantine(
  context: EngineContext,
  workspace: string,
  {
    quarantine,
    quarantineMs = HOLD_QUARANTINE_MS,
  }: {
    readonly quarantine: Quarantine;
    readonly quarantineMs?: number;
  },
): Promise<number> {
  const clock = await context.clocks.of(workspace);
  const nowMs = clock.nowMs();
  const beforeMs =
    clock.passedMs === undefined
      ? nowMs - quarantineMs + 1
      : quarantine.look({ nowMs, passedMs: clock.passedMs() }, quarantineMs);
  if (beforeMs === null) return 0;
  let count = 0;
  for (let last = ""; ; ) {
    const due = await context.store.transact(workspace, (unit) =>
      unit.spending.expiredHolds(Math.min(beforeMs, nowMs), HOLDS_PER_UNIT_MAX_COUNT),
    );
    const first = due[0]?.holdId ?? last;
    // None is due, or the one that was is so still: what it is for cannot be taken up.
    if (first === last) break;
    last = first;
    try {
      await endHolds({ ...context, clock }, workspace, due);
    } catch (error) {
      if (error instanceof HoldsMoved) break;
      throw error;
    }
    count += due.length;
  }
  return count;
}

/** A hold was renewed, settled or released between the look at it and its end. */
class HoldsMoved extends GivenUp {}

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
