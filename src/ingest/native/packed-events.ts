/**
 * Events on their way from one thread to another: numbers in one array, texts in another. A message
 * of event objects costs more to write and to read than the events took to parse; packed, it costs
 * the receiving thread a fraction of that.
 *
 * Texts that repeat (runs, customers, agents, models, labels) cross once, and are a number from
 * then on: both sides keep the same dictionary, which begins anew before it grows too large. Texts
 * that never repeat (ids, hashes) stand in the order in which they are used.
 */

import { present } from "../../domain/assert.ts";
import type { Labels, StepEvent, TollgateEvent } from "../../domain/event/event.ts";
import {
  COMPLETENESS,
  PAYERS,
  ROLES,
  STEP_KINDS,
  STEP_STATUSES,
} from "../../domain/event/event.ts";
import { ListedUsage, type Usage, UsageNames } from "../../domain/event/usage.ts";
import { ONE_UNIT, type Quantity, quantityOfInteger } from "../../domain/money/decimal.ts";
import type { ReadItems } from "./read-items.ts";

/** Entries from which on a dictionary begins anew with the next message. */
export const DICTIONARY_MAX_ENTRIES = 20_000;

/** The events of one body as they cross. */
export interface PackedItems {
  /** Every event in turn: OTHER, or STEP and what a step states. */
  readonly numbers: Float64Array;
  /** So many of them; what stands behind is of no message. */
  readonly count: number;
  /** Texts of these events that do not repeat, in the order of their use. */
  readonly texts: readonly string[];
  /** Texts that are numbers from here on. */
  readonly named: readonly string[];
  /** True: what was named before is forgotten. */
  readonly beginsAnew: boolean;
  /** Events that are no steps, in their order. */
  readonly others: readonly TollgateEvent[];
  readonly ends: ReadItems["ends"];
}

const OTHER = 0;
/** The number before those of a step. */
export const STEP = 1;
/** A quantity that is no whole number of units: its scaled integer follows as a text. */
const AS_TEXT = -1;
/** Between the names of a usage, which cross as one text: few usages differ in them. */
export const NAME_END = ",";
/** Room of a message of a hundred steps. */
const USUAL_NUMBERS = 2_560;
/** Larger than the number of values of any of the lists in a step's code. */
const CODE_BASE = 16;

/** Packs the events of many bodies, for one receiver. */
export class EventPacker {
  readonly #maxEntries: number;
  readonly #numberOf = new Map<string, number>();
  #nameCount = 0;
  #hasBegunAnew = false;
  #numbers = new Float64Array(USUAL_NUMBERS);
  #length = 0;
  #texts: string[] = [];
  #named: string[] = [];
  #others: TollgateEvent[] = [];

  /** `maxEntries` is for tests. (Default: DICTIONARY_MAX_ENTRIES.) */
  constructor({ maxEntries = DICTIONARY_MAX_ENTRIES } = {}) {
    this.#maxEntries = maxEntries;
  }

  /** The events of one body. */
  pack({ events, ends }: ReadItems): PackedItems {
    this.begin();
    for (const event of events) this.add(event);
    return this.finish(ends);
  }

  /**
   * Begins a message. True: names of before are forgotten, and have to be given anew. What was
   * named for a message that was never finished crosses with the next one that is.
   */
  begin(): boolean {
    this.discard();
    if (this.#nameCount < this.#maxEntries) return false;
    this.#numberOf.clear();
    this.#nameCount = 0;
    this.#named = [];
    this.#hasBegunAnew = true;
    return true;
  }

  /** Forgets the message's events. What was named stays so. */
  discard(): void {
    this.#length = 0;
    this.#texts = [];
    this.#others = [];
  }

  /** The message. Its numbers are overwritten by the next one: who keeps it copies them. */
  finish(ends: ReadItems["ends"]): PackedItems {
    const [numbers, count] = [this.#numbers, this.#length];
    const [texts, named, others] = [this.#texts, this.#named, this.#others];
    const beginsAnew = this.#hasBegunAnew;
    this.#named = [];
    this.#hasBegunAnew = false;
    return { numbers, count, texts, named, beginsAnew, others, ends };
  }

  add(event: TollgateEvent): void {
    if (event.type === "step") this.#addStep(event);
    else {
      this.number(OTHER);
      this.#others.push(event);
    }
  }

  #addStep(step: StepEvent): void {
    const { labels } = step;
    this.text(step.id);
    this.text(step.contentHash);
    const rare = packRare(step, this.#texts);
    this.number(STEP);
    this.number(this.#of(step.run));
    this.number(this.#of(step.source));
    this.number(this.#of(step.customer));
    this.number(this.#of(step.agent));
    this.number(this.#of(step.parentRun));
    this.number(this.#of(step.provider));
    this.number(this.#of(step.model));
    this.number(this.#of(step.tool));
    this.number(this.#of(step.tier));
    this.number(labels === null ? 0 : this.#of(JSON.stringify(labels)));
    this.number(step.occurredAtMs);
    this.number(codeOf(step));
    this.number(step.attempt);
    this.number(rare);
    this.#addUsage(step.usage);
  }

  #addUsage(usage: Usage): void {
    this.number(usage.size === 0 ? 0 : this.numberOf([...usage.keys()].join(NAME_END)));
    for (const quantity of usage.values()) {
      const units = Number(quantity / ONE_UNIT);
      const isWhole = Number.isSafeInteger(units) && quantityOfInteger(units) === quantity;
      this.number(isWhole ? units : AS_TEXT);
      if (!isWhole) this.text(String(quantity));
    }
  }

  /** The next number of the message: only who writes a step as `#step` reads it gives any. */
  number(value: number): void {
    if (this.#length === this.#numbers.length) {
      const grown = new Float64Array(2 * this.#length);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#length] = value;
    this.#length += 1;
  }

  /** The next text of the message. */
  text(value: string): void {
    this.#texts.push(value);
  }

  /** Gives a text a number, also where it has one. */
  name(text: string): number {
    this.#nameCount += 1;
    this.#named.push(text);
    return this.#nameCount;
  }

  #of(text: string | null): number {
    return text === null ? 0 : this.numberOf(text);
  }

  /** The number of a text that repeats. */
  numberOf(text: string): number {
    const known = this.#numberOf.get(text);
    if (known !== undefined) return known;
    const number = this.name(text);
    this.#numberOf.set(text, number);
    return number;
  }
}

/** Texts that few steps have, as bits of one number. */
export const PARENT_STEP = 1;
export const CALL_ID = 2;
export const HOLD = 4;
const CALL_HASH = 8;

function packRare({ parentStep, callId, hold, callHash }: StepEvent, texts: string[]): number {
  let rare = 0;
  const add = (text: string | null | undefined, bit: number): void => {
    if (text === null || text === undefined) return;
    texts.push(text);
    rare |= bit;
  };
  add(parentStep, PARENT_STEP);
  add(callId, CALL_ID);
  add(hold, HOLD);
  add(callHash, CALL_HASH);
  return rare;
}

/**
 * What a step states, the hash of its call aside. A field that is added to steps, also one that may
 * be left out, is missed by the compiler until it crosses.
 */
type EveryField = {
  [Field in Exclude<keyof Required<StepEvent>, "callHash">]: StepEvent[Field];
};

function codeOf({ kind, status, completeness, payer, role }: StepEvent): number {
  return stepCode(
    STEP_KINDS.indexOf(kind),
    STEP_STATUSES.indexOf(status),
    COMPLETENESS.indexOf(completeness),
    PAYERS.indexOf(payer),
    ROLES.indexOf(role),
  );
}

/** One number for five places in their lists: kind, status, completeness, payer and role. */
export function stepCode(...places: readonly [number, number, number, number, number]): number {
  const [kind, status, completeness, payer, role] = places;
  const states = (kind * CODE_BASE + status) * CODE_BASE + completeness;
  return (states * CODE_BASE + payer) * CODE_BASE + role;
}

/** What a step's code stands for. */
type Codes = Pick<StepEvent, "kind" | "status" | "completeness" | "payer" | "role">;

function codesOf(code: number): Codes {
  const digit = (place: number): number => Math.floor(code / CODE_BASE ** place) % CODE_BASE;
  return {
    kind: present(STEP_KINDS[digit(4)], "the kind of a step"),
    status: present(STEP_STATUSES[digit(3)], "the status of a step"),
    completeness: present(COMPLETENESS[digit(2)], "the completeness of a step"),
    payer: present(PAYERS[digit(1)], "the payer of a step"),
    role: present(ROLES[digit(0)], "the role of a step"),
  };
}

/** Unpacks what one packer packed, message after message in its order. */
export class EventUnpacker {
  /** By number; the first is that of no text. */
  #named: string[] = [""];
  /** Labels by the number of their text: events that state the same share one object. */
  #labels: (Labels | undefined)[] = [];
  /** Names of usages by the number of their text. */
  #usageNames: (UsageNames | undefined)[] = [];
  readonly #codes = new Map<number, Codes>();

  unpack(packed: PackedItems): ReadItems {
    if (packed.beginsAnew) {
      this.#named = [""];
      this.#labels = [];
      this.#usageNames = [];
    }
    for (const text of packed.named) this.#named.push(text);
    const cursor = { numbers: packed.numbers, at: 0, texts: packed.texts, textAt: 0 };
    const events: TollgateEvent[] = [];
    let others = 0;
    while (cursor.at < packed.count) {
      if (nextNumber(cursor) === STEP) events.push(this.#step(cursor));
      else {
        events.push(present(packed.others[others], "an event that is no step"));
        others += 1;
      }
    }
    return { events, ends: packed.ends };
  }

  /** In the order in which `#packStep` wrote it. */
  #step(cursor: Cursor): StepEvent {
    const id = nextText(cursor);
    const contentHash = nextText(cursor);
    const run = this.#text(nextNumber(cursor));
    const source = this.#text(nextNumber(cursor));
    const customer = this.#textOrNull(nextNumber(cursor));
    const agent = this.#textOrNull(nextNumber(cursor));
    const parentRun = this.#textOrNull(nextNumber(cursor));
    const provider = this.#textOrNull(nextNumber(cursor));
    const model = this.#textOrNull(nextNumber(cursor));
    const tool = this.#textOrNull(nextNumber(cursor));
    const tier = this.#text(nextNumber(cursor));
    const labels = this.#labelsOf(nextNumber(cursor));
    const occurredAtMs = nextNumber(cursor);
    const { kind, status, completeness, payer, role } = this.#codesOf(nextNumber(cursor));
    const attempt = nextNumber(cursor);
    const rare = nextNumber(cursor);
    const parentStep = (rare & PARENT_STEP) === 0 ? null : nextText(cursor);
    const callId = (rare & CALL_ID) === 0 ? null : nextText(cursor);
    const hold = (rare & HOLD) === 0 ? null : nextText(cursor);
    const callHash = (rare & CALL_HASH) === 0 ? undefined : nextText(cursor);
    const usage = this.#usage(cursor);
    const step: EveryField = {
      type: "step",
      run,
      source,
      id,
      occurredAtMs,
      contentHash,
      customer,
      agent,
      parentRun,
      parentStep,
      callId,
      hold,
      kind,
      status,
      completeness,
      attempt,
      payer,
      role,
      provider,
      model,
      tool,
      tier,
      usage,
      labels,
    };
    return callHash === undefined ? step : { ...step, callHash };
  }

  #usage(cursor: Cursor): Usage {
    const names = this.#usageNamesOf(nextNumber(cursor));
    const quantities = new Array<Quantity>(names.all.length);
    for (let place = 0; place < quantities.length; place += 1) {
      const units = nextNumber(cursor);
      const isText = units === AS_TEXT;
      quantities[place] = isText
        ? (BigInt(nextText(cursor)) as Quantity)
        : quantityOfInteger(units);
    }
    return new ListedUsage(names, quantities);
  }

  #usageNamesOf(number: number): UsageNames {
    if (number === 0) return NO_NAMES;
    const known = this.#usageNames[number];
    if (known !== undefined) return known;
    const names = new UsageNames(this.#text(number).split(NAME_END));
    this.#usageNames[number] = names;
    return names;
  }

  #text(number: number): string {
    return present(number === 0 ? undefined : this.#named[number], "a text that has a number");
  }

  #textOrNull(number: number): string | null {
    return number === 0 ? null : this.#text(number);
  }

  #labelsOf(number: number): Labels | null {
    if (number === 0) return null;
    const known = this.#labels[number];
    if (known !== undefined) return known;
    const labels: Labels = Object.freeze(JSON.parse(this.#text(number)));
    this.#labels[number] = labels;
    return labels;
  }

  #codesOf(code: number): Codes {
    const known = this.#codes.get(code);
    if (known !== undefined) return known;
    const codes = codesOf(code);
    this.#codes.set(code, codes);
    return codes;
  }
}

const NO_NAMES = new UsageNames([]);

/** Where the reading of a message stands. */
interface Cursor {
  readonly numbers: Float64Array;
  at: number;
  readonly texts: readonly string[];
  textAt: number;
}

function nextNumber(cursor: Cursor): number {
  const number = cursor.numbers[cursor.at];
  cursor.at += 1;
  return present(number, "a number of a packed event");
}

function nextText(cursor: Cursor): string {
  const text = cursor.texts[cursor.textAt];
  cursor.textAt += 1;
  return present(text, "a text of a packed event");
}
