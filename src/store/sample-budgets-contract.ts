/** A budget of every kind, for histories; their balances must be the sums of what they select. */

import assert from "node:assert/strict";
import type { Balance, BudgetRecord } from "../domain/budget/budget.ts";
import { parseBudget } from "../domain/budget/parse-budget.ts";
import type { Step } from "../domain/event/step.ts";
import { isTokenBucket } from "../domain/event/usage.ts";
import { sharesOfRating } from "../domain/run/rating-charges.ts";
import type { OutcomeState, Run } from "../domain/run/run.ts";

const DOCUMENTS: Readonly<Record<string, object>> = {
  runCost: { each: "run", measure: "cost", limit: "0.001" },
  runCharge: { each: "run", measure: "charge", limit: "1", stages: [{ at: "50%", do: "notify" }] },
  runTokens: { each: "run", measure: "tokens" },
  agentRuns: { each: "run", measure: "steps", where: { agent: ["support"] } },
  customerDay: { each: "customer", measure: "charge", per: "day", limit: "2" },
  agentSteps: { each: "agent", measure: "steps", per: "lifetime" },
  allWeek: { each: "workspace", measure: "cost", per: "week", anchorDay: 3 },
  pairHour: { each: "customer_agent", measure: "output_text", per: "hour" },
  customerMonth: { each: "customer", measure: "cost", per: "billing_period" },
  // As versions before allowed it: customers share what is of each one's calendar.
  agentPeriod: { each: "agent", measure: "steps", per: "billing_period" },
  teams: { each: "label:team", measure: "tokens", per: "lifetime" },
  runs: { each: "customer", measure: "runs", per: "lifetime" },
  parallel: { each: "customer", measure: "parallel_runs" },
  cardSteps: { each: "customer", measure: "steps", per: "lifetime", where: { card: ["own"] } },
  cardTokens: { each: "run", measure: "tokens", where: { card: ["own"] } },
};

/** In force from the beginning of a history: before its first seq. */
export const BUDGETS: readonly BudgetRecord[] = Object.entries(DOCUMENTS).map(
  ([key, document], index, { length }) => {
    const parsed = parseBudget(document, key);
    if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
    return { id: index - length, budget: parsed.budget, countsFromMs: 0, retiredAtMs: null };
  },
);

/** What balances are held against. */
interface Held {
  readonly runs: readonly Run[];
  readonly steps: readonly Step[];
  readonly outcomes: readonly OutcomeState[];
  readonly balances: readonly Balance[];
}

const UNIT = 10n ** 9n;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The windows of the samples, by division: all are in UTC. 1970-01-01 was a Thursday. */
const hourOf = (atMs: number) =>
  `${new Date(Math.floor(atMs / HOUR_MS) * HOUR_MS).toISOString().slice(0, 16)}+00:00`;
const dayOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);
const wednesdayOf = (atMs: number) => {
  const days = Math.floor(atMs / DAY_MS);
  return dayOf((days - ((days + 1) % 7)) * DAY_MS);
};

const isCounted = ({ voided, role }: Step) => !voided && role === "bill";
const costOf = (step: Step) => (isCounted(step) && step.payer === "us" ? step.cost : 0n);
const chargeOf = (step: Step) => (isCounted(step) ? step.charge : 0n);
const stepsOf = (step: Step) => (isCounted(step) ? UNIT : 0n);
const tokensOf = (step: Step) => {
  let sum = 0n;
  for (const [name, n] of step.usage) if (isTokenBucket(name)) sum += n;
  return isCounted(step) ? sum : 0n;
};
const boundsOf = ({ corrections }: Run) =>
  corrections.reduce((sum, { cap, minimum }) => sum + cap + minimum, 0n);
const feeOf = ({ rating }: Run) =>
  sharesOfRating(rating)
    .filter(({ cell }) => !cell.startsWith("~trial:"))
    .reduce((sum, { amount }) => sum + amount, 0n);

/** One customer alone has a card of its own, and none but that. */
const isOfOwnCard = (one: Pick<Run, "customer"> & Pick<Step, "cardVersionId">) =>
  one.customer === "beta" && one.cardVersionId !== null;

/** What every balance must be, added up from the rows. Keys as `budget scope window`. */
function wantedBalances({ runs, steps, outcomes }: Held): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  const add = (name: string, [scope, window]: readonly [string, string], n: bigint): void => {
    const key = `${name} ${scope} ${window}`;
    sums.set(key, (sums.get(key) ?? 0n) + n);
  };
  const byId = new Map(runs.map((run) => [run.id, run]));
  const above = (id: string): Run[] => {
    const run = byId.get(id);
    if (run === undefined || run.standing) return [];
    return run.parent === null ? [run] : [run, ...above(run.parent)];
  };
  for (const step of steps) {
    const { customer, agent, receivedAtMs, usage } = step;
    add("customerDay", [customer, dayOf(receivedAtMs)], chargeOf(step));
    add("customerMonth", [customer, `${dayOf(receivedAtMs).slice(0, 7)}-01`], costOf(step));
    const team = step.labels?.team;
    if (team !== undefined) add("teams", [team, ""], tokensOf(step));
    if (isOfOwnCard(step)) add("cardSteps", [customer, ""], stepsOf(step));
    add("allWeek", ["", wednesdayOf(receivedAtMs)], costOf(step));
    if (agent !== null) {
      add("agentSteps", [agent, ""], stepsOf(step));
      add("agentPeriod", [agent, `${dayOf(receivedAtMs).slice(0, 7)}-01`], stepsOf(step));
      const written = isCounted(step) ? (usage.get("output_text") ?? 0n) : 0n;
      add("pairHour", [JSON.stringify([customer, agent]), hourOf(receivedAtMs)], written);
    }
    for (const run of above(step.run)) {
      add("runTokens", [run.id, ""], tokensOf(step));
      const { customer: of, rating } = run;
      const counted = { customer: of, cardVersionId: rating?.cardVersionId ?? null };
      if (isOfOwnCard(counted)) add("cardTokens", [run.id, ""], tokensOf(step));
      if (run.agent === "support") add("agentRuns", [run.id, ""], stepsOf(step));
    }
  }
  for (const run of runs) {
    if (run.customer === null) continue;
    add("customerDay", [run.customer, dayOf(run.openedAtMs)], feeOf(run) + boundsOf(run));
    if (run.parent === null && !run.standing) {
      add("runs", [run.customer, ""], UNIT);
      add("parallel", [run.customer, ""], run.status === "open" ? UNIT : 0n);
    }
    if (run.standing) continue;
    add("runCost", [run.id, ""], run.tree.cost);
    add("runCharge", [run.id, ""], run.tree.charge + boundsOf(run));
  }
  for (const { customer, receivedAtMs, charge } of outcomes) {
    add("customerDay", [customer, dayOf(receivedAtMs)], charge);
  }
  return sums;
}

/**
 * Days in which something waits for a run's end or a window: balances of charges hold the most that
 * it may come to, which needs the cards. Verification works that out (test/faults).
 */
function waitingDays({ runs, outcomes }: Held): ReadonlySet<string> {
  const days = new Set<string>();
  const add = (customer: string | null, atMs: number) =>
    days.add(`customerDay ${customer} ${dayOf(atMs)}`);
  for (const { status, rating, customer, openedAtMs } of runs) {
    if (status === "open" && rating !== null) add(customer, openedAtMs);
  }
  for (const { status, ending, customer, receivedAtMs } of outcomes) {
    if (status === "provisional" || (status === "recorded" && ending === null)) {
      add(customer, receivedAtMs);
    }
  }
  return days;
}

/** Asserts that each balance is the sum of what its budget selects. */
export function assertBalances(all: Held): void {
  const wanted = wantedBalances(all);
  const waiting = waitingDays(all);
  const stored = new Map<string, bigint>();
  for (const { budgetId, scope, window, settled } of all.balances) {
    const key = BUDGETS.find(({ id }) => id === budgetId)?.budget.key;
    if (key !== undefined) stored.set(`${key} ${scope} ${window}`, settled);
  }
  const isSure = ([key, n]: readonly [string, bigint]) => n !== 0n && !waiting.has(key);
  const rows = (sums: ReadonlyMap<string, bigint>) =>
    Object.fromEntries([...sums].filter(isSure).sort(([a], [b]) => (a < b ? -1 : 1)));
  assert.deepEqual(rows(stored), rows(wanted), "balances of budgets");
}
