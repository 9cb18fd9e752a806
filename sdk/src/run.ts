/** One run: what it did is recorded here, and what it wants to do is asked for here. */
import { type CallOptions, type MeasuredCall, performCall } from "./call.ts";
import type { RunEnding, StepFacts, Usage } from "./events.ts";
import type { Left, OpenRequest } from "./holds.ts";
import { fetchMetered } from "./model-call/metered-fetch.ts";
import { newId } from "./new-id.ts";
import type { RecordedRun, RunPlace } from "./run-place.ts";
import type { Workshop } from "./workshop.ts";

/** What a tool takes. */
export interface ToolOptions extends CallOptions {
  /** What one call uses: held before it, recorded after it unless the tool says otherwise. */
  readonly units?: Usage;
}

/** What computing takes. */
export interface ComputeOptions extends CallOptions {
  /** Seconds that it may take at most, for the hold. */
  readonly maxSeconds?: number | string;
}

/** A run. Made by `tollgate.run` or `tollgate.open`. */
export class Run implements RecordedRun {
  readonly place: RunPlace;
  readonly #workshop: Workshop;
  readonly #holdOpeningId = `open-${newId()}`;
  /** Policy of the budgets seen last; kept by the guard. */
  undecidedPolicy: "closed" | "open" | null = null;
  /** Whether the server knows the run, as far as it said so. */
  #isKnown = false;
  /** Whether its opening was recorded as an event. */
  #isOpeningRecorded = false;
  #isOpeningRefused = false;
  #isEmpty = true;
  #isClosed = false;
  #openingOnServer: Promise<void> | null = null;

  constructor(place: RunPlace, workshop: Workshop) {
    this.place = place;
    this.#workshop = workshop;
    // A guarded run opens with its first hold, which must know its caps.
    if (!place.isGuarded) this.#recordOpening();
  }

  get id(): string {
    return this.place.id;
  }

  /** For the vendors' SDKs: as `tollgate.fetch`, always for this run. */
  readonly fetch: typeof fetch = (input, init) => {
    const { place } = this.#workshop.context;
    const parentStep = place?.run === this ? place.parentStep : null;
    return fetchMetered({ workshop: this.#workshop, run: this, parentStep }, input, init);
  };

  /** Does work in this run: what it calls through `tollgate.fetch` belongs here. */
  within<Result>(work: () => Result): Result {
    return this.#workshop.context.run({ run: this, parentStep: null }, work);
  }

  /**
   * Records a step that happened, without asking; gives its id. Or, with a function, holds the
   * facts' usage as an upper bound, does the work, and records it with what it used.
   */
  step(facts: StepFacts & { readonly id?: string }): string;
  step<Result>(
    facts: StepFacts & CallOptions,
    work: (call: MeasuredCall) => Promise<Result> | Result,
  ): Promise<Result>;
  step<Result>(
    facts: StepFacts & CallOptions,
    work?: (call: MeasuredCall) => Promise<Result> | Result,
  ): string | Promise<Result> {
    if (work !== undefined) return performCall(this.#workshop, { run: this, facts }, work);
    const { id = `${facts.kind}-${newId()}`, ...rest } = facts;
    const parentStep = this.#stepAround();
    this.record(id, parentStep === undefined ? rest : { parentStep, ...rest });
    return id;
  }

  /** Holds the tool's units, runs it, records it. Steps inside it name it as their parent. */
  tool<Result>(
    name: string,
    options: ToolOptions,
    work: (call: MeasuredCall) => Promise<Result> | Result,
  ): Promise<Result> {
    const { units = {}, ...rest } = options;
    const facts = { kind: "tool", tool: name, usage: units, ...rest } as const;
    return performCall(this.#workshop, { run: this, facts }, work);
  }

  /** Records seconds of computing, or measures a function's. */
  compute(seconds: number | string, options?: ComputeOptions): string;
  compute<Result>(
    work: (call: MeasuredCall) => Promise<Result> | Result,
    options?: ComputeOptions,
  ): Promise<Result>;
  compute<Result>(
    work: number | string | ((call: MeasuredCall) => Promise<Result> | Result),
    options: ComputeOptions = {},
  ): string | Promise<Result> {
    const { maxSeconds, ...rest } = options;
    if (typeof work !== "function") {
      const { guard: _, wrapUp: __, cost: ___, ...facts } = rest;
      return this.step({ kind: "compute", ...facts, usage: { seconds: String(work) } });
    }
    const usage: Usage = maxSeconds === undefined ? {} : { seconds: String(maxSeconds) };
    const facts = { kind: "compute", usage, isTimed: true, ...rest } as const;
    return performCall(this.#workshop, { run: this, facts }, work);
  }

  /**
   * What the next call may set aside: of each measure, the least that a hard budget leaves; one
   * without a limit is not in it. Null: the server cannot be asked now. Only the hold decides.
   */
  async left(): Promise<readonly Left[] | null> {
    await this.openOnServer();
    return this.#workshop.guard.left(this.id);
  }

  /** Records a result of the run that a rate card can charge, once for each key. */
  outcome(name: string, { key = name }: { readonly key?: string } = {}): void {
    this.#record("outcome.recorded", `outcome-${key}`, { outcome: name, key });
  }

  /** Takes an outcome back. */
  reverseOutcome(key: string, reason: string): void {
    this.#record("outcome.reversed", `reversed-${key}`, { key, reason });
  }

  /** Ends the run. Its later steps still count. A second call does nothing. */
  close(ending: RunEnding = "completed"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A run that was not let in and did nothing never was.
    if (this.#isOpeningRefused && this.#isEmpty) return;
    if (!this.#isKnown && !this.#isOpeningRecorded) this.#recordOpening();
    this.#record("run.closed", `closed-${newId()}`, { ending });
  }

  /** Records a step as it is given. For the parts of this package. */
  record(id: string, facts: StepFacts, occurredAt = new Date().toISOString()): void {
    const { customer, agent, parentRun } = this.place;
    this.#record("step", id, { occurredAt, customer, parentRun, agent, ...facts });
  }

  /** How a hold opens the run; null: it is known. For the parts of this package. */
  get opening(): OpenRequest | null {
    if (this.#isKnown) return null;
    const { caps } = this.place;
    return { id: this.#holdOpeningId, source: this.#source, ...this.#opened(), caps };
  }

  noteOpening(isOpened: boolean): void {
    this.#isKnown ||= isOpened;
    this.#isOpeningRefused = !this.#isKnown;
  }

  /** Opens the runs above this one, so that their caps count for its first hold. */
  async openAbove(): Promise<void> {
    await this.place.parent?.openOnServer();
  }

  /** Resolves when the server knows the run, or after a while if it cannot be told. */
  openOnServer(): Promise<void> {
    this.#openingOnServer ??= this.#openOnServer().finally(() => {
      this.#openingOnServer = null;
    });
    return this.#openingOnServer;
  }

  async #openOnServer(): Promise<void> {
    if (this.#isKnown) return;
    await this.openAbove();
    await this.#workshop.guard.open(this);
  }

  #recordOpening(): void {
    this.#isOpeningRecorded = true;
    this.#record("run.opened", `opened-${newId()}`, this.#opened());
  }

  #opened() {
    const { customer, agent, parentRun, endUser, labels } = this.place;
    return { customer, agent, parentRun, ...(endUser !== null && { endUser }), labels };
  }

  get #source(): string {
    return this.#workshop.settings.source;
  }

  #stepAround(): string | undefined {
    const { place } = this.#workshop.context;
    return place?.run === this ? (place.parentStep ?? undefined) : undefined;
  }

  #record(type: string, id: string, fields: Readonly<Record<string, unknown>>): void {
    const { buffer } = this.#workshop;
    this.#isEmpty = false;
    const occurredAt = new Date().toISOString();
    buffer.add({ type, id, source: this.#source, run: this.id, occurredAt, ...fields });
  }
}
