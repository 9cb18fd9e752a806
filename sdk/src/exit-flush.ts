/**
 * Sends what is left when a Node process has nothing more to do, or is told to end. A call of
 * process.exit() leaves no time for it: await `flush()` before.
 */

import { atProcessEvent, nodeProcess } from "./process-events.ts";

/** What is done at the end. */
export interface LastActs {
  /** Whether anything is left to send. */
  isPending(): boolean;
  /** Sends it; false: it did not get through. Does not throw. */
  flush(): Promise<boolean>;
  /** Nothing more can be done. */
  end(): void;
}

/** Gives what takes the listeners away again. On a runtime without `process` it does nothing. */
export function flushAtExit(acts: LastActs, signals: readonly string[]): () => void {
  const process = nodeProcess();
  if (process === null) return () => {};
  let hasTried = false;
  const onIdle = () => {
    if (hasTried || !acts.isPending()) return;
    // One try: an unreachable server must not keep a finished program alive for ever.
    hasTried = true;
    void acts.flush().then((isSent) => {
      hasTried = !isSent;
    });
  };
  const onSignal = (signal: string) => {
    const stop = atProcessEvent(process, signal, () => {
      void acts.flush().then(() => {
        stop();
        // Where the application listens too, it decides itself when to end.
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      });
    });
    return stop;
  };
  const stops = [
    atProcessEvent(process, "beforeExit", onIdle),
    atProcessEvent(process, "exit", () => acts.end()),
    ...signals.map(onSignal),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
