/**
 * What an overloaded or broken node refuses, told once a minute with a count. Each such refusal is
 * the caller's to repeat, and callers do, a thousand times a second: a log of them all takes the
 * time that the node lacks, and hides the line that says why.
 */
import { repeatedFailures } from "../engine/duties/repeated-failures.ts";
import type { Logger } from "./http-parts.ts";
import { NoAnswer, NoDecision } from "./problem.ts";

interface Failed {
  readonly code?: unknown;
  readonly error?: unknown;
}

/**
 * Tells once a minute of holds that nobody decided on, of releases, renewals and waits that the
 * store did not answer in time, and of requests that found no room.
 */
export function withFewRefusals(log: Logger, nowMs: () => number): Logger {
  const failures = repeatedFailures(log, nowMs);
  return {
    info: (entry) => log.info(entry),
    error: (entry) => {
      const { code, error } = entry as Failed;
      const what = refusalOf(error, code);
      if (what === null) return log.error(entry);
      // The message says after how many milliseconds: it differs from one to the next.
      const { cause } = error as Error;
      const why = cause === undefined ? {} : { cause: String(cause) };
      failures.error({ what, code, ...why });
    },
  };
}

/** What callers may be refused by the thousand; null: anything else. */
function refusalOf(error: unknown, code: unknown): string | null {
  if (error instanceof NoDecision) return "nobody decided on a hold";
  if (code === "server.busy") return "a request found no room";
  return error instanceof NoAnswer ? "the store gave no answer in time" : null;
}
