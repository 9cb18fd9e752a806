/**
 * A meter without a server: identities in a map and the product's own price lookup and cost of a
 * step. The tests of the rules use it, because they mutate figures thousands of times; the
 * corpus command itself goes over HTTP.
 */
import { costOfFacts } from "../../src/domain/cost/cost-of-step.ts";
import { usageOf } from "../../src/domain/event/usage.ts";
import { formatAmount, parseQuantity } from "../../src/domain/money/decimal.ts";
import { exactSum } from "./float.ts";
import { PriceLookup } from "./price-lookup.ts";
import type { FeedResult, Meter, MeteredRun, MeteredStep } from "./types.ts";

interface WireStep {
  readonly type?: string;
  readonly id: string;
  readonly source?: string;
  readonly run: string;
  readonly parentRun?: string;
  readonly kind: "model";
  readonly status?: "ok";
  readonly provider?: string;
  readonly model?: string;
  readonly tool?: string;
  readonly tier?: string;
  readonly callId?: string;
  readonly occurredAt: string;
  readonly usage?: Readonly<Record<string, string | number>>;
}

export class StandInMeter implements Meter {
  readonly #prices = new PriceLookup();
  readonly #runs = new Map<string, Map<string, MeteredStep>>();
  readonly #children = new Map<string, Set<string>>();
  readonly #calls = new Map<string, string>();

  async importPrices(document: object): Promise<void> {
    this.#prices.add(document);
  }

  async feed(events: readonly object[]): Promise<readonly FeedResult[]> {
    return events.map((event) => this.#take(event as WireStep));
  }

  async run(id: string): Promise<MeteredRun> {
    const steps = this.#stepsBelow(id);
    return {
      run: id,
      steps,
      cost: exactSum(steps.map(({ cost }) => cost)),
      rateOf: (asked) => this.#prices.rateOf(asked),
    };
  }

  #stepsBelow(id: string): MeteredStep[] {
    const own = [...(this.#runs.get(id)?.values() ?? [])];
    const children = [...(this.#children.get(id) ?? [])];
    return [...own, ...children.flatMap((child) => this.#stepsBelow(child))];
  }

  #take(event: WireStep): FeedResult {
    const { id, run, parentRun, callId } = event;
    if (parentRun !== undefined) {
      this.#children.set(parentRun, (this.#children.get(parentRun) ?? new Set()).add(run));
    }
    if (event.type !== undefined && event.type !== "step") return { id, status: "duplicate" };
    const steps = this.#runs.get(run) ?? new Map<string, MeteredStep>();
    this.#runs.set(run, steps);
    const identity = JSON.stringify([event.source, id]);
    if (steps.has(identity)) return { id, status: "duplicate" };
    if (callId !== undefined && this.#calls.has(callId)) return { id, status: "duplicate_call" };
    if (callId !== undefined) this.#calls.set(callId, identity);
    steps.set(identity, this.#metered(event));
    return { id, status: "accepted" };
  }

  #metered(event: WireStep): MeteredStep {
    const { id, source = "api", kind, status = "ok", provider = null, model = null } = event;
    const usage = Object.entries(event.usage ?? {}).map(([name, quantity]) => {
      const parsed = parseQuantity(String(quantity));
      if (parsed === undefined) throw new TypeError(`${id}: ${name} is no quantity`);
      return [name, parsed] as const;
    });
    const subject = kind === "model" ? model : (event.tool ?? null);
    const found = this.#prices.catalog.find({ provider, subject }, Date.parse(event.occurredAt));
    const facts = { kind, status, tier: event.tier ?? "standard", usage: usageOf(usage) };
    const cost = costOfFacts(facts, found);
    return {
      ...{ id, source, kind, status, provider, model, occurredAt: event.occurredAt },
      usage: Object.fromEntries(Object.entries(event.usage ?? {}).map(([k, v]) => [k, String(v)])),
      cost: formatAmount(cost.cost),
      costStatus: cost.status,
    };
  }
}
