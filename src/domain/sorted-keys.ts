/**
 * The keys of an object in ascending order of their UTF-16 units: the order of `Array.sort`. Most
 * objects of an event have few keys and many have them in order already, where insertion beats the
 * general sort (0.1 of 0.4 µs for four keys) and makes no garbage.
 */

/** Beyond so many keys insertion would be slower, and a hostile object would make it quadratic. */
const INSERTION_MAX_KEYS = 16;

/** An object's own enumerable keys in ascending order. */
export function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  if (keys.length > INSERTION_MAX_KEYS) return keys.sort();
  for (let from = 1; from < keys.length; from += 1) {
    const key = keys[from] as string;
    let at = from;
    while (at > 0 && (keys[at - 1] as string) > key) {
      keys[at] = keys[at - 1] as string;
      at -= 1;
    }
    if (at !== from) keys[at] = key;
  }
  return keys;
}
