import assert from "node:assert/strict";
import { test } from "node:test";
import type { Amount } from "../../domain/money/decimal.ts";
import { counterOf } from "../../domain/rating/counter.ts";
import { compileCard } from "../../domain/rating/meter.ts";
import { cardOf, each } from "../commit/engine-world.test.ts";
import { counterInCredits } from "./adjusted-parts.ts";

test("what bounds of runs come to is in no credit, for it is of no charge", () => {
  const credit = { name: "AI credits", price: "0.25" };
  const { card } = cardOf({ tools: [{ count: "steps" }, each("3"), { in: "credits" }] }, "card", {
    credit,
    runCap: "1",
  });
  const dated = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
  const version = compileCard({ id: 1, version: 1, ...dated, document: "", override: null, card });
  const tariff = { cardById: () => version };
  const counter = counterOf([{ cardVersionId: 1, quantity: 1n }], -1n as Amount);
  assert.deepEqual(counterInCredits(tariff, { chargeKey: "", cell: "run_cap" }, counter), []);
  const [part] = counterInCredits(tariff, { chargeKey: "tools", cell: "" }, counter);
  assert.equal(part?.credit.name, "AI credits");
});
