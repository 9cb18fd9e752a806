/**
 * A place in an untrusted JSON document. Reading notes every problem with its path and goes on
 * with a neutral value, so that one attempt shows all problems; a document with problems is never
 * used. (Rejected: throwing at the first one, which makes a card of twenty charges a long evening.)
 */
import type { ErrorCode, Problem } from "../errors.ts";
import { ID_MAX_CHARS, PROBLEMS_MAX_COUNT } from "../limits.ts";
import { formatScaled, parseScaled } from "../money/decimal.ts";

/** What a decimal of a document may be. Negative ones are never allowed. */
export interface DecimalRule {
  /** Decimal places, and the scale of the integer that is returned. */
  readonly scale: number;
  /** Largest value, in whole units. */
  readonly maxUnits: bigint;
  /** True where zero is refused. (Default: false) */
  readonly isPositive?: boolean;
}

const SHOWN_CHARS = 40;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A value and its path. Reads note their problems in the list that all places share. */
export class Place {
  readonly value: unknown;
  /** `charges[2].price.tiers[1].upTo`; "" for the whole document. */
  readonly path: string;
  readonly #problems: Problem[];

  constructor(value: unknown, path: string, problems: Problem[]) {
    this.value = value;
    this.path = path;
    this.#problems = problems;
  }

  /** True where an optional field is left out or null. */
  get isAbsent(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** Whether this is an object with fields. Notes nothing. */
  get isRecord(): boolean {
    return isObject(this.value);
  }

  /** Notes a problem of this place. */
  refuse(detail: string, code: ErrorCode = "ratecard.invalid"): void {
    if (this.#problems.length >= PROBLEMS_MAX_COUNT) return;
    this.#problems.push(
      this.path === "" ? { code, detail } : { code, detail, field: this.path.slice(0, 500) },
    );
  }

  /**
   * The field of an object; its value is undefined where the object lacks it. What is missing
   * because this is no object is not told once more.
   */
  at(name: string): Place {
    if (!isObject(this.value)) return new Place(undefined, this.path, []);
    const value = Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return new Place(value, joined(this.path, name), this.#problems);
  }

  /** Fields of an object whose names are data; none where it is no object with at least one. */
  entries(maxCount: number): [name: string, field: Place][] {
    if (!this.isObject()) return [];
    const names = Object.keys(this.value as object);
    if (names.length === 0) this.refuse("is empty; name at least one");
    if (names.length > maxCount) {
      this.refuse(`has ${names.length} fields; at most ${maxCount} are allowed`);
      return [];
    }
    return names.map((name) => [name, this.#named(name)]);
  }

  #named(name: string): Place {
    const wrong = wrongText(name);
    if (wrong === undefined) return this.at(name);
    const field = this.at(name.slice(0, SHOWN_CHARS));
    field.refuse(`the name ${wrong}`);
    return new Place(undefined, field.path, []);
  }

  /** Whether this is an object; notes a problem where it is not. */
  isObject(): boolean {
    if (isObject(this.value)) return true;
    const what = shown(this.value);
    const whole = `the document is ${what}, and no object with fields`;
    const detail = this.path === "" ? whole : `${what} is no object`;
    this.refuse(this.value === undefined ? "is missing" : detail);
    return false;
  }

  /** Refuses every field that is not known: a misspelled one must not be ignored in silence. */
  allowOnly(known: readonly string[]): void {
    if (!isObject(this.value)) return;
    const unknown = Object.keys(this.value).filter((name) => !known.includes(name));
    for (const name of unknown.slice(0, PROBLEMS_MAX_COUNT)) {
      // In `{ unit: 0,50 }` YAML reads the comma as the beginning of another field.
      const hint = /^\d+$/.test(name) ? "; a decimal is written with a point" : "";
      const detail = `${shown(name)} is not known here; known are ${known.join(", ")}${hint}`;
      this.at(name.slice(0, SHOWN_CHARS)).refuse(detail, "field.unknown");
    }
  }

  /** The items of a list with at least one; none where it is not such a list. */
  items(maxCount: number): Place[] {
    // Who has a hundred problems to mend is not helped by reading on, and a hostile list ends here.
    if (this.#problems.length >= PROBLEMS_MAX_COUNT) return [];
    if (!Array.isArray(this.value)) {
      this.refuse(this.value === undefined ? "is missing" : `${shown(this.value)} is no list`);
      return [];
    }
    const { length } = this.value;
    if (length === 0) this.refuse("is empty; list at least one");
    if (length > maxCount) {
      this.refuse(`has ${length} items; at most ${maxCount} are allowed`);
      return [];
    }
    return this.value.map(
      (item, index) => new Place(item, `${this.path}[${index}]`, this.#problems),
    );
  }

  /** An id, name or value: what a step could carry and a database can store. */
  text(): string {
    const wrong = wrongText(this.value);
    if (wrong === undefined) return this.value as string;
    this.refuse(wrong);
    return "";
  }

  /** One of the listed texts. */
  choice<T extends string>(choices: readonly T[]): T | undefined {
    const chosen = choices.find((choice) => choice === this.value);
    if (chosen !== undefined) return chosen;
    const what = this.value === undefined ? "is missing" : `${shown(this.value)} is not known`;
    this.refuse(`${what}; it is one of ${choices.join(", ")}`);
    return undefined;
  }

  /** True or false; false where it is neither. */
  flag(): boolean {
    if (typeof this.value === "boolean") return this.value;
    this.refuse(`${shown(this.value)} is neither true nor false`);
    return false;
  }

  /** A decimal as an integer of the rule's scale; 0 where it is not one. */
  decimal(rule: DecimalRule): bigint {
    const read = readDecimal(this.value, rule);
    if (typeof read === "bigint") return read;
    this.refuse(read);
    return 0n;
  }
}

/** Whether a value of a parsed document is an object with fields. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The path of a field: `price.cells.search`, `price.cells["web search"]`. */
export function joined(path: string, name: string): string {
  if (!PLAIN_NAME.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** A value for a message: never the whole of what may be megabytes. */
function shown(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(cut(value));
  }
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "object" || value === null) return String(value);
  return isNumber(value) ? cut(String(value)) : "an object";
}

/** A number, or one that a reader kept as its text, so as to lose no digit. */
function isNumber(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value === "number";
  if (Array.isArray(value) || value.toString === Object.prototype.toString) return false;
  return typeof value.toString === "function";
}

function cut(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

function wrongText(value: unknown): string | undefined {
  if (value === undefined) return "is missing";
  if (typeof value !== "string") return `${shown(value)} is no text`;
  if (value.length > ID_MAX_CHARS) return `is longer than ${ID_MAX_CHARS} characters`;
  if (value.trim() === "") return "is empty";
  const isStorable = value.isWellFormed() && !/\p{Cc}/u.test(value);
  return isStorable ? undefined : `${shown(value)} holds a control or broken character`;
}

/** The scaled integer, or what is wrong with the value. */
function readDecimal(value: unknown, rule: DecimalRule): bigint | string {
  if (value === undefined) return "is missing";
  const text = decimalText(value);
  if (text === undefined) return isNumber(value) ? inQuotes(value) : noDecimal(value, rule);
  if (text.startsWith("-")) return `${shown(text)} is negative`;
  const scaled = parseScaled(text, rule.scale);
  if (scaled === undefined) return noDecimal(text, rule);
  if (scaled > rule.maxUnits * 10n ** BigInt(rule.scale)) {
    return `${shown(text)} exceeds ${formatScaled(rule.maxUnits, 0)}`;
  }
  return rule.isPositive === true && scaled === 0n ? "must be more than 0" : scaled;
}

function inQuotes(value: unknown): string {
  return `${shown(value)}: write it in quotes, such as "0.25"`;
}

function noDecimal(value: unknown, { scale, maxUnits }: DecimalRule): string {
  const most = formatScaled(maxUnits, 0);
  if (scale === 0) return `${shown(value)} is no whole number up to ${most}`;
  const alone = typeof value === "string" ? WITH_MORE.exec(value)?.[1] : undefined;
  if (alone !== undefined && alone !== value)
    return `${shown(value)} is more than a number; write ${alone} alone`;
  const what = `${shown(value)} is no decimal such as 0.25`;
  return `${what}, up to ${most} with at most ${scale} places`;
}

/** A number with its currency, unit or sign before or behind it, such as `€0.10` or `20%`. */
const WITH_MORE = /^(?:[€$£¥]\s?|[A-Z]{3}\s)?(\d{1,15}(?:\.\d{1,18})?)(?:\s?[€$£¥%]|\s[A-Za-z]+)?$/;

function decimalText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (Object.is(value, -0)) return "-0";
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
