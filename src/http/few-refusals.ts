/**
 * What an overloaded or broken node refuses, told once a minute with a count. Each such refusal is
 * the caller's to repeat, and callers do, a thousand times a second: a log of them all takes the
 * time that the node lacks, and hides the line that says why.
 */
import { repeatedFailures } from "../engine/duties/repeated-failures.ts";
import type { Logger } from "./http-parts.ts";
import { NoDecision } from "./problem.ts";

interface Failed {
  readonly code?: unknown;
  readonly error?: unknown;
}

/** Tells of holds that nobody decided on, and of requests that found no room, once a minute. */
export function withFewRefusals(log: Logger, nowMs: () => number): Logger {
  const failures = repeatedFailures(log, nowMs);
  return {
    info: (entry) => log.info(entry),
    error: (entry) => {
      const { code, error } = entry as Failed;
      const isUndecided = error instanceof NoDecision;
      if (!isUndecided && code !== "server.busy") return log.error(entry);
      // The message says after how many milliseconds: it differs from one to the next.
      const { cause } = error as Error;
      const what = isUndecided ? "nobody decided on a hold" : "a request found no room";
      const why = cause === undefined ? {} : { cause: String(cause) };
      failures.error({ what, code, ...why });
    },
  };
}
