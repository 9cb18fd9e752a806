/**
 * Loads what waits for a customer. Runs may wait for long, with thousands of steps each, in trees
 * of thousands of runs. All of that is read by a batch that may bind them, and by no other; and
 * where it is much, it is left to units of its own (release-waiting.ts). Until these are done a
 * batch has at hand what its own events have waiting: that is counted first.
 */
import { decodeEvent } from "../../domain/event/codec.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { RELEASED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import type { Run } from "../../domain/run/run.ts";
import type { StepKey, Suspended, UnitOfWork } from "../ports.ts";
import type { BatchState } from "./batch-state.ts";
import { stepKeyText } from "./batch-state.ts";
import { namedCustomers } from "./named-customers.ts";

/** Loads for one batch, whose events become more: what waited is applied with it. */
export class UnboundRuns {
  readonly #unit: UnitOfWork;
  readonly #state: BatchState;
  /** Runs that holds are asked for: these are decided by all that waits. */
  readonly #asked: readonly string[];
  /** Runs of which all that waits is at hand, or left. */
  readonly #looked = new Set<string>();
  /** Runs of which all outcomes that wait are at hand. */
  readonly #outcomes = new Set<string>();
  /** Bound runs in which events still wait. */
  readonly #met = new Set<string>();
  /** What was returned. */
  readonly #returned = new Set<string>();

  constructor(unit: UnitOfWork, state: BatchState, asked: readonly string[] = []) {
    this.#unit = unit;
    this.#state = state;
    this.#asked = asked;
  }

  /**
   * A tree that these events may bind brings along all that waits in it, which is returned where it
   * is new. Of any other it is loaded what the events themselves have waiting.
   */
  async load(events: readonly TollgateEvent[]): Promise<TollgateEvent[]> {
    const unbound: Run[] = [];
    let isHeld = false;
    for (const run of this.#state.runs.values()) {
      if (run.customer === null) unbound.push(run);
      isHeld ||= run.suspended > 0;
    }
    if (unbound.length === 0 && !isHeld) return [];
    const waiting: TollgateEvent[] = [];
    if (unbound.length > 0) {
      const customersOf = namedCustomers(this.#state, events);
      const isNamed = ({ id }: Run) => [...customersOf(id)].length > 0;
      waiting.push(...(await this.#loadTrees(unbound.filter(isNamed))));
    }
    waiting.push(...(await this.#loadOwn(events)));
    return waiting;
  }

  /** The runs above these are among them. */
  async #loadTrees(runs: readonly Run[]): Promise<TollgateEvent[]> {
    const all = new Map(runs.map((run) => [run.id, run]));
    for (const { id, parent, height } of runs) {
      if (parent !== null || height === 0 || this.#looked.has(id)) continue;
      for (const run of await this.#unit.descendants(id)) {
        this.#state.runs.load(run.id, run);
        all.set(run.id, run);
      }
    }
    const holding = [...all.values()].filter(({ id }) => !this.#looked.has(id));
    const count = holding.reduce((sum, { suspended }) => sum + suspended, 0);
    const isAsked = this.#asked.some((id) => all.has(id));
    const isLeft = count > RELEASED_PER_UNIT_MAX_COUNT && !isAsked;
    const read: string[] = [];
    for (const { id, suspended } of holding) {
      this.#looked.add(id);
      if (suspended === 0) continue;
      if (isLeft) this.#state.leftWaiting.add(id);
      else read.push(id);
    }
    return read.length === 0 ? [] : this.#put(await this.#unit.suspendedOfRuns(read));
  }

  /** What the events themselves, or what they correct, have waiting. */
  async #loadOwn(events: readonly TollgateEvent[]): Promise<TollgateEvent[]> {
    const keys: StepKey[] = [];
    const runs = new Set<string>();
    const sent = new Map<string, TollgateEvent>();
    for (const event of events) {
      const run = this.#state.runs.get(event.run);
      if (run === undefined || run.suspended === 0 || !this.#mayHold(run)) continue;
      if (run.customer !== null) this.#meet(run.id);
      keys.push(event);
      sent.set(stepKeyText(event), event);
      if ("target" in event) keys.push({ run: event.run, ...event.target });
      if ("key" in event && this.#counts(run) && !this.#outcomes.has(run.id)) runs.add(run.id);
    }
    if (keys.length === 0) return [];
    const rows = [...(await this.#unit.suspended(keys))];
    for (const run of runs) {
      this.#outcomes.add(run);
      const all = await this.#unit.suspendedOfRuns([run]);
      rows.push(...all.filter(({ document }) => decodeEvent(document).type !== "step"));
    }
    const counting = (event: TollgateEvent) => {
      const run = this.#state.runs.get(event.run);
      return run !== undefined && this.#counts(run);
    };
    // What is sent just as it waits, as all of it is by units that release, is loaded already.
    const isSent = (event: TollgateEvent) => {
      const one = sent.get(stepKeyText(event));
      return one?.contentHash === event.contentHash && one.occurredAtMs === event.occurredAtMs;
    };
    return this.#put(rows).filter((event) => counting(event) && !isSent(event));
  }

  /** Events of the run are answered when all that waits in it is counted. */
  #meet(run: string): void {
    if (this.#met.has(run)) return;
    this.#met.add(run);
    this.#state.left.push({ run, by: run });
  }

  /** Not all that waits of the run is at hand. */
  #mayHold({ id }: Run): boolean {
    return !this.#looked.has(id) || this.#state.leftWaiting.has(id);
  }

  /** Whether what waits in the run may be counted in this batch. */
  #counts({ id, customer }: Run): boolean {
    return customer !== null || this.#state.leftWaiting.has(id);
  }

  /** Puts rows; returns their events, each once. */
  #put(rows: readonly Suspended[]): TollgateEvent[] {
    const events: TollgateEvent[] = [];
    for (const row of rows) {
      const key = stepKeyText(row);
      this.#state.suspended.load(key, row);
      if (this.#returned.has(key)) continue;
      this.#returned.add(key);
      events.push(decodeEvent(row.document));
    }
    return events;
  }
}

interface Repeated {
  readonly events: readonly TollgateEvent[];
  /** Runs that holds are asked for. */
  readonly asked: readonly string[];
}

/**
 * Who named the customer of a tree, and sends that again, is answered when all is counted that
 * waited in it: where that was cut off, it is left in any of its runs. A run that is no part of a
 * tree tells by itself what waits in it. Who asks for a hold waits for nothing that it was decided
 * without.
 */
export async function loadLeft(
  unit: UnitOfWork,
  state: BatchState,
  { events, asked }: Repeated,
): Promise<void> {
  const repeating = new Map<string, Set<string>>();
  for (const event of events) {
    if (!("customer" in event) || event.customer === null || !isKnown(state, event)) continue;
    if (asked.includes(event.run)) continue;
    const { customer = null, parent = null, height = 0 } = state.runs.get(event.run) ?? {};
    if (customer === null || (parent === null && height === 0)) continue;
    const runs = repeating.get(customer) ?? new Set();
    repeating.set(customer, runs.add(event.run));
  }
  for (const [customer, runs] of repeating) {
    for (const left of await unit.unfinishedRuns(1, customer)) {
      if (left.suspended === 0) continue;
      if (!state.runs.has(left.id)) state.runs.load(left.id, left);
      for (const by of runs) state.left.push({ run: left.id, by });
    }
  }
}

function isKnown(state: BatchState, event: TollgateEvent): boolean {
  if (event.type === "step") return state.steps.get(event) !== undefined;
  return state.journal.has(stepKeyText(event));
}
