/** A first card bills everybody who has no other one: also what they agreed to before it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeEngine } from "../../compose.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { cardOf, each } from "../commit/engine-world.test.ts";

const COMMITMENT = {
  ...{ key: "year", name: "Year", kind: "minimum", per: "contract", amount: "10" },
  ...{ currency: "EUR", from: "2026-11-01", until: "2027-11-01" },
};

test("the first card is in the currency of what customers have agreed to before", async () => {
  const store = new MemoryStore();
  const engine = composeEngine(store, { clock: { nowMs: () => Date.UTC(2026, 10, 1) } });
  await store.createWorkspace("w");
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  const set = (commitments: readonly object[]) =>
    engine.commitments.save("w", { customer: "acme", document: { commitments } });
  await set([COMMITMENT]);
  const tools = { tools: [{ count: "steps" }, each("1")] } as const;
  const dollars = { ...cardOf(tools), effectiveFromMs: null };
  const refused = engine.applyRateCard("w", dollars);
  await assert.rejects(refused, { code: "ratecard.invalid", message: /"year" in EUR.* in USD/ });
  await engine.applyRateCard("w", {
    ...cardOf(tools, "euros", { currency: "EUR" }),
    effectiveFromMs: null,
  });
  await engine.applyRateCard("w", dollars);
  const moved = engine.saveCustomer("w", { id: "acme", settings: { cardKey: "card" } });
  await assert.rejects(moved, { code: "customer.card_fixed" });
  await set([]);
  await engine.saveCustomer("w", { id: "acme", settings: { cardKey: "card" } });
});
