/**
 * A small world of customers, runs and steps that sends everything the product takes: singles and
 * batches, retries, child runs, partial records with their exact ones, late openings, outcomes,
 * voids, two witnesses of one call, usage without a run. It remembers what was acknowledged and
 * what all of it must come to, whatever arrives when and however often.
 */
import assert from "node:assert/strict";
import { seededRandom } from "../../bench/workload.ts";

/** An event as it is sent. */
export type WireEvent = Readonly<Record<string, unknown>>;

/** What one step counts for once everything has arrived. */
interface Counted {
  readonly customer: string;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  isVoided: boolean;
}

/** One event and what the server has said of it. */
export interface SentEvent {
  readonly event: WireEvent;
  isAcknowledged: boolean;
}

/** What a customer must come to. */
export interface CustomerSums {
  steps: number;
  inputTokens: bigint;
  outputTokens: bigint;
}

interface OpenRun {
  readonly id: string;
  readonly customer: string;
  isOpened: boolean;
  /** What comes before the first step waits for the customer that it names. */
  isWaiting: boolean;
  steps: number;
  /** Steps that a void may name: counted, exact, no witness. */
  readonly plain: SentEvent[];
}

const CUSTOMERS = 7;
const OPEN_RUNS = 12;
const STEPS_PER_RUN = 25;
const RECENT_MAX_COUNT = 400;
const MODELS = [
  ["openai", "gpt-5"],
  ["anthropic", "claude-sonnet-4-5"],
  ["nobody", "unheard-of"],
] as const;

export class World {
  /** Every distinct event, in the order in which they were made. */
  readonly events: SentEvent[] = [];
  /** By run and step id; both witnesses of a call stand under the call. */
  readonly #counted = new Map<string, Counted>();
  readonly #random: () => number;
  readonly #runs: OpenRun[] = [];
  readonly #later: SentEvent[] = [];
  readonly #plainShare: number;
  readonly #startMs = Date.now() + 60_000;
  #made = 0;

  /**
   * `plainShare` of the events are steps and nothing else (Default: 0, the mixture): only those
   * leave totals pending in the server's memory.
   */
  constructor(seed: number, { plainShare = 0 }: { readonly plainShare?: number } = {}) {
    this.#random = seededRandom(seed);
    this.#plainShare = plainShare;
    for (let n = 0; n < OPEN_RUNS; n += 1) this.#runs.push(this.#newRun());
  }

  pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #newRun(): OpenRun {
    this.#made += 1;
    const customer = `customer-${this.pick(CUSTOMERS)}`;
    const id = `run-${this.#made}`;
    return { id, customer, isOpened: false, isWaiting: false, steps: 0, plain: [] };
  }

  /** The next request: a single event as often as a batch. */
  request(): SentEvent[] {
    const size = this.#random() < 0.5 ? 1 : 2 + this.pick(24);
    const batch: SentEvent[] = [];
    while (batch.length < size) batch.push(...this.#some());
    return batch;
  }

  #some(): SentEvent[] {
    const isPlain = this.#random() < this.#plainShare;
    const chance = isPlain ? 1 : this.#random();
    const again = this.events[this.events.length - 1 - this.pick(RECENT_MAX_COUNT)];
    if (chance < 0.06 && again !== undefined) return [again];
    if (chance < 0.1 && this.#later.length > 0) {
      return this.#later.splice(this.pick(this.#later.length), 1);
    }
    const slot = this.pick(OPEN_RUNS);
    const run = this.#runs[slot] as OpenRun;
    if (run.steps > STEPS_PER_RUN) {
      this.#runs[slot] = this.#newRun();
      return isPlain ? [] : [this.#closing(run)];
    }
    if (chance < 0.13 && !run.isOpened && run.steps > 3) return [this.#opening(run)];
    if (chance < 0.15) return [this.#outcome(run)];
    if (chance < 0.17) return this.#void(run);
    if (chance < 0.2) return this.#witnesses(run);
    if (chance < 0.24) return this.#partial(run);
    if (chance < 0.26) return [this.#withoutRun()];
    return [this.#plainStep(run)];
  }

  #keep(event: WireEvent): SentEvent {
    const sent = { event, isAcknowledged: false };
    this.events.push(sent);
    return sent;
  }

  #base(run: OpenRun): WireEvent {
    this.#made += 1;
    // Never before the card took effect, and within what a producer's clock may be ahead. Events
    // that are earlier than their run's others restate the run, which is no plain step.
    const atMs = this.#plainShare > 0 ? this.#startMs + this.#made : Date.now() + this.pick(60_000);
    const occurredAt = new Date(atMs).toISOString();
    return { id: `e-${this.#made}`, source: "sdk", run: run.id, occurredAt };
  }

  #stepBase(run: OpenRun): WireEvent {
    run.steps += 1;
    run.isWaiting = false;
    const parent = this.#runs.find((other) => other.customer === run.customer && other !== run);
    const isChild =
      this.#plainShare < 1 &&
      run.id.endsWith("7") &&
      parent !== undefined &&
      !parent.id.endsWith("7");
    const agent = this.#random() < Math.max(0.5, this.#plainShare) ? { agent: "support" } : {};
    const base = { ...this.#base(run), customer: run.customer, ...agent };
    // A child names its parent once, with its first step; from then on the link stands.
    return isChild && run.steps === 1 ? { ...base, parentRun: parent.id } : base;
  }

  #count(run: Pick<OpenRun, "customer">, key: string, tokens: readonly [number, number]): void {
    const [input, output] = tokens;
    const { customer } = run;
    const counts = { inputTokens: BigInt(input), outputTokens: BigInt(output), isVoided: false };
    this.#counted.set(key, { customer, ...counts });
  }

  #modelFacts(tokens: readonly [number, number]): WireEvent {
    const [provider, model] = MODELS[this.pick(MODELS.length)] ?? MODELS[0];
    const [input, output] = tokens;
    return {
      kind: "model",
      provider,
      model,
      usage: { input_uncached: input, output_text: output },
    };
  }

  #tokens(): readonly [number, number] {
    return [1 + this.pick(5_000), 1 + this.pick(800)];
  }

  #plainStep(run: OpenRun): SentEvent {
    const base = this.#stepBase(run);
    const key = `${run.id} ${base.id}`;
    if (this.#random() < 0.3) {
      this.#count(run, key, [0, 0]);
      const tool = { kind: "tool", tool: "search", usage: { web_searches: 1 + this.pick(3) } };
      return this.#keep({ ...base, ...tool });
    }
    const tokens = this.#tokens();
    this.#count(run, key, tokens);
    const sent = this.#keep({ ...base, ...this.#modelFacts(tokens) });
    run.plain.push(sent);
    return sent;
  }

  /** A partial record now, the exact one of the same identity later. */
  #partial(run: OpenRun): SentEvent[] {
    const base = this.#stepBase(run);
    const tokens = this.#tokens();
    this.#count(run, `${run.id} ${base.id}`, tokens);
    const exact = { ...base, ...this.#modelFacts(tokens) };
    const usage = { input_uncached: tokens[0] };
    const partial = this.#keep({ ...exact, usage, completeness: "partial" });
    this.#later.push(this.#keep(exact));
    return [partial];
  }

  /** Two sources tell of one call: whichever comes first counts. */
  #witnesses(run: OpenRun): SentEvent[] {
    const base = this.#stepBase(run);
    const tokens = this.#tokens();
    const callId = `call-${base.id}`;
    this.#count(run, callId, tokens);
    const one = { ...base, ...this.#modelFacts(tokens), callId };
    const sent = this.#keep(one);
    this.#later.push(this.#keep({ ...one, source: "proxy" }));
    return [sent];
  }

  #withoutRun(): SentEvent {
    const run = this.#newRun();
    const { run: _none, ...base } = this.#base(run);
    const tokens = this.#tokens();
    this.#count(run, `~ ${base.id}`, tokens);
    const { customer } = run;
    return this.#keep({ ...base, customer, agent: "cron", ...this.#modelFacts(tokens) });
  }

  #opening(run: OpenRun): SentEvent {
    run.isOpened = true;
    const { customer } = run;
    const opening = { type: "run.opened", customer, agent: "support", labels: { plan: "pro" } };
    return this.#keep({ ...this.#base(run), ...opening });
  }

  #closing(run: OpenRun): SentEvent {
    return this.#keep({ ...this.#base(run), type: "run.closed", ending: "completed" });
  }

  #outcome(run: OpenRun): SentEvent {
    run.isWaiting = run.steps === 0;
    const base = this.#base(run);
    return this.#keep({ ...base, type: "outcome.recorded", outcome: "resolved", key: base.id });
  }

  /** Only what was acknowledged is voided: the server must know it, killed or not. */
  #void(run: OpenRun): SentEvent[] {
    const at = run.plain.findIndex((step) => step.isAcknowledged);
    const [target] = at < 0 ? [] : run.plain.splice(at, 1);
    if (target === undefined) return [];
    const { source, id } = target.event;
    const counted = this.#counted.get(`${run.id} ${id}`);
    assert.ok(counted !== undefined);
    counted.isVoided = true;
    const reason = "sent by mistake";
    return [
      this.#keep({ ...this.#base(run), type: "step.voided", target: { source, id }, reason }),
    ];
  }

  /**
   * What was left for later and all that nobody has acknowledged. A run of which there is nothing
   * but outcomes gets its first step: no event has named its customer, so it would wait for ever.
   */
  unacknowledged(): SentEvent[] {
    this.#later.length = 0;
    for (const run of this.#runs) if (run.isWaiting) this.#plainStep(run);
    return this.events.filter((sent) => !sent.isAcknowledged);
  }

  /** What every customer must come to once everything is acknowledged. */
  sums(): Map<string, CustomerSums> {
    const sums = new Map<string, CustomerSums>();
    for (const { customer, inputTokens, outputTokens, isVoided } of this.#counted.values()) {
      const sum = sums.get(customer) ?? { steps: 0, inputTokens: 0n, outputTokens: 0n };
      sums.set(customer, sum);
      if (isVoided) continue;
      sum.steps += 1;
      sum.inputTokens += inputTokens;
      sum.outputTokens += outputTokens;
    }
    return sums;
  }
}
