/** Setting budgets: what they may select by. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newWorld } from "./engine-world.test.ts";
import { budget } from "./holds-world.test.ts";

const LIMIT = { each: "customer", measure: "cost", limit: "5", per: "month" };

test("a budget of a pattern is refused with its field: it would limit nothing", async () => {
  const { engine } = await newWorld();
  const save = (where: object) => {
    const document = { ...LIMIT, where };
    return engine.limits.saveBudget("w", { key: "b", document, reason: "test", by: "test" });
  };
  for (const [field, where] of [
    ["where.agent", { agent: ["supp*"] }],
    ["where.customer", { customer: "ac*" }],
    ["where.card", { card: ["*"] }],
    ["where.label.team", { label: { team: ["a*", "b"] } }],
  ] as const) {
    const saved = await save(where);
    assert.ok("problems" in saved);
    const told = saved.problems.map((problem) => [problem.code, problem.field]);
    assert.deepEqual(told, [["budget.invalid", field]]);
  }
  await budget(engine, "b", { ...LIMIT, where: { agent: ["support"] } });
});
