/**
 * A unit of work on its way to the disk while the next one is put together (docs/decisions/
 * 0185-units-overlap-on-postgresql.md). What the next one stands on follows from what this one
 * wrote; whether it does, its own lock tells, before it is committed.
 */
import { type BalanceKey, balanceText } from "../../domain/budget/budget.ts";
import type { Step } from "../../domain/event/step.ts";
import { counterKeyText } from "../../engine/commit/batch-state.ts";
import { ByIdentity } from "../../engine/commit/by-identity.ts";
import type { CounterKey, StepKey, Writes } from "../../engine/ports.ts";
import type { Queries } from "./connection.ts";
import type { Ground } from "./ground.ts";

/** What a unit may write besides: the next one reads it behind its lock, or has it in memory. */
const BESIDES = new Set<keyof Writes>([
  ...(["steps", "runs", "counters", "rollups", "balances", "calls"] as const),
  ...(["witnesses", "conflicts", "link", "sealedSteps", "head"] as const),
]);

/** True for a unit that adds steps, and nothing that is read beside units of work. */
export function addsStepsAlone(writes: Writes): boolean {
  const names = Object.keys(writes) as (keyof Writes)[];
  return (
    writes.steps.length > 0 &&
    names.every((name) => BESIDES.has(name) || (writes[name] as readonly unknown[]).length === 0)
  );
}

/** What one unit leaves to the next. */
export class UnitAhead {
  /** Where the workspace stands once it is on disk. */
  readonly ground: Ground;
  /** Resolves when it has ended, in whatever way. */
  readonly landed: Promise<unknown>;
  /** Reads beside units of work: of rows that this unit did not write, they tell the same. */
  readonly reads: Queries;
  readonly #writes: Writes;
  readonly #steps = new ByIdentity<Step>();
  #runs: ReadonlySet<string> | null = null;
  #periods: ReadonlySet<string> | null = null;
  #balances: ReadonlySet<string> | null = null;

  constructor(before: Ground, writes: Writes, beside: Pick<UnitAhead, "landed" | "reads">) {
    const { head } = writes;
    const commits = before.commit.commits + 1;
    const commit = { ...before.commit, commits, digest: head.digest };
    this.ground = { ...before, head, commit };
    this.landed = beside.landed;
    this.reads = beside.reads;
    this.#writes = writes;
  }

  /** Its step of this identity: it added it. */
  step(key: StepKey): Step | undefined {
    if (this.#steps.size === 0) for (const step of this.#writes.steps) this.#steps.set(step);
    return this.#steps.get(key);
  }

  hasRun(ids: readonly string[]): boolean {
    this.#runs ??= new Set(this.#writes.runs.map(({ id }) => id));
    return ids.some((id) => this.#runs?.has(id));
  }

  hasCounter(keys: readonly CounterKey[]): boolean {
    this.#periods ??= new Set(this.#writes.counters.map(counterKeyText));
    return keys.some((key) => this.#periods?.has(counterKeyText(key)));
  }

  hasBalance(keys: readonly BalanceKey[]): boolean {
    this.#balances ??= new Set(this.#writes.balances.map(balanceText));
    return keys.some((key) => this.#balances?.has(balanceText(key)));
  }

  hasAny(table: "calls" | "witnesses" | "conflicts"): boolean {
    return this.#writes[table].length > 0;
  }
}
