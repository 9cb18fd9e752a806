/** How a hold ends, and how long it counts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Amount } from "../money/decimal.ts";
import {
  HOLD_STATES,
  type Hold,
  isCounting,
  isQuarantined,
  releaseHold,
  renewHold,
  reservedBy,
  settleHold,
} from "./hold.ts";

const STEP = { run: "r", source: "sdk", id: "s1" };
const WITNESS = { run: "r", source: "gateway", id: "g1" };

const OPEN: Hold = {
  ...STEP,
  holdId: "h1",
  state: "open",
  customer: "acme",
  callId: "call-1",
  contentHash: "c",
  grantedAtMs: 1_000,
  expiresAtMs: 2_000,
  onExpiry: "estimate",
  cost: 5n as Amount,
  charge: 7n as Amount,
  currency: "USD",
  maxOutputTokens: 100,
  isClamped: false,
  reserves: [{ budgetId: 1, scope: "acme", window: "", amount: 5n }],
  document: "{}",
  endedAtMs: null,
  settledBy: null,
};

describe("A hold", () => {
  it("counts while it is open, and no longer", () => {
    const counting = HOLD_STATES.filter((state) => isCounting({ state }));
    assert.deepEqual(counting, ["open"]);
  });

  it("is settled by its step or another witness of its call; its reserves stay told", () => {
    const settled = settleHold(OPEN, WITNESS, 1_500);
    const ended = { state: "settled", settledBy: WITNESS, endedAtMs: 1_500 };
    assert.deepEqual(settled, { ...OPEN, ...ended });
    assert.equal(isCounting(settled), false);
  });

  it("keeps of a whole step that settles it the identity alone", () => {
    const step = { ...WITNESS, cost: 9n, labels: { team: "a" } };
    assert.deepEqual(settleHold(OPEN, step, 1_500).settledBy, WITNESS);
  });

  it("is settled by a step that comes after it was let go", () => {
    const late = settleHold(releaseHold(OPEN, 1_200), STEP, 1_500);
    assert.deepEqual([late.state, late.settledBy, late.endedAtMs], ["settled", STEP, 1_500]);
  });

  it("that is released was settled by nothing", () => {
    const released = releaseHold(OPEN, 1_200);
    assert.deepEqual(released, { ...OPEN, state: "released", endedAtMs: 1_200 });
  });

  it("that has ended is not released again, nor is a settled one undone", () => {
    for (const ended of [releaseHold(OPEN, 1_200), settleHold(OPEN, STEP, 1_200)]) {
      assert.equal(releaseHold(ended, 1_900), ended);
    }
  });

  it("is renewed to a later end, never to an earlier one", () => {
    assert.deepEqual(renewHold(OPEN, 2_001), { ...OPEN, expiresAtMs: 2_001 });
    assert.equal(renewHold(OPEN, 2_000), OPEN);
    assert.equal(renewHold(OPEN, 1_999), OPEN);
  });

  it("that has ended is not renewed", () => {
    const released = releaseHold(OPEN, 1_200);
    assert.equal(renewHold(released, 9_000), released);
  });
});

describe("What a hold sets aside", () => {
  it("is known by budget and scope, the whole of it before what is of single charges", () => {
    const whole = { budgetId: 1, scope: "a", window: "", amount: 5n };
    const charge = { ...whole, window: "calls", amount: 2n };
    const other = { ...whole, budgetId: 2, amount: 7n };
    const reserved = reservedBy({ ...OPEN, reserves: [whole, charge, other] });
    assert.deepEqual([reserved(1, "a"), reserved(2, "a")], [5n, 7n]);
    assert.deepEqual([reserved(1, "b"), reserved(3, "a")], [0n, 0n]);
  });
});

describe("Quarantine", () => {
  it("begins at the very millisecond of expiry, in which the hold still counts", () => {
    assert.equal(isQuarantined(OPEN, 1_999), false);
    assert.equal(isQuarantined(OPEN, 2_000), true);
    assert.equal(isCounting(OPEN), true);
  });

  it("is left by a hold that is renewed, or that ends", () => {
    assert.equal(isQuarantined(renewHold(OPEN, 5_000), 3_000), false);
    assert.equal(isQuarantined(settleHold(OPEN, STEP, 2_500), 3_000), false);
    assert.equal(isQuarantined(releaseHold(OPEN, 2_500), 3_000), false);
  });
});
