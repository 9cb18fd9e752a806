/**
 * What rules look at, worked out of a run as it stands. Nothing here is counted up in passing:
 * every level is a function of the run's row, its last steps in the order of their own time, and
 * what its tree spent in its last minute. So levels are the same after a restart, and the same when
 * history is played again.
 */
import type { Step } from "../event/step.ts";
import { inputQuantity } from "../event/usage.ts";
import { type Amount, ONE_UNIT } from "../money/decimal.ts";
import type { LastSteps, RecentStep } from "./last-steps.ts";
import type { PolicyRule } from "./policy.ts";

/** Where the levels of a run begin: it was let go on there. */
export interface Episode {
  readonly steps: number;
  readonly children: number;
  readonly cost: Amount;
  readonly charge: Amount;
  /** 0: it was never stopped. */
  readonly atMs: number;
}

/** A run from its first step on. */
export const WHOLE_RUN: Episode = {
  steps: 0,
  children: 0,
  cost: 0n as Amount,
  charge: 0n as Amount,
  atMs: 0,
};

/** A run, as rules look at it. */
export interface WatchedRun {
  readonly depth: number;
  readonly openedAtMs: number;
  /** Steps of its own that count. */
  readonly steps: number;
  readonly children: number;
  readonly isRoot: boolean;
  /** Of the whole tree. */
  readonly cost: Amount;
  readonly charge: Amount;
  readonly currency: string | null;
  /** Its last steps: as many as any rule looks at. */
  readonly recent: LastSteps;
  /** What its tree spent in its last minute. */
  readonly minute: SpendMinute;
  readonly since: Episode;
}

/** A step that is asked for and not recorded. */
export interface AskedCall {
  readonly callHash: string | null;
  readonly tool: string | null;
}

/** When a level is looked at, and with which step to come. */
export interface LookingAt {
  /** Of an ask, now; else the time of the run's newest step. */
  readonly nowMs: number;
  readonly ask: AskedCall | null;
}

/** The level of a rule, in the scale of its bound. */
export function levelOf(rule: PolicyRule, run: WatchedRun, { nowMs, ask }: LookingAt): bigint {
  const { since } = run;
  switch (rule.kind) {
    case "steps":
      return BigInt(run.steps - since.steps + (ask === null ? 0 : 1));
    case "depth":
      return BigInt(run.depth);
    case "fan_out":
      return BigInt(run.children - since.children);
    case "wall_time":
      return BigInt(Math.max(0, nowMs - Math.max(run.openedAtMs, since.atMs)));
    case "spend_per_minute":
      return spendLevel(rule, run, nowMs);
    case "repeated_call":
      return BigInt(repeats(rule, run, ask));
    case "context_growth":
      return BigInt(grownContext(rule, run));
    case "error_storm":
      return BigInt(errors(rule, run));
  }
}

/** The place of the first step that a rule looks at: none from before the run was let go on. */
function firstStep({ within }: PolicyRule, { recent, steps, since }: WatchedRun): number {
  const count = Math.min(within, steps - since.steps);
  return Math.max(0, recent.count - Math.max(0, count));
}

function spendLevel(rule: PolicyRule, run: WatchedRun, nowMs: number): bigint {
  if (!run.isRoot) return 0n;
  const { since, minute } = run;
  const isCost = rule.measure === "cost";
  if (!isCost && rule.currency !== run.currency) return 0n;
  const spent = isCost ? run.cost - since.cost : run.charge - since.charge;
  const inMinute = minute.sumAt(nowMs)[rule.measure];
  return inMinute < spent ? inMinute : spent;
}

/**
 * How often one call was repeated since the last one that was new: a call that the window has not
 * seen is progress, and what was made before it is forgiven.
 */
function repeats(rule: PolicyRule, run: WatchedRun, ask: AskedCall | null): number {
  const { recent } = run;
  const exempt = rule.exceptTools.map((tool) => recent.numberOfName(tool));
  const seen = new Set<number>();
  const counts = new Map<number, number>();
  for (let at = firstStep(rule, run); at < recent.count; at += 1) {
    const call = recent.callAt(at);
    const tool = recent.toolAt(at);
    if (call === 0 || (tool !== 0 && exempt.includes(tool))) continue;
    if (!seen.has(call)) {
      seen.add(call);
      counts.clear();
    }
    counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  if (ask === null || ask.callHash === null) return Math.max(0, ...counts.values());
  if (ask.tool !== null && rule.exceptTools.includes(ask.tool)) {
    return counts.get(recent.numberOfCall(ask.callHash)) ?? 0;
  }
  return (counts.get(recent.numberOfCall(ask.callHash)) ?? 0) + 1;
}

/** What the newest model call has read, where it is the last of enough that each read more. */
function grownContext(rule: PolicyRule, run: WatchedRun): number {
  const { recent } = run;
  const first = firstStep(rule, run);
  let newest = recent.count - 1;
  while (newest >= first && recent.modelAt(newest) === 0) newest -= 1;
  if (newest < first) return 0;
  let [count, least] = [0, recent.inputTokensAt(newest)];
  for (let at = newest - 1; at >= first; at -= 1) {
    // Calls of another model, such as those that name a thing, have contexts of their own.
    if (recent.modelAt(at) !== recent.modelAt(newest)) continue;
    if (recent.inputTokensAt(at) >= least) break;
    least = recent.inputTokensAt(at);
    count += 1;
  }
  return count >= rule.rises ? recent.inputTokensAt(newest) : 0;
}

function errors(rule: PolicyRule, run: WatchedRun): number {
  let count = 0;
  for (let at = firstStep(rule, run); at < run.recent.count; at += 1) {
    if (run.recent.isErrorAt(at)) count += 1;
  }
  return count;
}

/** What rules see of a recorded step. */
export function recentStep(step: Step): RecentStep {
  const { seq, occurredAtMs, tool, status, kind, model } = step;
  const isModel = kind === "model";
  return {
    ...{ seq, occurredAtMs, tool },
    callHash: step.callHash ?? null,
    isError: status === "error",
    model: isModel ? (model ?? "") : null,
    inputTokens: isModel ? inputTokensOf(step) : 0,
  };
}

function inputTokensOf({ usage }: Step): number {
  return Number(inputQuantity(usage) / ONE_UNIT);
}

/** Whether a step counts for rules: a witness or a voided one does not. */
export function countsForRules({ role, voided }: Pick<Step, "role" | "voided">): boolean {
  return role === "bill" && !voided;
}

/** When a step spent what it cost: a producer whose clock is ahead spends it now. */
export function spentAtMs({ occurredAtMs, receivedAtMs }: Step): number {
  return Math.min(occurredAtMs, receivedAtMs);
}

const SECOND_MS = 1_000;
/** Seconds of which sums are kept. */
export const MINUTE_SECONDS = 60;

interface Spent {
  cost: bigint;
  charge: bigint;
}

/** What a tree spent, by the second of its own time; only the last sixty are kept. */
export class SpendMinute {
  /** By second, in no order. */
  readonly #seconds: Map<number, Spent>;
  /** Of all that is kept. */
  readonly #total: Spent = { cost: 0n, charge: 0n };
  #newest: number;

  constructor(of?: SpendMinute) {
    this.#newest = of?.newestSecond ?? 0;
    this.#seconds = new Map(of?.entries());
    for (const spent of this.#seconds.values()) this.#count(spent, 1n);
  }

  get newestSecond(): number {
    return this.#newest;
  }

  /** Seconds that something was spent in. */
  get size(): number {
    return this.#seconds.size;
  }

  *entries(): Generator<[number, Spent]> {
    for (const [second, spent] of this.#seconds) yield [second, { ...spent }];
  }

  /** Adds a difference at an instant. What is too old by now is left out. */
  add(atMs: number, { cost, charge }: Readonly<Spent>): void {
    if (cost === 0n && charge === 0n) return;
    const second = Math.floor(atMs / SECOND_MS);
    if (second <= this.#newest - MINUTE_SECONDS) return;
    if (second > this.#newest) {
      this.#newest = second;
      for (const [old, spent] of this.#seconds) {
        if (old > second - MINUTE_SECONDS) continue;
        this.#seconds.delete(old);
        this.#count(spent, -1n);
      }
    }
    this.#count({ cost, charge }, 1n);
    const spent = this.#seconds.get(second);
    if (spent === undefined) this.#seconds.set(second, { cost, charge });
    else {
      spent.cost += cost;
      spent.charge += charge;
    }
  }

  #count({ cost, charge }: Readonly<Spent>, sign: bigint): void {
    this.#total.cost += sign * cost;
    this.#total.charge += sign * charge;
  }

  /** Sums of the sixty seconds that end at an instant. */
  sumAt(nowMs: number): Readonly<Spent> {
    const last = Math.floor(nowMs / SECOND_MS);
    if (last === this.#newest) return { ...this.#total };
    const sum = { cost: 0n, charge: 0n };
    for (const [second, { cost, charge }] of this.#seconds) {
      if (second > last || second <= last - MINUTE_SECONDS) continue;
      sum.cost += cost;
      sum.charge += charge;
    }
    return sum;
  }
}
