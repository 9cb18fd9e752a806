/** What recorded rows spend, and who spends it: the one place where budgets read them. */

import { NO_SPEND, type RunOnPath, type Spend, type Spender } from "../../domain/budget/spend.ts";
import type { Step } from "../../domain/event/step.ts";
import { chargedBy } from "../../domain/event/trial-cell.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import { creditUnitsOf } from "../../domain/rating/credit-units.ts";
import { sharesOfRating } from "../../domain/run/rating-charges.ts";
import { ancestry, type OutcomeState, type Run } from "../../domain/run/run.ts";
import type { Customers } from "../booking/metered.ts";
import type { Tariff } from "../cards/tariff.ts";
import { mostOfOutcome, mostOfRun } from "./accrued-at-most.ts";

/** Something that counts, and from which instant its windows follow. */
export interface Spent {
  readonly spender: Spender;
  readonly spend: Spend;
  readonly atMs: number;
}

type RunOf = (id: string) => Run | undefined;

/** A run and all above it; none of a standing run, which has no budget of its own. */
export function pathOf(run: string, runOf: RunOf, tariff: Tariff): readonly RunOnPath[] {
  return runsOnPath(run, runOf).map((one) => onPath(one, tariff));
}

/** The same as the runs that they are. */
export function runsOnPath(run: string, runOf: RunOf): readonly Run[] {
  const own = runOf(run);
  if (own === undefined || own.standing) return [];
  // Most runs are below no other: walking up takes a set of those that were met.
  if (own.parent === null) return [own];
  const path = [...ancestry(run, runOf)];
  return path.some(({ standing }) => standing) ? [] : path;
}

/** A run as budgets of runs select it. */
export function onPath({ id, agent, labels, rating }: Run, tariff: Tariff): RunOnPath {
  return { id, agent, labels, cardKey: cardKeyOf(rating?.cardVersionId ?? null, tariff) };
}

function cardKeyOf(cardVersionId: number | null, tariff: Tariff): string | null {
  return cardVersionId === null ? null : tariff.cardById(cardVersionId).cardKey;
}

/** What a step spends: nothing where it is voided or a witness. */
export function spendOfStep(step: Step, tariff: Tariff): Spend {
  if (step.voided || step.role === "shadow") return NO_SPEND;
  const { cardVersionId, usage, charge, shares } = step;
  const card = cardVersionId === null ? null : tariff.cardById(cardVersionId);
  const currency = card?.currency ?? null;
  const credits = card === null ? null : creditUnitsOf(card, shares);
  const cost = step.payer === "us" ? step.cost : ZERO_AMOUNT;
  return spendOf({ cost, charge, currency, credits, usage, stepCount: 1n });
}

/** Named one by one: every step makes one of these, and its run two. */
function spendOf(of: Omit<Spend, "runCount" | "openRunCount">): Spend {
  const { cost, charge, currency, credits, usage, stepCount } = of;
  return { cost, charge, currency, credits, usage, stepCount, runCount: 0n, openRunCount: 0n };
}

/** The spender of a step. */
export function spenderOfStep(step: Step, runOf: RunOf, tariff: Tariff): Spender {
  const { customer, agent, labels, run, cardVersionId } = step;
  const path = pathOf(run, runOf, tariff);
  return { customer, agent, labels, cardKey: cardKeyOf(cardVersionId, tariff), path };
}

/**
 * What a run spends beside its steps and outcomes: its fee, its bounds, what waits for its end, and
 * that it is one. Counts in the windows of its opening.
 */
export function spentByRun(run: Run, tariff: Tariff): Spent | null {
  const { customer, rating, agent, labels } = run;
  if (customer === null) return null;
  const most = mostOfRun(run, tariff);
  const parts = [...sharesOfRating(rating), ...most];
  let charge: bigint = chargedBy(parts);
  for (const { cap, minimum } of run.corrections) charge += cap + minimum;
  const card = rating === null ? null : tariff.cardById(rating.cardVersionId);
  const isCounted = run.parent === null && !run.standing;
  const isOpen = isCounted && run.status === "open";
  const spend = {
    ...NO_SPEND,
    charge: charge as Amount,
    currency: card?.currency ?? null,
    credits: card === null ? null : creditUnitsOf(card, parts),
    runCount: isCounted ? 1n : 0n,
    openRunCount: isOpen ? 1n : 0n,
  };
  // The run budgets of its tree are told by the tree's own totals.
  const spender = { customer, agent, labels, cardKey: card?.cardKey ?? null, path: [] };
  return { spender, spend, atMs: run.openedAtMs };
}

/** Where outcomes are read. */
export interface OutcomeSources extends Customers {
  readonly tariff: Tariff;
  readonly run: Run | undefined;
}

/** What an outcome spends, and may yet come to. Counts in the windows of its receipt. */
export function spentByOutcome(outcome: OutcomeState, sources: OutcomeSources): Spent {
  const { tariff, run } = sources;
  const { customer, agent, cardVersionId, receivedAtMs } = outcome;
  const most = mostOfOutcome(outcome, tariff, sources);
  const charge = (outcome.charge + chargedBy(most)) as Amount;
  const card = cardVersionId === null ? null : tariff.cardById(cardVersionId);
  const currency = card?.currency ?? null;
  const credits = card === null ? null : creditUnitsOf(card, [...outcome.shares, ...most]);
  const [labels, cardKey] = [run?.labels ?? null, card?.cardKey ?? null];
  const spender = { customer, agent, labels, cardKey, path: [] };
  return { spender, spend: { ...NO_SPEND, charge, currency, credits }, atMs: receivedAtMs };
}

/**
 * What everything in a run's tree spends, as its totals say. The charge is after the run's own cap
 * and minimum. Its usage is not in the totals.
 */
export function spendOfTree({ tree, corrections }: Run, currency: string | null): Spend {
  let charge: bigint = tree.charge;
  for (const { cap, minimum } of corrections) charge += cap + minimum;
  const { cost, steps } = tree;
  const { usage, credits } = NO_SPEND;
  const stepCount = BigInt(steps);
  return spendOf({ cost, charge: charge as Amount, currency, credits, usage, stepCount });
}
