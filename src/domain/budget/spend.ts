/**
 * What something uses up, and which balances it counts in. The same function measures a recorded
 * step and the worst case that a hold sets aside for it, so the two can never differ in kind.
 */
import type { Labels } from "../event/event.ts";
import { inputQuantity, outputQuantity, type Usage } from "../event/usage.ts";
import { type Amount, ONE_UNIT, ZERO_AMOUNT } from "../money/decimal.ts";
import type { CreditUnits } from "../rating/credit-units.ts";
import type { Budget, BudgetWhere } from "./budget.ts";

/** Quantities that any budget may measure. */
export interface Spend {
  /** What providers charge us; 0 where the customer pays them. */
  readonly cost: Amount;
  readonly charge: Amount;
  /** Currency of the charge; null: there is none. */
  readonly currency: string | null;
  /** What of the charge is priced in a card's credits, in these; null: nothing. */
  readonly credits: CreditUnits | null;
  readonly usage: Usage;
  readonly stepCount: bigint;
  readonly runCount: bigint;
  /** Runs that go on. */
  readonly openRunCount: bigint;
}

/** Nothing at all. */
export const NO_SPEND: Spend = {
  cost: ZERO_AMOUNT,
  charge: ZERO_AMOUNT,
  currency: null,
  credits: null,
  usage: new Map(),
  stepCount: 0n,
  runCount: 0n,
  openRunCount: 0n,
};

/** A spend in the measure of a budget, in the measure's scale. */
export function measured({ measure, currency }: Budget, spend: Spend): bigint {
  switch (measure) {
    case "cost":
      return spend.cost;
    case "charge":
    case "prepaid":
      return spend.currency === currency ? spend.charge : 0n;
    case "credits":
      return spend.credits?.name === currency ? spend.credits.amount : 0n;
    case "tokens":
      return tokensOf(spend.usage);
    case "steps":
      return spend.stepCount * ONE_UNIT;
    case "runs":
      return spend.runCount * ONE_UNIT;
    case "parallel_runs":
      return spend.openRunCount * ONE_UNIT;
    default:
      return spend.usage.get(measure) ?? 0n;
  }
}

/** Tokens read and written, whatever their bucket. */
export function tokensOf(usage: Usage): bigint {
  return inputQuantity(usage) + outputQuantity(usage);
}

/** A run that a spend is in, or above that. */
export interface RunOnPath {
  readonly id: string;
  readonly agent: string | null;
  readonly labels: Labels | null;
  /** Key of the card that the run itself is counted by: of a root run; null: none. */
  readonly cardKey: string | null;
}

/** Who spends. */
export interface Spender {
  readonly customer: string;
  readonly agent: string | null;
  readonly labels: Labels | null;
  /** Key of the card that charges the work; null: none. */
  readonly cardKey: string | null;
  /** Its run first, then all above it; empty where the run is a standing one. */
  readonly path: readonly RunOnPath[];
}

/** The balances of a budget that a spender's work counts in; several only where runs nest. */
export function scopesOf(budget: Budget, spender: Spender): readonly string[] {
  const { each, where, label } = budget;
  if (!isAmong(where.customer, spender.customer)) return [];
  if (each === "run") return runsAmong(where, spender.path);
  if (!isSelected(where, spender)) return [];
  switch (each) {
    case "workspace":
      return [""];
    case "customer":
      return [spender.customer];
    case "agent":
      return spender.agent === null ? [] : [spender.agent];
    case "customer_agent":
      return spender.agent === null ? [] : [customerAgentScope(spender.customer, spender.agent)];
    case "label": {
      const value = label === null ? undefined : labelIn(spender.labels, label);
      return value === undefined ? [] : [value];
    }
  }
}

function runsAmong(where: BudgetWhere, path: readonly RunOnPath[]): readonly string[] {
  const ids: string[] = [];
  for (const run of path) if (isSelected(where, run)) ids.push(run.id);
  return ids;
}

/**
 * What waits for room in a balance: the topmost run of which everything down to the spender counts
 * in it, so that a sub-agent's own cap leaves those above it at work. Null: a standing run's work.
 * One that has ended waits for nothing and cannot be let go on: those below it may outlive it.
 */
export function runToPause(
  budget: Budget,
  scope: string,
  { spender, mayGoOn }: { readonly spender: Spender; readonly mayGoOn: (run: string) => boolean },
): RunOnPath | null {
  const { path } = spender;
  const outside = path.findIndex(({ agent, labels }, at) => {
    // The step itself counts in it, whatever its run is.
    const own = at === 0 ? spender : { ...spender, agent, labels, path: path.slice(at) };
    return !scopesOf(budget, own).includes(scope);
  });
  const inside = outside < 0 ? path : path.slice(0, Math.max(1, outside));
  return inside.findLast(({ id }) => mayGoOn(id)) ?? null;
}

/** The scope of a customer and agent. JSON keeps ("a:b", "c") and ("a", "b:c") apart. */
export function customerAgentScope(customer: string, agent: string): string {
  return JSON.stringify([customer, agent]);
}

/** The customer that a balance is of; null: it is of no single one. */
export function customerOfScope({ each, where }: Budget, scope: string): string | null {
  if (each === "customer") return scope;
  if (each === "customer_agent") return (JSON.parse(scope) as [string, string])[0];
  const [only, ...more] = where.customer ?? [];
  return only !== undefined && more.length === 0 ? only : null;
}

/** Whether a budget leaves nobody out. */
export function selectsAll({ customer, agent, label, card }: BudgetWhere): boolean {
  return customer === undefined && agent === undefined && label === undefined && card === undefined;
}

function isAmong(wanted: readonly string[] | undefined, value: string | null): boolean {
  return wanted === undefined || (value !== null && wanted.includes(value));
}

function isSelected({ agent, label, card }: BudgetWhere, one: Omit<RunOnPath, "id">): boolean {
  const { labels } = one;
  if (!isAmong(agent, one.agent) || !isAmong(card, one.cardKey)) return false;
  if (label === undefined) return true;
  return Object.entries(label).every(([name, values]) => {
    const value = labelIn(labels, name);
    return value !== undefined && values.includes(value);
  });
}

/** Labels come from outside: a label named like a property of every object is none. */
export function labelIn(labels: Labels | null, name: string): string | undefined {
  return labels !== null && Object.hasOwn(labels, name) ? labels[name] : undefined;
}
