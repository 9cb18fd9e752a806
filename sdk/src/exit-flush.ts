/**
 * Sends what is left when a Node process has nothing more to do, or is told to end. A call of
 * process.exit() leaves no time for it: await `flush()` before.
 */

interface Emitter {
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  listenerCount(event: string): number;
  kill(pid: number, signal: string): void;
  readonly pid: number;
}

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
  const emitter = (globalThis as { process?: Partial<Emitter> }).process;
  if (typeof emitter?.on !== "function" || typeof emitter.off !== "function") return () => {};
  const process = emitter as Emitter;
  let hasTried = false;
  const onIdle = () => {
    if (hasTried || !acts.isPending()) return;
    // One try: an unreachable server must not keep a finished program alive for ever.
    hasTried = true;
    void acts.flush().then((isSent) => {
      hasTried = !isSent;
    });
  };
  const onSignal = signals.map((signal) => {
    const listener = () => {
      process.off(signal, listener);
      // Where the application listens too, it decides itself when to end.
      void acts.flush().then(() => {
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      });
    };
    return [signal, listener] as const;
  });
  const onExit = () => acts.end();
  process.on("beforeExit", onIdle);
  process.on("exit", onExit);
  for (const [signal, listener] of onSignal) process.on(signal, listener);
  return () => {
    process.off("beforeExit", onIdle);
    process.off("exit", onExit);
    for (const [signal, listener] of onSignal) process.off(signal, listener);
  };
}
