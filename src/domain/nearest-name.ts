/** What somebody may have meant who named a field, an option or a command that is not there. */

/** Letters that may be wrong, of a name that is long enough to be told by the others. */
const WRONG_MAX_COUNT = 2;
const LETTERS_PER_WRONG = 3;

/**
 * The one of `names` that is nearest to `given`: the same but for how its words are joined, one
 * that begins as it does, word by word, or one that differs from it in few letters. Undefined:
 * none is near, or two are equally.
 */
export function nearestName(given: string, names: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = WRONG_MAX_COUNT + 1;
  for (const name of names) {
    const distance = distanceOf(given, name);
    if (distance > least) continue;
    nearest = distance === least ? undefined : name;
    least = distance;
  }
  return least > WRONG_MAX_COUNT ? undefined : nearest;
}

/** The same as a question behind a sentence, as `shown` writes the name; empty: none is near. */
export function askWhetherMeant(
  given: string,
  names: Iterable<string>,
  shown: (name: string) => string = JSON.stringify,
): string {
  const nearest = nearestName(given, names);
  return nearest === undefined ? "" : ` Is ${shown(nearest)} meant?`;
}

function distanceOf(given: string, name: string): number {
  const [a, b] = [foldedName(given), foldedName(name)];
  if (a === b) return 0;
  if (given.startsWith(`${name}-`) || name.startsWith(`${given}-`)) return 1;
  if (Math.abs(a.length - b.length) > WRONG_MAX_COUNT) return Number.POSITIVE_INFINITY;
  const wrong = lettersBetween(a, b);
  return wrong * LETTERS_PER_WRONG <= b.length ? wrong : Number.POSITIVE_INFINITY;
}

/** `occurred_at`, `occurred-at` and `occurredAt` are one. */
function foldedName(name: string): string {
  return name.replaceAll(/[-_]/g, "").toLowerCase();
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
      const put = (now[column - 1] ?? 0) + 1;
      const taken = (last[column] ?? 0) + 1;
      const exchanged = (last[column - 1] ?? 0) + (isSame ? 0 : 1);
      const swapped = isSwapped ? (twoBack[column - 2] ?? 0) + 1 : exchanged;
      now.push(Math.min(put, taken, exchanged, swapped));
    }
    [twoBack, last] = [last, now];
  }
  return last[b.length] ?? 0;
}
