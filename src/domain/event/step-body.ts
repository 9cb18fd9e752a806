/**
 * Reads of a step's body only what adding up asks for, and where it stands: whoever goes through
 * all of history makes no step of each. `step-text.ts` writes the body and says what is in it; a
 * property test holds both against each other.
 */
import type { DecimalSum } from "../money/decimal-sum.ts";
import { END } from "./step-text.ts";
import { BUCKETS_BY_CODE } from "./usage.ts";

/** Fields of a body, in their order; what stands behind the cost is not read here. */
const CODES = 0;
const COUNTS = 1;
const OCCURRED = 3;
const RATED = 5;
const PERIOD = 6;
const USAGE = 7;
const CARD = 8;
const COST = 10;
const FIELDS_READ = COST + 1;

/** Places in the codes. */
const ROLE_AT = 4;
const VOIDED_AT = 6;

/** Instants are written in base 36. */
const INSTANT_RADIX = 36;
const DIGIT_0 = 0x30;
const CODE_A = 0x41;
const COMMA = ",";
const EQUALS = "=";
/** Codes are capital letters; a code of its own for units, which have names. */
const CODES_COUNT = 26;

/** Where the quantities of wanted buckets and units go. */
export interface WantedUsage {
  /** By the number of the bucket's letter: place of the sum; −1: not wanted. */
  readonly byCode: Int8Array;
  /** By the name of a unit that is no bucket. */
  readonly byName: ReadonlyMap<string, number>;
}

/** Makes a list of buckets and units ready to be looked for. */
export function wantedUsage(units: readonly string[]): WantedUsage {
  const byCode = new Int8Array(CODES_COUNT).fill(-1);
  const byName = new Map(units.map((unit, at) => [unit, at]));
  for (const [code, bucket] of BUCKETS_BY_CODE) {
    const at = byName.get(bucket);
    if (at !== undefined) byCode[code.charCodeAt(0) - CODE_A] = at;
    byName.delete(bucket);
  }
  return { byCode, byName };
}

/** A body, read in place. One object is turned from one body to the next. */
export class StepBody {
  text = "";
  /** Where each field ends, behind a first one that ends before the text. */
  readonly #ends = new Int32Array(FIELDS_READ + 1).fill(-1);

  /** Turns to a body. */
  read(text: string): void {
    this.text = text;
    const ends = this.#ends;
    let end = -1;
    for (let field = 1; field <= FIELDS_READ; field += 1) {
      end = text.indexOf(END, end + 1);
      ends[field] = end;
    }
  }

  #start(field: number): number {
    return (this.#ends[field] as number) + 1;
  }

  #end(field: number): number {
    return this.#ends[field + 1] as number;
  }

  /** Whether the step counts for anything: it bills, and was not voided. */
  get counts(): boolean {
    const { text } = this;
    return text.charCodeAt(ROLE_AT) === DIGIT_0 && text.charCodeAt(VOIDED_AT) === DIGIT_0;
  }

  /** Kind, status and the like, revision and attempt: alike where the texts are. */
  get codes(): string {
    return this.text.slice(this.#start(CODES), this.#end(COUNTS));
  }

  /**
   * The codes as a number, where revision and attempt are usual; −1 where they are not. Of steps
   * that count those of seven digits end with 0, and those of eight with none.
   */
  get usualCodes(): number {
    if (this.#start(COUNTS) !== this.#end(COUNTS)) return -1;
    return this.#integer(CODES);
  }

  /** Number of the card version; −1: none rated the step. */
  get cardVersionId(): number {
    return this.#start(CARD) === this.#end(CARD) ? -1 : this.#integer(CARD);
  }

  /** The instant that rates the step. */
  get ratedAtMs(): number {
    const isOwn = this.#start(RATED) === this.#end(RATED);
    const field = isOwn ? OCCURRED : RATED;
    return Number.parseInt(this.text.slice(this.#start(field), this.#end(field)), INSTANT_RADIX);
  }

  #integer(field: number): number {
    const end = this.#end(field);
    let number = 0;
    for (let at = this.#start(field); at < end; at += 1) {
      number = number * 10 + this.text.charCodeAt(at) - DIGIT_0;
    }
    return number;
  }

  /** The period, which is the known one where that stands there. */
  periodOr(known: string): string {
    const [start, end] = [this.#start(PERIOD), this.#end(PERIOD)];
    const isKnown = known.length === end - start && this.text.startsWith(known, start);
    return isKnown ? known : this.text.slice(start, end);
  }

  addCost(sum: DecimalSum): void {
    sum.addText(this.text, this.#start(COST), this.#end(COST));
  }

  /** Adds the quantities of wanted buckets and units, and counts the step where it has some. */
  addUsage(wanted: WantedUsage, sums: readonly DecimalSum[], stated: number[]): void {
    const { text } = this;
    const end = this.#end(USAGE);
    for (let from = this.#start(USAGE); from < end; ) {
      const comma = text.indexOf(COMMA, from);
      const to = comma < 0 || comma > end ? end : comma;
      let at = text.charCodeAt(from) - CODE_A;
      let start = from + 1;
      if (at >= 0 && at < CODES_COUNT) at = wanted.byCode[at] as number;
      else {
        const equals = text.indexOf(EQUALS, from);
        at = wanted.byName.size === 0 ? -1 : (wanted.byName.get(text.slice(from, equals)) ?? -1);
        start = equals + 1;
      }
      if (at >= 0 && !(to - start === 1 && text.charCodeAt(start) === DIGIT_0)) {
        sums[at]?.addText(text, start, to);
        stated[at] = (stated[at] ?? 0) + 1;
      }
      from = to + 1;
    }
  }
}
