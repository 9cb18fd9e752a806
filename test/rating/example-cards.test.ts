/** The example cards come to what docs/example-cards.md works out by hand. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Amount, formatAmount, parseAmount } from "../../src/domain/money/decimal.ts";
import { periodTerms } from "../../src/domain/period/period-terms.ts";
import { buildStatement } from "../../src/domain/period/statement.ts";
import type { ChargeCount } from "../../src/domain/period/statement-line.ts";
import { resolveCard } from "../../src/domain/rating/card-override.ts";
import { advance, closeCounter } from "../../src/domain/rating/counter.ts";
import { compileCard } from "../../src/domain/rating/meter.ts";
import { parseCardDocument } from "../../src/domain/rating/parse-rate-card.ts";
import type { RateCard } from "../../src/domain/rating/rate-card.ts";
import { ROOT, readDocument, tableRows } from "../e2e/doc-blocks.ts";

const FOLDERS = ["examples/cards", "examples/cards/peers"];
const PERIOD = { key: "2026-11-01", startMs: 0, endMs: 1 };

const FILES = new Map(
  FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".json"))
      .map((name): [string, string] => [name.slice(0, -".json".length), join(ROOT, folder, name)]),
  ),
);

/** The card of a file; an override stands on the card that it extends, by file name. */
function cardOf(name: string): RateCard {
  const document: unknown = JSON.parse(readFileSync(FILES.get(name) ?? "", "utf8"));
  const parsed = parseCardDocument(document);
  const read =
    "override" in parsed ? resolveCard(cardOf(parsed.override.extends), parsed.override) : parsed;
  if ("problems" in read) assert.fail(`${name}: ${JSON.stringify(read.problems)}`);
  return read.card;
}

const USED = /^([\w-]+)(?:\[([^\]]+)\])? ([\d.]+)$/;

/** `hours[eu/small] 100`: what one charge and cell counted. */
function countOf(card: RateCard, used: string): ChargeCount[] {
  const [, chargeKey = "", name = "", text = ""] = USED.exec(used) ?? [];
  const cell = name.replace("/", " | ");
  const dated = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
  const about = { id: 1, version: 1, ...dated, document: "", override: null };
  const price = compileCard({ ...about, card }).segmentPrice(chargeKey, cell);
  const amount = parseAmount(text) ?? 0n;
  const delta = price.measure === "sum:cost" ? amount : amount / 10n ** 24n;
  const { counter } = advance(undefined, { cardVersionId: 1, delta }, () => price);
  const at = { cardKey: card.key, chargeKey, cell, name: chargeKey, conversions: [] };
  return closeCounter(counter, () => price).map((count) => ({ ...count, ...at }));
}

function billed(card: RateCard, used: readonly string[]): Amount {
  const spans = [{ card, startMs: PERIOD.startMs, endMs: PERIOD.endMs }];
  const { currency, rounding, credit } = card;
  return buildStatement({
    ...{ customer: "acme", period: PERIOD, currency, rounding, credit },
    terms: periodTerms({ period: PERIOD, spans, startedAtMs: null }),
    charges: used.flatMap((one) => countOf(card, one)),
    ...{ trials: [], runs: [], adjustments: [] },
  }).total;
}

const rows = tableRows(readDocument("docs/example-cards.md")).filter(([name = ""]) =>
  FILES.has(name),
);

describe("the example cards", () => {
  for (const [name = "", used = "", amount = ""] of rows) {
    test(`${name} with ${used} comes to ${amount}`, () => {
      const card = cardOf(name);
      assert.equal(card.key, name);
      assert.equal(formatAmount(billed(card, used.split(", "))), amount);
    });
  }

  test("each has a row", () => {
    const worked = new Set(rows.map(([name]) => name));
    const others = [...FILES.keys()].filter((name) => !worked.has(name));
    assert.deepEqual(others.sort(), ["support-2026", "support-2026-v2"]);
  });
});
