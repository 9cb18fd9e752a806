import assert from "node:assert/strict";
import { test } from "node:test";
import { Block } from "./block.ts";
import { reportedCostOf } from "./reported-cost.ts";

function reported(usage: Record<string, unknown>) {
  const block = new Block(usage, "u");
  return { cost: reportedCostOf(block), problem: block.problem };
}

test("a stated cost keeps every digit, without exponent", () => {
  assert.deepEqual(reported({ cost: 0.0076509169000000005 }).cost, {
    amount: "0.0076509169000000005",
    currency: "USD",
  });
  assert.equal(reported({ cost: "4e-05" }).cost?.amount, "0.00004");
  assert.equal(reported({ cost: 0 }).cost?.amount, "0");
});

test("xAI states ten-billionths of a dollar", () => {
  assert.equal(reported({ cost_in_usd_ticks: 1399000 }).cost?.amount, "0.0001399");
});

test("with one's own key the upstream charge is part of what the call cost", () => {
  const details = { upstream_inference_cost: 0.0003253 };
  const own = { cost: 0.00001, is_byok: true, cost_details: details };
  assert.equal(reported(own).cost?.amount, "0.0003353");
  assert.equal(reported({ ...own, is_byok: false }).cost?.amount, "0.00001");
});

test("no cost stated is null, and a cost that is no amount is refused", () => {
  assert.equal(reported({ prompt_tokens: 1 }).cost, null);
  for (const cost of [-1, "x"]) {
    assert.equal(reported({ cost }).problem?.field, "u.cost");
  }
});
