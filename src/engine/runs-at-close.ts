/**
 * Runs as a statement billed them: with their steps and outcomes as they were when it was closed.
 * What was changed since is told as it was, and marked, so that whatever is behind a line adds up
 * to it for ever.
 */
import type { Step } from "../domain/event/step.ts";
import type { OutcomeState, RunCorrection, RunFacts } from "../domain/run/run.ts";
import type { AsOfPlace } from "./acts-as-of.ts";
import type { EngineContext } from "./context.ts";
import type { Reads } from "./ports.ts";
import { RunsAsOf } from "./runs-as-of.ts";
import { StoreAsOf } from "./store-as-of.ts";

/** Something as it was, and whether it was revised or taken back since. */
export interface AtClose<T> {
  readonly was: T;
  readonly isChanged: boolean;
}

/** Reads what stood at the seq of a close; `now` says what stands, or stood at a later instant. */
export class RunsAtClose {
  readonly #store: EngineContext["store"];
  readonly #now: Reads;
  readonly #place: AsOfPlace;
  readonly #then: RunsAsOf;
  readonly #thenWhole: StoreAsOf;

  constructor(context: Pick<EngineContext, "store" | "tariffs">, now: Reads, place: AsOfPlace) {
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

  /** The earlier revisions of a run are read only where one of its steps has a later one. */
  async steps(run: string): Promise<AtClose<Step>[]> {
    const { workspace, seq } = this.#place;
    const isLater = (step: Step) => step.seq > seq;
    const now = await this.#now.stepsOfRun(workspace, run);
    const known = now.filter((step) => !isLater(step) || step.revision > 1);
    if (!known.some(isLater)) return known.map((was) => ({ was, isChanged: false }));
    const later = new Set(known.filter(isLater).map(({ source, id }) => `${source} ${id}`));
    const steps: AtClose<Step>[] = [];
    for await (const page of this.#then.steps(run)) {
      for (const was of page) {
        steps.push({ was, isChanged: later.has(`${was.source} ${was.id}`) });
      }
    }
    return steps;
  }

  async outcomes(run: string): Promise<AtClose<OutcomeState>[]> {
    const { workspace, seq } = this.#place;
    const now = await this.#now.outcomesOfRun(workspace, run);
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
    const now = (await this.#now.run(workspace, id))?.corrections ?? [];
    return then.map((was) => ({ was, isChanged: !now.some((one) => isSame(one, was)) }));
  }
}

function isSame(a: RunCorrection, b: RunCorrection): boolean {
  const isOfOne = a.period === b.period && a.cardVersionId === b.cardVersionId;
  return isOfOne && a.cap === b.cap && a.minimum === b.minimum;
}
