/**
 * What a live view is told: what units of work did, gathered by view until it is taken. Everything
 * is taken from the unit itself once it is on disk: no store is read, so that nothing that waits in
 * memory has to be written for it. Where nobody watches a workspace, nothing is gathered.
 */
import type { HoldAsk } from "../../domain/budget/hold-ask.ts";
import type { Stop } from "../../domain/budget/stop.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import { LIVE_RUNS_MAX_COUNT } from "../../domain/limits.ts";
import type { PolicyHit } from "../../domain/policy/policy.ts";
import { ancestry, type Run } from "../../domain/run/run.ts";
import type { BatchState } from "../commit/batch-state.ts";
import { type BudgetBook, windowOfKey } from "../limits/budget-books.ts";
import type {
  BudgetState,
  HoldDecision,
  HoldsAnswer,
  HoldsRequest,
} from "../limits/hold-answers.ts";
import type { BalancePlace } from "../limits/spending-state.ts";
import { readReached } from "../policies/run-episodes.ts";
import { Newest } from "../reports/newest.ts";

/** What a live view is of. */
export type LiveScope =
  | { readonly of: "run" | "customer"; readonly id: string }
  | { readonly of: "workspace"; readonly id: "" };

/** What was decided on one ask. */
export interface LiveDecision {
  readonly run: string;
  readonly ask: HoldAsk;
  readonly decision: HoldDecision;
}

/** What happened since a view was looked at last. */
export interface LiveChange {
  /** The newest ones, oldest first; how many came before them. */
  readonly steps: readonly Step[];
  readonly earlierSteps: number;
  readonly decisions: readonly LiveDecision[];
  readonly earlierDecisions: number;
  readonly reached: readonly PolicyHit[];
  readonly stops: readonly Stop[];
  /** Runs that changed, as they are now; the newest where there are too many. */
  readonly runs: readonly Run[];
  /** Balances that moved, as they are now. */
  readonly budgets: readonly BudgetState[];
}

/** What a unit of work that is on disk has done. */
export interface CommittedUnit {
  readonly state: BatchState;
  readonly book: BudgetBook;
  readonly holds: readonly HoldsRequest[];
  readonly answers: readonly HoldsAnswer[];
}

/** A balance as a unit left it. */
export type LivePlace = Pick<
  BalancePlace,
  "budgetId" | "scope" | "window" | "settled" | "held" | "ownLimit"
>;

/** What views gather of a unit of work, of whatever process. */
export interface GatheredUnit {
  readonly steps: readonly Step[];
  /** Runs that it changed. */
  readonly runs: readonly Run[];
  readonly decisions: readonly LiveDecision[];
  readonly acts: readonly Pick<JournalEntry, "kind" | "id" | "document">[];
  readonly places: readonly LivePlace[];
  /** Any run that it touched, and those above. */
  runOf(id: string): Run | undefined;
}

/** One view: what it has not been asked for yet. */
export class LiveView {
  readonly scope: LiveScope;
  readonly #watched: WatchedWorkspace;
  /** Every balance that it tells of, by budget and scope, as told or gathered last. */
  readonly #balances = new Map<string, BudgetState>();
  #steps = new Newest<Step>();
  #decisions = new Newest<LiveDecision>();
  #reached = new Newest<PolicyHit>();
  #stops = new Newest<Stop>();
  readonly #runs = new Map<string, Run>();
  readonly #moved = new Set<string>();
  /** Something else than events and holds happened: all of it is to be read anew. */
  isStale = false;

  constructor(scope: LiveScope, watched: WatchedWorkspace) {
    this.scope = scope;
    this.#watched = watched;
  }

  /** Balances that the view was told of: what moves them is gathered from here on. */
  begin(budgets: readonly BudgetState[]): void {
    this.#watched.forget(this);
    this.#balances.clear();
    for (const state of budgets) this.#balances.set(keyOf(state.record.id, state.scope), state);
    this.#watched.index(this);
  }

  get balances(): ReadonlyMap<string, BudgetState> {
    return this.#balances;
  }

  addStep(step: Step): void {
    this.#steps.add(step);
  }

  addDecision(decision: LiveDecision): void {
    this.#decisions.add(decision);
  }

  addReached(hit: PolicyHit): void {
    this.#reached.add(hit);
  }

  addStop(stop: Stop): void {
    this.#stops.add(stop);
  }

  addRun(run: Run): void {
    this.#runs.delete(run.id);
    this.#runs.set(run.id, run);
    if (this.#runs.size <= LIVE_RUNS_MAX_COUNT) return;
    for (const id of this.#runs.keys()) {
      this.#runs.delete(id);
      return;
    }
  }

  moveBalance(key: string, state: BudgetState): void {
    this.#balances.set(key, state);
    this.#moved.add(key);
  }

  /** What happened since it was taken last; null: nothing. */
  take(): LiveChange | null {
    const parts = [this.#steps, this.#decisions, this.#reached, this.#stops];
    const hasItems = parts.some(({ items }) => items.length > 0);
    if (!hasItems && this.#runs.size === 0 && this.#moved.size === 0) return null;
    const change: LiveChange = {
      ...{ steps: this.#steps.items, earlierSteps: this.#steps.earlier },
      ...{ decisions: this.#decisions.items, earlierDecisions: this.#decisions.earlier },
      ...{ reached: this.#reached.items, stops: this.#stops.items },
      runs: [...this.#runs.values()],
      budgets: [...this.#moved].flatMap((key) => this.#balances.get(key) ?? []),
    };
    this.#steps = new Newest();
    this.#decisions = new Newest();
    this.#reached = new Newest();
    this.#stops = new Newest();
    this.#runs.clear();
    this.#moved.clear();
    return change;
  }

  close(): void {
    this.#watched.delete(this);
  }
}

function keyOf(budgetId: number, scope: string): string {
  return `${budgetId}\u0000${scope}`;
}

/** Views by a text. */
class ViewIndex {
  readonly #sets = new Map<string, Set<LiveView>>();

  get size(): number {
    return this.#sets.size;
  }

  get(key: string): Iterable<LiveView> {
    return this.#sets.get(key) ?? [];
  }

  add(key: string, view: LiveView): void {
    const known = this.#sets.get(key);
    if (known === undefined) this.#sets.set(key, new Set([view]));
    else known.add(view);
  }

  delete(key: string, view: LiveView): void {
    const known = this.#sets.get(key);
    known?.delete(view);
    if (known?.size === 0) this.#sets.delete(key);
  }
}

/** The views of one workspace, by what they are of. */
class WatchedWorkspace {
  readonly views = new Set<LiveView>();
  readonly #byScope = new ViewIndex();
  readonly #byBalance = new ViewIndex();
  readonly #onEmpty: () => void;
  book: BudgetBook | null = null;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  add(view: LiveView): void {
    this.views.add(view);
    this.#byScope.add(scopeText(view.scope), view);
  }

  delete(view: LiveView): void {
    if (!this.views.delete(view)) return;
    this.#byScope.delete(scopeText(view.scope), view);
    this.forget(view);
    if (this.views.size === 0) this.#onEmpty();
  }

  /** Finds the view by the balances that it tells of. */
  index(view: LiveView): void {
    for (const key of view.balances.keys()) this.#byBalance.add(key, view);
  }

  forget(view: LiveView): void {
    for (const key of view.balances.keys()) this.#byBalance.delete(key, view);
  }

  get hasBalances(): boolean {
    return this.#byBalance.size > 0;
  }

  viewsOfBalance(key: string): Iterable<LiveView> {
    return this.#byBalance.get(key);
  }

  /** Views of a run, of a run above it, of its customer and of everything. */
  viewsOf({ runOf }: Pick<GatheredUnit, "runOf">, run: string): readonly LiveView[] {
    const found: LiveView[] = [...this.of({ of: "workspace", id: "" })];
    const customer = runOf(run)?.customer ?? null;
    if (customer !== null) found.push(...this.of({ of: "customer", id: customer }));
    for (const { id } of ancestry(run, runOf)) {
      found.push(...this.of({ of: "run", id }));
    }
    return found;
  }

  of(scope: LiveScope): Iterable<LiveView> {
    return this.#byScope.get(scopeText(scope));
  }
}

function scopeText({ of, id }: LiveScope): string {
  return `${of}\u0000${id}`;
}

/** Views by workspace. */
export class LiveFeed {
  readonly #watched = new Map<string, WatchedWorkspace>();

  isWatched(workspace: string): boolean {
    return this.#watched.has(workspace);
  }

  /** Workspaces that somebody looks at. */
  get workspaces(): Iterable<string> {
    return this.#watched.keys();
  }

  /** Gathers what happens from now on. Close it when nobody looks any more. */
  watch(workspace: string, scope: LiveScope): LiveView {
    const known = this.#watched.get(workspace);
    const watched = known ?? new WatchedWorkspace(() => this.#watched.delete(workspace));
    this.#watched.set(workspace, watched);
    const view = new LiveView(scope, watched);
    watched.add(view);
    return view;
  }

  /** Something else than events and holds was committed. */
  acted(workspace: string): void {
    for (const view of this.#watched.get(workspace)?.views ?? []) view.isStale = true;
  }

  /** Gathers what a unit did; call it once that is on disk. */
  committed(workspace: string, { gathered, book }: ToldUnit): void {
    const watched = this.#watched.get(workspace);
    if (watched === undefined) return;
    // Another book: a budget was set or taken away, which changes what a view tells of.
    if (watched.book !== null && watched.book !== book) this.acted(workspace);
    watched.book = book;
    try {
      gather(watched, gathered, book);
    } catch {
      // What is on disk is told as success, whatever becomes of those who look on.
      this.acted(workspace);
    }
  }
}

/** A unit as views gather it. */
export interface ToldUnit {
  readonly gathered: GatheredUnit;
  readonly book: BudgetBook;
}

/** What a unit of this process did, as views gather it. */
export function gatheredOf({ state, holds, answers }: CommittedUnit): GatheredUnit {
  return {
    steps: state.steps.changes().map(({ after }) => after),
    runs: state.runs.changes().map(({ after }) => after),
    decisions: holds.flatMap(({ run, asks }, index) => {
      const decisions = answers[index]?.decisions ?? [];
      return asks.flatMap((ask, at) => {
        const decision = decisions[at];
        return decision === undefined ? [] : [{ run, ask, decision }];
      });
    }),
    acts: state.journal.changed(),
    places: [...state.spending.places()],
    runOf: (id) => state.runs.get(id),
  };
}

/** What a view of its own would have gathered of units, but for runs and balances. */
export function changeIn(scope: LiveScope, units: readonly GatheredUnit[]): LiveChange | null {
  const watched = new WatchedWorkspace(() => undefined);
  const view = new LiveView(scope, watched);
  watched.add(view);
  for (const unit of units) gather(watched, { ...unit, places: [] }, null);
  const change = view.take();
  return change === null ? null : { ...change, runs: [], budgets: [] };
}

function gather(watched: WatchedWorkspace, unit: GatheredUnit, book: BudgetBook | null): void {
  const known = new Map<string, readonly LiveView[]>();
  const viewsOf = (run: string): readonly LiveView[] => {
    const views = known.get(run) ?? watched.viewsOf(unit, run);
    known.set(run, views);
    return views;
  };
  for (const step of unit.steps) for (const view of viewsOf(step.run)) view.addStep(step);
  for (const run of unit.runs) for (const view of viewsOf(run.id)) view.addRun(run);
  for (const decision of unit.decisions) {
    for (const view of viewsOf(decision.run)) view.addDecision(decision);
  }
  gatherActs(unit, viewsOf);
  if (book !== null) gatherBalances(watched, unit, book);
}

function gatherActs({ acts }: GatheredUnit, viewsOf: (run: string) => readonly LiveView[]): void {
  for (const { kind, id, document } of acts) {
    if (kind === "policy.reached") {
      for (const view of viewsOf(id)) view.addReached(readReached(document));
    }
    if (kind === "work.stopped") {
      const stop = JSON.parse(document) as Stop;
      if (stop.of === "run") for (const view of viewsOf(stop.id)) view.addStop(stop);
    }
  }
}

function gatherBalances(
  watched: WatchedWorkspace,
  { places }: GatheredUnit,
  book: BudgetBook,
): void {
  if (!watched.hasBalances) return;
  for (const place of places) {
    const key = keyOf(place.budgetId, place.scope);
    for (const view of watched.viewsOfBalance(key)) {
      const former = view.balances.get(key);
      if (former === undefined) continue;
      const isAnother = place.window !== former.window.key;
      // Whose calendar its windows are of, the balance does not say: it is read again.
      if (isAnother && former.record.budget.per === "billing_period") view.isStale = true;
      else {
        const moved = movedTo(former, place, book);
        if (moved !== null) view.moveBalance(key, moved);
      }
    }
  }
}

/** A balance as the unit left it; null: nothing moved, or an earlier window did. */
function movedTo(
  { record, scope, window, limit, settled, held }: BudgetState,
  place: LivePlace,
  book: BudgetBook,
): BudgetState | null {
  const ownLimit = place.ownLimit ?? record.budget.limit;
  const state = { record, scope, limit: ownLimit, settled: place.settled, held: place.held };
  if (place.window === window.key) {
    const isSame = limit === ownLimit && settled === place.settled && held === place.held;
    return isSame ? null : { ...state, window };
  }
  const next = windowOfKey(book, record, { key: place.window, customer: null });
  const isLater = (next.startMs ?? 0) > (window.startMs ?? 0);
  return isLater ? { ...state, window: next } : null;
}
