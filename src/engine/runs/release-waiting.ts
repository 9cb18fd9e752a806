/**
 * Counts what waited for a customer, where that is much, in units of work of its own. The event
 * that named the customer has bound the whole tree, and each of its runs says how much still waits.
 * A unit sends what waits in some of them as if it had just arrived: it is taken out of suspense
 * and counted by that, and whoever sent it meanwhile has found it there.
 */
import { decodeEvent } from "../../domain/event/codec.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { RELEASED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import { commitWork } from "../commit/commit-events.ts";
import type { EngineContext } from "../context.ts";
import type { Suspended, UnitOfWork } from "../ports.ts";

/**
 * Counts all that waits in runs whose customer is known, one run after the other, each in the order
 * of arrival. A unit takes what it may of as many runs as have that: a tree of thousands of runs
 * with a step each would keep who named its customer waiting for as many units.
 */
export async function releaseWaiting(
  context: EngineContext,
  workspace: string,
  runs: readonly string[],
): Promise<void> {
  const { loop, rules, clocks, waiting, alarm } = context;
  const left = new Waiting(runs);
  const found = async (unit: UnitOfWork): Promise<TollgateEvent[]> => {
    const next = await left.next(unit);
    // Who sent one meanwhile has had it counted.
    const rows = next.length === 0 ? [] : await unit.suspended(next);
    return left.inOrder(rows).map(({ document }) => decodeEvent(document));
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
    if (left.isDoneBehind()) return;
  }
}

/** What is left to be released. Nothing comes to wait in a run that is bound: each is read once. */
class Waiting {
  readonly #runs: readonly string[];
  readonly #places: ReadonlyMap<string, number>;
  /** How many of the runs are read. */
  #readCount = 0;
  #left: readonly Suspended[] = [];

  constructor(runs: readonly string[]) {
    this.#runs = runs;
    this.#places = new Map(runs.map((run, at) => [run, at]));
  }

  /** What a unit is to release; the same again where it begins anew. */
  async next(unit: UnitOfWork): Promise<readonly Suspended[]> {
    const ids = this.#runs.slice(this.#readCount, this.#readCount + RELEASED_PER_UNIT_MAX_COUNT);
    const isEnough = this.#left.length >= RELEASED_PER_UNIT_MAX_COUNT || ids.length === 0;
    if (!isEnough) {
      const known = new Map((await unit.runs(ids)).map((run) => [run.id, run]));
      const read: string[] = [];
      let count = this.#left.length;
      for (const id of ids) {
        if (count >= RELEASED_PER_UNIT_MAX_COUNT) break;
        this.#readCount += 1;
        const { customer = null, suspended = 0 } = known.get(id) ?? {};
        if (customer === null || suspended === 0) continue;
        read.push(id);
        count += suspended;
      }
      const rows = read.length === 0 ? [] : await unit.suspendedOfRuns(read);
      this.#left = [...this.#left, ...this.inOrder(rows)];
    }
    return this.#left.slice(0, RELEASED_PER_UNIT_MAX_COUNT);
  }

  inOrder(rows: readonly Suspended[]): Suspended[] {
    const place = ({ run }: Suspended) => this.#places.get(run) ?? 0;
    return rows.toSorted((a, b) => place(a) - place(b) || a.seq - b.seq);
  }

  /** A unit is on disk, and what it was to release is left no more: was it the last? */
  isDoneBehind(): boolean {
    this.#left = this.#left.slice(RELEASED_PER_UNIT_MAX_COUNT);
    return this.#left.length === 0 && this.#readCount === this.#runs.length;
  }
}
