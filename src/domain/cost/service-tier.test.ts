import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalTier, isTierName } from "./service-tier.ts";

describe("service tier names", () => {
  it("take every spelling of the ordinary tier for standard", () => {
    for (const name of [
      "standard",
      "default",
      "ON_DEMAND",
      "on-demand",
      "",
      " Default ",
      "global",
    ]) {
      assert.equal(canonicalTier(name), "standard", name);
    }
  });

  it("keep every other tier apart from standard, also the one that only asks", () => {
    for (const name of ["batch", "flex", "priority", "auto", "fast", "batch+us"]) {
      assert.equal(canonicalTier(name), name);
    }
    assert.equal(canonicalTier("Priority"), "priority");
  });

  it("are valid in a price document in one spelling only, and never as standard", () => {
    assert.equal(isTierName("batch"), true);
    assert.equal(isTierName("batch+us"), true);
    for (const name of ["standard", "default", "Batch", "on-demand", "a@b", "", "x".repeat(51)]) {
      assert.equal(isTierName(name), false, name);
    }
  });
});
