/**
 * How many steps a second are rated, and nothing else: the price is found, the cost added up, each
 * charge takes its quantity, and its counter moves. Cards of 1, 5 and 50 charges, in turns with a
 * baseline that does what no rating can do without: two look-ups by name, a product for each
 * quantity, and one sum. What a machine makes of both is a ratio that another machine repeats.
 */
import { costOfFacts } from "../src/domain/cost/cost-of-step.ts";
import { PriceCatalog } from "../src/domain/cost/find-price.ts";
import type { Step } from "../src/domain/event/step.ts";
import { usageOf } from "../src/domain/event/usage.ts";
import { type Amount, quantityOfInteger, ZERO_AMOUNT } from "../src/domain/money/decimal.ts";
import { advance, type Counter } from "../src/domain/rating/counter.ts";
import { type CompiledCard, compileCard } from "../src/domain/rating/meter.ts";
import type { MeteredStep } from "../src/domain/rating/selection.ts";
import { storedRateCard } from "../src/domain/rating/stored-rate-card.ts";
import { readPriceDocument } from "../src/ingest/price-list/own-format.ts";
import { BENCH_PRICES } from "./prices.ts";
import { BENCH_CARD, Workload } from "./workload.ts";

const START_MS = Date.UTC(2026, 10, 1);
const SEED = 7;
const ROUNDS = 7;
const CHARGE_COUNTS = [1, 5, 50] as const;

/** Options of the bench. */
export interface RatingOptions {
  /** Steps a round. (Default: 200,000.) */
  readonly steps: number;
}

/** Runs it and returns what `--json` prints. */
export function benchRating({ steps }: RatingOptions): object {
  const work = stepsOf(steps);
  const catalog = new PriceCatalog([
    { ...readPriceDocument(BENCH_PRICES), id: 1, recordedAtMs: 0, effectiveFromMs: null },
  ]);
  const cards = CHARGE_COUNTS.map((count) => ({ count, card: cardOf(count) }));
  const contestants = [
    { name: "baseline", run: () => addUp(work) },
    ...cards.map(({ count, card }) => ({
      name: `charges${count}`,
      run: () => rate(work, catalog, card),
    })),
  ];
  const measured = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const { name, run } of contestants) {
      const startedMs = performance.now();
      run();
      const stepsPerSecond = (steps / (performance.now() - startedMs)) * 1_000;
      // The first round is for the compiler.
      if (round > 0) measured.get(name)?.push(stepsPerSecond);
      process.stderr.write(`${name} ${Math.round(stepsPerSecond)}/s\n`);
    }
  }
  return report(steps, measured);
}

function report(steps: number, measured: ReadonlyMap<string, readonly number[]>): object {
  const baseline = median(measured.get("baseline") ?? []);
  const rated = CHARGE_COUNTS.map((charges) => {
    const rates = measured.get(`charges${charges}`) ?? [];
    const stepsPerSecond = median(rates);
    const [least, most] = [Math.min(...rates), Math.max(...rates)].map(Math.round);
    const ratio = Number((stepsPerSecond / baseline).toFixed(3));
    return { charges, stepsPerSecond: Math.round(stepsPerSecond), least, most, ratio };
  });
  const about = { bench: "rating", node: process.version, steps, rounds: ROUNDS };
  return { ...about, baselineStepsPerSecond: Math.round(baseline), rated };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

type RatedStep = MeteredStep &
  Pick<Step, "customer" | "occurredAtMs"> & {
    /** Filled in by rating, as the ledger does. */
    cost: Amount;
  };

interface Sent {
  readonly kind: "model" | "tool";
  readonly provider?: string;
  readonly model?: string;
  readonly tool?: string;
  readonly customer: string;
  readonly agent: string;
  readonly occurredAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly usage: Readonly<Record<string, number>>;
}

/** The steps of the ingest bench, read beforehand. */
function stepsOf(count: number): RatedStep[] {
  const workload = new Workload(SEED, { startMs: START_MS });
  return Array.from({ length: count }, () => {
    const sent = JSON.parse(workload.event()) as Sent;
    const { kind, customer, agent, labels, provider = null, model = null, tool = null } = sent;
    const usage = usageOf(
      Object.entries(sent.usage).map(([name, n]) => [name, quantityOfInteger(n)]),
    );
    const occurredAtMs = Date.parse(sent.occurredAt);
    const who = { kind, customer, agent, labels, provider, model, tool };
    return { ...TERMS, ...who, usage, occurredAtMs };
  });
}

const TERMS = {
  status: "ok",
  completeness: "exact",
  payer: "us",
  role: "bill",
  attempt: 1,
  tier: "standard",
  cost: ZERO_AMOUNT,
} as const;

/** Rates every step onto counters of its customer; returns what they come to. */
function rate(steps: readonly RatedStep[], catalog: PriceCatalog, card: CompiledCard): bigint {
  const customers = new Map<string, Map<string, Counter>>();
  let total = 0n;
  for (const step of steps) {
    step.cost = costOfFacts(step, catalog.findForStep(step, step.occurredAtMs)).cost;
    let counters = customers.get(step.customer);
    if (counters === undefined) {
      counters = new Map();
      customers.set(step.customer, counters);
    }
    for (const { chargeKey, cell, quantity } of card.meterStep(step)) {
      const key = cell === "" ? chargeKey : `${chargeKey} ${cell}`;
      const move = { cardVersionId: card.id, delta: quantity };
      const moved = advance(counters.get(key), move, () => card.segmentPrice(chargeKey, cell));
      counters.set(key, moved.counter);
      total += moved.marginal;
    }
  }
  return total;
}

const BASELINE_PRICE = 1_250_000_000_000n;

/** The least that a meter does: finds the customer and the model, and adds up products. */
function addUp(steps: readonly RatedStep[]): Map<string, bigint> {
  const prices = new Map<string, bigint>();
  const sums = new Map<string, bigint>();
  for (const step of steps) {
    const name = step.model ?? step.tool ?? "";
    let price = prices.get(name);
    if (price === undefined) {
      price = BASELINE_PRICE + BigInt(prices.size);
      prices.set(name, price);
    }
    let cost = 0n;
    for (const quantity of step.usage.values()) cost += quantity * price;
    sums.set(step.customer, (sums.get(step.customer) ?? 0n) + cost);
  }
  return sums;
}

/** The charges of the ingest bench on steps, over and over; the first is on cost. */
function cardOf(count: number): CompiledCard {
  const ofSteps = BENCH_CARD.charges.filter(({ key }) => key !== "run").toReversed();
  const charges = Array.from({ length: count }, (_, at) => {
    const charge = ofSteps[at % ofSteps.length] ?? BENCH_CARD.charges[0];
    return { ...charge, key: `charge-${at}` };
  });
  const document = JSON.stringify(
    { ...BENCH_CARD, key: `bench-${count}`, charges },
    (_key, value) => (typeof value === "number" ? String(value) : value),
  );
  const at = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
  const version = { id: 1, version: 1, ...at, document, override: null };
  return compileCard({ ...version, card: storedRateCard(document) });
}
