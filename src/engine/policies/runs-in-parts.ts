/** How many steps are read together of runs that are looked at together: some 10 MB of them. */
const READ_TOGETHER_MAX_STEPS = 10_000;

/** Runs in parts that have so many steps that they may be read together, or are one run. */
export function* inParts<T>(
  runs: readonly T[],
  stepsOf: (run: T) => number,
  most = READ_TOGETHER_MAX_STEPS,
): Generator<readonly T[]> {
  let part: T[] = [];
  let steps = 0;
  for (const run of runs) {
    // A run without steps takes room, too.
    const more = 1 + stepsOf(run);
    if (part.length > 0 && steps + more > most) {
      yield part;
      [part, steps] = [[], 0];
    }
    part.push(run);
    steps += more;
  }
  if (part.length > 0) yield part;
}
