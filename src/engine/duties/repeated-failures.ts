/**
 * Failures of periodic work. What is tried every second fails every second while a database is
 * away, from each piece of work with the same words: a log of thousands of such lines an hour hides
 * the one that says why.
 */

/** Where failures are told. */
export interface FailureLog {
  error(entry: object): void;
}

const AGAIN_AFTER_MS = 60_000;
/** Errors may name a port or a process, so the same one may come in many forms. */
const REMEMBERED_MAX_COUNT = 100;

interface Told {
  readonly atMs: number;
  /** How often it came since then. */
  times: number;
}

/** Tells the same entry once a minute at most, with how often it came meanwhile as `times`. */
export function repeatedFailures(log: FailureLog, nowMs: () => number): FailureLog {
  const told = new Map<string, Told>();
  return {
    error: (entry) => {
      const text = JSON.stringify(entry);
      const last = told.get(text);
      const atMs = nowMs();
      if (last !== undefined && atMs - last.atMs < AGAIN_AFTER_MS) {
        last.times += 1;
        return;
      }
      if (last === undefined && told.size === REMEMBERED_MAX_COUNT) told.clear();
      told.set(text, { atMs, times: 0 });
      const times = (last?.times ?? 0) + 1;
      log.error(times === 1 ? entry : { ...entry, times });
    },
  };
}
