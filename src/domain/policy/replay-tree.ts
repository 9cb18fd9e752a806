/**
 * A run tree that is over, played again under policies: what they would have stopped, where, and
 * what would not have been spent then. Steps come in the order of their own time, as the rules look
 * at them; after a stop, what the run and all below it did is saved.
 */
import type { Step } from "../event/step.ts";
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import type { Run } from "../run/run.ts";
import { judgeRun, wantedBy } from "./judge-run.ts";
import { LastSteps } from "./last-steps.ts";
import { isStopping, type Policy, type PolicyHit, type PolicySubject, ruleText } from "./policy.ts";
import { countsForRules, recentStep, SpendMinute, spentAtMs, WHOLE_RUN } from "./run-levels.ts";

/** A run of a tree with its steps. */
export interface ReplayedRun {
  readonly run: Pick<Run, "id" | "parent" | "openedAtMs" | "agent" | "customer">;
  readonly steps: readonly Step[];
}

/** What a rule would have done to a run. */
export interface ReplayedHit extends PolicyHit {
  readonly customer: string | null;
  readonly agent: string | null;
  /** Steps of the run, and of the whole tree, when it was beyond the rule. */
  readonly atStep: number;
  readonly atTreeStep: number;
  readonly atMs: number;
  /** What the run and all below it did afterwards; of a rule that stops nothing, nothing. */
  readonly saved: Saved;
}

/** What would not have been done. */
export interface Saved {
  readonly steps: number;
  readonly cost: Amount;
  readonly charge: Amount;
}

/** What a tree came to, and what the rules would have done to it. */
export interface ReplayedTree {
  readonly steps: number;
  readonly hits: readonly ReplayedHit[];
}

type Editable<T> = { -readonly [K in keyof T]: T[K] };

interface Row {
  readonly run: ReplayedRun["run"];
  readonly depth: number;
  readonly subject: PolicySubject;
  readonly recent: LastSteps;
  readonly minute: SpendMinute;
  readonly told: Set<string>;
  steps: number;
  children: number;
  cost: bigint;
  charge: bigint;
  /** What it would have saved, from when it would have been stopped on. */
  stopped: Editable<Saved> | null;
}

/** What a replay works with. */
export interface ReplayTerms {
  readonly policies: readonly Policy[];
  /** The card and currency by which the tree's customer is charged. */
  readonly card: string | null;
  readonly currency: string | null;
}

type Item =
  | { readonly atMs: number; readonly seq: number; readonly opened: string }
  | { readonly atMs: number; readonly seq: number; readonly step: Step };

/** Plays a tree again; the root comes first, and every parent before what is below it. */
export function replayTree(tree: readonly ReplayedRun[], terms: ReplayTerms): ReplayedTree {
  const replay = new Replay(tree, terms);
  for (const item of itemsOf(tree)) {
    if ("step" in item) replay.record(item.step);
    else replay.open(item.opened, item.atMs);
  }
  return { steps: replay.treeSteps, hits: replay.hits };
}

/** Openings before the steps of the same instant. */
function itemsOf(tree: readonly ReplayedRun[]): Item[] {
  const items: Item[] = [];
  for (const { run, steps } of tree) {
    items.push({ atMs: run.openedAtMs, seq: 0, opened: run.id });
    for (const step of steps) {
      if (!countsForRules(step)) continue;
      // A step may be older than what its run says of its opening.
      items.push({ atMs: Math.max(step.occurredAtMs, run.openedAtMs), seq: step.seq, step });
    }
  }
  return items.sort((a, b) => a.atMs - b.atMs || a.seq - b.seq);
}

class Replay {
  readonly #terms: ReplayTerms;
  /** What an observing policy would do is what a replay is asked for. */
  readonly #policies: readonly Policy[];
  readonly #window: number;
  readonly #rows = new Map<string, Row>();
  readonly hits: ReplayedHit[] = [];
  treeSteps = 0;

  constructor(tree: readonly ReplayedRun[], terms: ReplayTerms) {
    this.#terms = terms;
    this.#policies = terms.policies.map((policy) => ({ ...policy, mode: "enforce" as const }));
    this.#window = wantedBy(terms.policies).steps;
    for (const { run } of tree) {
      const above = run.parent === null ? undefined : this.#rows.get(run.parent);
      const { customer, agent } = run;
      this.#rows.set(run.id, {
        ...{ run, depth: (above?.depth ?? 0) + 1, minute: new SpendMinute() },
        recent: new LastSteps(this.#window),
        subject: { customer, agent, card: terms.card },
        ...{ told: new Set(), steps: 0, children: 0, cost: 0n, charge: 0n, stopped: null },
      });
    }
  }

  /** A run and all above it. */
  *#path(id: string): Generator<Row> {
    for (let row = this.#rows.get(id); row !== undefined; ) {
      yield row;
      row = row.run.parent === null ? undefined : this.#rows.get(row.run.parent);
    }
  }

  open(id: string, atMs: number): void {
    const [own, above] = this.#path(id);
    if (own === undefined || this.#stopOf(id) !== null) return;
    if (above !== undefined) {
      above.children += 1;
      this.#judge(above, atMs);
    }
    this.#judge(own, atMs);
  }

  record(step: Step): void {
    this.treeSteps += 1;
    const cost = step.payer === "us" ? step.cost : ZERO_AMOUNT;
    const stopped = this.#stopOf(step.run);
    if (stopped !== null) {
      stopped.steps += 1;
      stopped.cost = (stopped.cost + cost) as Amount;
      stopped.charge = (stopped.charge + step.charge) as Amount;
      return;
    }
    const path = [...this.#path(step.run)];
    const [own, root] = [path[0], path.at(-1)];
    if (own === undefined || root === undefined) return;
    own.steps += 1;
    if (this.#window > 0) own.recent.put(recentStep(step));
    for (const row of path) {
      row.cost += cost;
      row.charge += step.charge;
    }
    root.minute.add(spentAtMs(step), { cost, charge: step.charge });
    this.#judge(own, step.occurredAtMs);
    if (root !== own) this.#judge(root, step.occurredAtMs);
  }

  /** What saves the work of a run: its own stop, or the nearest above it. */
  #stopOf(id: string): Editable<Saved> | null {
    for (const { stopped } of this.#path(id)) if (stopped !== null) return stopped;
    return null;
  }

  #judge(row: Row, nowMs: number): void {
    const { run, told } = row;
    const { currency } = this.#terms;
    const judged = {
      ...{ id: run.id, subject: row.subject, depth: row.depth, openedAtMs: run.openedAtMs },
      ...{ steps: row.steps, children: row.children, isRoot: run.parent === null, currency },
      ...{ cost: row.cost as Amount, charge: row.charge as Amount },
      ...{ recent: row.recent, minute: row.minute, since: WHOLE_RUN },
    };
    for (const hit of judgeRun(this.#policies, judged, { nowMs, ask: null })) {
      const text = ruleText(hit);
      if (told.has(text) || row.stopped !== null) continue;
      told.add(text);
      const saved: Editable<Saved> = { steps: 0, cost: ZERO_AMOUNT, charge: ZERO_AMOUNT };
      const { customer, agent } = run;
      const at = { atStep: row.steps, atTreeStep: this.treeSteps, atMs: nowMs };
      this.hits.push({ ...hit, customer, agent, ...at, saved });
      if (isStopping(hit)) row.stopped = saved;
    }
  }
}
