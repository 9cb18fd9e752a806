/**
 * A stop: work in a scope gets no holds until somebody, or a budget with room again, lifts it. A
 * pause is told as one (the run waits), a block as an end. Metering goes on in either: what was
 * done is always recorded.
 */
import type { RuleKind } from "../policy/policy.ts";

/** What can be stopped. */
export const STOP_SCOPES = ["run", "agent", "customer", "workspace"] as const;
export type StopScope = (typeof STOP_SCOPES)[number];

/** What a stop tells: to wait, or that it is over. */
export const STOP_MODES = ["pause", "block"] as const;
export type StopMode = (typeof STOP_MODES)[number];

/** What is stopped. A run's stop holds for everything below it. */
export interface StopKey {
  readonly of: StopScope;
  /** Run, agent or customer; "" for the workspace. */
  readonly id: string;
}

/** The balance that paused a run. */
export interface StoppingBalance {
  readonly budgetId: number;
  readonly scope: string;
  /** What was free of it then, as text of the measure's scale: with more, the run may ask again. */
  readonly free: string;
}

/** The rule that stopped a run. */
export interface StoppingRule {
  readonly policy: string;
  readonly rule: RuleKind;
  /** As text of `formatRuleLevel`. */
  readonly level: string;
  readonly moreThan: string;
}

/** A stop in force. */
export interface Stop extends StopKey {
  readonly mode: StopMode;
  /** The balance that stopped it; null: a person did. */
  readonly budget: StoppingBalance | null;
  /** The rule that stopped it; left out where something else did. */
  readonly policy?: StoppingRule;
  readonly reason: string;
  readonly by: string;
  readonly stoppedAtMs: number;
}

/** What is stopped, as one text. */
export function stopText({ of, id }: StopKey): string {
  return `${of}\u0000${id}`;
}

/** Everything that may stop a spender, the run itself first. */
export function stopKeysOf(spender: {
  readonly customer: string;
  readonly agent: string | null;
  readonly path: readonly { readonly id: string }[];
}): StopKey[] {
  const { customer, agent, path } = spender;
  const keys: StopKey[] = [];
  for (const { id } of path) keys.push({ of: "run", id });
  if (agent !== null) keys.push({ of: "agent", id: agent });
  keys.push({ of: "customer", id: customer }, ALL_WORK);
  return keys;
}

const ALL_WORK: StopKey = { of: "workspace", id: "" };

/** The stop that decides: a block before a pause, a person's before a budget's. */
export function decidingStop(stops: readonly Stop[]): Stop | null {
  if (stops.length === 0) return null;
  const rank = ({ mode, budget }: Stop) => (mode === "block" ? 0 : 2) + (budget === null ? 0 : 1);
  return stops.toSorted((a, b) => rank(a) - rank(b))[0] ?? null;
}
