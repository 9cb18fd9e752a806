/**
 * The group commit. Everything that arrived while the last unit of work ran is taken together:
 * no timer, so an idle system answers at once and a busy one commits in large batches. All events
 * of a unit belong to one workspace; acts (a new card, a period close) run between units.
 *
 * Who asks for a hold waits before every call of a model, for the unit under way and then for its
 * own. So holds go before events that wait, and while any are asked for no unit takes many events.
 * Where a unit costs little they have every second one to themselves: they wait for events that go
 * before, never for others as well. They go before acts too, as long as events stand before these:
 * an act waits for many small units then, and who asks would wait for all of them, and for the act.
 *
 * Every second unit at least takes a request of events where one waits, so holds keep no events
 * from being booked, and then the small ones, so a customer of many large requests keeps nobody
 * waiting but itself.
 *
 * A store that several nodes share lets workspaces be written to at once, so each has a lane of its
 * own there: nobody waits for another workspace. The embedded store has one writer, and one lane.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import {
  EVENTS_BESIDE_HOLDS_MAX_COUNT,
  EVENTS_PER_COMMIT_MAX_COUNT,
  EVENTS_PER_EARLY_UNIT_MIN_COUNT,
  HOLDS_PER_COMMIT_MAX_COUNT,
  UNITS_EXPECTING_HOLDS_COUNT,
  WAITING_REQUESTS_MAX_COUNT,
} from "../../domain/limits.ts";
import type { HoldsRequest } from "../limits/hold-answers.ts";
import type { Left } from "./batch-state.ts";
import { arrivalsTurn, othersTurn } from "./others-turn.ts";
import type { BatchResult } from "./result.ts";
import type { Work } from "./work.ts";

interface EventsWaiting {
  readonly kind: "events";
  readonly workspace: string;
  readonly events: readonly TollgateEvent[];
  /** What is asked of holds once the events are booked; null: nothing. */
  readonly holds: HoldsRequest | null;
  readonly resolve: (result: BatchResult | Promise<BatchResult>) => void;
  readonly reject: (error: unknown) => void;
}

interface ActWaiting {
  readonly kind: "act";
  readonly act: () => Promise<void>;
}

type Waiting = EventsWaiting | ActWaiting;

/** Commits work of one workspace durably; resolves after the commit. */
export type CommitWork = (workspace: string, work: Work) => Promise<BatchResult>;

interface LeftWork extends Pick<EventsWaiting, "workspace" | "events"> {
  readonly left: readonly Left[];
}

/** Whether an event states something of a run that many of its steps may depend on. */
function mayLeave(event: TollgateEvent): boolean {
  if (event.type === "run.opened") return true;
  return "customer" in event && (event.customer !== null || event.parentRun !== null);
}

/** Does what a unit has left to do in runs; returns these as they are then, among those known. */
type Finish = (
  workspace: string,
  left: readonly Left[],
  known: BatchResult["runs"],
) => Promise<BatchResult["runs"]>;

/** What waits for its turn, and whether somebody sees to it. */
interface Lane {
  queue: Waiting[];
  /** How much stands before the first act, events and asks together. */
  readySize: number;
  hasAct: boolean;
  running: Promise<void> | null;
  /** Units to come that take few events, because somebody may ask for holds meanwhile. */
  expecting: number;
  /** Whether the last unit took events. */
  tookEvents: boolean;
  /** Wakes who waits for so much to be ready. */
  wakeAtSize: number;
  wake: () => void;
}

/** A unit that handed over and is not on disk yet. */
interface Landing {
  /** Events and asks in it. */
  readonly size: number;
  /** Never rejects. */
  readonly end: Promise<void>;
  hasEnded: boolean;
}

/** The queue in front of the store: one unit of work at a time, as large as what waits. */
export class CommitLoop {
  readonly #commit: CommitWork;
  readonly #hasLanes: boolean;
  readonly #finish: Finish;
  readonly #lanes = new Map<string, Lane>();
  #waitingCount = 0;
  #draining = false;

  /** (Default: one lane for all workspaces, and runs are left as they are committed.) */
  constructor(
    commit: CommitWork,
    { hasLanes = false, finish }: { readonly hasLanes?: boolean; readonly finish?: Finish } = {},
  ) {
    this.#commit = commit;
    this.#hasLanes = hasLanes;
    this.#finish = finish ?? (async (_workspace, _left, known) => known);
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
    const lane = this.#lanes.get(name) ?? newLane();
    this.#lanes.set(name, lane);
    lane.queue.push(item);
    this.#waitingCount += 1;
    if (item.kind === "events" && !lane.hasAct) lane.readySize += sizeOf(item);
    else lane.hasAct = true;
    if (lane.running === null) lane.running = this.#run(name, lane);
    else if (lane.readySize >= lane.wakeAtSize) lane.wake();
  }

  async #run(name: string, lane: Lane): Promise<void> {
    let landing = NOTHING_LANDS;
    // Requests that are being read may join the unit.
    await othersTurn();
    while (lane.queue.length > 0 || !landing.hasEnded) {
      const first = lane.queue[0];
      const early = earlySize(landing);
      if (!landing.hasEnded && lane.readySize < early) {
        await Promise.race([landing.end, readyIn(lane, early)]);
      } else if (first?.kind === "act") {
        lane.queue.shift();
        measureReady(lane);
        this.#waitingCount -= 1;
        await first.act();
      } else if (first !== undefined) {
        const taken = takeUnit(lane, first.workspace, !this.#hasLanes);
        this.#waitingCount -= taken.length;
        landing = await this.#handOver(lane, taken);
        await arrivalsTurn();
      }
    }
    lane.running = null;
    if (this.#hasLanes) this.#lanes.delete(name);
  }

  /** Commits what was taken; resolves when the next unit may begin. */
  async #handOver(lane: Lane, taken: EventsWaiting[]): Promise<Landing> {
    const { promise: handedOver, resolve } = Promise.withResolvers<void>();
    const landing = { end: this.#commitTogether(lane, taken, resolve), size: 0, hasEnded: false };
    const ended = landing.end.then(() => {
      landing.hasEnded = true;
    });
    await Promise.race([ended, handedOver]);
    landing.size = taken.reduce((sum, request) => sum + sizeOf(request), 0);
    return landing;
  }

  async #commitTogether(lane: Lane, taken: EventsWaiting[], handedOver: () => void): Promise<void> {
    const workspace = taken[0]?.workspace ?? "";
    const eventsOf = () => taken.flatMap((request) => request.events);
    const closed: Work["closed"] = ({ isAlone }) => {
      if (!isAlone) this.#join(lane, taken);
      return eventsOf();
    };
    try {
      const asked = taken.flatMap((request) => request.holds ?? []);
      const work = { events: eventsOf(), holds: asked, handedOver };
      const joined = this.#hasLanes ? { ...work, closed } : work;
      const { results, runs, holds, left = [] } = await this.#commit(workspace, joined);
      let [from, at] = [0, 0];
      for (const { events, holds: request, resolve } of taken) {
        const own = request === null ? NO_HOLDS : holds.slice(at, at + 1);
        at += own.length;
        const mine = results.slice(from, from + events.length);
        const answer = { results: mine, runs, holds: own };
        resolve(left.length === 0 ? answer : this.#whenDone(answer, { workspace, events, left }));
        from += events.length;
      }
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
  }

  /** Who leaves much to be done in runs is answered when it is done. */
  async #whenDone(
    answer: BatchResult,
    { workspace, events, left }: LeftWork,
  ): Promise<BatchResult> {
    const by = new Set<string>();
    for (const event of events) if (mayLeave(event)) by.add(event.run);
    const own = left.filter((one) => by.has(one.by));
    return { ...answer, runs: await this.#finish(workspace, own, answer.runs) };
  }

  /**
   * A unit that has its turn takes what arrived while it waited for those of other nodes: else it
   * would hold them up for the one request that came first, and the rest would wait for its next.
   * A node that is alone leaves it to the unit that begins while this one is written.
   */
  #join(lane: Lane, taken: EventsWaiting[]): void {
    const joining = joiningOf(lane, taken);
    if (joining.length === 0) return;
    lane.queue.splice(0, joining.length);
    this.#waitingCount -= joining.length;
    measureReady(lane);
    taken.push(...joining);
  }
}

const NO_HOLDS: BatchResult["holds"] = [];

const sleeping = (): void => undefined;
const NOTHING_LANDS: Landing = { end: Promise.resolve(), size: 0, hasEnded: true };

function newLane(): Lane {
  const queue = { queue: [], readySize: 0, hasAct: false };
  return {
    ...queue,
    running: null,
    expecting: 0,
    tookEvents: false,
    wakeAtSize: Infinity,
    wake: sleeping,
  };
}

/**
 * How much is worth a unit before the last one is on disk: as much as that took, or many events. A
 * unit costs time of its own, so fewer wait for the others; an act finds everything on disk.
 */
function earlySize({ size }: Landing): number {
  return Math.min(Math.max(size, 1), EVENTS_PER_EARLY_UNIT_MIN_COUNT);
}

function sizeOf({ events, holds }: EventsWaiting): number {
  return events.length + (holds?.asks.length ?? 0);
}

/** After the head of the queue was taken. */
function measureReady(lane: Lane): void {
  const actAt = lane.queue.findIndex(({ kind }) => kind === "act");
  lane.hasAct = actAt >= 0;
  lane.readySize = 0;
  for (const one of lane.hasAct ? lane.queue.slice(0, actAt) : lane.queue) {
    if (one.kind === "events") lane.readySize += sizeOf(one);
  }
}

/** Resolves when so much is ready. */
function readyIn(lane: Lane, size: number): Promise<void> {
  lane.wakeAtSize = size;
  return new Promise((resolve) => {
    lane.wake = resolve;
  });
}

/**
 * Takes what stands before the first act and belongs to one workspace: all of it up to the limit,
 * or where holds are asked for, these and then few events. Of other workspaces nothing depends on
 * it: were they to part what belongs together, each request would have a commit of its own.
 * `mayPart`: holds may be alone.
 */
function takeUnit(lane: Lane, workspace: string, mayPart: boolean): EventsWaiting[] {
  const waiting: EventsWaiting[] = [];
  let isSole = true;
  for (const next of lane.queue) {
    if (next.kind === "act") break;
    if (next.workspace === workspace) waiting.push(next);
    else isSole = false;
  }
  const holds = waiting.filter(isOfHolds);
  if (isSole && waiting.length < lane.queue.length) {
    holds.push(...holdsBehindActs(lane.queue.slice(waiting.length), workspace));
  }
  lane.expecting = holds.length > 0 ? UNITS_EXPECTING_HOLDS_COUNT : Math.max(0, lane.expecting - 1);
  const isFew = lane.expecting > 0;
  const bound = isFew ? EVENTS_BESIDE_HOLDS_MAX_COUNT : EVENTS_PER_COMMIT_MAX_COUNT;
  const taken = upTo(holds, HOLDS_PER_COMMIT_MAX_COUNT);
  const events = holds.length > 0 ? waiting.filter((one) => !isOfHolds(one)) : waiting;
  const isAlone = mayPart && lane.tookEvents && holds.length > 0;
  if (!isAlone) for (const one of upTo(events, bound)) taken.push(one);
  lane.tookEvents = !isAlone && events.length > 0;
  if (taken.length === lane.queue.length) lane.queue = [];
  else {
    const isTaken = new Set<Waiting>(taken);
    lane.queue = lane.queue.filter((one) => !isTaken.has(one));
  }
  measureReady(lane);
  return taken;
}

/** The head of the queue, as far as it fits. Where holds are asked for, units stay as they are. */
function joiningOf(lane: Lane, taken: readonly EventsWaiting[]): EventsWaiting[] {
  if (lane.expecting > 0) return [];
  const joining: EventsWaiting[] = [];
  let count = taken.reduce((sum, request) => sum + sizeOf(request), 0);
  for (const next of lane.queue) {
    if (next.kind === "act") break;
    if (isOfHolds(next)) return [];
    count += sizeOf(next);
    if (count > EVENTS_PER_COMMIT_MAX_COUNT) break;
    joining.push(next);
  }
  return joining;
}

/** Requests for holds of a workspace that stand behind acts. */
function holdsBehindActs(queue: readonly Waiting[], workspace: string): EventsWaiting[] {
  const found: EventsWaiting[] = [];
  for (const next of queue) {
    if (next.kind === "act") continue;
    if (next.workspace !== workspace) break;
    if (isOfHolds(next)) found.push(next);
  }
  return found;
}

function isOfHolds({ holds }: EventsWaiting): boolean {
  return holds !== null;
}

/**
 * Of these in their order, the oldest and then the smallest that come to so many events and asks
 * together; one that is larger by itself has others beside it. So who sends much delays itself and
 * nobody else, and still each request moves up with every unit.
 */
function upTo(requests: readonly EventsWaiting[], most: number): EventsWaiting[] {
  const all = requests.reduce((sum, one) => sum + sizeOf(one), 0);
  const [oldest, ...others] = requests;
  if (all <= most || oldest === undefined) return [...requests];
  const taken = new Set([oldest]);
  let count = sizeOf(oldest) > most ? 0 : sizeOf(oldest);
  for (const one of others.sort((a, b) => sizeOf(a) - sizeOf(b))) {
    count += sizeOf(one);
    if (count > most) break;
    taken.add(one);
  }
  return requests.filter((one) => taken.has(one));
}
