import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import type { DatedCommitment } from "./commitment.ts";
import { CommitmentDraw, type Drawdown, type DrawnBefore } from "./commitment-draw.ts";

const PERIODS = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"];
const LAST = "2026-03-01";

function commitmentOf(key: string, change: Partial<DatedCommitment> = {}): DatedCommitment {
  return {
    ...{ key, name: key, kind: "minimum", per: "contract", amount: 100n as Amount },
    ...{ currency: "USD", charges: null, overage: null },
    ...{ from: "2026-01-01", until: "2026-04-01", lastPeriod: LAST },
    ...change,
  };
}

interface Closing {
  readonly period: string;
  /** What was used in the period, by charge, before it was closed. */
  readonly used: ReadonlyMap<string, bigint>;
  /** What came late for periods that were closed before. */
  readonly late: readonly (readonly [origin: string, ReadonlyMap<string, bigint>])[];
}

/** Closes periods one after the other; a period that comes again replaces its statement. */
function play(commitments: readonly DatedCommitment[], closings: readonly Closing[]) {
  const inForce = new Map<string, readonly Drawdown[]>();
  for (const { period, used, late } of closings) {
    const closed = new Set(inForce.keys());
    inForce.delete(period);
    const before = [...inForce].flatMap(([of, drawn]) => drawn.map((one) => beforeOf(one, of)));
    const draw = new CommitmentDraw({ commitments, before, closed }, period);
    draw.own(used);
    for (const [origin, usage] of late) draw.adjusted(origin, usage);
    inForce.set(period, draw.drawdowns());
  }
  return inForce;
}

function beforeOf(
  { commitment, period, usage, drawn, trueUp }: Drawdown,
  statementPeriod: string,
): DrawnBefore {
  return { key: commitment.key, period, usage, drawn, trueUp, statementPeriod };
}

function totals(inForce: ReadonlyMap<string, readonly Drawdown[]>) {
  const sums = new Map<string, { usage: bigint; drawn: bigint; overage: bigint; trueUp: bigint }>();
  for (const one of [...inForce.values()].flat()) {
    const key = `${one.commitment.key} ${one.period ?? ""}`;
    const sum = sums.get(key) ?? { usage: 0n, drawn: 0n, overage: 0n, trueUp: 0n };
    sums.set(key, {
      usage: sum.usage + one.usage,
      drawn: sum.drawn + one.drawn,
      overage: sum.overage + one.overage,
      trueUp: sum.trueUp + one.trueUp,
    });
  }
  return sums;
}

const used = (amount: bigint) => new Map([["calls", amount]]);
const closing = (period: string, amount: bigint): Closing => ({
  period,
  used: used(amount),
  late: [],
});

describe("a commitment is drawn", () => {
  test("until it has nothing left; what is missing is owed with its last period", () => {
    const inForce = play(
      [commitmentOf("c")],
      [closing("2026-01-01", 40n), closing("2026-02-01", 30n), closing(LAST, 10n)],
    );
    const parts = [...inForce.values()].map(([one]) => [one?.drawn, one?.left, one?.trueUp]);
    const wanted = [
      [40n, 60n, 0n],
      [30n, 30n, 0n],
      [10n, 20n, 20n],
    ];
    assert.deepEqual(parts, wanted);
  });

  test("before the next one, by the charges that it names", () => {
    const some = commitmentOf("some", { charges: ["a"], amount: 10n as Amount });
    const rest = commitmentOf("rest", { amount: 20n as Amount });
    const draw = new CommitmentDraw(
      { commitments: [some, rest], before: [], closed: new Set() },
      "2026-01-01",
    );
    draw.own(
      new Map([
        ["a", 15n],
        ["b", 18n],
      ]),
    );
    const parts = draw.drawdowns().map(({ usage, drawn, overage }) => [usage, drawn, overage]);
    assert.deepEqual(parts, [
      [15n, 10n, 0n],
      [23n, 20n, 3n],
    ]);
  });

  test("for each period anew where it is per period", () => {
    const monthly = commitmentOf("m", { per: "period", until: null, lastPeriod: null });
    const inForce = play([monthly], [closing("2026-01-01", 140n), closing("2026-02-01", 30n)]);
    const parts = [...inForce.values()].map(([one]) => [one?.drawn, one?.overage, one?.trueUp]);
    assert.deepEqual(parts, [
      [100n, 40n, 0n],
      [30n, 0n, 70n],
    ]);
  });

  test("by what comes late in the statement that carries it, and given back the same way", () => {
    const late = [[LAST, used(5n)]] as const;
    const inForce = play(
      [commitmentOf("c")],
      [closing(LAST, 90n), { period: "2026-04-01", used: used(50n), late }],
    );
    const [after] = inForce.get("2026-04-01") ?? [];
    assert.deepEqual([after?.usage, after?.drawn, after?.trueUp], [5n, 5n, -5n]);
    const back = play(
      [commitmentOf("c", { kind: "prepaid" })],
      [
        closing("2026-01-01", 130n),
        { period: "2026-02-01", used: used(0n), late: [["2026-01-01", used(-50n)]] },
      ],
    );
    const [given] = back.get("2026-02-01") ?? [];
    assert.deepEqual([given?.drawn, given?.overage, given?.left], [-20n, -30n, 20n]);
  });
});

const amountOf = fc.bigInt({ min: 1n, max: 300n }).map((amount) => amount as Amount);
const arbitraryCommitments = fc
  .tuple(amountOf, amountOf, fc.boolean(), fc.boolean())
  .map(([first, second, isMonthly, isPrepaid]) => [
    commitmentOf("first", {
      amount: first,
      charges: ["a"],
      kind: isPrepaid ? "prepaid" : "minimum",
      ...(isMonthly ? { per: "period" as const } : {}),
    }),
    commitmentOf("second", { amount: second }),
  ]);
const arbitraryUse = fc
  .tuple(fc.bigInt({ min: -50n, max: 200n }), fc.bigInt({ min: 0n, max: 200n }))
  .map(
    ([a, b]) =>
      new Map([
        ["a", a],
        ["b", b],
      ]),
  );
const arbitraryClosings = fc
  .tuple(
    fc.array(arbitraryUse, { minLength: 3, maxLength: 3 }),
    fc.array(arbitraryUse, { maxLength: 3 }),
    fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 }),
  )
  .map(([uses, late, order]) => ({ uses, late, order }));

type Closings = typeof arbitraryClosings extends fc.Arbitrary<infer T> ? T : never;

/** Three periods in some order, then an idle one that carries what came late for them. */
function closingsOf({ uses, late }: Closings, order: readonly number[]): Closing[] {
  const own = order.map((at) => ({
    period: PERIODS[at] ?? "",
    used: uses[at] ?? new Map<string, bigint>(),
    late: [],
  }));
  const origins = late.map((usage, at) => [PERIODS[at % 3] ?? "", usage] as const);
  return [...own, { period: "2026-04-01", used: new Map(), late: origins }];
}

describe("whatever is used, and whenever it is closed", () => {
  test("drawn + left = amount, drawn + beyond = usage, drawn + true-up = amount", () => {
    fc.assert(
      fc.property(arbitraryCommitments, arbitraryClosings, (commitments, closings) => {
        const inForce = play(commitments, closingsOf(closings, closings.order));
        const all = [...inForce.values()].flat();
        const sums = totals(inForce);
        for (const one of all) assert.equal(one.drawnTotal + one.left, one.commitment.amount);
        for (const commitment of commitments) {
          for (const [key, { drawn, trueUp }] of sums) {
            if (!key.startsWith(`${commitment.key} `)) continue;
            assert.ok(drawn >= 0n && drawn <= commitment.amount);
            if (commitment.kind === "prepaid") assert.equal(trueUp, 0n);
            else assert.equal(drawn + trueUp, commitment.amount);
          }
        }
        const everything = [...closings.uses, ...closings.late]
          .flatMap((usage) => [...usage.values()])
          .reduce((sum, amount) => sum + amount, 0n);
        const went = all.reduce((sum, { drawn, overage }) => sum + drawn + overage, 0n);
        assert.equal(went, everything, "all usage is drawn or beyond");
      }),
    );
  });

  test("no sum depends on the order in which periods are closed", () => {
    fc.assert(
      fc.property(arbitraryCommitments, arbitraryClosings, (commitments, closings) => {
        const inOrder = totals(play(commitments, closingsOf(closings, [0, 1, 2])));
        const anyhow = totals(play(commitments, closingsOf(closings, closings.order)));
        assert.deepEqual(new Map([...anyhow].sort()), new Map([...inOrder].sort()));
      }),
    );
  });

  test("a statement that is issued again leaves every sum as if it had been right at once", () => {
    fc.assert(
      fc.property(arbitraryCommitments, arbitraryClosings, arbitraryUse, (of, closings, wrong) => {
        const right = closingsOf(closings, [0, 1, 2]);
        const again = right[1];
        if (again === undefined) return;
        const corrected = play(of, [
          ...right.slice(0, 1),
          { ...again, used: wrong },
          ...right.slice(2),
          again,
        ]);
        assert.deepEqual(
          new Map([...totals(corrected)].sort()),
          new Map([...totals(play(of, right))].sort()),
        );
      }),
    );
  });
});
