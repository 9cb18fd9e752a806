/** Credit that many customers share is burned once for all of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, each, newWorld, toolCall } from "../commit/engine-world.test.ts";
import { ask, budget, holdOn, words } from "../limits/holds-world.test.ts";
import { CreditLevels } from "./credit-levels.ts";

const CARD = cardOf({ tools: [{ count: "steps", where: { kind: "tool" } }, each("1")] });
const GRANT = {
  ...{ id: "g", customer: "top", amount: "100", reason: "agreed", by: "anna" },
  ...{ currency: null, name: null, priority: 1, expiresAtMs: null, charges: null },
  ...{ cost: null, costCurrency: null, rollover: null },
};

test("a hold works out once what shared credit leaves, however many share it", async (t) => {
  const counts: number[] = [];
  for (const count of [2, 6]) {
    const { engine, send } = await newWorld(CARD);
    const parent = { id: "top", pays: true, credit: "parent_first" } as const;
    await engine.saveCustomer("w", { id: "top", settings: {} });
    await engine.credits.grant("w", GRANT);
    await budget(engine, "credit", { each: "customer", measure: "prepaid" });
    for (let at = 0; at < count; at += 1) {
      await engine.saveCustomer("w", { id: `c${at}`, settings: { parent } });
      await send(toolCall({ run: `r${at}`, customer: `c${at}` }));
    }
    const owed = t.mock.method(CreditLevels.prototype, "owed");
    const step = toolCall({ id: "h", run: "r0", customer: "c0" });
    assert.deepEqual(words(await holdOn(engine, "r0", ask("h", { step }))), ["allow"]);
    counts.push(owed.mock.callCount());
    owed.mock.restore();
  }
  assert.equal(counts[0], counts[1]);
});
