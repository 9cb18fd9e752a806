/**
 * A step's quantities in disjoint buckets: no token is in two of them, so a sum is a total.
 * Token buckets are closed; any other name is a named unit (`searches`, `read_units`, `seconds`).
 */
import { BUCKETS_MAX_COUNT } from "../limits.ts";
import { type Quantity, ZERO_QUANTITY } from "../money/decimal.ts";

/** Tokens a provider reads. Their sum is the prompt size that selects a price tier. */
export const INPUT_BUCKETS = [
  "input_uncached",
  "cache_read",
  "cache_write",
  "cache_write_5m",
  "cache_write_30m",
  "cache_write_1h",
  "cache_write_12h",
  "input_audio",
  "cache_read_audio",
  "input_image",
  "input_video",
  "input_tool",
] as const;

/** Tokens a provider writes. */
export const OUTPUT_BUCKETS = [
  "output_text",
  "output_reasoning",
  "output_audio",
  "output_image",
] as const;

export type InputBucket = (typeof INPUT_BUCKETS)[number];
export type OutputBucket = (typeof OUTPUT_BUCKETS)[number];
export type TokenBucket = InputBucket | OutputBucket;

const TOKEN_BUCKETS: ReadonlySet<string> = new Set([...INPUT_BUCKETS, ...OUTPUT_BUCKETS]);
const INPUTS: ReadonlySet<string> = new Set(INPUT_BUCKETS);
const OUTPUTS: ReadonlySet<string> = new Set(OUTPUT_BUCKETS);

/** Usage by bucket or unit name. Zero quantities are not kept; keys stand in ascending order. */
export type Usage = ReadonlyMap<string, Quantity>;

/** Short names of the token buckets in texts: capital letters, which no unit name holds. */
const BUCKET_CODES: ReadonlyMap<string, string> = new Map(
  [...TOKEN_BUCKETS].map((bucket, at) => [bucket, String.fromCharCode(65 + at)]),
);
/** The bucket of each short name. */
export const BUCKETS_BY_CODE: ReadonlyMap<string, string> = new Map(
  [...BUCKET_CODES].map(([bucket, code]) => [code, bucket]),
);

/** What stands before a quantity in a text: the short name of a bucket, or `unit=`. */
export function bucketHead(name: string): string {
  return BUCKET_CODES.get(name) ?? `${name}=`;
}

/** The names of a usage in ascending order, and what follows from them alone. */
export class UsageNames {
  readonly all: readonly string[];
  /** Places of the tokens that a provider reads. */
  readonly inputs: readonly number[];
  /** Places of the tokens that a provider writes. */
  readonly outputs: readonly number[];
  /** What the text of a step says before each quantity. */
  readonly heads: readonly string[];

  constructor(names: readonly string[]) {
    const placesOf = (isWanted: ReadonlySet<string>) =>
      names.flatMap((name, place) => (isWanted.has(name) ? [place] : []));
    this.all = names;
    this.inputs = placesOf(INPUTS);
    this.outputs = placesOf(OUTPUTS);
    this.heads = names.map(bucketHead);
  }
}

/**
 * A usage as a list of quantities beside names that many share; for all else it is the map that it
 * stands for. A Map of three entries takes five times the memory, and is asked for each bucket
 * there is where sums are wanted.
 */
export class ListedUsage implements ReadonlyMap<string, Quantity> {
  readonly names: UsageNames;
  /** One for each name, none of them zero. */
  readonly quantities: readonly Quantity[];

  constructor(names: UsageNames, quantities: readonly Quantity[]) {
    this.names = names;
    this.quantities = quantities;
  }

  get size(): number {
    return this.quantities.length;
  }

  get(name: string): Quantity | undefined {
    const { all } = this.names;
    for (let place = 0; place < all.length; place += 1) {
      if (all[place] === name) return this.quantities[place];
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.names.all.includes(name);
  }

  /** The sum of the quantities in these places. */
  sumAt(places: readonly number[]): Quantity {
    let sum = ZERO_QUANTITY;
    for (let index = 0; index < places.length; index += 1) {
      const quantity = this.quantities[places[index] as number] as Quantity;
      sum = sum === 0n ? quantity : ((sum + quantity) as Quantity);
    }
    return sum;
  }

  forEach(visit: (quantity: Quantity, name: string, usage: ReadonlyMap<string, Quantity>) => void) {
    for (const [name, quantity] of this) visit(quantity, name, this);
  }

  /** Whoever writes values knows maps. */
  toJSON(): ReadonlyMap<string, Quantity> {
    return new Map(this);
  }

  keys(): MapIterator<string> {
    return this.names.all.values();
  }

  values(): MapIterator<Quantity> {
    return this.quantities.values();
  }

  entries(): MapIterator<[string, Quantity]> {
    return this[Symbol.iterator]();
  }

  *[Symbol.iterator](): MapIterator<[string, Quantity]> {
    const { all } = this.names;
    for (let place = 0; place < all.length; place += 1) {
      yield [all[place] as string, this.quantities[place] as Quantity];
    }
  }
}

/** Whether a name is one of the closed token buckets; any other is a unit. */
export function isTokenBucket(name: string): name is TokenBucket {
  return TOKEN_BUCKETS.has(name);
}

/** Whether a name is a bucket of tokens that the provider reads. */
export function isInputBucket(name: string): name is InputBucket {
  return INPUTS.has(name);
}

const NAME = /^[a-z][a-z0-9_]{0,49}$/;

/** A bucket or unit name: lower snake case, at most 50 characters. */
export function isUsageName(name: string): boolean {
  return NAME.test(name);
}

/** Makes a usage of entries in any order; zero quantities are dropped. */
export function usageOf(entries: Iterable<readonly [string, Quantity]>): Usage {
  const kept = [...entries].filter(([, quantity]) => quantity !== 0n);
  if (kept.length > 1) kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return new Map(kept.slice(0, BUCKETS_MAX_COUNT));
}

/** Prompt size in tokens × 10^9: cached, uncached and written together. */
export function inputQuantity(usage: Usage): Quantity {
  if (usage instanceof ListedUsage) return usage.sumAt(usage.names.inputs);
  return sumOf(usage, INPUT_BUCKETS);
}

/** Tokens that the provider wrote × 10^9. */
export function outputQuantity(usage: Usage): Quantity {
  if (usage instanceof ListedUsage) return usage.sumAt(usage.names.outputs);
  return sumOf(usage, OUTPUT_BUCKETS);
}

/** Asks for each bucket by its name: going through a map makes a pair of each entry. */
function sumOf(usage: Usage, buckets: readonly string[]): Quantity {
  let sum = ZERO_QUANTITY;
  for (let at = 0; at < buckets.length; at += 1) {
    const quantity = usage.get(buckets[at] as string);
    if (quantity === undefined) continue;
    sum = sum === 0n ? quantity : ((sum + quantity) as Quantity);
  }
  return sum;
}

/** The larger quantity of each bucket: how two partial records of one step are joined. */
export function maximumUsage(a: Usage, b: Usage): Usage {
  const joined = new Map(a);
  for (const [name, quantity] of b) {
    const other = joined.get(name);
    if (other === undefined || quantity > other) joined.set(name, quantity);
  }
  return usageOf(joined);
}

/** Whether two usages hold the same quantities. */
export function usageEquals(a: Usage, b: Usage): boolean {
  if (a.size !== b.size) return false;
  for (const [name, quantity] of a) if (b.get(name) !== quantity) return false;
  return true;
}
