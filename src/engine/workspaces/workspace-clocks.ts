/**
 * The time of each workspace. In production it is that of the machine. In a sandbox it is what the
 * last act on its clock says, read anew for every unit of work: several processes may serve one
 * sandbox, and none of them may keep an hour that another one has ended.
 */
import { KNOWN_WORKSPACES_MAX_COUNT } from "../../domain/limits.ts";
import { RecentByWeight } from "../../domain/recent-by-weight.ts";
import type { Clock, Store } from "../ports.ts";
import { readWorkspace, WORKSPACE_SUBJECT } from "./workspace-settings.ts";

/** A clock of a workspace. */
export interface WorkspaceClock extends Clock {
  /** What holds keep their distance by; left out where it is `nowMs`. */
  paceMs?(): number;
}

/** Clocks by workspace. */
export class WorkspaceClocks {
  readonly #store: Store;
  readonly #system: Clock;
  /** Asked for with every hold. */
  readonly #ofMachine: Promise<Clock>;
  /** What a workspace is never changes once it is there. */
  readonly #kinds = new RecentByWeight<string, "production" | "sandbox">(
    KNOWN_WORKSPACES_MAX_COUNT,
  );

  constructor(store: Store, system: Clock) {
    this.#store = store;
    this.#system = system;
    this.#ofMachine = Promise.resolve(system);
  }

  of(workspace: string): Promise<WorkspaceClock> {
    return this.#kinds.get(workspace) === "production" ? this.#ofMachine : this.#find(workspace);
  }

  async #find(workspace: string): Promise<WorkspaceClock> {
    if ((await this.#kindOf(workspace)) === "production") return this.#system;
    const act = await this.#store.lastAct(workspace, "clock.advanced", WORKSPACE_SUBJECT);
    if (act === undefined) return this.#system;
    const { nowMs } = JSON.parse(act.document) as ClockReading;
    // Who is told to wait waits by the machine, while this clock stands still: both let it go on.
    return { nowMs: () => nowMs, paceMs: () => nowMs + this.#system.nowMs() };
  }

  async #kindOf(workspace: string): Promise<"production" | "sandbox"> {
    const known = this.#kinds.get(workspace);
    if (known !== undefined) return known;
    const { kind } = await readWorkspace(this.#store, workspace);
    this.#kinds.set(workspace, kind, 1);
    return kind;
  }

  /** Called when a workspace has just become what it is. */
  forget(workspace: string): void {
    this.#kinds.delete(workspace);
  }
}

/** What an act on a clock records. */
export interface ClockReading {
  readonly nowMs: number;
}
