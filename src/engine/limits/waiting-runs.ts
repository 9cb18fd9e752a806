/**
 * Callers that wait until a run may go on. They are told at once when something that may let it go
 * on was committed in this process: a stop lifted, a limit raised, a hold settled or released.
 * Where other nodes commit too, the count of commits is asked for while somebody waits, and only
 * then: a message from node to node would cost every commit, waited for or not.
 *
 * All runs that are waited for are looked at in rounds, each once for all who wait for it, and many
 * by the same queries. Thousands may be waited for, so a round lets others have a turn after so
 * many runs, and rests the longer the more it looked at: who waits is told later then, and whoever
 * works is not held up.
 */
import { OTHER_NODES_EVERY_MS, OTHER_NODES_SOONEST_MS } from "../../domain/database-limits.ts";
import { WAIT_MAX_MS } from "../../domain/limits.ts";
import { othersTurn } from "../commit/others-turn.ts";
import { noRun, type RunState, type RunStates } from "./hold-answers.ts";

/** Reads the states of runs as of the last commit. */
export type LookAt = (workspace: string, runs: readonly string[]) => Promise<RunStates>;

/** A number that every commit of any node changes. */
export type CommitsOf = (workspace: string) => Promise<number>;

interface Waiting {
  readonly run: string;
  /** `text` is all that the state says. */
  readonly see: (state: RunState, text: string) => void;
  readonly fail: (error: unknown) => void;
}

/** How long to wait at most, and what ends it before. */
export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Commits come by the hundred a second: after a look, waiters rest so long at least. */
const LOOK_EVERY_MS = 20;
/** A look at a run takes some 30 µs; a fifth of the engine is the most that looks take. */
const LOOKS_A_MS = 7;
/** The more workspaces are waited for, the less often each is asked for its commits. */
const WORKSPACE_ASKED_MS = 4;
/** Looks after which others have a turn. */
const LOOKS_A_TURN = 50;

/** Who waits in one workspace. */
interface Waiters {
  readonly all: Set<Waiting>;
  /** Something was committed since the last round began. */
  isDue: boolean;
  /** A round is under way, or waits for its time. */
  isLooking: boolean;
}

type Asked = Map<string, PromiseWithResolvers<RunState>>;

/** Waiters by workspace. */
export class WaitingRuns {
  readonly #lookAt: LookAt;
  readonly #waiting = new Map<string, Waiters>();
  /** Runs whose state is asked for in this turn, by workspace. */
  readonly #asked = new Map<string, Asked>();
  readonly #commitsOf: CommitsOf | null;

  /** `commitsOf` is null where this process alone commits. */
  constructor(lookAt: LookAt, commitsOf: CommitsOf | null = null) {
    this.#lookAt = lookAt;
    this.#commitsOf = commitsOf;
  }

  get count(): number {
    return [...this.#waiting.values()].reduce((sum, { all }) => sum + all.size, 0);
  }

  /**
   * The state of a run now. Whatever is asked for in one turn is read together: hundreds come back
   * at once where a connection was cut, or a wait is over. Throws `run.not_found`.
   */
  state(workspace: string, run: string): Promise<RunState> {
    const known = this.#asked.get(workspace);
    const asked: Asked = known ?? new Map();
    if (known === undefined) {
      this.#asked.set(workspace, asked);
      setImmediate(() => void this.#answer(workspace, asked));
    }
    const one = asked.get(run) ?? Promise.withResolvers<RunState>();
    asked.set(run, one);
    return one.promise;
  }

  async #answer(workspace: string, asked: Asked): Promise<void> {
    this.#asked.delete(workspace);
    const runs = [...asked];
    for (let at = 0; at < runs.length; at += LOOKS_A_TURN) {
      if (at > 0) await othersTurn();
      const some = runs.slice(at, at + LOOKS_A_TURN);
      try {
        const states = await this.#lookAt(
          workspace,
          some.map(([run]) => run),
        );
        for (const [run, { resolve, reject }] of some) {
          const state = states.get(run);
          if (state === undefined) reject(noRun(run));
          else resolve(state);
        }
      } catch (error) {
        for (const [, { reject }] of some) reject(error);
      }
    }
  }

  /** The run's state once it is paused no more, or as it is after `timeoutMs` or the signal. */
  async wait(workspace: string, run: string, options: WaitOptions): Promise<RunState> {
    let last: RunState | null = null;
    for await (const state of this.follow(workspace, run, { ...options, heartbeatMs: null })) {
      last = state ?? last;
    }
    if (last !== null && last.state !== "paused") return last;
    // Time alone may have let it go on: a window ended.
    return this.state(workspace, run);
  }

  /**
   * The run's state now, and whenever what it says has changed, until the run is paused no more,
   * `timeoutMs` have passed or the signal came. Null every `heartbeatMs` in which nothing changed.
   */
  async *follow(
    workspace: string,
    run: string,
    {
      timeoutMs,
      signal,
      heartbeatMs,
    }: WaitOptions & {
      readonly heartbeatMs: number | null;
    },
  ): AsyncGenerator<RunState | null, void> {
    const listener = new Listener(run);
    const { waiting } = listener;
    const known = this.#waiting.get(workspace);
    const waiters = known ?? { all: new Set<Waiting>(), isDue: false, isLooking: false };
    this.#waiting.set(workspace, waiters);
    if (known === undefined && this.#commitsOf !== null) void this.#watch(workspace, waiters);
    // Before the first look: what is committed after it is told.
    waiters.all.add(waiting);
    const timer = setTimeout(listener.end, timeoutMs);
    const heart =
      heartbeatMs === null ? null : setInterval(() => this.#beat(workspace, listener), heartbeatMs);
    signal?.addEventListener("abort", listener.end, { once: true });
    if (signal?.aborted === true) listener.end();
    try {
      const first = await this.state(workspace, run);
      listener.told = JSON.stringify(stateText(first));
      yield first;
      if (first.state !== "paused") return;
      const look = () => this.look(workspace);
      listener.lookAtNextWindow(first, look);
      for (;;) {
        const next = await listener.next();
        if (next === undefined) return;
        yield next;
        if (next === null) continue;
        if (next.state !== "paused") return;
        listener.lookAtNextWindow(next, look);
      }
    } finally {
      listener.stopLooking();
      clearTimeout(timer);
      clearInterval(heart ?? undefined);
      signal?.removeEventListener("abort", listener.end);
      waiters.all.delete(waiting);
      if (waiters.all.size === 0 && this.#waiting.get(workspace) === waiters) {
        this.#waiting.delete(workspace);
      }
    }
  }

  /** Windows end without a commit: at each beat the run is looked at. */
  #beat(workspace: string, listener: Listener): void {
    listener.beat();
    void this.#checkAll(workspace, [listener.waiting]);
  }

  /** Looks for commits of other nodes for as long as somebody of these waits. */
  async #watch(workspace: string, waiters: Waiters): Promise<void> {
    let last = -1;
    while (this.#waiting.get(workspace) === waiters) {
      // A store that cannot be asked now may be asked later; who waits is told by its own look.
      const commits = (await this.#commitsOf?.(workspace).catch(() => last)) ?? last;
      if (commits !== last) this.look(workspace);
      last = commits;
      const spreadMs = Math.max(OTHER_NODES_SOONEST_MS, this.#waiting.size * WORKSPACE_ASKED_MS);
      const everyMs = Math.min(OTHER_NODES_EVERY_MS, spreadMs);
      await new Promise((resolve) => setTimeout(resolve, everyMs).unref());
    }
  }

  /**
   * Something was committed: whoever waits looks again, at once unless it has just looked; who
   * waits for `run`, at once.
   */
  look(workspace: string, run: string | null = null): void {
    const waiters = this.#waiting.get(workspace);
    if (waiters === undefined) return;
    if (run !== null) void this.#checkAll(workspace, ofRun(waiters, run));
    waiters.isDue = true;
    if (waiters.isLooking) return;
    waiters.isLooking = true;
    // The last round has had its rest. Whoever committed is answered first.
    setImmediate(() => void this.#lookInRounds(workspace, waiters));
  }

  async #lookInRounds(workspace: string, waiters: Waiters): Promise<void> {
    while (waiters.isDue) {
      waiters.isDue = false;
      const runs = [...Map.groupBy(waiters.all, ({ run }) => run).values()];
      for (let at = 0; at < runs.length; at += LOOKS_A_TURN) {
        if (at > 0) await othersTurn();
        const some = runs.slice(at, at + LOOKS_A_TURN).flat();
        // Who was told meanwhile waits no more.
        await this.#checkAll(
          workspace,
          some.filter((one) => waiters.all.has(one)),
        );
      }
      const restMs = Math.max(LOOK_EVERY_MS, runs.length / LOOKS_A_MS);
      await new Promise((resolve) => setTimeout(resolve, restMs).unref());
    }
    waiters.isLooking = false;
  }

  /** Each run is looked at once, however many wait for it, and all of them together. */
  async #checkAll(workspace: string, waiting: readonly Waiting[]): Promise<void> {
    if (waiting.length === 0) return;
    const byRun = Map.groupBy(waiting, ({ run }) => run);
    try {
      const states = await this.#lookAt(workspace, [...byRun.keys()]);
      for (const [run, all] of byRun) {
        const state = states.get(run);
        const text = state === undefined ? "" : JSON.stringify(stateText(state));
        for (const { see, fail } of all) {
          if (state === undefined) fail(noRun(run));
          else see(state, text);
        }
      }
    } catch (error) {
      for (const { fail } of waiting) fail(error);
    }
  }
}

function ofRun({ all }: Waiters, run: string): Waiting[] {
  return [...all].filter((one) => one.run === run);
}

/** One who waits: what it was told last, and what it has not taken yet. */
class Listener {
  readonly waiting: Waiting;
  told = "";
  #next: RunState | null | undefined;
  #hasNext = false;
  #isEnded = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => undefined;
  #window: NodeJS.Timeout | undefined;

  constructor(run: string) {
    this.waiting = { run, see: this.#see, fail: this.#fail };
  }

  /** What there is to tell, as soon as there is; undefined at the end. */
  async next(): Promise<RunState | null | undefined> {
    while (!this.#hasNext && !this.#isEnded && this.#failure === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    if (this.#hasNext) {
      this.#hasNext = false;
      return this.#next;
    }
    if (this.#failure !== null) throw this.#failure.error;
    return undefined;
  }

  /** Nothing changed for a while. A state that waits to be taken says more. */
  beat(): void {
    if (!this.#hasNext) this.#put(null);
  }

  /** A window begins without a commit: whoever waits for one looks when it does. */
  lookAtNextWindow({ nextWindowInMs }: RunState, look: () => void): void {
    this.stopLooking();
    if (nextWindowInMs === null || nextWindowInMs > WAIT_MAX_MS) return;
    this.#window = setTimeout(look, nextWindowInMs + LOOK_EVERY_MS);
  }

  stopLooking(): void {
    clearTimeout(this.#window);
  }

  readonly end = (): void => {
    this.#isEnded = true;
    this.#wake();
  };

  /** Only the newest state counts: a slow reader misses those between. */
  readonly #see = (state: RunState, text: string): void => {
    if (text === this.told) return;
    this.told = text;
    this.#put(state);
  };

  readonly #fail = (error: unknown): void => {
    this.#failure = { error };
    this.#wake();
  };

  #put(next: RunState | null): void {
    this.#next = next;
    this.#hasNext = true;
    this.#wake();
  }
}

/** All that a state says, in a form that can be compared. */
function stateText({ state, stop, budgets }: RunState): unknown[] {
  const levels = budgets.map(({ record, scope, window, limit, settled, held }) => {
    const amounts = [limit, settled, held].map(String);
    return [record.id, scope, window.key, ...amounts];
  });
  return [state, stop, levels];
}
