/**
 * Who asks where an answer has a deadline: a store that says nothing is asked for keys first.
 */
import { TollgateError } from "../domain/errors.ts";
import { DECISION_MAX_MS } from "../domain/limits.ts";
import type { ApiKey } from "../engine/ports.ts";
import { NoAnswer } from "./problem.ts";
import type { RouteContext, TimeIsUp } from "./route.ts";

/** Who asks, and what is left of the context to decide it in. */
export interface Identified {
  readonly key: ApiKey;
  readonly context: RouteContext;
}

/**
 * A key that must be looked up takes of the time that the answer has. Where the store does not
 * answer nothing will be decided; who was known by this key is still told what its budgets want.
 * Throws what `Authenticator.identify` throws, and that time is up.
 */
export async function identifyInTime(
  context: RouteContext,
  authorization: string | undefined,
  code: TimeIsUp = "hold.undecided",
): Promise<Identified> {
  const { authenticator, decisionMaxMs = DECISION_MAX_MS } = context;
  const startedMs = performance.now();
  try {
    const key = await inTime(authenticator.identify(authorization), decisionMaxMs, code);
    const leftMs = decisionMaxMs - (performance.now() - startedMs);
    return { key, context: { ...context, decisionMaxMs: Math.max(0, leftMs) } };
  } catch (error) {
    const key = authenticator.lastKnown(authorization);
    if (key === undefined || !isUndecided(error)) throw error;
    return { key, context: { ...context, storeFailure: error } };
  }
}

const DETAILS: Readonly<Record<TimeIsUp, (maxMs: number) => string>> = {
  "hold.undecided": (maxMs) => `No decision after ${maxMs} ms; it may still be made.`,
  "store.unknown": (maxMs) => `No answer of the store after ${maxMs} ms; it may still be done.`,
};

/** Whether a store that does not answer is to blame, and not the request. */
export function isUndecided(error: unknown): error is TollgateError {
  return error instanceof TollgateError && error.status === 503;
}

/**
 * What a route does where nothing is decided: it is done, or its caller is told in time that it may
 * have been. Throws `store.unknown`. `waitMs` is how long it waits by itself (Default: not at all).
 */
export async function doneInTime<T>(
  { storeFailure, decisionMaxMs = DECISION_MAX_MS }: RouteContext,
  work: () => Promise<T>,
  waitMs = 0,
): Promise<T> {
  try {
    if (storeFailure !== undefined) throw storeFailure;
    return await inTime(work(), decisionMaxMs + waitMs, "store.unknown");
  } catch (error) {
    throw isUndecided(error) ? new NoAnswer(error) : error;
  }
}

/** A promise's result, unless it takes too long: then what it does goes on unattended. */
export function inTime<T>(work: Promise<T>, maxMs: number, code: TimeIsUp): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new NoAnswer(new TollgateError(code, DETAILS[code](Math.round(maxMs)))));
    }, maxMs);
    const done =
      <V>(tell: (value: V) => void) =>
      (value: V): void => {
        clearTimeout(timer);
        tell(value);
      };
    work.then(done(resolve), done(reject));
  });
}
