/** Steps that a unit of work loaded, and what it changed of them. */
import type { Step } from "../../domain/event/step.ts";
import { Shelf } from "../../domain/shelf.ts";
import type { StepKey } from "../ports.ts";
import type { Change } from "./batch-rows.ts";

/** A step as it is now, and as it was stored. */
interface Entry {
  step: Step;
  /** Undefined: it is new, or has not changed. */
  before: Step | undefined;
  /** Where it stands among what has changed; −1: it has not. */
  changedAt: number;
}

const UNCHANGED = -1;

function isOfSource({ step }: Entry, { source }: StepKey): boolean {
  return step.source === source;
}

/**
 * Steps by identity. A unit rarely has many of one run, and a run's id is a key of many maps
 * anyway, so the steps of a run are looked through: a map of steps would take each new id up into
 * the table of all strings, which costs more than everything else that is done here.
 */
export class StepRows {
  readonly #byRun = new Map<string, Shelf<Entry, StepKey>>();
  /** Steps to write, in the order in which they were changed last; null: changed again since. */
  readonly #changed: (Entry | null)[] = [];
  /** The run that was asked for last, and its steps: each rule asks for its step again. */
  #lastRun: string | null = null;
  #lastShelf: Shelf<Entry, StepKey> | undefined;

  get(key: StepKey): Step | undefined {
    return this.#entry(key)?.step;
  }

  #entry(key: StepKey): Entry | undefined {
    return this.#shelf(key.run)?.find(key.id, key);
  }

  #shelf(run: string): Shelf<Entry, StepKey> | undefined {
    if (run === this.#lastRun) return this.#lastShelf;
    this.#lastRun = run;
    this.#lastShelf = this.#byRun.get(run);
    return this.#lastShelf;
  }

  /** Puts a step as it is stored. */
  load(step: Step): void {
    if (this.#entry(step) === undefined) this.#put(step);
  }

  /** Puts a step that will be written, in place of its former revision. */
  set(step: Step): void {
    let entry = this.#entry(step);
    if (entry === undefined) entry = this.#put(step);
    else if (entry.changedAt === UNCHANGED) entry.before = entry.step;
    else this.#changed[entry.changedAt] = null;
    entry.step = step;
    entry.changedAt = this.#changed.length;
    this.#changed.push(entry);
  }

  #put(step: Step): Entry {
    const entry: Entry = { step, before: undefined, changedAt: UNCHANGED };
    let shelf = this.#shelf(step.run);
    if (shelf === undefined) {
      shelf = new Shelf(isOfSource);
      this.#byRun.set(step.run, shelf);
      this.#lastShelf = shelf;
    }
    shelf.put(step.id, entry);
    return entry;
  }

  *values(): Generator<Step> {
    for (const { rows } of this.#byRun.values()) for (const { step } of rows) yield step;
  }

  get isEmpty(): boolean {
    return this.#byRun.size === 0;
  }

  get isChanged(): boolean {
    return this.#changed.some((entry) => entry !== null);
  }

  changed(): Step[] {
    const steps: Step[] = [];
    for (const entry of this.#changed) if (entry !== null) steps.push(entry.step);
    return steps;
  }

  /** Each changed step with its revision before this unit. */
  changes(): Change<Step>[] {
    const changes: Change<Step>[] = [];
    for (const entry of this.#changed) {
      if (entry !== null) changes.push({ before: entry.before, after: entry.step });
    }
    return changes;
  }
}
