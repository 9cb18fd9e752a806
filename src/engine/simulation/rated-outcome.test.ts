import assert from "node:assert/strict";
import { test } from "node:test";
import { ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import { storedRateCard } from "../../domain/rating/stored-rate-card.ts";
import type { OutcomeState } from "../../domain/run/run.ts";
import { tariffOf } from "../cards/workspace-tariff.ts";
import type { Customer } from "../ports.ts";
import { untriedVersion } from "./contender.ts";
import { ratedOutcome } from "./rated-outcome.ts";

const DAY_MS = 86_400_000;
const SOLD_MS = Date.parse("2026-10-30T12:00:00Z");

function cardSettling(afterDays: number | null): RateCardVersion {
  const settles = afterDays === null ? {} : { settles: { afterDays } };
  const meter = { count: "outcomes", where: { outcome: "sold" } };
  const charge = { key: "sold", meter, price: { model: "per_unit", unit: "1" }, ...settles };
  const document = JSON.stringify({ key: "card", currency: "USD", charges: [charge] });
  return untriedVersion({ card: storedRateCard(document), document, override: null });
}

const customer: Customer = {
  ...{ id: "acme", name: null, timeZone: "UTC", anchorDay: 1, cardKey: null, formerCards: [] },
  ...{ startedAtMs: 0, createdAtMs: 0, parent: null },
};

const outcome: OutcomeState = {
  ...{ run: "r", key: "k", outcome: "sold", contentHash: "", status: "recorded" },
  ...{ seq: 1, sinceSeq: 1, occurredAtMs: SOLD_MS, receivedAtMs: SOLD_MS, customer: "acme" },
  ...{ agent: null, period: "2026-10-01", cardVersionId: 1, finalAtMs: null, ending: null },
  ...{ charge: ZERO_AMOUNT, shares: [] },
};

/** What a card with a window makes of an outcome that was recorded under another. */
function rated(
  { from, to }: { readonly from: number | null; readonly to: number | null },
  { afterDays = 100, ...about }: Partial<OutcomeState> & { readonly afterDays?: number } = {},
) {
  const [recorded, tariff] = [from, to].map((days) => tariffOf([cardSettling(days)], [], []));
  assert.ok(recorded !== undefined && tariff !== undefined);
  const contender = { isInForce: false, tariff, customerAs: (one: Customer) => one };
  const of = { outcome: { ...outcome, ...about }, customer, run: undefined };
  const one = ratedOutcome(contender, of, { recorded, nowMs: SOLD_MS + afterDays * DAY_MS });
  return one === null ? null : [one.status, one.period.slice(0, 7), one.finalAtMs];
}

test("a card with a window bills an outcome in the period in which it passes", () => {
  const finalAtMs = SOLD_MS + 3 * DAY_MS;
  assert.deepEqual(rated({ from: null, to: 3 }), ["recorded", "2026-11", finalAtMs]);
  const soon = rated({ from: null, to: 3 }, { afterDays: 2 });
  assert.deepEqual(soon, ["provisional", "2026-11", finalAtMs]);
});

test("a card without one bills what the ledger still waits for, when it occurred", () => {
  const waits = { status: "provisional", finalAtMs: SOLD_MS + 7 * DAY_MS } as const;
  const found = rated({ from: 7, to: null }, { ...waits, afterDays: 1 });
  assert.deepEqual(found, ["recorded", "2026-10", null]);
});

test("what somebody said is final is so under any card", () => {
  const saidMs = SOLD_MS + DAY_MS / 2;
  const confirmed = { finalAtMs: saidMs, afterDays: 1 };
  assert.deepEqual(rated({ from: 7, to: 30 }, confirmed), ["recorded", "2026-10", saidMs]);
  const atOnce = rated({ from: 7, to: 30 }, { finalAtMs: null, afterDays: 1 });
  assert.deepEqual(atOnce, ["recorded", "2026-10", SOLD_MS]);
});

test("what was taken back counts under no card", () => {
  assert.equal(rated({ from: 7, to: null }, { status: "reversed" }), null);
});
