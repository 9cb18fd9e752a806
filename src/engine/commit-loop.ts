/**
 * The group commit. Everything that arrived while the last unit of work ran is taken together:
 * no timer, so an idle system answers at once and a busy one commits in large batches. All events
 * of a unit belong to one workspace; acts (a new card, a period close) run between units.
 *
 * A store that several nodes share lets workspaces be written to at once, so each has a lane of its
 * own there: nobody waits for another workspace. The embedded store has one writer, and one lane.
 */
import { TollgateError } from "../domain/errors.ts";
import type { TollgateEvent } from "../domain/event/event.ts";
import { EVENTS_PER_COMMIT_MAX_COUNT, WAITING_REQUESTS_MAX_COUNT } from "../domain/limits.ts";
import type { HoldsRequest } from "./hold-answers.ts";
import type { BatchResult } from "./result.ts";
import type { Work } from "./work.ts";

interface EventsWaiting {
  readonly kind: "events";
  readonly workspace: string;
  readonly events: readonly TollgateEvent[];
  /** What is asked of holds once the events are booked; null: nothing. */
  readonly holds: HoldsRequest | null;
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (error: unknown) => void;
}

interface ActWaiting {
  readonly kind: "act";
  readonly act: () => Promise<void>;
}

type Waiting = EventsWaiting | ActWaiting;

/** Commits work of one workspace durably; resolves after the commit. */
export type CommitWork = (workspace: string, work: Work) => Promise<BatchResult>;

/** What waits for its turn, and whether somebody sees to it. */
interface Lane {
  readonly queue: Waiting[];
  running: Promise<void> | null;
}

/** The queue in front of the store: one unit of work at a time, as large as what waits. */
export class CommitLoop {
  readonly #commit: CommitWork;
  readonly #hasLanes: boolean;
  readonly #lanes = new Map<string, Lane>();
  #waitingCount = 0;
  #draining = false;

  /** (Default: one lane for all workspaces.) */
  constructor(commit: CommitWork, { hasLanes = false }: { readonly hasLanes?: boolean } = {}) {
    this.#commit = commit;
    this.#hasLanes = hasLanes;
  }

  /** Requests that wait for a commit. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Commits events with whatever else is waiting. Throws `server.busy` when too much waits. */
  submit(
    workspace: string,
    events: readonly TollgateEvent[],
    holds: HoldsRequest | null = null,
  ): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      this.#push(workspace, { kind: "events", workspace, events, holds, resolve, reject });
    });
  }

  /** Runs an act alone, in turn with the commits of its workspace. */
  exclusively<T>(act: () => Promise<T>, workspace: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#push(workspace, { kind: "act", act: () => act().then(resolve, reject) });
    });
  }

  /** Refuses new work and resolves when all that waits is done. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.all([...this.#lanes.values()].map(({ running }) => running));
  }

  #push(workspace: string, item: Waiting): void {
    if (this.#draining) throw new TollgateError("server.draining", "The server is shutting down.");
    if (this.#waitingCount >= WAITING_REQUESTS_MAX_COUNT) {
      const detail = `${this.#waitingCount} requests wait for the store.`;
      throw new TollgateError("server.busy", detail);
    }
    const name = this.#hasLanes ? workspace : "";
    const lane = this.#lanes.get(name) ?? { queue: [], running: null };
    this.#lanes.set(name, lane);
    lane.queue.push(item);
    this.#waitingCount += 1;
    lane.running ??= this.#run(name, lane);
  }

  async #run(name: string, lane: Lane): Promise<void> {
    const { queue } = lane;
    await nextTurn();
    while (queue.length > 0) {
      const first = queue[0];
      if (first?.kind === "act") {
        this.#take(queue);
        await first.act();
      } else if (first !== undefined) {
        await this.#commitTogether(this.#takeEvents(queue, first.workspace));
        await nextTurn();
      }
    }
    lane.running = null;
    this.#lanes.delete(name);
  }

  #take(queue: Waiting[]): void {
    queue.shift();
    this.#waitingCount -= 1;
  }

  /** Takes the events at the head of the queue that belong to one workspace, up to the limit. */
  #takeEvents(queue: Waiting[], workspace: string): EventsWaiting[] {
    const taken: EventsWaiting[] = [];
    let count = 0;
    while (queue.length > 0) {
      const next = queue[0];
      if (next?.kind !== "events" || next.workspace !== workspace) break;
      if (taken.length > 0 && count + next.events.length > EVENTS_PER_COMMIT_MAX_COUNT) break;
      this.#take(queue);
      taken.push(next);
      count += next.events.length + (next.holds?.asks.length ?? 0);
    }
    return taken;
  }

  async #commitTogether(taken: readonly EventsWaiting[]): Promise<void> {
    const workspace = taken[0]?.workspace ?? "";
    try {
      const all = taken.flatMap((request) => request.events);
      const asked = taken.flatMap((request) => request.holds ?? []);
      const committed = await this.#commit(workspace, { events: all, holds: asked });
      const { results, runs } = committed;
      const answers = committed.holds.values();
      let from = 0;
      for (const { events, holds, resolve } of taken) {
        const own = holds === null ? [] : answers.take(1).toArray();
        resolve({ results: results.slice(from, from + events.length), runs, holds: own });
        from += events.length;
      }
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
  }
}

/** One turn of the event loop lets requests that are being read join the next commit. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
