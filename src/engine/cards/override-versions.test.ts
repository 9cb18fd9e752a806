import assert from "node:assert/strict";
import { test } from "node:test";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import { storedRateCard } from "../../domain/rating/stored-rate-card.ts";
import { VersionWriter } from "./override-versions.ts";

const charges = [
  { key: "calls", meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } },
];

function yenCard(key: string, fee: string) {
  const document = JSON.stringify({
    ...{ key, currency: "JPY", charges },
    fees: [
      { key: "desk", amount: "100" },
      { key: "base", amount: fee },
    ],
  });
  return { card: storedRateCard(document), document };
}

function version(id: number, made: Pick<RateCardVersion, "card" | "document" | "override">) {
  const at = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
  return { id, version: 1, ...at, ...made };
}

test("a base is refused under an override that bills what is too fine, and told what to do", () => {
  const own = JSON.stringify({ key: "acme", extends: "team", fees: { base: { amount: "10.5" } } });
  const writer = new VersionWriter(
    [
      version(1, { ...yenCard("team", "10"), override: null }),
      // On record since before such amounts were refused.
      version(2, { ...yenCard("acme", "10.5"), override: { document: own, baseVersionId: 1 } }),
    ],
    5,
  );
  writer.add(
    { ...yenCard("team", "11"), override: null },
    { effectiveFromMs: 5, takesEffect: "at_once" },
  );
  assert.throws(() => writer.follow("acme", "team", 5), {
    code: "ratecard.invalid",
    field: 'overrides["acme"].fees["base"].amount',
    message:
      'The override "acme" would break: 10.5 is on the bill as it stands: JPY has no decimals. ' +
      'Apply "acme" first, put right, and then the card that it extends.',
  });
});
