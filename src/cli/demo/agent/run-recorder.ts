/**
 * Writes down what one run does, as events of Tollgate. Ids count up within the run, so the same
 * work has the same ids and a repetition is recognised.
 */
import type { MeterClient, MeterEvent } from "../meter-client.ts";
import { EVENT_SOURCE } from "./event-source.ts";
import type { HoldGate } from "./hold-gate.ts";

/** Which run it is, whose, and below which. */
export interface RunPlace {
  readonly run: string;
  readonly customer: string;
  readonly agent: string;
  readonly parentRun?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Asked before each call. (Default: nobody is.) */
  readonly gate?: HoldGate;
}

/** The facts of a step; fields are those of the wire (POST /v1/events). */
export interface StepFacts {
  readonly kind: "model" | "embedding" | "tool" | "retrieval";
  readonly provider?: string;
  readonly model?: string;
  readonly tool?: string;
  readonly status?: "ok" | "error" | "aborted";
  readonly completeness?: "partial" | "estimated" | "exact";
  readonly attempt?: number;
  readonly callId?: string;
  readonly parentStep?: string | undefined;
  readonly usage?: Readonly<Record<string, number>>;
  /** Names the provider's usage block, which is sent unchanged. */
  readonly usageFormat?: string;
  readonly providerUsage?: unknown;
}

/** Leave to make a call. */
export interface Leave {
  /** Id of the hold and of its step; none where nobody was asked. */
  readonly id?: string;
  /** Most output tokens to ask for; null: no bound. */
  readonly maxOutputTokens: number | null;
}

type Timed = Readonly<Record<string, unknown>> & { readonly occurredAt: string };

/** Reports one run; those below it report through recorders of their own. */
export class RunRecorder {
  readonly place: RunPlace;
  /** Everything recorded so far in this run and those below it, in order. */
  readonly events: MeterEvent[];
  readonly #meter: MeterClient;
  readonly #counts = new Map<string, number>();

  constructor(meter: MeterClient, place: RunPlace, events: MeterEvent[] = []) {
    this.#meter = meter;
    this.place = place;
    this.events = events;
  }

  open(): void {
    const { customer, agent, parentRun, labels } = this.place;
    const facts = { customer, agent, ...(parentRun && { parentRun }), ...(labels && { labels }) };
    this.#record("run.opened", "opened", { occurredAt: nowText(), ...facts });
  }

  /** An id for a step that is about to start, so that what it causes can name it. */
  nextId(kind: StepFacts["kind"]): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}-${count}`;
  }

  /**
   * Asks for leave to make a call, and gives it the id that its step is to be recorded by; resolves
   * when it may be made. Throws `Refused`.
   */
  async leave(kind: StepFacts["kind"], facts: Readonly<Record<string, unknown>>): Promise<Leave> {
    const { gate, run } = this.place;
    if (gate === undefined) return { maxOutputTokens: null };
    // What was recorded is counted first, so that the answer is about the run as it is.
    await this.flush();
    const id = this.nextId(kind);
    const { maxOutputTokens = null } = await gate.ask(run, { id, kind, ...facts });
    return { id, maxOutputTokens };
  }

  /** Records a step that began at `occurredAt`; gives its id. */
  step(facts: StepFacts, { id = this.nextId(facts.kind), occurredAt = nowText() } = {}): string {
    const { customer, agent } = this.place;
    this.#record("step", id, { occurredAt, customer, agent, ...facts });
    return id;
  }

  outcome(outcome: string): void {
    this.#record("outcome.recorded", `outcome-${outcome}`, { occurredAt: nowText(), outcome });
  }

  close(ending: "completed" | "failed"): void {
    this.#record("run.closed", "closed", { occurredAt: nowText(), ending });
  }

  /** Resolves when everything recorded is acknowledged. */
  flush(): Promise<void> {
    return this.#meter.flush();
  }

  /** A recorder for a run below this one. */
  child(name: string, agent: string): RunRecorder {
    const { run, customer } = this.place;
    const { gate } = this.place;
    const asked = gate === undefined ? {} : { gate };
    const below = { run: `${run}/${name}`, customer, agent, parentRun: run, ...asked };
    return new RunRecorder(this.#meter, below, this.events);
  }

  #record(type: string, id: string, fields: Timed): void {
    const event: MeterEvent = { type, id, run: this.place.run, source: EVENT_SOURCE, ...fields };
    this.events.push(event);
    this.#meter.record(event);
  }
}

/** The present instant, as events state it. */
export function nowText(): string {
  return new Date().toISOString();
}
