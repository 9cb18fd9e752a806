/** Waiting, in a way that a finished program does not wait for. */

/** Stops a timer. */
export type StopTimer = () => void;

/** Calls back later, without keeping the process alive. Gives what stops it. */
export function later(delayMs: number, act: () => void): StopTimer {
  const timer: unknown = setTimeout(act, delayMs);
  if (typeof timer === "object" && timer !== null && "unref" in timer) {
    (timer as { unref(): void }).unref();
  }
  return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
}

/** Waits; throws the signal's reason as soon as it is aborted. Keeps the process alive. */
export function pause(delayMs: number, signal?: AbortSignal | null): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Exponential, between none and all of it, so that many clients do not come back together. */
export function jitteredMs(attempt: number, firstMs: number, mostMs: number): number {
  return Math.random() * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 20));
}
