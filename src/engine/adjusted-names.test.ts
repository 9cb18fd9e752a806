/** How a bill calls what it adjusts: as the card called it in the period that is adjusted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { storedRateCard } from "../domain/rating/stored-rate-card.ts";
import { DAY_MS, NOW_MS, newWorld, toolCall } from "./engine-world.test.ts";

const NOW = { effectiveFromMs: null, takesEffect: "at_once" } as const;
const october = { occurredAtMs: NOW_MS - 30 * DAY_MS };

function named(name: string) {
  const price = { model: "per_unit", unit: "1" };
  const charges = [{ key: "calls", name, meter: { count: "steps" }, price }];
  const document = JSON.stringify({ key: "card", currency: "USD", charges });
  return { card: storedRateCard(document), document };
}

function told(document: string | undefined): string[] {
  const { lines } = JSON.parse(document ?? "{}");
  return lines.map((line: Record<string, string>) => `${line.description} ${line.amountExact}`);
}

test("an adjustment tells the name of its charge, as the closed bill did", async () => {
  const world = await newWorld(null);
  await world.engine.applyRateCard("w", { ...named("Calls"), effectiveFromMs: 0 });
  await world.send(toolCall(october));
  const [closed] = (await world.close("2026-10")).statements;
  assert.deepEqual(told(closed?.document), ["Calls 1"]);
  await world.send(toolCall({ ...october, id: "late" }));
  await world.engine.applyRateCard("w", { ...named("Tool calls"), ...NOW });
  const [november] = (await world.close("2026-11")).statements;
  assert.deepEqual(told(november?.document), ["Calls: adjustment of the period 2026-10-01 1"]);

  const request = { statement: closed?.id ?? "", reason: "late", by: "anna" };
  const again = await world.engine.reissueStatement("w", request);
  assert.deepEqual(told(again.document), [
    "Calls 2",
    "Calls: billed already as an adjustment in the period 2026-11-01 -1",
  ]);
  await world.audited();
});
