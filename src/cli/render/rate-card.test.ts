import assert from "node:assert/strict";
import { test } from "node:test";
import { type CardView, renderRateCard } from "./rate-card.ts";

const CARD: CardView = {
  key: "c",
  currency: "USD",
  charges: [
    {
      key: "run",
      meter: { count: "runs", where: { agent: ["support", "sales"] } },
      price: { model: "per_unit", unit: "0.10" },
    },
    {
      key: "tools",
      meter: { count: "steps", where: { kind: "tool" } },
      price: { model: "graduated", tiers: [{ upTo: "1000", unit: "0" }, { unit: "0.002" }] },
    },
    { key: "cost", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
  ],
};

test("a card says in words what it counts and takes", () => {
  assert.deepEqual(renderRateCard(CARD, null), [
    "charge  counts                            price",
    "run     runs with agent support or sales  0.10 each",
    "tools   steps with kind tool              to 1,000 free, then 0.002 each",
    "cost    our cost                          plus 20 %",
  ]);
});

test("a charge on outcomes says how long they may be taken back", () => {
  const counts = (settles: CardView["charges"][number]["settles"]) => {
    const price = { model: "per_unit", unit: "1" };
    const charge = { key: "k", meter: { count: "outcomes" }, price, settles: settles ?? null };
    return renderRateCard({ ...CARD, charges: [charge] }, null)[1];
  };
  assert.equal(counts({ afterDays: "7" }), "k       outcomes, final after 7 days  1 each");
  assert.equal(counts({ afterHours: "1" }), "k       outcomes, final after 1 hour  1 each");
  assert.equal(counts(null), "k       outcomes  1 each");
});

test("every price model has its words", () => {
  const priced = (price: CardView["charges"][number]["price"]) => {
    const charge = { key: "k", meter: { sum: "web_searches" }, price };
    return renderRateCard({ ...CARD, charges: [charge] }, null)[1];
  };
  assert.equal(priced({ model: "flat", amount: "50" }), "k       web searches  50 once a period");
  assert.equal(
    priced({ model: "package", amount: "5", size: "1000" }),
    "k       web searches  5 per 1,000",
  );
  assert.equal(priced({ model: "matrix", by: "model" }), "k       web searches  by model");
  const pair = priced({ model: "matrix", by: ["model", "tool"] });
  assert.equal(pair, "k       web searches  by model and tool");
  const share = { model: "percentage", percent: "2.9" };
  assert.equal(priced(share), "k       web searches  2.9 %");
  assert.equal(priced({ ...share, fixed: "0.3" }), "k       web searches  2.9 % and 0.3 each");
  assert.equal(
    priced({ model: "volume", tiers: [{ upTo: "10", unit: "1" }, { unit: "0.5" }] }),
    "k       web searches  to 10 1 each, then 0.5 each",
  );
});

test("beside its former version, new and ended charges have a dash", () => {
  const [run, tools, cost] = CARD.charges;
  const raised = { ...run, price: { model: "per_unit", unit: "0.2" } };
  const before = { ...CARD, charges: [run, tools] } as CardView;
  const after = { ...CARD, charges: [raised, cost] } as CardView;
  assert.deepEqual(renderRateCard(after, before), [
    "charge  counts                            before                          price",
    "run     runs with agent support or sales  0.10 each                       0.2 each",
    "tools   steps with kind tool              to 1,000 free, then 0.002 each  –",
    "cost    our cost                          –                               plus 20 %",
  ]);
});
