/**
 * The workload of the design's bars: events of 356 bytes on average, 500 open runs of about 40
 * steps, 1,000 customers, 1.5 % duplicates, random v4 ids, batches interleaved over all runs, a
 * quarter tool calls. The seed makes it the same in every run.
 */
const OPEN_RUNS = 500;
const STEPS_PER_RUN = 40;
const CUSTOMERS = 1_000;
const DUPLICATE_SHARE = 0.015;
const TOOL_SHARE = 0.25;

const MODELS = [
  ["openai", "gpt-5"],
  ["openai", "gpt-5-mini"],
  ["anthropic", "claude-sonnet-4-5"],
  ["google", "gemini-2.5-pro"],
] as const;
const TOOLS = ["web_search", "read_file", "run_tests", "send_mail"] as const;

/** A small seeded generator (mulberry32): the same stream on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface OpenRun {
  readonly id: string;
  readonly customer: string;
  stepsLeft: number;
}

/** What was made, summed as it was made: the store must say the same. */
export interface Sent {
  /** Distinct steps. */
  steps: number;
  duplicates: number;
  inputTokens: bigint;
  outputTokens: bigint;
}

/** What a workload is made of. */
export interface WorkloadOptions {
  readonly startMs: number;
  /** (Default: 1,000.) */
  readonly customers?: number;
  /** Steps that a run has on average. (Default: 40.) */
  readonly stepsPerRun?: number;
}

export class Workload {
  readonly sent: Sent = { steps: 0, duplicates: 0, inputTokens: 0n, outputTokens: 0n };
  readonly #random: () => number;
  readonly #runs: OpenRun[] = [];
  readonly #startMs: number;
  readonly #customers: number;
  readonly #stepsPerRun: number;
  readonly #recent: string[] = [];
  #made = 0;

  constructor(
    seed: number,
    { startMs, customers = CUSTOMERS, stepsPerRun = STEPS_PER_RUN }: WorkloadOptions,
  ) {
    this.#random = seededRandom(seed);
    this.#startMs = startMs;
    this.#customers = customers;
    this.#stepsPerRun = stepsPerRun;
    for (let n = 0; n < OPEN_RUNS; n += 1) this.#runs.push(this.#openRun());
  }

  #pick(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.#pick(16).toString(16)).join("");
    const [a, b, c] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16)];
    return `${a}-${b}-4${c}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  #openRun(): OpenRun {
    const customer = `customer-${String(this.#pick(this.#customers)).padStart(4, "0")}`;
    const stepsLeft = this.#stepsPerRun / 2 + this.#pick(this.#stepsPerRun);
    return { id: `run-${this.#uuid()}`, customer, stepsLeft };
  }

  /** One event as JSON text. */
  event(): string {
    const recent = this.#recent[this.#pick(this.#recent.length)];
    if (recent !== undefined && this.#random() < DUPLICATE_SHARE) {
      this.sent.duplicates += 1;
      return recent;
    }
    const slot = this.#pick(OPEN_RUNS);
    const run = this.#runs[slot] as OpenRun;
    run.stepsLeft -= 1;
    if (run.stepsLeft <= 0) this.#runs[slot] = this.#openRun();
    const text = JSON.stringify(this.#step(run));
    this.sent.steps += 1;
    if (this.#recent.length < 1_000) this.#recent.push(text);
    else this.#recent[this.#pick(1_000)] = text;
    return text;
  }

  #step(run: OpenRun): object {
    this.#made += 1;
    const base = {
      id: this.#uuid(),
      source: "bench",
      run: run.id,
      customer: run.customer,
      agent: "support",
      occurredAt: new Date(this.#startMs + this.#made).toISOString(),
    };
    if (this.#random() < TOOL_SHARE) {
      const tool = TOOLS[this.#pick(TOOLS.length)];
      return { ...base, kind: "tool", tool, usage: { seconds: 1 + this.#pick(20) }, labels: PLAN };
    }
    const [provider, model] = MODELS[this.#pick(MODELS.length)] ?? MODELS[0];
    const usage = {
      input_uncached: 200 + this.#pick(4_000),
      cache_read: this.#pick(8_000),
      output_text: 20 + this.#pick(600),
    };
    this.sent.inputTokens += BigInt(usage.input_uncached + usage.cache_read);
    this.sent.outputTokens += BigInt(usage.output_text);
    return { ...base, kind: "model", provider, model, usage, labels: PLAN };
  }

  /** A request body of so many events. */
  batch(size: number): string {
    const events: string[] = [];
    for (let n = 0; n < size; n += 1) events.push(this.event());
    return `[${events.join(",")}]`;
  }
}

const PLAN = { plan: "business", region: "eu-west-1" };

/** A card of five charges with tiers. */
export const BENCH_CARD = {
  key: "bench",
  currency: "USD",
  charges: [
    {
      key: "run",
      meter: { count: "runs", where: { agent: "support" } },
      price: { model: "per_unit", unit: "0.10" },
    },
    {
      key: "steps",
      meter: { count: "steps" },
      price: { model: "graduated", tiers: [{ upTo: 1_000, unit: "0.001" }, { unit: "0.0005" }] },
    },
    {
      key: "tools",
      meter: { count: "steps", where: { kind: "tool" } },
      price: { model: "graduated", tiers: [{ upTo: 1_000, unit: "0" }, { unit: "0.002" }] },
    },
    {
      key: "search",
      meter: { sum: "seconds", where: { tool: "web_search" } },
      price: { model: "package", size: 60, amount: "0.01" },
    },
    { key: "models", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
  ],
  rounding: "half_even",
};
