/**
 * Counts what waited for a run's customer, where that is much, in units of work of its own. The
 * event that named the customer has bound the whole tree, and each of its runs says how much still
 * waits. A unit sends what waits to the run as if it had just arrived: it is taken out of suspense
 * and counted by that, and whoever sent it meanwhile has found it there.
 */
import { decodeEvent } from "../../domain/event/codec.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { RELEASED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import { commitWork } from "../commit/commit-events.ts";
import type { EngineContext } from "../context.ts";
import type { Suspended, UnitOfWork } from "../ports.ts";

/** Counts all that waits in a run whose customer is known, in the order of its arrival. */
export async function releaseWaiting(
  context: EngineContext,
  workspace: string,
  run: string,
): Promise<void> {
  const { loop, rules, clocks, waiting, alarm } = context;
  // Nothing comes to wait in a run that is bound, so what waits is read once.
  let left: Suspended[] | null = null;
  const found = async (unit: UnitOfWork): Promise<TollgateEvent[]> => {
    const [now] = await unit.runs([run]);
    const isBound = now !== undefined && now.customer !== null && now.suspended > 0;
    left ??= isBound ? (await unit.suspendedOfRun(run)).toSorted((a, b) => a.seq - b.seq) : [];
    const next = left.slice(0, RELEASED_PER_UNIT_MAX_COUNT);
    // Who sent one meanwhile has had it counted.
    const rows = next.length === 0 ? [] : await unit.suspended(next);
    return rows.toSorted((a, b) => a.seq - b.seq).map(({ document }) => decodeEvent(document));
  };
  const release = () =>
    rules.decideBy(workspace, async (seen) => {
      const clock = await clocks.of(workspace);
      return commitWork({ ...context, clock, seen }, workspace, { events: [], holds: [], found });
    });
  for (;;) {
    await loop.exclusively(release, workspace);
    waiting.look(workspace);
    alarm.look(workspace);
    left = (left ?? []).slice(RELEASED_PER_UNIT_MAX_COUNT);
    if (left.length === 0) return;
  }
}
