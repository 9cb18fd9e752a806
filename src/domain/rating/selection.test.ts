import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Labels } from "../event/event.ts";
import type { MatrixDimension, Meter, Where } from "./rate-card.ts";
import { dimension, type Metered, selection } from "./selection.ts";

const steps = (where: Where): Meter => ({ count: "steps", where });
const step: Metered = {
  agent: "support",
  kind: "tool",
  provider: null,
  model: null,
  tool: "web_search",
  status: "ok",
  payer: "customer",
  attempt: 2,
  labels: { team: "x" },
};

const selects = (meter: Meter, item: Metered = step) => selection(meter)(item);

describe("a meter selects", () => {
  test("everything where it has no filter", () => {
    assert.ok(selects(steps({})));
  });

  test("by any of the values of each filter", () => {
    const matching: Where[] = [
      { agent: ["support"] },
      { agent: ["sales", "support"], kind: ["tool"] },
      { kind: ["tool"], tool: ["web_search"], status: ["ok"], attempt: [1, 2] },
      { payer: ["customer"], label: { team: ["x", "y"] } },
    ];
    assert.deepEqual(
      matching.map((where) => selects(steps(where))),
      [true, true, true, true],
    );
  });

  test("nothing of which one filter does not match", () => {
    const failing: Where[] = [
      { agent: ["Support"] },
      { provider: ["openai"] },
      { model: ["null"] },
      { kind: ["tool"], tool: ["web_search"], attempt: [1] },
      { label: { team: ["x"], region: ["eu"] } },
    ];
    assert.deepEqual(
      failing.map((where) => selects(steps(where))),
      [false, false, false, false, false],
    );
  });

  test("no label that only every object has", () => {
    assert.equal(selects(steps({ label: { constructor: ["x"] } })), false);
    assert.equal(selects(steps({ label: { team: ["x"] } }), { labels: null }), false);
  });

  test("of cost, what we pay, unless the card names the payer", () => {
    const cost = (where: Where): Meter => ({ sum: "cost", where });
    const ours: Metered = { ...step, payer: "us" };
    assert.deepEqual([selects(cost({})), selects(cost({}), ours)], [false, true]);
    assert.ok(selects(cost({ payer: ["us", "customer"] })));
  });
});

describe("a matrix is by", () => {
  test("a field or a label of the item, where it has one", () => {
    const named: Labels = JSON.parse('{"team":"x","__proto__":"p"}');
    const read = (by: MatrixDimension) => dimension(by)({ ...step, labels: named });
    assert.deepEqual(
      [read("tool"), read("model"), read("label.team"), read("label.x")],
      ["web_search", null, "x", undefined],
    );
    assert.equal(read("label.__proto__"), "p");
    assert.equal(read("label.constructor"), undefined);
  });
});
