import assert from "node:assert/strict";
import { test } from "node:test";
import { Block } from "./block.ts";
import { tierOf } from "./tier.ts";

function tier(usage: Record<string, unknown>, body: Record<string, unknown> = usage) {
  return tierOf(new Block(usage, "u"), new Block(body, "b"));
}

test("the many words for nothing special are no tier", () => {
  for (const word of ["default", "standard", "on_demand", ""]) {
    assert.equal(tier({ service_tier: word }), null);
  }
  assert.equal(tier({ trafficType: "ON_DEMAND" }), null);
  assert.equal(tier({ service_tier: null }), null);
  assert.equal(tier({ trafficType: 1 }), null);
  assert.equal(tier({ inference_geo: "not_available" }), null);
});

test("the tier stands in the usage or in the body around it", () => {
  assert.equal(tier({}, { service_tier: "flex" }), "flex");
  assert.equal(tier({ service_tier: "batch" }, { service_tier: "default" }), "batch");
  assert.equal(tier({ trafficType: "ON_DEMAND_FLEX" }), "flex");
  assert.equal(tier({ trafficType: "PROVISIONED_THROUGHPUT" }), "provisioned");
});

test("a tier that was asked for is not the one that served, and is not taken for standard", () => {
  assert.equal(tier({ service_tier: "auto" }), "auto");
});

test("speed and place of inference qualify the tier, so that they cannot pass as standard", () => {
  assert.equal(tier({ service_tier: "standard", speed: "fast" }), "fast");
  assert.equal(tier({ service_tier: "priority", speed: "fast" }), "priority+fast");
  assert.equal(tier({ service_tier: "standard", inference_geo: "us" }), "us");
});
