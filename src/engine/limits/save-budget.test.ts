/** Setting budgets: what they may select by. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newWorld, PLAIN_CARD, type World } from "../commit/engine-world.test.ts";
import { budget } from "./holds-world.test.ts";

const LIMIT = { each: "customer", measure: "cost", limit: "5", per: "month" };

test("a budget or policy of a card that there is not is refused, once there is one", async () => {
  const who = { reason: "test", by: "test" };
  const rules = [{ rule: "steps", moreThan: 1, do: "pause" }];
  const saves = ({ engine }: World, card: string) =>
    [
      engine.limits.saveBudget("w", { key: "b", document: { ...LIMIT, where: { card } }, ...who }),
      engine.policies.save("w", { key: "p", document: { rules, where: { card } }, ...who }),
      engine.policies.save("w", { key: "q", document: { rules, except: { card } }, ...who }),
    ] as const;
  const world = await newWorld();
  const [ofBudget, ofPolicy, ofException] = saves(world, "plane");
  const message = `There is no rate card "plane"; there are ${PLAIN_CARD.card.key}.`;
  await assert.rejects(ofBudget, { code: "budget.invalid", field: "where.card", message });
  await assert.rejects(ofPolicy, { code: "policy.invalid", field: "where.card", message });
  await assert.rejects(ofException, { code: "policy.invalid", field: "except.card", message });
  await Promise.all(saves(world, PLAIN_CARD.card.key));
  await Promise.all(saves(await newWorld(null), "to come"));
});

test("a limit of a scope that nothing can be in is refused, another one is set", async () => {
  const { engine } = await newWorld();
  const per = { measure: "steps", limit: "5", per: "day" };
  await budget(engine, "all", { ...per, each: "workspace" });
  await budget(engine, "each", { ...per, each: "customer" });
  await budget(engine, "pairs", { ...per, each: "customer_agent" });
  const set = (key: string, scope: string) => {
    const of = { budget: key, scope, limit: "9", reason: "test", by: "test" };
    return engine.limits.setLimit("w", of);
  };
  for (const [key, scope, message] of [
    ["all", "acme", /^"all" is of everything together: its scope is ""\.$/],
    ["each", "", /^"each" has a limit for each customer: name one\.$/],
    ["each", "ac*", /^"ac\*" would match nothing: names are compared whole here/],
    ["pairs", "acme", /^"acme" is no customer and agent: write \["acme","support"\]\.$/],
    ["pairs", '["acme", "support"]', /is no customer and agent/],
    ["pairs", '["acme"]', /is no customer and agent/],
  ] as const) {
    const wrong = { code: "budget.invalid", field: "scope", message };
    await assert.rejects(set(key, scope), wrong, `${key} of ${scope}`);
  }
  for (const [key, scope] of [
    ["all", ""],
    ["each", "new one"],
    ["pairs", '["acme","support"]'],
  ] as const) {
    assert.deepEqual(await set(key, scope), { budget: key, scope, limit: "9" });
  }
});

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
