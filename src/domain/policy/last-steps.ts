/**
 * The last steps of a run, as far as rules look at them, in the order of their own time.
 *
 * Tens of thousands of runs go on at once, and of each up to hundreds of steps are looked at with
 * every new one. So a step is seven numbers in one room for each run: 56 bytes in place of some 250
 * as an object with texts of its own, and nothing that a collector of garbage has to look at. What
 * identifies a step is its seq, so identities are not kept. Texts are compared as numbers: a call's
 * digest is two numbers that are the whole of it, and any other text has its place in a list.
 */

/** What rules see of a step. */
export interface RecentStep {
  readonly seq: number;
  readonly occurredAtMs: number;
  /** Of a call whose arguments are known; null: nobody said. */
  readonly callHash: string | null;
  readonly tool: string | null;
  readonly isError: boolean;
  /** Of a model call: which model, and how much it read. */
  readonly model: string | null;
  readonly inputTokens: number;
}

/** Numbers of a step: columns of its row. */
const TIME = 0;
const SEQ = 1;
const INPUT = 2;
/** The digest of its call, in two parts; the first is -1 where the second is the name of a text. */
const HIGH = 3;
const LOW = 4;
/** The same for the same call, and greater than 0; 0: nobody said what was called. */
const CALL = 5;
/** The names of its tool and its model, 0 being none, and whether it failed. */
const FACTS = 6;
const WIDTH = 7;

const MODEL_SHIFT = 1;
const TOOL_SHIFT = 17;
const MODEL_MASK = 0xffff;

/** Steps that a run has room for at first. */
const FIRST_STEPS = 4;
/** Names that are not forgotten, however few steps there are. */
const LEAST_NAMES = 16;
/** A step has three at most: a tool, a model, and a call that is no digest of ours. */
const NAMES_PER_STEP = 3;
/** What a name takes up beside its characters, and a list without any step. */
const NAME_BYTES = 40;
const EMPTY_BYTES = 200;

/** Characters of a digest: the first part has 30 bits, the second 36. */
const DIGEST_CHARS = 11;
const HIGH_CHARS = 5;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BITS = new Int8Array(128).fill(-1);
for (const [bits, char] of [...ALPHABET].entries()) BITS[char.charCodeAt(0)] = bits;

/** Part of a digest as a whole number; -1: it is none. */
function partOf(text: string, from: number, to: number): number {
  let part = 0;
  for (let at = from; at < to; at += 1) {
    const bits = BITS[text.charCodeAt(at)] ?? -1;
    if (bits < 0) return -1;
    part = part * ALPHABET.length + bits;
  }
  return part;
}

/** The last steps of one run, the oldest at place 0: see above. */
export class LastSteps {
  readonly #most: number;
  #rows = new Float64Array(0);
  #count = 0;
  #lastCall = 0;
  #names: string[] = [];
  #nameChars = 0;

  /** As many as any rule looks at. */
  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether an older step may have been left out. */
  get isFull(): boolean {
    return this.#count >= this.#most;
  }

  /** How much memory it takes up, about. */
  get bytes(): number {
    return EMPTY_BYTES + this.#rows.byteLength + this.#names.length * NAME_BYTES + this.#nameChars;
  }

  /** Puts a step among the last ones, by its own time; it may be older than all of them. */
  put(step: RecentStep): void {
    let at = this.#count;
    while (at > 0 && this.#isLater(at - 1, step)) at -= 1;
    if (at === 0 && this.isFull) return;
    if (this.#names.length > LEAST_NAMES + 2 * NAMES_PER_STEP * this.#count) this.#forgetNames();
    const { callHash, tool, model, isError } = step;
    const names = this.#name(tool) * 2 ** TOOL_SHIFT + this.#name(model) * 2 ** MODEL_SHIFT;
    const facts = names + (isError ? 1 : 0);
    const high = callHash === null ? 0 : highOf(callHash);
    const low = callHash === null ? 0 : high < 0 ? this.#name(callHash) : lowOf(callHash);
    const call = callHash === null ? 0 : this.#callOf(high, low) || ++this.#lastCall;
    const row = this.#open(at) * WIDTH;
    this.#rows[row + TIME] = step.occurredAtMs;
    this.#rows[row + SEQ] = step.seq;
    this.#rows[row + INPUT] = step.inputTokens;
    this.#rows[row + HIGH] = high;
    this.#rows[row + LOW] = low;
    this.#rows[row + CALL] = call;
    this.#rows[row + FACTS] = facts;
  }

  /** Takes out the step of a seq; false: it is none of the last ones. */
  remove(seq: number): boolean {
    for (let at = this.#count - 1; at >= 0; at -= 1) {
      if (this.#number(at, SEQ) !== seq) continue;
      this.#rows.copyWithin(at * WIDTH, (at + 1) * WIDTH, this.#count * WIDTH);
      this.#count -= 1;
      return true;
    }
    return false;
  }

  /** Of the step at a place, the oldest being at 0: the same number for the same call, or 0. */
  callAt(at: number): number {
    return this.#number(at, CALL);
  }

  /** The number of the step's tool among the names of this run, or 0. */
  toolAt(at: number): number {
    return this.#number(at, FACTS) >>> TOOL_SHIFT;
  }

  /** The number of its model, where it is a model call; else 0. */
  modelAt(at: number): number {
    return (this.#number(at, FACTS) >>> MODEL_SHIFT) & MODEL_MASK;
  }

  inputTokensAt(at: number): number {
    return this.#number(at, INPUT);
  }

  isErrorAt(at: number): boolean {
    return this.#number(at, FACTS) % 2 === 1;
  }

  occurredAtMsAt(at: number): number {
    return this.#number(at, TIME);
  }

  seqAt(at: number): number {
    return this.#number(at, SEQ);
  }

  /** The number of a call among the last steps; 0: none of them made it. */
  numberOfCall(callHash: string): number {
    const high = highOf(callHash);
    return this.#callOf(high, high < 0 ? this.numberOfName(callHash) : lowOf(callHash));
  }

  /** The number of a name; 0: none of the last steps has it. */
  numberOfName(name: string): number {
    return this.#names.indexOf(name) + 1;
  }

  #number(at: number, column: number): number {
    return this.#rows[at * WIDTH + column] as number;
  }

  #isLater(at: number, { occurredAtMs, seq }: RecentStep): boolean {
    const time = this.#number(at, TIME);
    return time === occurredAtMs ? this.#number(at, SEQ) > seq : time > occurredAtMs;
  }

  #callOf(high: number, low: number): number {
    for (let at = this.#count - 1; at >= 0; at -= 1) {
      if (this.#number(at, LOW) !== low || this.#number(at, HIGH) !== high) continue;
      const call = this.#number(at, CALL);
      if (call !== 0) return call;
    }
    return 0;
  }

  /** Makes room for a step before the one at a place, and says where: the oldest may have gone. */
  #open(at: number): number {
    if (this.isFull) {
      this.#rows.copyWithin(0, WIDTH, at * WIDTH);
      return at - 1;
    }
    const used = this.#count * WIDTH;
    if (used === this.#rows.length) {
      const most = Math.min(this.#most, Math.max(FIRST_STEPS, Math.ceil(this.#count * 1.5)));
      const rows = new Float64Array(most * WIDTH);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    this.#rows.copyWithin((at + 1) * WIDTH, at * WIDTH, used);
    this.#count += 1;
    return at;
  }

  #name(text: string | null): number {
    if (text === null) return 0;
    const known = this.numberOfName(text);
    if (known > 0) return known;
    this.#nameChars += text.length;
    return this.#names.push(text);
  }

  /** Forgets the names of steps that are gone. */
  #forgetNames(): void {
    const names = this.#names;
    this.#names = [];
    this.#nameChars = 0;
    const renamed = (name: number) => this.#name(names[name - 1] ?? null);
    for (let at = 0; at < this.#count; at += 1) {
      const [tool, model] = [renamed(this.toolAt(at)), renamed(this.modelAt(at))];
      const isError = this.isErrorAt(at) ? 1 : 0;
      this.#rows[at * WIDTH + FACTS] = tool * 2 ** TOOL_SHIFT + model * 2 ** MODEL_SHIFT + isError;
      if (this.#number(at, HIGH) >= 0) continue;
      this.#rows[at * WIDTH + LOW] = renamed(this.#number(at, LOW));
    }
  }
}

function highOf(callHash: string): number {
  if (callHash.length !== DIGEST_CHARS || lowOf(callHash) < 0) return -1;
  return partOf(callHash, 0, HIGH_CHARS);
}

function lowOf(callHash: string): number {
  return partOf(callHash, HIGH_CHARS, DIGEST_CHARS);
}
