import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import { periodAt } from "../period/billing-period.ts";
import { drawnSoFar } from "../period/commitment-projection.ts";
import { commitmentAffairs, creditAffairs, marginAffair, mayHaveTurned } from "./affairs.ts";

const UNIT = 10n ** 33n;
const amount = (n: bigint) => n as Amount;

const wallet = (balance: bigint, some: object = {}) => ({
  ...{ customer: "acme", currency: "USD", balance: amount(balance), owed: amount(0n) },
  ...{ granted: amount(100n * UNIT), threshold: null as Amount | null, ...some },
});

const states = (of: ReturnType<typeof wallet>) => creditAffairs(of).map(({ isOn }) => isOn);

test("credit is low below a tenth of what was granted, until it is five quarters of that", () => {
  assert.deepEqual(states(wallet(10n * UNIT)), [null, false]);
  assert.deepEqual(states(wallet(10n * UNIT - 1n)), [true, null]);
  assert.deepEqual(states(wallet((125n * UNIT) / 10n - 1n)), [null, false]);
  assert.deepEqual(states(wallet((125n * UNIT) / 10n)), [false, false]);
  assert.deepEqual(states(wallet(49n * UNIT, { threshold: amount(50n * UNIT) })), [true, null]);
});

test("credit is empty at nothing, and low no more by being empty", () => {
  assert.deepEqual(states(wallet(0n)), [null, true]);
  assert.deepEqual(states(wallet(1n)), [true, null]);
});

test("no state of affairs is on and off at once, nor both by a change of one unit", () => {
  const anyAmount = fc.bigInt({ min: 1n, max: 10n ** 40n });
  fc.assert(
    fc.property(anyAmount, anyAmount, fc.bigInt({ min: -3n, max: 3n }), (cost, charge, by) => {
      const of = (charged: bigint) => ({
        ...{ customer: "acme", period: "2026-11-01", currency: "USD" },
        ...{ charge: amount(charged), cost: amount(cost) },
      });
      const [now, then] = [marginAffair(of(charge)).isOn, marginAffair(of(charge + by)).isOn];
      const isFlip = (now === true && then === false) || (now === false && then === true);
      assert.ok(!isFlip || cost < 100n, "a hair never ends what began");
    }),
  );
});

test("costs that nobody minds are told to nobody", () => {
  const of = (cost: bigint) =>
    marginAffair({
      ...{ customer: "acme", period: "2026-11-01", currency: "USD" },
      ...{ charge: amount(0n), cost: amount(cost) },
    });
  assert.equal(of(UNIT - 1n).isOn, null);
  assert.equal(of(UNIT).isOn, true);
});

const CENT = UNIT / 100n;

test("a margin that follows from what is charged never turns unseen, however lines round", () => {
  const exact = fc.array(fc.bigInt({ min: 0n, max: 30n * UNIT }), { minLength: 3, maxLength: 3 });
  const moves = fc.array(fc.bigInt({ min: -UNIT, max: UNIT }), { minLength: 3, maxLength: 3 });
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, one) => total + one, 0n);
  const rounded = (one: bigint) => ((one + CENT / 2n) / CENT) * CENT;
  const billed = (lines: readonly bigint[]) => sum(lines.map(rounded));
  let turned = 0;
  fc.assert(
    fc.property(exact, moves, fc.bigInt({ min: -UNIT, max: UNIT }), (lines, added, by) => {
      const charge = billed(lines);
      // Near what is charged, where it may turn.
      const cost = charge - (by < 0n ? -by : by);
      const after = lines.map((one, at) => one + (added[at] ?? 0n));
      if (cost < UNIT || after.some((one) => one < 0n)) return;
      const standing = {
        ...{ isOn: false, rounding: amount(3n * CENT), period: "2026-11-01" },
        ...{ charge: amount(charge), cost: amount(cost) },
      };
      const since = { charged: sum(after) - sum(lines), spent: 0n };
      const isNegative = cost > billed(after);
      turned += isNegative ? 1 : 0;
      assert.ok(!isNegative || mayHaveTurned(standing, since));
      // A dollar of it is left whatever rounds: nobody looks.
      const isFar = billed(after) - cost > UNIT;
      assert.ok(!isFar || !mayHaveTurned(standing, since));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(turned > 100, `${turned} turned`);
});

const CALENDAR = { timeZone: "UTC", anchorDay: 1 };
const NOVEMBER = periodAt(Date.UTC(2026, 10, 1), CALENDAR);

/** A month's commitment behind a contract, when usage of the month came to so many cents. */
function behind(amounts: readonly [contract: bigint, month: bigint], cents: bigint, nowMs: number) {
  const dated = { name: "C", currency: "USD", charges: null, overage: null, from: "2026-11-01" };
  const [most, amount] = amounts.map((one) => (one * CENT) as Amount) as [Amount, Amount];
  const until = { until: "2027-02-01", lastPeriod: "2027-01-01" };
  const contract = { ...dated, key: "p", kind: "prepaid", per: "contract", ...until } as const;
  const always = { until: null, lastPeriod: null };
  const month = { ...dated, key: "c", kind: "minimum", per: "period", amount, ...always } as const;
  const used = cents * CENT;
  const [drawn, left] = used < most ? [used, 0n] : [most, used - most];
  const none = 0n as Amount;
  const covered = left < amount ? left : amount;
  const current = [
    {
      ...{ key: "p", period: null, statementPeriod: NOVEMBER.key },
      ...{ usage: used as Amount, drawn: drawn as Amount, trueUp: none },
    },
    {
      key: "c",
      ...{ period: NOVEMBER.key, statementPeriod: NOVEMBER.key },
      usage: left as Amount,
      drawn: covered as Amount,
      trueUp: none,
    },
  ];
  const time = { calendar: CALENDAR, period: NOVEMBER, nowMs, rounding: "half_even" as const };
  const all = [{ ...contract, amount: most }, month];
  const [, soFar] = drawnSoFar(all, { before: [], current }, time);
  assert.ok(soFar);
  return commitmentAffairs("acme", month, { soFar, nowMs });
}

test("a commitment behind another one never turns unseen, however little has reached it", () => {
  const cents = fc.bigInt({ min: 1n, max: 5_000n });
  const world = fc.record({
    amounts: fc.tuple(cents, cents),
    used: fc.bigInt({ min: 0n, max: 6_000n }),
    more: fc.bigInt({ min: 0n, max: 6_000n }),
    nowMs: fc.integer({ min: NOVEMBER.startMs + 1, max: NOVEMBER.endMs - 1 }),
  });
  const property = fc.property(world, ({ amounts, used, more, nowMs }) => {
    const before = behind(amounts, used, nowMs);
    const after = behind(amounts, used + more, nowMs);
    for (const [at, { type, isOn, room }] of before.entries()) {
      if (more * CENT >= (room ?? 0n)) continue;
      assert.equal(after[at]?.isOn === true, isOn === true, type);
    }
  });
  fc.assert(property, { numRuns: process.env.TOLLGATE_TEST_FULL ? 1_000_000 : 5_000 });
});
