/** Splits a prompt into disjoint buckets by what it holds and by what came from a cache. */
import type { Quantity } from "../../domain/money/decimal.ts";
import { formatQuantity, ZERO_QUANTITY } from "../../domain/money/decimal.ts";
import type { Block } from "./block.ts";
import type { Tally } from "./mapped-step.ts";

/** What a provider tells about the tokens it read. */
export interface Prompt {
  /** All tokens of the prompt: fresh, cached and written. */
  readonly total: Quantity;
  readonly cached: Quantity;
  readonly written: Quantity;
  /** Tokens that are not text, by input bucket, cached ones included. */
  readonly modes: ReadonlyMap<string, Quantity>;
  /** Cached tokens by input bucket, where the provider tells it. */
  readonly cachedModes: ReadonlyMap<string, Quantity>;
}

/** Cached tokens of an untold kind are text first: prompts begin with their instructions. */
const TAKEN_IN_ORDER = ["input_uncached", "input_image", "input_video", "input_audio"];

/** Adds the prompt to the tally; refuses parts that do not fit into the total. */
export function splitPrompt(block: Block, prompt: Prompt, tally: Tally): void {
  const { total, cached, written, modes, cachedModes } = prompt;
  const fresh = new Map<string, bigint>(modes);
  fresh.set("input_uncached", total - written - sumOf(modes));
  let untold: bigint = cached;
  for (const [bucket, told] of cachedModes) {
    // Vertex calls the pages of a document text in the prompt and images in the cache. Of what has
    // no price of its own in a cache, the kind says nothing that must fit.
    const quantity = bucket === AUDIO ? told : smaller(told, fresh.get(bucket) ?? 0n);
    fresh.set(bucket, (fresh.get(bucket) ?? 0n) - quantity);
    tally.add(cacheBucket(bucket), quantity as Quantity);
    untold -= quantity;
  }
  for (const bucket of TAKEN_IN_ORDER) {
    const taken = smaller(untold, fresh.get(bucket) ?? 0n);
    if (taken <= 0n) continue;
    fresh.set(bucket, (fresh.get(bucket) ?? 0n) - taken);
    tally.add(cacheBucket(bucket), taken as Quantity);
    untold -= taken;
  }
  const parts = [untold, -untold, ...fresh.values(), ...cachedModes.values()];
  if (parts.some((quantity) => quantity < 0n)) refuseParts(block, prompt);
  for (const [bucket, quantity] of fresh) tally.add(bucket, quantity as Quantity);
}

const AUDIO = "input_audio";

function cacheBucket(bucket: string): string {
  return bucket === AUDIO ? "cache_read_audio" : "cache_read";
}

function refuseParts(block: Block, { total, cached, written, modes }: Prompt): void {
  const told = [
    `${formatQuantity(cached)} cached`,
    `${formatQuantity(written)} written`,
    `${formatQuantity(sumOf(modes))} not text`,
  ];
  const detail = `${told.join(", ")} do not fit into a prompt of ${formatQuantity(total)}`;
  block.refuse("usage.inconsistent", detail, "");
}

function sumOf(parts: ReadonlyMap<string, Quantity>): Quantity {
  let sum: bigint = ZERO_QUANTITY;
  for (const quantity of parts.values()) sum += quantity;
  return sum as Quantity;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
