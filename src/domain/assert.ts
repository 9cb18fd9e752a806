/**
 * States what must hold. Assertions stay on in production: crash rather than corrupt.
 * A failed assertion is a defect of Tollgate, never of its caller's input.
 */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${invariant}`);
}

/** Returns a value that the caller has proven to be present; crashes where the proof was wrong. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null)
    throw new Error(`Invariant broken: ${what} is missing`);
  return value;
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new Error(`Invariant broken: unexpected ${JSON.stringify(value)}`);
}
