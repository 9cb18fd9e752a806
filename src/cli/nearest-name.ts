/** What somebody may have meant who named a command or an option that is not there. */

/** Letters that may be wrong, of a name that is long enough to be told by the others. */
const WRONG_MAX_COUNT = 2;
const LETTERS_PER_WRONG = 3;

/**
 * The one of `names` that is nearest to `given`: one that begins as it does, whole word by whole
 * word, or differs from it in few letters. Undefined: none is near, or two are equally.
 */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, distance: distanceOf(given, name) }))
    .filter(({ distance }) => distance <= WRONG_MAX_COUNT)
    .sort((a, b) => a.distance - b.distance);
  const [first, second] = ranked;
  return first?.distance === second?.distance ? undefined : first?.name;
}

function distanceOf(given: string, name: string): number {
  if (given.startsWith(`${name}-`) || name.startsWith(`${given}-`)) return 1;
  const wrong = lettersBetween(given, name);
  return wrong * LETTERS_PER_WRONG <= name.length ? wrong : Number.POSITIVE_INFINITY;
}

/** How many letters are to be put, taken away, exchanged or swapped with the next one. */
function lettersBetween(a: string, b: string): number {
  let twoBack: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const costs = [
        (last[column] ?? 0) + 1,
        (now[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        ...(isSwapped ? [(twoBack[column - 2] ?? 0) + 1] : []),
      ];
      now.push(Math.min(...costs));
    }
    [twoBack, last] = [last, now];
  }
  return last[b.length] ?? 0;
}
