/**
 * Reads a provider's usage block field by field. It never throws and never clamps: the first thing
 * that is wrong is kept as the problem of the whole reading, with the path of the field, and the
 * mapper looks at it once at the end. It also remembers what was read, so that a count which no
 * rule knows can be named instead of being lost.
 */
import type { ErrorCode, Problem } from "../../domain/errors.ts";
import { QUANTITY_MAX_UNITS } from "../../domain/limits.ts";
import type { Quantity } from "../../domain/money/decimal.ts";
import {
  formatQuantity,
  ONE_UNIT,
  parseQuantity,
  ZERO_QUANTITY,
} from "../../domain/money/decimal.ts";
import { ExactNumber } from "../native/exact-json.ts";

/** A JSON object as parsed; nothing about its fields is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Names of one fact in order of precedence, each a dotted path below the block. They must agree:
 * two different counts other than zero contradict each other (a zero is a placeholder).
 */
export type Aliases = readonly string[];

/** What a whole reading shares. */
interface Reading {
  /** The first thing that was wrong. */
  problem: Problem | null;
  /** Paths of the fields that were read. */
  readonly read: Set<string>;
  /** Fields known to count nothing, by the block that they are below. */
  readonly ignored: (readonly [path: string, names: Aliases])[];
}

/** True for a JSON object; arrays and null are none. */
export function isObject(value: unknown): value is JsonObject {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** The text of a JSON number, or of a text in its place; undefined where digits may be lost. */
export function numberText(value: unknown): string | undefined {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === "string") return value;
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

/** Paths are mostly those of the tables; what a sender makes up beyond these is split each time. */
const KEPT_PATHS_MAX_COUNT = 1_000;
const keptPaths = new Map<string, readonly string[]>([["", []]]);

function keysOf(path: string): readonly string[] {
  const kept = keptPaths.get(path);
  if (kept !== undefined) return kept;
  const keys = path.split(".");
  if (keptPaths.size < KEPT_PATHS_MAX_COUNT) keptPaths.set(path, keys);
  return keys;
}

function isAtOrBelow(path: string, known: string): boolean {
  if (!path.startsWith(known)) return false;
  const next = path[known.length];
  return next === undefined || next === "." || next === "[";
}

/** The value at a dotted path, or undefined. */
export function valueAt(value: unknown, path: string): unknown {
  let found: unknown = value;
  for (const key of keysOf(path)) {
    if (!isObject(found) || !Object.hasOwn(found, key)) return undefined;
    found = found[key];
  }
  return found;
}

/** One object of a provider's block. Blocks made of a block share its problem and its memory. */
export class Block {
  readonly value: JsonObject;
  /** Where this block stands in the input, for problems. */
  readonly path: string;
  readonly #reading: Reading;

  constructor(value: JsonObject, path: string, parent?: Block) {
    this.value = value;
    this.path = path;
    this.#reading =
      parent === undefined ? { problem: null, read: new Set(), ignored: [] } : parent.#reading;
  }

  /** The first thing that was wrong in this block or any block made of it. */
  get problem(): Problem | null {
    return this.#reading.problem;
  }

  refuse(code: ErrorCode, detail: string, name: string): void {
    this.#reading.problem ??= { code, detail, field: this.fieldPath(name) };
  }

  /** A whole count, such as tokens. Absent and null are zero. */
  count(aliases: Aliases): Quantity {
    return this.#agreed(aliases, "a whole number of zero or more", true);
  }

  /** A quantity that may have decimal places, such as seconds. Absent and null are zero. */
  measure(aliases: Aliases): Quantity {
    return this.#agreed(aliases, "a number of zero or more", false);
  }

  /** Whether any of the names has a value other than null. */
  has(aliases: Aliases): boolean {
    return aliases.some((name) => (valueAt(this.value, name) ?? null) !== null);
  }

  /** The first text among the names; numbers are not text. */
  text(...names: string[]): string | null {
    for (const name of names) {
      const found = valueAt(this.value, name);
      if (typeof found === "string" && found !== "") return found;
    }
    return null;
  }

  /** The objects of a list; absent and null are empty. */
  list(aliases: Aliases): Block[] {
    const name = aliases.find((alias) => Array.isArray(valueAt(this.value, alias)));
    if (name === undefined) return [];
    const items = valueAt(this.value, name) as readonly unknown[];
    return items.flatMap((item, at) =>
      isObject(item) ? [new Block(item, `${this.fieldPath(name)}[${at}]`, this)] : [],
    );
  }

  child(name: string): Block | null {
    const found = valueAt(this.value, name);
    return isObject(found) ? new Block(found, this.fieldPath(name), this) : null;
  }

  /** The object under a key that may hold dots, such as a model id. */
  entry(key: string): Block | null {
    const found = this.value[key];
    return isObject(found) ? new Block(found, this.fieldPath(key), this) : null;
  }

  /** Declares fields that count nothing billable, or repeat what another field counts. */
  ignore(names: Aliases): void {
    this.#reading.ignored.push([this.path, names]);
  }

  /** Paths of counts above zero that no rule has read. Text that is a number counts as one. */
  unread(): string[] {
    const unread = [...this.#unreadBelow(this.value, this.path)];
    if (unread.length === 0) return unread;
    const ignored = this.#reading.ignored.flatMap(([path, names]) =>
      names.map((name) => `${path}.${name}`),
    );
    return unread.filter((path) => !ignored.some((known) => isAtOrBelow(path, known)));
  }

  fieldPath(name: string): string {
    return name === "" ? this.path : `${this.path}.${name}`;
  }

  *#unreadBelow(value: unknown, path: string): Generator<string> {
    if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) yield* this.#unreadBelow(item, `${path}[${at}]`);
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) yield* this.#unreadBelow(value[key], `${path}.${key}`);
    } else if (isPositive(value) && !this.#reading.read.has(path)) {
      yield path;
    }
  }

  #agreed(aliases: Aliases, wanted: string, whole: boolean): Quantity {
    let agreed = ZERO_QUANTITY;
    for (const name of aliases) {
      const found = this.#quantity(name, wanted, whole);
      if (found === ZERO_QUANTITY) continue;
      if (agreed === ZERO_QUANTITY) agreed = found;
      else if (agreed !== found) {
        const both = `${formatQuantity(agreed)} and ${formatQuantity(found)}`;
        this.refuse("usage.inconsistent", `two names of one fact differ: ${both}`, name);
      }
    }
    return agreed;
  }

  #quantity(name: string, wanted: string, whole: boolean): Quantity {
    const found = valueAt(this.value, name);
    if (found === undefined || found === null) return ZERO_QUANTITY;
    this.#reading.read.add(this.fieldPath(name));
    const quantity = quantityOf(found);
    if (quantity === undefined || quantity < 0n || (whole && quantity % ONE_UNIT !== 0n)) {
      this.refuse("field.invalid", `expected ${wanted}, got ${shown(found)}`, name);
      return ZERO_QUANTITY;
    }
    if (quantity > QUANTITY_MAX_UNITS * ONE_UNIT) {
      this.refuse("field.out_of_range", `${shown(found)} is above ${QUANTITY_MAX_UNITS}`, name);
      return ZERO_QUANTITY;
    }
    return quantity;
  }
}

function quantityOf(value: unknown): Quantity | undefined {
  const text = numberText(value);
  return text === undefined ? undefined : parseQuantity(text);
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" ? value > 0 : (quantityOf(value) ?? 0n) > 0n;
}

const SHOWN_MAX_CHARS = 40;

function shown(value: unknown): string {
  const text = numberText(value) ?? JSON.stringify(value) ?? String(value);
  return text.slice(0, SHOWN_MAX_CHARS);
}
