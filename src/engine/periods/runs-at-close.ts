/**
 * Runs as a statement billed them: with their steps and outcomes as they were when it was closed.
 * What was changed since is told as it was, and marked, so that whatever is behind a line adds up
 * to it for ever.
 */
import type { Step } from "../../domain/event/step.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { OutcomeState, RunCorrection, RunFacts } from "../../domain/run/run.ts";
import type { AsOfPlace } from "../as-of/acts-as-of.ts";
import { RunsAsOf } from "../as-of/runs-as-of.ts";
import { StoreAsOf } from "../as-of/store-as-of.ts";
import type { EngineContext, ReadContext } from "../context.ts";
import type { RevisionFilter } from "../ports.ts";
import type { StepPlace } from "./line-page.ts";

type Now = Pick<ReadContext, "store" | "untilSeq">;

/** Something as it was, and whether it was revised or taken back since. */
export interface AtClose<T> {
  readonly was: T;
  readonly isChanged: boolean;
}

/** Steps of a run as they were billed, and where to go on. */
export interface StepsAtClose {
  readonly steps: readonly AtClose<Step>[];
  /** Steps that were read, those among them that nobody knew of at the close. */
  readonly looked: number;
  /** Null: those were all. */
  readonly next: StepPlace | null;
}

/** Reads what stood at the seq of a close; `now` says what stands, or stood at a later instant. */
export class RunsAtClose {
  readonly #store: EngineContext["store"];
  readonly #now: Now;
  readonly #place: AsOfPlace;
  readonly #then: RunsAsOf;
  readonly #thenWhole: StoreAsOf;

  constructor(context: Pick<EngineContext, "store" | "tariffs">, now: Now, place: AsOfPlace) {
    this.#store = context.store;
    this.#now = now;
    this.#place = place;
    this.#then = new RunsAsOf(context.store, place);
    this.#thenWhole = new StoreAsOf(context, place);
  }

  /** What a run was; undefined: nobody had heard of it. */
  async facts(run: RunFacts): Promise<RunFacts | undefined> {
    const { workspace, seq } = this.#place;
    return run.sinceSeq <= seq ? run : this.#store.formerRun(workspace, run.id, seq);
  }

  /**
   * A part of a run's steps in the order of their identities: a run may have hundreds of thousands
   * of them, more than memory holds and anybody waits for.
   */
  async steps(run: string, behind: StepPlace | null, limit = PAGE_MAX_ROWS): Promise<StepsAtClose> {
    const { workspace, seq } = this.#place;
    const untilSeq = this.#now.untilSeq ?? Number.MAX_SAFE_INTEGER;
    const revised: Step[][] = [];
    let after: RevisionFilter["after"] | null = behind ?? "";
    // A page may end between two revisions of a step; then the next part begins with that step.
    while (after !== null && revised.length < 2) {
      const filter: RevisionFilter = { run, untilSeq, after, limit };
      const page = await this.#store.revisionsOfRun(workspace, filter);
      for (const step of page.steps) {
        const last = revised.at(-1);
        if (last !== undefined && isOneStep(last, step)) last.push(step);
        else revised.push([step]);
      }
      after = page.next;
    }
    if (after !== null) revised.pop();
    const last = revised.at(-1)?.at(-1);
    const isLater = (step: Step) => step.seq > seq;
    const steps = revised.flatMap((revisions): AtClose<Step>[] => {
      const was = revisions.findLast((step) => !isLater(step));
      return was === undefined ? [] : [{ was, isChanged: revisions.some(isLater) }];
    });
    const isAll = after === null || last === undefined;
    const looked = revised.length;
    return { steps, looked, next: isAll ? null : { source: last.source, id: last.id } };
  }

  async outcomes(run: string): Promise<AtClose<OutcomeState>[]> {
    const { workspace, seq } = this.#place;
    const now = await this.#now.store.outcomesOfRun(workspace, run);
    const later = new Set(now.filter(({ sinceSeq }) => sinceSeq > seq).map(({ key }) => key));
    const then = later.size === 0 ? now : await this.#then.outcomes(run);
    return then.map((was) => ({ was, isChanged: later.has(was.key) }));
  }

  /** What caps and minimums had made of a root run. */
  async corrections({ id, parent }: RunFacts): Promise<AtClose<RunCorrection>[]> {
    if (parent !== null) return [];
    const { workspace } = this.#place;
    const then = (await this.#thenWhole.run(workspace, id))?.corrections ?? [];
    if (then.length === 0) return [];
    const now = (await this.#now.store.run(workspace, id))?.corrections ?? [];
    return then.map((was) => ({ was, isChanged: !now.some((one) => isSame(one, was)) }));
  }
}

function isOneStep([first]: readonly Step[], step: Step): boolean {
  return first?.source === step.source && first.id === step.id;
}

function isSame(a: RunCorrection, b: RunCorrection): boolean {
  const isOfOne = a.period === b.period && a.cardVersionId === b.cardVersionId;
  return isOfOne && a.cap === b.cap && a.minimum === b.minimum;
}
