/**
 * Who asks where an answer has a deadline: a store that says nothing is asked for keys first.
 */
import { TollgateError } from "../domain/errors.ts";
import { DECISION_MAX_MS } from "../domain/limits.ts";
import type { ApiKey } from "../engine/ports.ts";
import type { RouteContext } from "./route.ts";

/** Who asks, and what is left of the context to decide it in. */
export interface Identified {
  readonly key: ApiKey;
  readonly context: RouteContext;
}

/**
 * A key that must be looked up takes of the time that the decision has. Where the store does not
 * answer nothing will be decided; who was known by this key is still told what its budgets want.
 * Throws what `Authenticator.identify` throws, and `hold.undecided`.
 */
export async function identifyInTime(
  context: RouteContext,
  authorization: string | undefined,
): Promise<Identified> {
  const { authenticator, decisionMaxMs = DECISION_MAX_MS } = context;
  const startedMs = performance.now();
  try {
    const key = await inTime(authenticator.identify(authorization), decisionMaxMs);
    const leftMs = decisionMaxMs - (performance.now() - startedMs);
    return { key, context: { ...context, decisionMaxMs: Math.max(0, leftMs) } };
  } catch (error) {
    const key = authenticator.lastKnown(authorization);
    if (key === undefined || !isUndecided(error)) throw error;
    return { key, context: { ...context, storeFailure: error } };
  }
}

/** Whether a store that does not answer is to blame, and not the request. */
export function isUndecided(error: unknown): error is TollgateError {
  return error instanceof TollgateError && error.status === 503;
}

/**
 * A promise's result, unless it takes too long: then what it does goes on unattended. Throws
 * `hold.undecided`.
 */
export function inTime<T>(work: Promise<T>, maxMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const detail = `No decision after ${maxMs} ms; it may still be made.`;
      reject(new TollgateError("hold.undecided", detail));
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
