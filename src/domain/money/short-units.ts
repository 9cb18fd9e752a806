/**
 * Amounts as safe integers of millionths of a millionth, where that is what they are: nearly every
 * amount that is written has at most 12 of its 33 places. Found by a division of floats and proven
 * by an exact multiplication; both by the words of the bigint, since each operation on a bigint
 * takes as long as all of it (0.06 µs instead of 0.09).
 */
import { AMOUNT_SCALE } from "../limits.ts";

/** Places of a short amount. */
export const SHORT_PLACES = 12;

const UNIT = 10n ** BigInt(AMOUNT_SCALE - SHORT_PLACES);
/** 10^21 is 5^21 × 2^21 and 5^21 is below 2^53, so the float is exact. */
const UNIT_FLOAT = Number(UNIT);
const WORD = 2 ** 32;
const HALF_WORD = 2 ** 16;
const UNIT_LOW = Number(UNIT & 0xffff_ffffn);
const UNIT_HIGH = Number((UNIT >> 32n) & 0xffff_ffffn);

/**
 * A float of less than 2^114 is within 2^61 of what it stands for, and so is a product of one. Two
 * magnitudes whose floats are nearer than 2^62 differ by less than 2^64 then, and are the same
 * where their last 64 bits are.
 */
const PROVEN_BELOW = 1n << 114n;
const NEAR = 2 ** 62;

/** Where a bigint is taken apart. */
const pairs = new BigUint64Array(2);
const words = new Uint32Array(pairs.buffer);
/** Which word of a pair is the lower one. */
const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/**
 * A magnitude of scale 33 in units of its 12th place; −1: that is no safe integer, or a large one
 * (above 20 × 10^12) that its float does not show.
 */
export function shortUnits(value: bigint): number {
  if (value >= PROVEN_BELOW) return longUnits(value);
  pairs[0] = value;
  pairs[1] = value >> 64n;
  const low = words[LOW] as number;
  const high = words[HIGH] as number;
  const upper = (words[2 + HIGH] as number) * WORD + (words[2 + LOW] as number);
  const near = upper * WORD * WORD + (high * WORD + low);
  const units = Math.round(near / UNIT_FLOAT);
  const isNear = Math.abs(near - units * UNIT_FLOAT) < NEAR;
  return isNear && hasLastBits(units, low, high) ? units : -1;
}

/** Whether `units` × 10^21 has these last 64 bits. */
function hasLastBits(units: number, low: number, high: number): boolean {
  const unitsHigh = Math.floor(units / WORD);
  const unitsLow = units - unitsHigh * WORD;
  // 16 × 32 bits are exact in a float.
  const lower = (unitsLow & 0xffff) * UNIT_LOW;
  const upper = (unitsLow >>> 16) * UNIT_LOW;
  const carried = Math.floor(upper / HALF_WORD);
  const lowSum = lower + (upper - carried * HALF_WORD) * HALF_WORD;
  if (lowSum >>> 0 !== low) return false;
  const crossed = Math.imul(unitsLow, UNIT_HIGH) + Math.imul(unitsHigh, UNIT_LOW);
  return (Math.floor(lowSum / WORD) + carried + crossed) >>> 0 === high;
}

function longUnits(value: bigint): number {
  const units = Math.round(Number(value) / UNIT_FLOAT);
  return Number.isSafeInteger(units) && BigInt(units) * UNIT === value ? units : -1;
}
