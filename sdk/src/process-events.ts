/** Node's process, where there is one: what is listened to there, once for all Tollgates. */

/** The part of Node's `process` that is used. */
export interface NodeProcess {
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  listenerCount(event: string): number;
  kill(pid: number, signal: string): void;
  readonly pid: number;
}

/** Null on runtimes without one. */
export function nodeProcess(): NodeProcess | null {
  const { process } = globalThis as { process?: Partial<NodeProcess> };
  const isNode = typeof process?.on === "function" && typeof process.off === "function";
  return isNode ? (process as NodeProcess) : null;
}

interface Shared {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

const shared = new Map<string, Shared>();

/**
 * Acts at an event of the process; gives what ends that. However many act at an event, the process
 * sees one listener, or it would warn of a leak where an application makes many Tollgates.
 */
export function atProcessEvent(process: NodeProcess, event: string, act: () => void): () => void {
  const known = shared.get(event) ?? startListening(process, event);
  known.acts.add(act);
  return () => {
    known.acts.delete(act);
    if (known.acts.size > 0 || shared.get(event) !== known) return;
    shared.delete(event);
    process.off(event, known.listener);
  };
}

function startListening(process: NodeProcess, event: string): Shared {
  const acts = new Set<() => void>();
  const listener = () => {
    for (const act of [...acts]) act();
  };
  const started = { acts, listener };
  shared.set(event, started);
  process.on(event, listener);
  return started;
}
