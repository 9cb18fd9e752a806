/** Holds in few words, for the tests of budgets. It has no test of its own. */
import assert from "node:assert/strict";
import { isMoney } from "../../domain/budget/budget.ts";
import type { HoldAsk } from "../../domain/budget/hold-ask.ts";
import { formatLevel } from "../../domain/budget/parse-budget.ts";
import type { StepEvent, TollgateEvent } from "../../domain/event/event.ts";
import { opened, step, usage } from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import type { BudgetState, HoldDecision } from "./hold-answers.ts";

/** An ask for a model call of so many tokens read and at most so many written. */
export function ask(id: string, some: Partial<HoldAsk> & { step?: StepEvent } = {}): HoldAsk {
  return {
    step: step({ id, usage: usage({ input_uncached: 10 }) }),
    output: null,
    cost: null,
    isWrapUp: false,
    ttlMs: 120_000,
    onExpiry: "estimate",
    contentHash: id,
    ...some,
  };
}

const NO_REQUEST = { asks: [], releases: [], renewals: [], caps: [] };

/** Asks for holds on a run. */
export async function holdOn(
  engine: Engine,
  run: string,
  ...asks: readonly HoldAsk[]
): Promise<readonly HoldDecision[]> {
  const { answer } = await engine.hold("w", [], { ...NO_REQUEST, run, asks });
  return answer.decisions;
}

/** Opens a run for acme, with caps, and asks for holds in the same request. */
export async function openAndHold(
  engine: Engine,
  {
    run,
    caps = [],
    asks = [],
    events = [],
  }: {
    readonly run: string;
    readonly caps?: readonly { readonly measure: string; readonly limit: bigint }[];
    readonly asks?: readonly HoldAsk[];
    readonly events?: readonly TollgateEvent[];
  },
): Promise<readonly HoldDecision[]> {
  const open = opened({ run, id: `open ${run}`, customer: "acme", agent: "support" });
  const request = { ...NO_REQUEST, run, asks, caps };
  const { answer } = await engine.hold("w", [open, ...events], request);
  return answer.decisions;
}

export async function release(engine: Engine, run: string, id: string) {
  const key = { run, source: "sdk", id };
  const { answer } = await engine.hold("w", [], { ...NO_REQUEST, run, releases: [key] });
  return answer.released[0]?.state;
}

/** Sets a budget, or fails with what is wrong with it. */
export async function budget(engine: Engine, key: string, document: object) {
  const saved = await engine.limits.saveBudget("w", { key, document, reason: "test", by: "test" });
  return "record" in saved ? saved.record : assert.fail(JSON.stringify(saved.problems));
}

/** Decisions in one word each, a refusal with its reason. */
export function words(decisions: readonly HoldDecision[]): string[] {
  return decisions.map((one) => {
    if ("reason" in one) return `${one.decision}: ${one.reason}`;
    return "problem" in one ? `${one.decision}: ${one.problem.code}` : one.decision;
  });
}

/** A balance in one line. */
export function line({ record, scope, limit, settled, held }: BudgetState): string {
  const { measure, key } = record.budget;
  const text = (level: bigint) => formatLevel(level, measure);
  const most = limit === null ? "no limit" : text(limit);
  const unit = isMoney(measure) ? "" : ` ${measure}`;
  return `${key}(${scope}) ${text(settled)} + ${text(held)} of ${most}${unit}`;
}

/** The budgets of a run, one line each. */
export async function budgetsOf(engine: Engine, run: string): Promise<string[]> {
  return (await engine.limits.runState("w", run)).budgets.map(line);
}
