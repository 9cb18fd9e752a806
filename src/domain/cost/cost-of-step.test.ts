import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StepFacts } from "../event/event.ts";
import { formatAmount } from "../money/decimal.ts";
import { costOfFacts, costOfStep, type StepCost } from "./cost-of-step.ts";
import { PriceCatalog } from "./find-price.ts";
import type { PriceEntry } from "./price-book.ts";
import {
  entryOf,
  factorOf,
  factsOf,
  periodOf,
  ratesOf,
  usage,
  versionOf,
} from "./price-fixtures.test.ts";

/** Costs a step against one entry, both ways, and proves that they agree. */
function costed(facts: Partial<StepFacts>, entry: Partial<PriceEntry> = {}): StepCost {
  const catalog = new PriceCatalog([versionOf(7, { entries: [entryOf(entry)] })]);
  const step = factsOf(facts);
  const found = catalog.findForStep(step, 0);
  const full = costOfStep(step, found);
  const { cost, status, currency, priceVersionId } = full;
  assert.deepEqual(costOfFacts(step, found), { cost, status, currency, priceVersionId });
  return full;
}

function told({ cost, status }: StepCost): string {
  return `${formatAmount(cost)} ${status}`;
}

const entryWith = (prices: Record<string, string>): Partial<PriceEntry> => ({
  periods: [periodOf(ratesOf(prices))],
});

describe("the cost of a step", () => {
  it("is each bucket at its rate, with the price version and currency it came from", () => {
    const step = costed({ usage: usage({ input_uncached: 100, output_text: 5 }) });
    assert.equal(told(step), "1.1 priced");
    assert.equal(step.currency, "USD");
    assert.equal(step.priceVersionId, 7);
    assert.deepEqual(
      step.lines.map(({ unit, amount, basis }) => [unit, formatAmount(amount), basis]),
      [
        ["input_uncached", "1", "own"],
        ["output_text", "0.1", "own"],
      ],
    );
  });

  it("is none where there is nothing to price", () => {
    assert.equal(told(costed({})), "0 none");
    assert.equal(told(costed({ model: "unknown" })), "0 none");
  });

  it("of an unknown model is flagged, never zero in silence", () => {
    const step = costed({ model: "model-1-5", usage: usage({ input_uncached: 100 }) });
    assert.equal(told(step), "0 unpriced");
    assert.deepEqual(step.unpricedUnits, ["input_uncached"]);
    assert.equal(step.priceVersionId, null);
  });

  it("is zero and priced where the price is zero", () => {
    const free = entryWith({ input_uncached: "0" });
    assert.equal(told(costed({ usage: usage({ input_uncached: 100 }) }, free)), "0 priced");
  });

  it("is partial where one unit has no rate, and names it", () => {
    const step = costed({ usage: usage({ input_uncached: 100, images: 2 }) });
    assert.equal(told(step), "1 partial");
    assert.deepEqual(step.unpricedUnits, ["images"]);
  });

  it("is unpriced where an entry has a rate for none of the units", () => {
    assert.equal(told(costed({ usage: usage({ images: 2 }) })), "0 unpriced");
  });
});

describe("a bucket without a rate of its own", () => {
  const rates = { input_uncached: "0.01", output_text: "0.02" };
  const write = { ...rates, cache_write: "0.0125" };
  const anthropic = { ...write, cache_write_1h: "0.02", cache_read: "0.001" };
  const cases: readonly [string, Record<string, string>, string][] = [
    ["output_reasoning", rates, "0.02 priced"],
    ["cache_read", rates, "0.01 priced"],
    ["input_tool", rates, "0.01 priced"],
    ["input_image", rates, "0.01 priced"],
    ["cache_write_5m", write, "0.0125 priced"],
    ["cache_write_30m", write, "0.0125 priced"],
    ["cache_write_1h", anthropic, "0.02 priced"],
    ["cache_write", anthropic, "0.0125 priced"],
    ["cache_write_12h", anthropic, "0.02 partial"],
    ["cache_write_1h", write, "0.0125 partial"],
    ["cache_write", rates, "0.01 partial"],
    ["input_audio", rates, "0.01 partial"],
    ["output_audio", rates, "0.02 partial"],
    ["output_image", rates, "0.02 partial"],
    ["cache_read_audio", anthropic, "0.001 partial"],
    ["output_text", { input_uncached: "0.01" }, "0 unpriced"],
  ];

  it("takes the rate that its provider bills, and is partial where that may be too low", () => {
    for (const [unit, prices, expected] of cases) {
      const step = costed({ usage: usage({ [unit]: 1 }) }, entryWith(prices));
      assert.equal(told(step), expected, `${unit} by ${Object.keys(prices)}`);
    }
  });

  it("says on its line which rate applied", () => {
    const step = costed({ usage: usage({ output_reasoning: 1 }) });
    assert.equal(step.lines[0]?.rateUnit, "output_text");
    assert.equal(step.lines[0]?.basis, "fallback");
  });
});

describe("prices by prompt size", () => {
  const above = { tokens: 100, prices: { input_uncached: "0.02", output_text: "0.03" } };
  const prices = { input_uncached: "0.01", cache_read: "0.001", output_text: "0.02" };
  const entry = { periods: [periodOf(ratesOf(prices, above))] };
  const cost = (quantities: Record<string, string | number>) =>
    told(costed({ usage: usage(quantities) }, entry));

  it("change for the whole request once the prompt is larger than the threshold", () => {
    assert.equal(cost({ input_uncached: 100, output_text: 1 }), "1.02 priced");
    assert.equal(cost({ input_uncached: 101, output_text: 1 }), "2.05 priced");
    assert.equal(cost({ input_uncached: "100.000000001" }), "2.00000000002 priced");
  });

  it("count cached and written tokens into the prompt, output not", () => {
    assert.equal(cost({ input_uncached: 1, cache_read: 100, output_text: 1 }), "0.15 priced");
    assert.equal(cost({ input_uncached: 1, output_text: 1000 }), "20.01 priced");
  });
});

describe("service tiers", () => {
  const tierFactors = { batch: factorOf("0.5"), priority: factorOf("1.75") };
  const cost = (tier: string, entry: Partial<PriceEntry> = { tierFactors }) =>
    told(costed({ tier, usage: usage({ input_uncached: 100 }) }, entry));

  it("multiply the listed price by their factor", () => {
    assert.equal(cost("batch"), "0.5 priced");
    assert.equal(cost("Priority"), "1.75 priced");
  });

  it("cost the listed price under any name of the ordinary tier", () => {
    for (const tier of ["standard", "default", "ON_DEMAND"]) assert.equal(cost(tier), "1 priced");
  });

  it("without a factor are priced as standard but flagged", () => {
    for (const tier of ["flex", "auto", "batch+us", "constructor"]) {
      assert.equal(cost(tier), "1 partial", tier);
    }
  });

  it("may have rates of their own, which go before the factor", () => {
    const rates = ratesOf({ input_uncached: "0.01", "input_uncached@batch": "0.004" });
    assert.equal(cost("batch", { tierFactors, periods: [periodOf(rates)] }), "0.4 priced");
    assert.equal(cost("priority", { tierFactors, periods: [periodOf(rates)] }), "1.75 priced");
    assert.equal(cost("standard", { tierFactors, periods: [periodOf(rates)] }), "1 priced");
  });

  it("show the listed price and the factor on the line", () => {
    const step = costed({ tier: "batch", usage: usage({ input_uncached: 1 }) }, { tierFactors });
    assert.equal(step.lines[0]?.factor, tierFactors.batch);
  });
});

describe("measures and fees", () => {
  const seconds = { seconds: "1.5" };

  it("take the seconds of a call for a measurement unless a rate names them", () => {
    assert.equal(told(costed({ usage: usage(seconds) })), "0 none");
    assert.equal(told(costed({ usage: usage({ ...seconds, input_uncached: 1 }) })), "0.01 priced");
    assert.equal(told(costed({ usage: usage(seconds) }, entryWith({ seconds: "2" }))), "3 priced");
  });

  it("take the seconds of compute for what was bought", () => {
    assert.equal(told(costed({ kind: "compute", usage: usage(seconds) })), "0 unpriced");
  });

  it("take the number of requests beside tokens for a count, alone for what was bought", () => {
    assert.equal(told(costed({ usage: usage({ requests: 1, input_uncached: 1 }) })), "0.01 priced");
    assert.equal(told(costed({ usage: usage({ requests: 1 }) })), "0 unpriced");
  });

  const fee = entryWith({ requests: "5", web_searches: "7", input_uncached: "0.01" });

  it("charge a fee per request once, or as often as the step counts", () => {
    assert.equal(told(costed({}, fee)), "5 priced");
    assert.equal(told(costed({ usage: usage(seconds) }, fee)), "5 priced");
    assert.equal(told(costed({ usage: usage({ input_uncached: 1 }) }, fee)), "5.01 priced");
    assert.equal(told(costed({ usage: usage({ requests: 3 }) }, fee)), "15 priced");
    assert.equal(
      told(costed({ usage: usage({ requests: 3, input_uncached: 1 }) }, fee)),
      "15.01 priced",
    );
  });

  it("charge no fee per request where the step counts what it bought instead", () => {
    assert.equal(told(costed({ usage: usage({ web_searches: 2 }) }, fee)), "14 priced");
  });

  it("charge a failed or blocked call only where it used tokens", () => {
    for (const status of ["error", "blocked", "aborted"] as const) {
      assert.equal(told(costed({ status }, fee)), "0 none", status);
      assert.equal(
        told(costed({ status, usage: usage({ input_uncached: 1 }) }, fee)),
        "5.01 priced",
      );
    }
  });
});
