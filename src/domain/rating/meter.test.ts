import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { usageOf } from "../event/usage.ts";
import {
  type Amount,
  formatAmount,
  ONE_UNIT,
  parseQuantity,
  type Quantity,
} from "../money/decimal.ts";
import { compileCard } from "./meter.ts";
import { parseRateCard } from "./parse-rate-card.ts";
import type { MeteredStep } from "./selection.ts";

const CHARGES = [
  { key: "run", meter: { count: "runs", where: { agent: "support" } }, unit: "0.10" },
  { key: "tools", meter: { count: "steps", where: { kind: "tool" } }, unit: "0.002" },
  { key: "compute", meter: { sum: "seconds" }, unit: "0.0005" },
  { key: "resolved", meter: { count: "outcomes", where: { outcome: "solved" } }, unit: "0.99" },
].map(({ unit, ...charge }) => ({ ...charge, price: { model: "per_unit", unit } }));
const MODELS = {
  key: "models",
  meter: { sum: "cost" },
  price: { model: "markup", percent: "20" },
};

function compiled(...charges: object[]) {
  const parsed = parseRateCard({ key: "card", currency: "USD", charges });
  if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
  const { card } = parsed;
  const about = { id: 7, version: 1, effectiveFromMs: 5, recordedAtMs: 0, document: "" };
  const version = { ...about, takesEffect: "at_once", override: null, card } as const;
  return compileCard(version);
}

const step = (facts: Partial<MeteredStep> = {}): MeteredStep => ({
  kind: "tool",
  status: "ok",
  completeness: "exact",
  attempt: 1,
  payer: "us",
  role: "bill",
  provider: null,
  model: null,
  tool: "search",
  tier: "standard",
  usage: usageOf([["seconds", parseQuantity("1.5") as Quantity]]),
  labels: null,
  agent: "support",
  cost: 3n as Amount,
  ...facts,
});

describe("a card meters", () => {
  const card = compiled(...CHARGES, MODELS);

  test("a step for every charge that selects it", () => {
    assert.deepEqual(card.meterStep(step()), [
      { chargeKey: "tools", cell: "", quantity: ONE_UNIT },
      { chargeKey: "compute", cell: "", quantity: 1_500_000_000n },
      { chargeKey: "models", cell: "", quantity: 3n },
    ]);
  });

  test("no charge for a quantity of zero", () => {
    const nothing = step({ kind: "model", usage: new Map(), cost: 0n as Amount });
    assert.deepEqual(card.meterStep(nothing), []);
  });

  test("nothing of a shadow, which only witnesses", () => {
    assert.deepEqual(card.meterStep(step({ role: "shadow" })), []);
  });

  test("a run as one run, and an outcome as one outcome", () => {
    const run = { chargeKey: "run", cell: "", quantity: ONE_UNIT };
    assert.deepEqual(card.meterRun({ agent: "support", labels: null }), [run]);
    assert.deepEqual(card.meterRun({ agent: null, labels: null }), []);
    const outcome = { chargeKey: "resolved", cell: "", quantity: ONE_UNIT };
    assert.deepEqual(card.meterOutcome({ outcome: "solved", agent: null }), [outcome]);
    assert.deepEqual(card.meterOutcome({ outcome: "other", agent: null }), []);
  });

  test("under the id, key and currency of its version", () => {
    assert.deepEqual([card.id, card.cardKey, card.currency], [7, "card", "USD"]);
  });
});

describe("a matrix charge", () => {
  const matrix = (rest: object = {}) => ({
    key: "calls",
    meter: { count: "steps" },
    price: { model: "matrix", by: "model", cells: { "gpt-5": "2" }, ...rest },
  });
  const cellsOf = (card: ReturnType<typeof compiled>) =>
    ["gpt-5", "o9", null].map((model) => card.meterStep(step({ model }))[0]?.cell);

  test("counts each cell by itself and charges no other value", () => {
    assert.deepEqual(cellsOf(compiled(matrix())), ["gpt-5", undefined, undefined]);
  });

  test("counts all other values together where they have a price", () => {
    const card = compiled(matrix({ otherwise: "1" }));
    assert.deepEqual(cellsOf(card), ["gpt-5", "*", "*"]);
    const amounts = ["gpt-5", "*"].map((cell) =>
      formatAmount(card.segmentPrice("calls", cell).price.amountAt(ONE_UNIT)),
    );
    assert.deepEqual(amounts, ["2", "1"]);
  });
});

describe("a matrix charge by two dimensions", () => {
  test("counts each pair by itself", () => {
    const cells = { "gpt-5": { search: "2" } };
    const by = ["model", "label.team"];
    const price = { model: "matrix", by, cells, otherwise: "1" };
    const card = compiled({ key: "calls", meter: { count: "steps" }, price });
    const cellOf = (model: string | null, team: string) =>
      card.meterStep(step({ model, labels: { team } }))[0]?.cell;
    assert.equal(cellOf("gpt-5", "search"), "gpt-5 | search");
    assert.deepEqual([cellOf("gpt-5", "x"), cellOf(null, "search")], ["*", "*"]);
  });
});

describe("a percentage charge", () => {
  test("counts what steps state, and the steps that state it", () => {
    const price = { model: "percentage", percent: "10", fixed: "0.5" };
    const card = compiled({ key: "orders", meter: { sum: "seconds" }, price });
    assert.deepEqual(card.meterStep(step()), [
      { chargeKey: "orders", cell: "", quantity: 1_500_000_000n },
      { chargeKey: "orders", cell: "fixed", quantity: ONE_UNIT },
    ]);
    assert.deepEqual(card.meterStep(step({ usage: new Map() })), []);
    const measures = ["", "fixed"].map((cell) => card.segmentPrice("orders", cell).measure);
    assert.deepEqual(measures, ["sum:seconds", "steps"]);
  });
});

describe("a charge that waits for the run's end", () => {
  const when = { ending: ["completed", "abandoned"] };
  const card = compiled(
    ...CHARGES.filter(({ key }) => key === "run" || key === "resolved").map((charge) => {
      return { ...charge, when };
    }),
  );

  test("takes a run and its outcomes once it ended as it should", () => {
    const run = { agent: "support", labels: null };
    const outcome = { outcome: "solved", agent: null };
    for (const ending of [null, "failed", "cancelled"] as const) {
      assert.deepEqual(card.meterRun({ ...run, ending }), []);
      assert.deepEqual(card.meterOutcome({ ...outcome, ending }), []);
    }
    assert.deepEqual(card.meterRun(run), []);
    assert.equal(card.meterRun({ ...run, ending: "completed" }).length, 1);
    assert.equal(card.meterOutcome({ ...outcome, ending: "abandoned" }).length, 1);
  });
});

describe("a charge on cost in another currency", () => {
  test("counts the cost as it is converted", () => {
    const parsed = parseRateCard({ key: "card", currency: "EUR", charges: [MODELS] });
    assert.ok("card" in parsed);
    const at = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
    const about = { id: 1, version: 1, ...at, document: "", override: null };
    const version = { ...about, card: parsed.card };
    const card = compileCard(version, ({ cost }) => (cost * 2n) as Amount);
    assert.deepEqual(card.meterStep(step()), [{ chargeKey: "models", cell: "", quantity: 6n }]);
  });
});

describe("the price of a counter", () => {
  const card = compiled(...CHARGES, MODELS);

  test("says when it took effect and what it counts", () => {
    const { effectiveFromMs, measure } = card.segmentPrice("compute", "");
    assert.deepEqual([effectiveFromMs, measure], [5, "sum:seconds"]);
    assert.equal(card.segmentPrice("compute", ""), card.segmentPrice("compute", ""));
  });

  test("of a charge that the card does not have is a defect", () => {
    assert.throws(() => card.segmentPrice("gone", ""), /Invariant broken/);
  });
});
