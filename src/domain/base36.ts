/**
 * Whole numbers in base 36, as `toString(36)` writes them. The engine of the language takes another
 * way for numbers beyond 31 bits, which instants are: a division of floats for every digit. Three
 * digits at a time, from a table, cost much less.
 */
import { assert } from "./assert.ts";

const BASE = 36;
const GROUP = BASE ** 3;
/** Every group of three digits, with and without the zeros in front. */
const GROUPS = Array.from({ length: GROUP }, (_, n) => n.toString(BASE).padStart(3, "0"));
const FIRST_GROUPS = Array.from({ length: GROUP }, (_, n) => n.toString(BASE));

/** A safe integer in base 36, lower case; a negative one with its sign. */
export function toBase36(value: number): string {
  assert(Number.isSafeInteger(value), "what is written in base 36 is a safe integer");
  if (value < 0) return `-${toBase36(-value)}`;
  let text = "";
  let rest = value;
  while (rest >= GROUP) {
    const higher = Math.floor(rest / GROUP);
    text = `${GROUPS[rest - higher * GROUP]}${text}`;
    rest = higher;
  }
  return `${FIRST_GROUPS[rest]}${text}`;
}
