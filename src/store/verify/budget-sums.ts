/**
 * What every balance must be: the sum over the steps, runs and outcomes that its budget selects,
 * by rules of its own making, so that an error of the engine's cannot hide itself.
 */
import type { Step } from "../../domain/event/step.ts";
import { periodAt } from "../../domain/period/billing-period.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import { decodeCustomer } from "../stored-rows.ts";
import {
  type Counted,
  isAmong,
  isInRunTotals,
  levelOf,
  NOTHING,
  scopeOf,
  selects,
} from "./budget-measures.ts";
import { usable, windowAgain } from "./budget-window.ts";
import type { CardVersion, CardVersions } from "./card-versions.ts";
import type { BudgetDocument } from "./check-budgets.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { firstSeqOfOutcome, firstSeqOfRun, firstSeqOfStep } from "./first-seqs-again.ts";
import { KEY_PART_END } from "./key-parts.ts";
import { creditsAgain, mostOfOutcomeAgain, mostOfRunAgain } from "./most-again.ts";
import { RebuiltSums } from "./rebuilt-sums.ts";
import { countedAtMs } from "./run-entries.ts";
import { RunPaths } from "./run-paths.ts";
import { isFreeCell } from "./trial-again.ts";

/** A budget whose balances are rebuilt. */
export interface SummedBudget {
  readonly ws: number;
  readonly id: number;
  readonly isRetired: boolean;
  readonly document: BudgetDocument;
}

/** What something comes to in one balance. */
export interface SummedPart {
  readonly budget: SummedBudget;
  readonly scope: string;
  readonly window: string;
  readonly level: bigint;
}

/** A run as it is or was: a version that is over has no bounds of its own. */
export type RunVersion = RunFacts & Pick<Run, "corrections">;

/** Balances of all budgets, rebuilt beside the stored ones. */
export class BudgetSums {
  /** By workspace, budget, scope and window: the level, and steps that came after the budget. */
  readonly sums: RebuiltSums;
  readonly budgets = new Map<string, SummedBudget>();
  readonly #byWorkspace = new Map<number, SummedBudget[]>();
  readonly #file: DataFile;
  readonly #cards: CardVersions;
  readonly #paths: RunPaths;
  readonly #hasHolds: boolean;

  constructor(file: DataFile, cards: CardVersions) {
    this.#file = file;
    this.#cards = cards;
    this.#paths = new RunPaths(file);
    this.sums = new RebuiltSums(file.scratch, "budgets");
    this.#hasHolds = file.first("SELECT 1 FROM holds LIMIT 1") !== undefined;
    for (const row of file.each("SELECT * FROM budgets ORDER BY ws, id")) {
      const [ws, id] = [row.ws as number, row.id as number];
      const at = { table: "budgets", key: keyText(file.workspace(ws), id) };
      const document = readable(file, at, () => JSON.parse(row.document as string));
      if (document === undefined) continue;
      const budget = { ws, id, isRetired: row.retired_at !== null, document };
      this.budgets.set(`${ws}${KEY_PART_END}${id}`, budget);
      if (budget.isRetired) continue;
      this.#byWorkspace.set(ws, [...(this.#byWorkspace.get(ws) ?? []), budget]);
    }
  }

  #of(ws: number): readonly SummedBudget[] {
    return this.#byWorkspace.get(ws) ?? [];
  }

  /** Books a step as it is now. */
  addStep(ws: number, step: Step): void {
    for (const { budget, scope, window, level } of this.partsOf(this.#of(ws), ws, step)) {
      const { each, measure } = budget.document;
      if (each !== "run") this.#put(budget, { scope, window }, [level, 1n]);
      else {
        // A revision need not make a difference, and then leaves no balance.
        const isNew = level !== 0n && step.revision === 1;
        const isLater = isNew && step.seq > budget.id ? 1n : 0n;
        const own = isInRunTotals(measure) ? 0n : level;
        this.#put(budget, { scope, window }, [own, isLater]);
      }
    }
  }

  /**
   * What a revision of a step comes to in some budgets. It counts where its hold was granted, else
   * where it came.
   */
  *partsOf(budgets: readonly SummedBudget[], ws: number, step: Step): Generator<SummedPart> {
    if (budgets.length === 0) return;
    const isCounted = !step.voided && step.role === "bill";
    const { customer, agent, labels, usage } = step;
    const counted = {
      ...{ ws, customer, agent, labels, usage },
      cardKey: this.#cardKey(ws, step.cardVersionId),
      firstSeq: firstSeqOfStep(this.#file, ws, step),
      atMs: this.#grantedAtMs(ws, step) ?? step.receivedAtMs,
      cost: step.payer === "us" ? step.cost : 0n,
      charge: step.charge,
      currency: this.#currencyOf(ws, step.cardVersionId),
      ...creditsAgain(this.#card(ws, step.cardVersionId), step.shares),
      ...{ steps: 1n, runs: 0n, openRuns: 0n },
    };
    const ofTree = isCounted ? counted : { ...counted, ...NOTHING };
    for (const budget of budgets) {
      if (budget.document.each === "run") yield* this.#onPath(budget, step.run, ofTree);
      else {
        const at = isCounted ? this.#placeOf(budget, counted) : null;
        if (at !== null) yield { ...at, budget };
      }
    }
  }

  #grantedAtMs(ws: number, { run, source, id }: Step): number | undefined {
    if (!this.#hasHolds) return undefined;
    const own = `SELECT granted_at FROM holds WHERE ws = ? AND run = ? AND source = ? AND id = ?
      AND state = 'settled' AND settled_id IS NULL`;
    const other = `SELECT granted_at FROM holds INDEXED BY holds_by_settler
      WHERE ws = ? AND settled_run = ? AND settled_source = ? AND settled_id = ?`;
    const row =
      this.#file.first(own, ws, run, source, id) ?? this.#file.first(other, ws, run, source, id);
    return row?.granted_at as number | undefined;
  }

  /** Fees and bounds of a run, that it is one, and for its own budgets what its tree came to. */
  addRun(ws: number, run: Run): void {
    const { customer, corrections } = run;
    const budgets = this.#of(ws);
    if (customer === null || budgets.length === 0 || this.waitsInMemory(ws, run)) return;
    this.#add(this.partsOfRun(budgets.filter(isNotOfRuns), ws, run));
    const own = this.#ofRun(ws, customer, run);
    const { cost, charge, steps } = run.tree;
    const currency = this.#cardCurrency(ws, customer, run.openedAtMs);
    const bounds = boundsOf(corrections);
    const tree = { ...own, ...NOTHING, currency };
    const whole = { ...tree, cost, charge: charge + bounds, steps: BigInt(steps) };
    for (const budget of budgets) {
      const { each, measure, where } = budget.document;
      if (each !== "run" || run.standing || !isInRunTotals(measure)) continue;
      if (!isAmong(where.customer, customer) || !selects(where, own)) continue;
      this.#put(budget, { scope: run.id, window: "" }, [levelOf(budget, whole), 0n]);
    }
  }

  addOutcome(ws: number, outcome: OutcomeState): void {
    this.#add(this.partsOfOutcome(this.#of(ws).filter(isNotOfRuns), ws, outcome));
  }

  /** What a version of a run comes to in some budgets, beside its steps and outcomes. */
  *partsOfRun(
    budgets: readonly SummedBudget[],
    ws: number,
    run: RunVersion,
  ): Generator<SummedPart> {
    const { customer, rating } = run;
    if (customer === null || budgets.length === 0) return;
    const own = this.#ofRun(ws, customer, run);
    const charge = feeOf(rating) + boundsOf(run.corrections);
    const fee = { ...own, ...NOTHING, charge, currency: own.currency };
    for (const budget of budgets) {
      if (budget.document.each === "run") yield* this.#onPath(budget, run.id, fee);
      else {
        const at = this.#placeOf(budget, own);
        if (at !== null) yield { ...at, budget };
      }
    }
  }

  #ofRun(ws: number, customer: string, run: RunVersion): Counted {
    const { agent, labels, rating, corrections } = run;
    const isRoot = run.parent === null && !run.standing;
    const card = this.#card(ws, rating?.cardVersionId ?? null);
    const most = card === undefined ? [] : mostOfRunAgain(card, run);
    const waits = most.reduce((sum, { amount }) => sum + amount, 0n);
    const shares = rating === null ? [] : [...rating.shares, ...rating.left];
    return {
      ...{ ...NOTHING, ws, customer, agent, labels, atMs: run.openedAtMs },
      firstSeq: firstSeqOfRun(this.#file, ws, run),
      cardKey: this.#cardKey(ws, rating?.cardVersionId ?? null),
      charge: feeOf(rating) + boundsOf(corrections) + waits,
      currency: this.#currencyOf(ws, rating?.cardVersionId ?? null),
      ...creditsAgain(card, [...shares, ...most]),
      runs: isRoot ? 1n : 0n,
      openRuns: isRoot && run.status === "open" ? 1n : 0n,
    };
  }

  /** What a version of an outcome comes to in some budgets, and may yet come to. */
  *partsOfOutcome(
    budgets: readonly SummedBudget[],
    ws: number,
    outcome: OutcomeState,
  ): Generator<SummedPart> {
    const { customer, agent, cardVersionId, receivedAtMs, run } = outcome;
    if (budgets.length === 0) return;
    const card = this.#card(ws, cardVersionId);
    const countedMs = countedAtMs(outcome.occurredAtMs, receivedAtMs);
    const most =
      card === undefined
        ? []
        : mostOfOutcomeAgain(this.#file, card, { ws, outcome, atMs: countedMs });
    const charge = most.reduce((sum, { amount }) => sum + amount, outcome.charge as bigint);
    const labels = this.#paths.of(ws, run, { isStandingToo: true })[0]?.labels ?? null;
    const currency = this.#currencyOf(ws, cardVersionId);
    const credits = creditsAgain(card, [...outcome.shares, ...most]);
    const firstSeq = firstSeqOfOutcome(this.#file, ws, outcome);
    const of = { ws, customer, agent, labels, firstSeq, cardKey: this.#cardKey(ws, cardVersionId) };
    const counted = { ...NOTHING, ...of, charge, currency, ...credits, atMs: receivedAtMs };
    const ofTree = { ...counted, ...NOTHING, charge: outcome.charge, currency };
    for (const budget of budgets) {
      if (budget.document.each === "run") yield* this.#onPath(budget, run, ofTree);
      else {
        const at = this.#placeOf(budget, counted);
        if (at !== null) yield { ...at, budget };
      }
    }
  }

  /** In the balances of a run and of all above it, as far as a budget selects them. */
  *#onPath(budget: SummedBudget, run: string, counted: Counted): Generator<SummedPart> {
    const { where } = budget.document;
    const { ws, customer } = counted;
    const level = levelOf(budget, counted);
    for (const above of this.#paths.of(ws, run)) {
      const one = { ...above, cardKey: this.#cardKey(ws, above.cardVersionId) };
      if (!isAmong(where.customer, customer) || !selects(where, one)) continue;
      yield { budget, scope: above.id, window: "", level };
    }
  }

  #add(parts: Iterable<SummedPart>): void {
    for (const { budget, scope, window, level } of parts) {
      this.#put(budget, { scope, window }, [level, 1n]);
    }
  }

  #placeOf(budget: SummedBudget, counted: Counted): Omit<SummedPart, "budget"> | null {
    const { document, id } = budget;
    if (counted.firstSeq <= id) return null;
    const level = levelOf(budget, counted);
    if (level === 0n || !isAmong(document.where.customer, counted.customer)) return null;
    if (!selects(document.where, counted)) return null;
    const scope = scopeOf(document, counted);
    if (scope === null) return null;
    return { scope, window: this.#windowOf(budget, counted), level };
  }

  #put(
    { ws, id }: SummedBudget,
    { scope, window }: { readonly scope: string; readonly window: string },
    values: readonly [bigint, bigint],
  ): void {
    this.sums.addRebuilt([ws, id, scope, window].join(KEY_PART_END), values);
  }

  #windowOf({ document }: SummedBudget, { ws, customer, atMs }: Counted): string {
    const isOfCustomer = document.per === "billing_period";
    return windowAgain(document, atMs, isOfCustomer ? this.#customer(ws, customer) : null);
  }

  #customer(ws: number, id: string) {
    const row = this.#file.first("SELECT * FROM customers WHERE ws = ? AND id = ?", ws, id);
    if (row === undefined) return null;
    const at = { table: "customers", key: keyText(this.#file.workspace(ws), id) };
    return readable(this.#file, at, () => decodeCustomer(row)) ?? null;
  }

  #card(ws: number, cardVersionId: number | null): CardVersion | undefined {
    return cardVersionId === null ? undefined : this.#cards.of(ws, cardVersionId);
  }

  #cardKey(ws: number, cardVersionId: number | null): string | null {
    return this.#card(ws, cardVersionId)?.cardKey ?? null;
  }

  #currencyOf(ws: number, cardVersionId: number | null): string | null {
    return cardVersionId === null ? null : (this.#cards.of(ws, cardVersionId)?.currency ?? null);
  }

  #cardCurrency(ws: number, id: string, atMs: number): string | null {
    const customer = this.#customer(ws, id);
    if (customer === null) return null;
    const former = customer.formerCards.find(({ untilMs }) => atMs < untilMs);
    const key = former === undefined ? customer.cardKey : former.cardKey;
    const periodStartMs = periodAt(atMs, usable(customer)).startMs;
    return this.#cards.currencyAt(ws, key, { atMs, periodStartMs });
  }

  /** Key of the card that a run is counted by. */
  cardKeyOf(ws: number, { rating }: Pick<RunVersion, "rating">): string | null {
    return this.#cardKey(ws, rating?.cardVersionId ?? null);
  }

  /** The card version that a run is counted by. */
  cardOf(ws: number, { rating }: Pick<RunVersion, "rating">): CardVersion | undefined {
    return this.#card(ws, rating?.cardVersionId ?? null);
  }

  /** Whether the card that a run is counted by has a cap or a minimum for it. */
  isBound(ws: number, { rating }: Pick<Run, "rating">): boolean {
    const card = this.#card(ws, rating?.cardVersionId ?? null);
    return card !== undefined && (card.runCap !== null || card.runMinimum !== null);
  }

  /** A run that only steps behind the last total made: its row is on disk, its totals are not. */
  waitsInMemory(ws: number, { id, opened, rating, tree }: Run): boolean {
    if (opened || rating !== null || tree.steps > 0) return false;
    const { first, outcomes } = this.#file.first(OF_TREE, ws, id) ?? {};
    const isBehind = first !== null && (first as number) > this.#file.summedStepNo(ws);
    return isBehind && outcomes === 0;
  }
}

function isNotOfRuns({ document }: SummedBudget): boolean {
  return document.each !== "run";
}

/** What a root run is charged by itself, its bounds aside. */
export function feeOf(rating: Run["rating"]): bigint {
  const shares = rating === null ? [] : [...rating.shares, ...rating.left];
  return shares.reduce((sum, { cell, amount }) => (isFreeCell(cell) ? sum : sum + amount), 0n);
}

function boundsOf(corrections: Run["corrections"]): bigint {
  return corrections.reduce((sum, { cap, minimum }) => sum + cap + minimum, 0n);
}

/** The first step of a tree, and how many outcomes it has. */
const OF_TREE = `WITH RECURSIVE tree (run_no, id) AS (
    SELECT run_no, id FROM runs WHERE ws = ?1 AND id = ?2
    UNION SELECT r.run_no, r.id FROM tree t CROSS JOIN runs r INDEXED BY runs_by_parent
      ON r.ws = ?1 AND r.parent = t.id)
  SELECT (SELECT min(step_no) FROM steps WHERE run_no IN (SELECT run_no FROM tree)) AS first,
    (SELECT count(*) FROM outcomes WHERE ws = ?1 AND run IN (SELECT id FROM tree)) AS outcomes`;
