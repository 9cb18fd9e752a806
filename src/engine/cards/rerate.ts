/**
 * Rates again what a version that was recorded late concerns: each step by the prices and the card
 * version that are in force at its time now, each root run by that of its opening, each outcome by
 * that of its own time. What would come to the same stays untouched, so a pass that was cut off is
 * simply begun again.
 *
 * A pass goes through the steps and then the runs in small units of work of its own, between the
 * commits. Every unit replaces steps by revisions of the same ledger that counts events, so every
 * total is the sum of its parts at each point in between, and a closed period keeps its statement:
 * the difference is an adjustment. What arrives meanwhile is rated by the new version anyhow.
 */

import { TollgateError } from "../../domain/errors.ts";
import type { Step } from "../../domain/event/step.ts";
import { RERATED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { totalsOfStep } from "../../domain/run/rollup.ts";
import {
  addTotals,
  NO_TOTALS,
  type OutcomeState,
  type Run,
  subtractTotals,
  type Totals,
} from "../../domain/run/run.ts";
import { outcomeKeyText } from "../booking/apply-outcome.ts";
import { Ledger } from "../booking/book.ts";
import { reviseStep } from "../booking/count-step.ts";
import { ratedAt } from "../booking/rated-at.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Customer, StepKey } from "../ports.ts";
import { requireSteps } from "../retention/require-steps.ts";
import { correctRuns } from "../runs/correct-runs.ts";
import { loadRerated } from "./load-rerated.ts";
import type { Tariff } from "./tariff.ts";

/** What to rate again. */
export interface RerateRequest {
  /** Null: since ever. What occurred before stays as it is. */
  readonly sinceMs: number | null;
  /** Goes on here, the `next` of the answer before. (Default: from the first step on.) */
  readonly cursor?: string | null;
  /** Most steps and runs to look at; the answer says where to go on. (Default: all.) */
  readonly limit?: number;
}

/** What a pass, or a part of it, came to. */
export interface RerateResult {
  /** Steps and runs that were looked at. */
  readonly looked: number;
  /** How many there are about; told by a pass's first part, else null. */
  readonly total: number | null;
  /** What came out different. */
  readonly steps: number;
  readonly runs: number;
  readonly outcomes: number;
  /** Differences that were booked. */
  readonly cost: Amount;
  readonly charge: Amount;
  /** Where to go on; null: that was all. */
  readonly next: string | null;
}

/** What a unit changed, as the journal keeps it. */
interface Changes {
  readonly steps: (StepKey & { readonly seq: number })[];
  /** Card versions, before and after. */
  readonly runs: {
    readonly id: string;
    readonly from: number | null;
    readonly to: number | null;
  }[];
  readonly outcomes: {
    readonly run: string;
    readonly key: string;
    readonly from: number | null;
    readonly to: number | null;
  }[];
  difference: Totals;
}

interface Part {
  readonly looked: number;
  readonly changes: Changes;
  readonly next: string | null;
}

/**
 * A pass, unit by unit, until its limit or its end. Throws `field.invalid` for a wrong cursor, and
 * `steps.removed`.
 */
export async function rerate(
  context: EngineContext,
  workspace: string,
  { sinceMs, cursor = null, limit = Number.POSITIVE_INFINITY }: RerateRequest,
): Promise<RerateResult> {
  await requireSteps(context.store, workspace, sinceMs);
  const pass = new Pass(context, workspace, sinceMs ?? Number.NEGATIVE_INFINITY);
  const total = cursor === null ? await pass.total() : null;
  let sum = { looked: 0, steps: 0, runs: 0, outcomes: 0, difference: NO_TOTALS };
  let next: string | null = cursor ?? STEPS_FROM;
  while (next !== null && sum.looked < limit) {
    const most = Math.min(RERATED_PER_UNIT_MAX_COUNT, limit - sum.looked);
    const part: Part = await pass.part(next, most);
    next = part.next;
    const { steps, runs, outcomes, difference } = part.changes;
    sum = {
      looked: sum.looked + part.looked,
      steps: sum.steps + steps.length,
      runs: sum.runs + runs.length,
      outcomes: sum.outcomes + outcomes.length,
      difference: addTotals(sum.difference, difference),
    };
  }
  const { difference, ...counts } = sum;
  return { ...counts, total, cost: difference.cost, charge: difference.charge, next };
}

const STEPS_FROM = "steps:";
const RUNS_FROM = "runs:";

class Pass {
  readonly #context: EngineContext;
  readonly #workspace: string;
  readonly #sinceMs: number;
  readonly #customers = new Map<string, Customer | undefined>();

  constructor(context: EngineContext, workspace: string, sinceMs: number) {
    this.#context = context;
    this.#workspace = workspace;
    this.#sinceMs = sinceMs;
  }

  async total(): Promise<number> {
    const rows = await this.#context.store.rollups(this.#workspace, {});
    return rows.reduce((sum, row) => sum + row.steps, 0);
  }

  part(cursor: string, most: number): Promise<Part> {
    if (cursor.startsWith(STEPS_FROM)) return this.#steps(cursor.slice(STEPS_FROM.length), most);
    if (cursor.startsWith(RUNS_FROM)) return this.#runs(cursor.slice(RUNS_FROM.length), most);
    throw new TollgateError("field.invalid", "The cursor is no `next` of an answer.", "cursor");
  }

  /** Steps are looked at outside of units: most pages hold nothing that would change. */
  async #steps(after: string, most: number): Promise<Part> {
    const { store, tariffs } = this.#context;
    const tariff = await tariffs.of(this.#workspace);
    const page = await store.stepPage(this.#workspace, after, most);
    const stale: Step[] = [];
    for (const step of page.steps) {
      const customer = await this.#customer(step.customer);
      if (customer !== undefined && this.#isStale(tariff, customer, step)) stale.push(step);
    }
    const next = page.next === null ? RUNS_FROM : `${STEPS_FROM}${page.next}`;
    const looked = page.steps.length;
    if (stale.length === 0) return { looked, changes: noChanges(), next };
    const changes = await this.#unit(async (act, ledger, changed) => {
      const steps = await act.unit.steps(stale);
      await loadRerated(act, { runs: [], steps, outcomes: [] });
      for (const step of steps.toSorted((a, b) => a.seq - b.seq)) {
        this.#rerateStep(ledger, step, changed);
      }
    });
    return { looked, changes, next };
  }

  async #customer(id: string): Promise<Customer | undefined> {
    if (!this.#customers.has(id)) {
      this.#customers.set(id, await this.#context.store.customer(this.#workspace, id));
    }
    return this.#customers.get(id);
  }

  #isStale(tariff: Tariff, customer: Customer, step: Step): boolean {
    if (step.voided || step.ratedAtMs < this.#sinceMs) return false;
    const card = tariff.cardFor(customer, step.ratedAtMs)?.id ?? null;
    return card !== step.cardVersionId || isRepriced(tariff, step);
  }

  #rerateStep(ledger: Ledger, step: Step, changes: Changes): void {
    const { tariff } = ledger;
    const customer = ledger.customer(step.customer);
    if (!this.#isStale(tariff, customer, step)) return;
    const cardVersionId = tariff.cardFor(customer, step.ratedAtMs)?.id ?? null;
    const reason = cardVersionId === step.cardVersionId ? "repriced" : "rerated";
    const revised = reviseStep(ledger, step, { change: { cardVersionId }, reason });
    const { run, source, id, seq } = revised;
    changes.steps.push({ run, source, id, seq });
    add(changes, subtractTotals(totalsOfStep(revised), totalsOfStep(step)));
  }

  async #runs(after: string, most: number): Promise<Part> {
    const ids = await this.#context.store.runIds(this.#workspace, after, most);
    const next = ids.length < most ? null : `${RUNS_FROM}${ids.at(-1)}`;
    if (ids.length === 0) return { looked: 0, changes: noChanges(), next };
    const changes = await this.#unit(async (act, ledger, changed) => {
      const outcomes: OutcomeState[] = [];
      for (const id of ids) outcomes.push(...(await act.unit.outcomesOfRun(id)));
      await loadRerated(act, { runs: ids, steps: [], outcomes });
      for (const id of ids) {
        const run = act.state.runs.get(id);
        if (run !== undefined) this.#rerateRun(ledger, run, changed);
      }
      const inOrder = outcomes.toSorted((a, b) => a.seq - b.seq);
      for (const outcome of inOrder) this.#rerateOutcome(ledger, outcome, changed);
    });
    return { looked: ids.length, changes, next };
  }

  #rerateRun(ledger: Ledger, run: Run, changes: Changes): void {
    if (run.customer === null || run.openedAtMs < this.#sinceMs) return;
    const before = { rating: run.rating, charge: run.own.charge };
    ledger.recountRun(run.id, { reason: "rerated", run: run.id, source: "", id: "" });
    const after = ledger.state.runs.get(run.id) ?? run;
    const [from, to] = [before.rating?.cardVersionId ?? null, after.rating?.cardVersionId ?? null];
    if (from === to) return;
    changes.runs.push({ id: run.id, from, to });
    add(changes, { ...NO_TOTALS, charge: (after.own.charge - before.charge) as Amount });
  }

  #rerateOutcome(ledger: Ledger, outcome: OutcomeState, changes: Changes): void {
    const atMs = ratedAt(outcome.occurredAtMs, outcome.receivedAtMs);
    if (outcome.status === "reversed" || atMs < this.#sinceMs) return;
    const to = ledger.tariff.cardFor(ledger.customer(outcome.customer), atMs)?.id ?? null;
    const { cardVersionId: from, run, key } = outcome;
    if (from === to) return;
    const cause = { reason: "rerated", run, source: "", id: key } as const;
    const ending = ledger.endingFor(to, ledger.state.runOrNew(run));
    changes.outcomes.push({ run, key, from, to });
    // When it is final stands: only what it comes to then is another card's.
    if (outcome.status === "provisional") {
      const waiting = { ...outcome, cardVersionId: to, ending };
      ledger.state.outcomes.set(outcomeKeyText(run, key), waiting);
      return;
    }
    const off = ledger.bookOutcome({ ...outcome, status: "reversed" }, cause);
    const rated = { ...off, status: "recorded", cardVersionId: to, ending } as const;
    const on = ledger.bookOutcome(rated, cause);
    ledger.state.outcomes.set(outcomeKeyText(run, key), on);
    add(changes, { ...NO_TOTALS, charge: (on.charge - outcome.charge) as Amount });
  }

  /** One unit of work; what it changed goes on record with it. */
  #unit(work: (act: Act, ledger: Ledger, changes: Changes) => Promise<void>): Promise<Changes> {
    return runAct(this.#context, this.#workspace, async (act) => {
      const changes = noChanges();
      const ledger = new Ledger(act.state, act.tariff);
      await work(act, ledger, changes);
      correctRuns(ledger);
      const { steps, runs, outcomes, difference } = changes;
      if (steps.length + runs.length + outcomes.length === 0) return changes;
      const { cost, charge } = difference;
      const amounts = { cost: formatAmount(cost), charge: formatAmount(charge) };
      const sinceMs = Number.isFinite(this.#sinceMs) ? this.#sinceMs : null;
      const document = { sinceMs, steps: steps.length, runs, outcomes, ...amounts };
      act.journal("usage.rerated", `seq ${act.state.lastSeq + 1}`, document);
      return changes;
    });
  }
}

/** A step whose cost would be the same keeps the price version that it names. */
function isRepriced(tariff: Tariff, step: Step): boolean {
  const { cost, status } = tariff.priceStep(step, step.ratedAtMs);
  return cost !== step.cost || status !== step.costStatus;
}

function noChanges(): Changes {
  return { steps: [], runs: [], outcomes: [], difference: NO_TOTALS };
}

function add(changes: Changes, difference: Totals): void {
  changes.difference = addTotals(changes.difference, difference);
}
