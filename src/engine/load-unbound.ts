/**
 * Loads what waits for a customer. Runs may wait for long, with thousands of steps each, in trees
 * of thousands of runs. All of that is read by a batch that may bind them, and by no other.
 */
import { decodeEvent } from "../domain/event/codec.ts";
import type { TollgateEvent } from "../domain/event/event.ts";
import type { Run } from "../domain/run/run.ts";
import type { BatchState } from "./batch-state.ts";
import { stepKeyText } from "./batch-state.ts";
import { namedCustomers } from "./named-customers.ts";
import type { Suspended, UnitOfWork } from "./ports.ts";

/** Loads for one batch, whose events become more: what waited is applied with it. */
export class UnboundRuns {
  readonly #unit: UnitOfWork;
  readonly #state: BatchState;
  /** Runs of which all that waits is at hand. */
  readonly #read = new Set<string>();

  constructor(unit: UnitOfWork, state: BatchState) {
    this.#unit = unit;
    this.#state = state;
  }

  /**
   * A tree that these events may bind brings along all that waits in it, which is returned where it
   * is new. Of any other it is loaded what the events themselves have waiting.
   */
  async load(events: readonly TollgateEvent[]): Promise<TollgateEvent[]> {
    const unbound = [...this.#state.runs.values()].filter((run) => run.customer === null);
    if (unbound.length === 0) return [];
    const customersOf = namedCustomers(this.#state, events);
    const isNamed = ({ id }: Run) => [...customersOf(id)].length > 0;
    const waiting = await this.#loadTrees(unbound.filter(isNamed));
    const holding = new Set(unbound.flatMap(({ id, suspended }) => (suspended > 0 ? id : [])));
    const keys = events.filter(({ run }) => holding.has(run) && !this.#read.has(run));
    if (keys.length > 0) this.#put(await this.#unit.suspended(keys));
    return waiting;
  }

  /** The runs above these are among them. */
  async #loadTrees(runs: readonly Run[]): Promise<TollgateEvent[]> {
    const all = new Map(runs.map((run) => [run.id, run]));
    for (const { id, parent, height } of runs) {
      if (parent !== null || height === 0 || this.#read.has(id)) continue;
      for (const run of await this.#unit.descendants(id)) {
        this.#state.runs.load(run.id, run);
        all.set(run.id, run);
      }
    }
    const waiting: TollgateEvent[] = [];
    for (const { id, suspended } of all.values()) {
      if (this.#read.has(id)) continue;
      this.#read.add(id);
      if (suspended === 0) continue;
      const rows = this.#put(await this.#unit.suspendedOfRun(id));
      for (const row of rows) waiting.push(decodeEvent(row.document));
    }
    return waiting;
  }

  /** Returns the rows given. */
  #put(rows: readonly Suspended[]): readonly Suspended[] {
    for (const row of rows) this.#state.suspended.load(stepKeyText(row), row);
    return rows;
  }
}
