/**
 * Levels of balances as they were when a limit changed, added up from the revisions of steps and
 * the versions of runs and outcomes: what lies above a limit is recorded by the limit of its time.
 */

import { present } from "../../domain/assert.ts";
import type { Step } from "../../domain/event/step.ts";
import { decodeFormerOutcome, decodeFormerRun } from "../former-rows.ts";
import { decodeOutcome, decodeRun, decodeRunFacts } from "../stored-rows.ts";
import { BoundLevels } from "./bound-levels.ts";
import { selects } from "./budget-measures.ts";
import { type BudgetSums, feeOf, type SummedBudget, type SummedPart } from "./budget-sums.ts";
import type { DataFile } from "./data-file.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import { RunPaths } from "./run-paths.ts";
import { readStep, type StepTable } from "./step-row.ts";

/** A limit, from the unit of work on whose first seq this is. */
export interface LimitSpan {
  readonly fromSeq: number;
  readonly limit: bigint | null;
}

/** A balance whose level is asked for. */
export interface AskedBalance {
  readonly budget: SummedBudget;
  /** One after the other; the first one begins with the budget. */
  readonly spans: readonly LimitSpan[];
  /** Nothing counts from this seq on. (Infinity: it is in force.) */
  readonly untilSeq: number;
}

/** Measures that runs and outcomes come to, beside steps. */
const NOT_OF_STEPS: readonly string[] = ["charge", "credits", "runs", "parallel_runs"];

const REVISIONS = `SELECT s.run_no AS run_no, s.source_no AS source_no, s.id AS id, s.tab AS tab,
    s.no AS no FROM (
    SELECT run_no, source_no, id, seq, 'steps' AS tab, step_no AS no FROM steps
    UNION ALL SELECT run_no, source_no, id, seq, 'former_steps', former_no FROM former_steps) s
  ORDER BY s.run_no, s.source_no, s.id, s.seq`;

/** Sums of each balance, by the span that they were booked in. */
export class LevelsAgain {
  readonly #file: DataFile;
  readonly #sums: BudgetSums;
  readonly #asked: ReadonlyMap<string, AskedBalance>;
  readonly #levels = new Map<string, bigint[]>();
  /** What runs had come to before their budget: the first unit that looks at them counts it. */
  readonly #early = new Map<string, bigint>();
  /** The first span in which a step moved a balance: its unit looked at it, if none did before. */
  readonly #seenIn = new Map<string, number>();
  readonly #changed: ChangedScopes;
  readonly #paths: RunPaths;
  /** Null: no charge is asked for. */
  readonly #bounds: BoundLevels | null;
  /** Balances in which runs with a cap or a minimum count whose trees cannot be told. */
  readonly #unsure = new Set<string>();

  /** `asked` by workspace, budget, scope and window. */
  constructor(file: DataFile, sums: BudgetSums, asked: ReadonlyMap<string, AskedBalance>) {
    this.#file = file;
    this.#sums = sums;
    this.#asked = asked;
    this.#paths = new RunPaths(file);
    this.#changed = asked.size === 0 ? NOTHING_CHANGED : changedScopes(file);
    const isOfCharge = [...asked.values()].some(({ budget }) => isCharge(budget));
    this.#bounds = isOfCharge ? new BoundLevels(file, sums, asked.values()) : null;
    const wide = new Map<SummedBudget, SummedBudget>();
    for (const { budget } of asked.values()) wide.set(budget, withoutSelection(budget));
    const all = new Set(wide.values());
    if (all.size > 0) this.#addSteps(Map.groupBy(all, ({ ws }) => ws));
    const others = [...all].filter(({ document }) => NOT_OF_STEPS.includes(document.measure));
    if (others.length === 0) return;
    const budgets = Map.groupBy(others, ({ ws }) => ws);
    this.#addRuns(budgets);
    this.#addOutcomes(budgets);
    this.#addBoundRuns(budgets);
  }

  #addSteps(budgets: ReadonlyMap<number, readonly SummedBudget[]>): void {
    const partsOf = (ws: number, step: Step) => this.#sums.partsOf(budgets.get(ws) ?? [], ws, step);
    let [identity, before]: [string, Step | null] = ["", null];
    for (const row of this.#file.each(REVISIONS)) {
      const read = readStep(this.#file, row.tab as StepTable, row.no as number);
      if (read?.step === undefined) continue;
      const { ws, step } = read;
      // Steps behind the last total count once a restart has added them up.
      if (row.tab === "steps" && (row.no as number) > this.#file.summedStepNo(ws)) continue;
      const own = joined(...(read.identity as [number, number, string]));
      if (own !== identity) [identity, before] = [own, null];
      const off = before === null ? [] : partsOf(ws, before);
      const { run, seq } = step;
      this.#book({ ws, run, seq, isOfStep: true }, { off, on: partsOf(ws, step) });
      this.#charge({ ws, run, seq }, chargeOfStep(step) - chargeOfStep(before));
      before = step;
    }
  }

  #addRuns(budgets: ReadonlyMap<number, readonly SummedBudget[]>): void {
    for (const row of this.#file.each("SELECT * FROM runs ORDER BY ws, id")) {
      const ws = row.ws as number;
      const own = budgets.get(ws) ?? [];
      const now = own.length === 0 ? null : readOr(() => decodeRun(row));
      if (now === null || this.#sums.waitsInMemory(ws, now)) continue;
      const former = this.#file.all(FORMER_RUNS, ws, now.id);
      const versions = [...former.map((one) => readOr(() => decodeFormerRun(one))), now];
      this.#chargeVersions({ ws, run: now.id }, versions, ({ rating }) => feeOf(rating));
      if (this.#bounds?.has(ws, now.id)) continue;
      this.#bookVersions({ ws, run: now.id }, versions, (one) => {
        return this.#sums.partsOfRun(own, ws, { ...one, corrections: [] });
      });
    }
  }

  /** Runs with bounds, once it is known what their trees were charged and when. */
  #addBoundRuns(budgets: ReadonlyMap<number, readonly SummedBudget[]>): void {
    for (const { ws, run } of this.#bounds?.all() ?? []) {
      const own = budgets.get(ws) ?? [];
      const row = own.length === 0 ? undefined : this.#file.first(RUN, ws, run);
      const now = row === undefined ? null : readOr(() => decodeRun(row));
      if (now === null || this.#sums.waitsInMemory(ws, now)) continue;
      const former = this.#file.all(FORMER_RUNS, ws, run);
      const versions = [...former.flatMap((one) => readOr(() => decodeFormerRun(one)) ?? []), now];
      const isMoved = this.#changed.moved.has(joined(ws, run));
      let off: readonly SummedPart[] = [];
      for (const then of this.#bounds?.statesOf(ws, run, versions) ?? []) {
        const on = [...this.#sums.partsOfRun(own, ws, then.run)];
        this.#book({ ws, run, seq: then.seq, isOfStep: false }, { off, on });
        off = on;
        for (const { budget, scope, window } of isMoved ? on : []) {
          if (isCharge(budget)) this.#unsure.add(joined(ws, budget.id, scope, window));
        }
      }
    }
  }

  #chargeVersions<T extends { readonly sinceSeq: number }>(
    of: Pick<Booked, "ws" | "run">,
    versions: readonly (T | null)[],
    chargeOf: (version: T) => bigint,
  ): void {
    let before = 0n;
    for (const version of versions) {
      if (version === null) continue;
      const charge = chargeOf(version);
      this.#charge({ ...of, seq: version.sinceSeq }, charge - before);
      before = charge;
    }
  }

  /** What a run and all above it that have bounds were charged more. */
  #charge({ ws, run, seq }: Pick<Booked, "ws" | "run" | "seq">, charge: bigint): void {
    if (this.#bounds === null || charge === 0n) return;
    for (const { id } of this.#paths.of(ws, run)) {
      if (!this.#bounds.has(ws, id)) continue;
      this.#bounds.add(ws, id, { seq: Math.max(seq, this.#linkedSeq(ws, run, id)), charge });
    }
  }

  #addOutcomes(budgets: ReadonlyMap<number, readonly SummedBudget[]>): void {
    for (const row of this.#file.each("SELECT * FROM outcomes ORDER BY ws, run, key")) {
      const ws = row.ws as number;
      const own = budgets.get(ws) ?? [];
      const now = own.length === 0 ? null : readOr(() => decodeOutcome(row));
      if (now === null) continue;
      const former = this.#file.all(FORMER_OUTCOMES, ws, now.run, now.key);
      const versions = [...former.map((one) => readOr(() => decodeFormerOutcome(one))), now];
      const { run } = now;
      this.#bookVersions({ ws, run }, versions, (one) => this.#sums.partsOfOutcome(own, ws, one));
      this.#chargeVersions({ ws, run }, versions, ({ charge }) => charge);
    }
  }

  #bookVersions<T extends { readonly sinceSeq: number }>(
    of: Pick<Booked, "ws" | "run">,
    versions: readonly (T | null)[],
    partsOf: (version: T) => Iterable<SummedPart>,
  ): void {
    for (const [at, version] of versions.entries()) {
      if (version === null) continue;
      const [before, seq] = [versions[at - 1] ?? null, version.sinceSeq];
      const off = before === null ? [] : partsOf(before);
      this.#book({ ...of, seq, isOfStep: false }, { off, on: partsOf(version) });
    }
  }

  #book(
    { ws, run, seq, isOfStep }: Booked,
    change: { readonly off: Iterable<SummedPart>; readonly on: Iterable<SummedPart> },
  ): void {
    const moved = new Map<string, { level: bigint; readonly part: SummedPart }>();
    const add = (parts: Iterable<SummedPart>, sign: bigint) => {
      for (const part of parts) {
        const place = joined(ws, part.budget.id, part.scope, part.window);
        if (!this.#asked.has(place)) continue;
        const known = moved.get(place) ?? { level: 0n, part };
        moved.set(place, known);
        known.level += sign * part.level;
      }
    };
    add(change.off, -1n);
    add(change.on, 1n);
    for (const [place, { level, part }] of moved) {
      const { spans, untilSeq } = present(this.#asked.get(place), "a balance that is asked for");
      const isOfRuns = part.budget.document.each === "run";
      const countedSeq = isOfRuns ? Math.max(seq, this.#linkedSeq(ws, run, part.scope)) : seq;
      if (level === 0n || countedSeq >= untilSeq) continue;
      const index = spans.findLastIndex(({ fromSeq }) => fromSeq <= countedSeq);
      if (index < 0) {
        this.#early.set(place, (this.#early.get(place) ?? 0n) + level);
        continue;
      }
      // What a link brings is one sum, and may be nothing.
      const isSeen = isOfStep && countedSeq === seq;
      if (isSeen) this.#seenIn.set(place, Math.min(index, this.#seenIn.get(place) ?? index));
      const known = this.#levels.get(place) ?? spans.map(() => 0n);
      this.#levels.set(place, known);
      known[index] = (known[index] ?? 0n) + level;
    }
  }

  /**
   * Since when a run has been below another: what its tree had come to by then came to that one's
   * balance with the unit that linked it. A run keeps its first parent. 0: since it is there.
   */
  #linkedSeq(ws: number, run: string, scope: string): number {
    const { links } = this.#changed;
    let seq = 0;
    if (links.size === 0 || run === scope) return seq;
    for (const { id } of this.#paths.of(ws, run)) {
      if (id === scope) break;
      seq = Math.max(seq, links.get(joined(ws, id)) ?? 0);
    }
    return seq;
  }

  /** Whether a run is selected at the end of each span, by what it was then. */
  #selectedIn(ws: number, run: string, { budget, spans, untilSeq }: AskedBalance): boolean[] {
    const row = this.#file.first(RUN, ws, run);
    const now = row === undefined ? null : readOr(() => decodeRunFacts(row));
    const former = this.#file.all(FORMER_RUNS, ws, run);
    const versions = [...former.map((one) => readOr(() => decodeFormerRun(one))), now];
    return spans.map((_, at) => {
      const endSeq = spans[at + 1]?.fromSeq ?? untilSeq;
      const then = versions.findLast((one) => one !== null && one.sinceSeq < endSeq);
      if (then == null) return false;
      const cardKey = this.#sums.cardKeyOf(ws, then);
      return selects(budget.document.where, { ...then, cardKey });
    });
  }

  /**
   * The level at the end of each span, in every way in which it may have come about; null: nobody
   * can tell. What a run did before its budget came to the balance with the first unit that looked
   * at it: the one of the first step since then, or one before that left no row, as a hold that was
   * refused.
   */
  of(place: string): readonly (readonly bigint[])[] | null {
    const asked = this.#asked.get(place);
    const [ws = "", , scope = ""] = place.split(KEY_PART_END);
    if (asked === undefined || this.#unsure.has(place)) return null;
    const isOfRuns = asked.budget.document.each === "run";
    if (isOfRuns && this.#changed.moved.has(joined(ws, scope))) return null;
    const sums = this.#levels.get(place) ?? asked.spans.map(() => 0n);
    const early = this.#early.get(place) ?? 0n;
    const isSelected = isOfRuns ? this.#selectedIn(Number(ws), scope, asked) : ALWAYS;
    if (isSelected.includes(false)) {
      // Whether the first unit that looked at it came before it was selected, no row says.
      if (early !== 0n && isSelected.includes(true)) return null;
      return [addedUp(sums).map((level, at) => (isSelected[at] === true ? level : 0n))];
    }
    const lastAt = early === 0n ? 0 : (this.#seenIn.get(place) ?? sums.length - 1);
    return sums.slice(0, lastAt + 1).map((sum, at) => addedUp(sums.with(at, sum + early)));
  }
}

/** A budget of runs counts a run whole while it selects it: which that was is asked apart. */
function withoutSelection(budget: SummedBudget): SummedBudget {
  const { each, where } = budget.document;
  if (each !== "run") return budget;
  const { customer } = where;
  const anyOf = customer === undefined ? {} : { customer };
  return { ...budget, document: { ...budget.document, where: anyOf } };
}

function isCharge({ document }: SummedBudget): boolean {
  return document.measure === "charge";
}

/** What a revision of a step is charged, where it counts. */
function chargeOfStep(step: Step | null): bigint {
  return step === null || step.voided || step.role !== "bill" ? 0n : step.charge;
}

/** Of budgets that are not of runs: each row says by itself whether it is selected. */
const ALWAYS: readonly boolean[] = [];

function addedUp(sums: readonly bigint[]): bigint[] {
  let level = 0n;
  return sums.map((sum) => {
    level += sum;
    return level;
  });
}

const FORMER_RUNS = "SELECT * FROM former_runs WHERE ws = ? AND run = ? ORDER BY until_seq";
const FORMER_OUTCOMES = `SELECT * FROM former_outcomes
  WHERE ws = ? AND run = ? AND key = ? ORDER BY until_seq`;

const RUN = "SELECT * FROM runs WHERE ws = ? AND id = ?";

/** A row that was booked: in which unit of work, and of which run. */
interface Booked {
  readonly ws: number;
  readonly run: string;
  readonly seq: number;
  readonly isOfStep: boolean;
}

/** Runs in whose trees something was otherwise in between: by workspace and run. */
interface ChangedScopes {
  /** First seq of the unit that put a run below its parent, where it was a root before. */
  readonly links: ReadonlyMap<string, number>;
  /** A run had another parent, or it cannot be read. */
  readonly moved: ReadonlySet<string>;
}

const NOTHING_CHANGED: ChangedScopes = {
  links: new Map(),
  moved: new Set(),
};

function changedScopes(file: DataFile): ChangedScopes {
  const moved = new Set<string>();
  const links = new Map<string, number>();
  const add = (ws: number, from: string | null) => {
    for (let id = from; id !== null && !moved.has(joined(ws, id)); ) {
      moved.add(joined(ws, id));
      id = (file.first(RUN, ws, id)?.parent ?? null) as string | null;
    }
  };
  for (const row of file.each("SELECT * FROM former_runs")) {
    const [ws, run] = [row.ws as number, row.run as string];
    const former = readOr(() => decodeFormerRun(row));
    const now = file.first(RUN, ws, run);
    const is = now === undefined ? null : readOr(() => decodeRunFacts(now));
    const isLinked = former !== null && is !== null && former.parent === null && is.parent !== null;
    // The last version without a parent says it: the next one begins behind it.
    if (isLinked) {
      const key = joined(ws, run);
      links.set(key, Math.max(links.get(key) ?? 0, (row.until_seq as number) + 1));
    }
    const isMoved = former === null || is === null || (!isLinked && former.parent !== is.parent);
    if (!isMoved) continue;
    add(ws, run);
    add(ws, former?.parent ?? null);
  }
  return { links, moved };
}

/** What cannot be read is a finding of its own. */
function readOr<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
