/**
 * A run: one autonomous execution for one customer. The root run owns the tree. A run opens
 * explicitly or with its first step; steps may come before the opening and after the end.
 */

import { assert } from "../assert.ts";
import type { Labels, RunEnding } from "../event/event.ts";
import type { Amount } from "../money/decimal.ts";
import { ZERO_AMOUNT } from "../money/decimal.ts";
import type { ChargedEnding } from "../rating/rate-card.ts";

export type RunStatus = "open" | RunEnding | "abandoned";

/** Whether holds may be granted to it: one that fell silent may wake up. */
export function mayGoOn({ status }: { readonly status: RunStatus }): boolean {
  return status === "open" || status === "abandoned";
}

/** How a run has ended; null while it goes on. */
export function endingOf({ status }: { readonly status: RunStatus }): ChargedEnding | null {
  return status === "open" ? null : status;
}

/** Sums over steps. Cost counts what we pay; a step that its customer pays for is not in it. */
export interface Totals {
  readonly steps: number;
  /** Steps whose cost is unknown in whole or in part: the cost is then a lower bound. */
  readonly unpriced: number;
  readonly cost: Amount;
  readonly charge: Amount;
}

/** The totals of nothing. */
export const NO_TOTALS: Totals = { steps: 0, unpriced: 0, cost: ZERO_AMOUNT, charge: ZERO_AMOUNT };

/** The sum of two totals. */
export function addTotals(a: Totals, b: Totals): Totals {
  return {
    steps: a.steps + b.steps,
    unpriced: a.unpriced + b.unpriced,
    cost: (a.cost + b.cost) as Amount,
    charge: (a.charge + b.charge) as Amount,
  };
}

/** Totals that their one owner adds to in place. */
export type GrowingTotals = { -readonly [Field in keyof Totals]: Totals[Field] };

/** Adds in place: the same as `addTotals` makes. */
export function growTotals(sum: GrowingTotals, delta: Totals): void {
  sum.steps += delta.steps;
  sum.unpriced += delta.unpriced;
  sum.cost = (sum.cost + delta.cost) as Amount;
  sum.charge = (sum.charge + delta.charge) as Amount;
}

/** Adds to a run's own totals and its tree's, in place. A run with none below it is its tree. */
export function growRun(
  { own, tree, height }: Pick<Run, "height"> & Record<"own" | "tree", GrowingTotals>,
  delta: Totals,
): void {
  growTotals(own, delta);
  if (height > 0) {
    growTotals(tree, delta);
    return;
  }
  tree.steps = own.steps;
  tree.unpriced = own.unpriced;
  tree.cost = own.cost;
  tree.charge = own.charge;
}

/** What takes the same totals off again. */
export function negateTotals(totals: Totals): Totals {
  return subtractTotals(NO_TOTALS, totals);
}

/** What leads from the second totals to the first. */
export function subtractTotals(a: Totals, b: Totals): Totals {
  return {
    steps: a.steps - b.steps,
    unpriced: a.unpriced - b.unpriced,
    cost: (a.cost - b.cost) as Amount,
    charge: (a.charge - b.charge) as Amount,
  };
}

/** The share that a charge on `runs` takes for a root run: priced at the run's opening. */
export interface RunShare {
  readonly chargeKey: string;
  readonly cell: string;
  readonly amount: Amount;
}

/** How a root run was counted: which card version and period, and what it was charged. */
export interface RunRating {
  readonly cardVersionId: number;
  readonly period: string;
  readonly agent: string | null;
  readonly labels: Labels | null;
  /** How it had ended when it was counted; null: not yet, or no charge of the card asks. */
  readonly ending: ChargedEnding | null;
  /** Whether it opened before the end of its card's trial. */
  readonly inTrial: boolean;
  /** False for a run that is no longer counted but on which tier shifts have left an amount. */
  readonly counted: boolean;
  readonly shares: readonly RunShare[];
  /** What tier shifts have left on it where it was counted before: another period or card. */
  readonly left: readonly LeftShare[];
}

/** A share that stands where a run is no longer counted. */
export interface LeftShare extends RunShare {
  readonly period: string;
  readonly cardVersionId: number;
}

/** What a run and all below it were charged in a period. Never zero. */
export interface PeriodCharge {
  readonly period: string;
  readonly charge: Amount;
}

/** What the bounds of a root run make of one period. Never both zero. */
export interface RunCorrection {
  readonly period: string;
  readonly cardVersionId: number;
  readonly agent: string | null;
  /** Taken off above the cap: 0 or, where a reversal gives back, positive. */
  readonly cap: Amount;
  /** Missing to the minimum, once the run has ended. */
  readonly minimum: Amount;
}

/** What a run had stated until an opening came behind its steps: those that inherited it follow. */
export interface Restating {
  readonly opened: boolean;
  readonly agent: string | null;
}

/**
 * A run as the store keeps it, with the totals of its own steps and of its whole tree.
 * What does not follow from steps and outcomes is `RunFacts`: its earlier versions are kept.
 */
export interface Run {
  readonly id: string;
  /** First seq of the unit of work since which its facts are as they are. */
  readonly sinceSeq: number;
  readonly customer: string | null;
  readonly agent: string | null;
  readonly parent: string | null;
  /** Levels below this run. */
  readonly height: number;
  /** The identity container of usage without a run. */
  readonly standing: boolean;
  readonly status: RunStatus;
  /** True once a `run.opened` was accepted: it decides agent, labels and opening time. */
  readonly opened: boolean;
  readonly openedAtMs: number;
  /** Place in time of the event that opened an unopened run by being the earliest; "" before. */
  readonly head: string;
  /** Place in time of the step that gave an unopened run its agent; "" before. */
  readonly agentHead: string;
  readonly closedAtMs: number | null;
  /** When it ended for the bounds of its card: its own time, or when it was found abandoned. */
  readonly endedAtMs: number | null;
  /** Place in time of the ending in force; of several, the latest stands. */
  readonly closedBy: string;
  /** Receipt of the last event, milliseconds. */
  readonly lastSeenAtMs: number;
  readonly labels: Labels | null;
  readonly authority: string | null;
  /** Whom of the customer's it works for, as its opening states; a run below has its own. */
  readonly endUser: string | null;
  /** Steps that wait for a customer. */
  readonly suspended: number;
  readonly own: Totals;
  readonly tree: Totals;
  /** Null while the run is not counted: no customer, no card, a child or a standing run. */
  readonly rating: RunRating | null;
  /** The charge of `tree` by period, in the order of periods. */
  readonly chargedIn: readonly PeriodCharge[];
  /** What its cap and minimum come to, in the order of periods; of a root run only. */
  readonly corrections: readonly RunCorrection[];
  /** Set while steps from before its opening are brought to what that states, part by part. */
  readonly restating: Restating | null;
}

/** Whether steps are still to be restated, or events wait though the customer is known. */
export function isUnfinished({
  restating,
  customer,
  suspended,
}: Pick<Run, "restating" | "customer" | "suspended">): boolean {
  return restating !== null || (customer !== null && suspended > 0);
}

type NoFact = "own" | "tree" | "chargedIn" | "corrections" | "lastSeenAtMs" | "restating";

/** All of a run but its totals, what follows from them, its last sign of life, what is to do. */
export type RunFacts = Omit<Run, NoFact>;

/** The facts of a run alone. */
export function factsOfRun(run: Run): RunFacts {
  const { own: _o, tree: _t, chargedIn: _i, corrections: _c, lastSeenAtMs: _s, ...rest } = run;
  const { restating: _r, ...facts } = rest;
  return facts;
}

/** Whether two versions of a run state the same; on the path of every step, so without copies. */
export function statesSame(a: RunFacts, b: RunFacts): boolean {
  return (
    a.customer === b.customer &&
    a.agent === b.agent &&
    a.parent === b.parent &&
    a.height === b.height &&
    a.standing === b.standing &&
    a.status === b.status &&
    a.opened === b.opened &&
    a.openedAtMs === b.openedAtMs &&
    a.head === b.head &&
    a.agentHead === b.agentHead &&
    a.closedAtMs === b.closedAtMs &&
    a.closedBy === b.closedBy &&
    a.endedAtMs === b.endedAtMs &&
    a.labels === b.labels &&
    a.authority === b.authority &&
    a.endUser === b.endUser &&
    a.suspended === b.suspended &&
    a.rating === b.rating
  );
}

/**
 * The same as `addCharges` of one. Nearly every run is charged in one period. Its place is read
 * where there is one: code that reads beyond the end of a list is thrown away by the engine of the
 * language, again and again.
 */
export function addCharge(
  sums: readonly PeriodCharge[],
  period: string,
  added: Amount,
): readonly PeriodCharge[] {
  if (added === 0n) return sums;
  if (sums.length === 0) return [{ period, charge: added }];
  const sum = sums.length === 1 ? (sums[0] as PeriodCharge) : null;
  if (sum?.period !== period) return addCharges(sums, [{ period, charge: added }]);
  const charge = (sum.charge + added) as Amount;
  return charge === 0n ? [] : [{ period, charge }];
}

/** Adds charges by period. Periods that come to nothing are left out. */
export function addCharges(
  sums: readonly PeriodCharge[],
  added: readonly PeriodCharge[],
): readonly PeriodCharge[] {
  if (added.length === 0) return sums;
  const byPeriod = new Map(sums.map(({ period, charge }) => [period, charge as bigint]));
  for (const { period, charge } of added) {
    byPeriod.set(period, (byPeriod.get(period) ?? 0n) + charge);
  }
  return [...byPeriod]
    .filter(([, charge]) => charge !== 0n)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([period, charge]) => ({ period, charge: charge as Amount }));
}

/** A run that nobody has heard of yet. */
export function newRun(id: string, receivedAtMs: number): Run {
  return {
    id,
    sinceSeq: 0,
    customer: null,
    agent: null,
    parent: null,
    height: 0,
    standing: false,
    status: "open",
    opened: false,
    openedAtMs: receivedAtMs,
    head: "",
    agentHead: "",
    closedAtMs: null,
    endedAtMs: null,
    closedBy: "",
    lastSeenAtMs: receivedAtMs,
    labels: null,
    authority: null,
    endUser: null,
    suspended: 0,
    own: NO_TOTALS,
    tree: NO_TOTALS,
    rating: null,
    chargedIn: [],
    corrections: [],
    restating: null,
  };
}

/** Beginning of the ids of standing runs; no producer may use it. */
export const STANDING_PREFIX = "~standing:";

/** The one standing run of a customer and agent. JSON keeps ("a:b", "c") and ("a", "b:c") apart. */
export function standingRunId(customer: string, agent: string | null): string {
  return STANDING_PREFIX + JSON.stringify(agent === null ? [customer] : [customer, agent]);
}

/** Whether an id is one that `standingRunId` makes. */
export function isStandingRunId(id: string): boolean {
  if (!id.startsWith(STANDING_PREFIX)) return false;
  const names = namesIn(id.slice(STANDING_PREFIX.length));
  return names !== null && standingRunId(names[0], names[1] ?? null) === id;
}

function namesIn(text: string): [customer: string, agent?: string] | null {
  try {
    const names: unknown = JSON.parse(text);
    const isNames = Array.isArray(names) && names.every((name) => typeof name === "string");
    return isNames && names.length > 0 ? (names as [string, string?]) : null;
  } catch {
    return null;
  }
}

/**
 * What an outcome is: `provisional` until its window has passed, and charged nothing so far;
 * `recorded` once it is final; `reversed` where it was taken back, before or after.
 */
export const OUTCOME_STATUSES = ["provisional", "recorded", "reversed"] as const;
export type OutcomeStatus = (typeof OUTCOME_STATUSES)[number];

/** An outcome as the store keeps it, with what it charges. */
export interface OutcomeState {
  readonly run: string;
  readonly key: string;
  readonly outcome: string;
  readonly contentHash: string;
  readonly status: OutcomeStatus;
  /** Of its recording; once a window has passed, of its becoming final. */
  readonly seq: number;
  /** First seq of the unit of work since which it is as it is; earlier versions are kept. */
  readonly sinceSeq: number;
  readonly occurredAtMs: number;
  readonly receivedAtMs: number;
  readonly customer: string;
  readonly agent: string | null;
  /** That of `finalAtMs`, or of its own time where it was final at once. */
  readonly period: string;
  /** In force at its own time, whenever it is final. */
  readonly cardVersionId: number | null;
  /** When it is final; null: it was so at once. */
  readonly finalAtMs: number | null;
  readonly charge: Amount;
  readonly shares: readonly RunShare[];
  /** How its run had ended when it was counted; null: not yet, or no charge of the card asks. */
  readonly ending: ChargedEnding | null;
}

/** Walks from a run to its root, the run itself first. Crashes on a cycle. */
export function* ancestry(id: string, runOf: (id: string) => Run | undefined): Generator<Run> {
  const seen = new Set<string>();
  let next: string | null = id;
  while (next !== null) {
    assert(!seen.has(next), `run "${id}" is not its own ancestor`);
    seen.add(next);
    const run = runOf(next);
    if (run === undefined) return;
    yield run;
    next = run.parent;
  }
}

/**
 * Orders events of one run by their own time, then identity: the same for every arrival order.
 * The separator is less than every character of an id, and a text of any database may hold it.
 */
export function placeInTime(event: {
  readonly occurredAtMs: number;
  readonly source: string;
  readonly id: string;
}): string {
  return `${String(event.occurredAtMs).padStart(13, "0")}\u001e${event.source}\u001e${event.id}`;
}
