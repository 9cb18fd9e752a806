/**
 * The group commit. Everything that arrived while the last unit of work ran is taken together:
 * no timer, so an idle system answers at once and a busy one commits in large batches. All events
 * of a unit belong to one workspace; acts (a new card, a period close) run between units.
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

/** The queue in front of the store: one unit of work at a time, as large as what waits. */
export class CommitLoop {
  readonly #commit: CommitWork;
  readonly #queue: Waiting[] = [];
  #running: Promise<void> | null = null;
  #draining = false;

  constructor(commit: CommitWork) {
    this.#commit = commit;
  }

  /** Requests that wait for a commit. */
  get waitingCount(): number {
    return this.#queue.length;
  }

  /** Commits events with whatever else is waiting. Throws `server.busy` when too much waits. */
  submit(
    workspace: string,
    events: readonly TollgateEvent[],
    holds: HoldsRequest | null = null,
  ): Promise<BatchResult> {
    return new Promise((resolve, reject) => {
      this.#push({ kind: "events", workspace, events, holds, resolve, reject });
    });
  }

  /** Runs an act alone, in turn with the commits. */
  exclusively<T>(act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#push({ kind: "act", act: () => act().then(resolve, reject) });
    });
  }

  /** Refuses new work and resolves when all that waits is done. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#running;
  }

  #push(item: Waiting): void {
    if (this.#draining) throw new TollgateError("server.draining", "The server is shutting down.");
    if (this.#queue.length >= WAITING_REQUESTS_MAX_COUNT) {
      const detail = `${this.#queue.length} requests wait for the store.`;
      throw new TollgateError("server.busy", detail);
    }
    this.#queue.push(item);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    await nextTurn();
    while (this.#queue.length > 0) {
      const first = this.#queue[0];
      if (first?.kind === "act") {
        this.#queue.shift();
        await first.act();
      } else if (first !== undefined) {
        await this.#commitTogether(this.#takeEvents(first.workspace));
        await nextTurn();
      }
    }
    this.#running = null;
  }

  /** Takes the events at the head of the queue that belong to one workspace, up to the limit. */
  #takeEvents(workspace: string): EventsWaiting[] {
    const taken: EventsWaiting[] = [];
    let count = 0;
    while (this.#queue.length > 0) {
      const next = this.#queue[0];
      if (next?.kind !== "events" || next.workspace !== workspace) break;
      if (taken.length > 0 && count + next.events.length > EVENTS_PER_COMMIT_MAX_COUNT) break;
      this.#queue.shift();
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
