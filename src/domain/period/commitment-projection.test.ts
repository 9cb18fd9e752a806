import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, formatAmount, parseAmount } from "../money/decimal.ts";
import { periodAt } from "./billing-period.ts";
import type { DatedCommitment } from "./commitment.ts";
import { drawnSoFar } from "./commitment-projection.ts";

const CALENDAR = { timeZone: "UTC", anchorDay: 1 };
const amount = (text: string) => parseAmount(text) as Amount;

const QUARTER: DatedCommitment = {
  key: "q",
  name: "Quarter",
  kind: "minimum",
  per: "contract",
  amount: amount("90"),
  currency: "USD",
  charges: null,
  overage: null,
  from: "2026-09-01",
  until: "2026-12-01",
  lastPeriod: "2026-11-01",
};

/** Usage that was offered in November, and as much of it as there was room for. */
function drawnOf({ key, amount: most }: DatedCommitment, used: string, period: string | null) {
  const usage = amount(used);
  const drawn = usage < most ? usage : most;
  return { key, period, statementPeriod: "2026-11-01", usage, drawn, trueUp: amount("0") };
}

function project(commitment: DatedCommitment, used: string, now: string) {
  const nowMs = Date.parse(now);
  const period = periodAt(nowMs, CALENDAR);
  const at = commitment.per === "period" ? period.key : null;
  const all = [drawnOf(commitment, used, at)];
  const time = { calendar: CALENDAR, period, nowMs, rounding: "half_even" as const };
  // A contract had it before; a period's own is drawn in it.
  const drawn = at === null ? { before: all, current: [] } : { before: [], current: all };
  const [soFar = null] = drawnSoFar([commitment], drawn, time);
  if (soFar === null) return null;
  const { exhaustedAtMs, projected } = soFar;
  return {
    left: formatAmount(soFar.left),
    exhausted: exhaustedAtMs === null ? null : new Date(exhaustedAtMs).toISOString(),
    end: projected && [projected.usage, projected.overage, projected.trueUp].map(formatAmount),
  };
}

describe("a projected commitment", () => {
  test("goes on at its pace over the whole contract", () => {
    const half = project(QUARTER, "30", "2026-10-16T12:00:00Z");
    assert.deepEqual(half, { left: "60", exhausted: null, end: ["60", "0", "30"] });
    const fast = project(QUARTER, "60", "2026-10-16T12:00:00Z");
    const exhausted = "2026-11-08T06:00:00.000Z";
    assert.deepEqual(fast, { left: "30", exhausted, end: ["120", "30", "0"] });
  });

  test("that is paid in advance owes nothing for what is missing", () => {
    const { end } = project({ ...QUARTER, kind: "prepaid" }, "30", "2026-10-16T12:00:00Z") ?? {};
    assert.deepEqual(end, ["60", "0", "0"]);
  });

  test("per period begins anew with each", () => {
    const monthly = { ...QUARTER, per: "period", amount: amount("31") } as const;
    const found = project(monthly, "31", "2026-10-16T12:00:00Z");
    const exhausted = "2026-10-16T12:00:00.000Z";
    assert.deepEqual(found, { left: "0", exhausted, end: ["62", "31", "0"] });
    assert.equal(project(monthly, "0", "2026-12-01T00:00:00Z"), null, "it has ended");
  });

  test("has no end in sight before anything was used, and none before it begins", () => {
    assert.equal(project(QUARTER, "0", "2026-08-31T23:59:59Z"), null);
    const first = project(QUARTER, "0", "2026-09-01T00:00:00Z");
    assert.deepEqual(first, { left: "90", exhausted: null, end: null });
    const none = project(QUARTER, "0", "2026-10-01T00:00:00Z");
    assert.deepEqual(none, { left: "90", exhausted: null, end: ["0", "0", "90"] });
    const over = project(QUARTER, "50", "2027-03-01T00:00:00Z");
    assert.deepEqual(over?.end, ["50", "0", "40"], "after its end nothing is stretched");
  });
});

/** November and the two months after it. */
const CREDIT: DatedCommitment = {
  ...{ ...QUARTER, key: "credit", kind: "prepaid", amount: amount("100") },
  ...{ from: "2026-11-01", until: "2027-02-01", lastPeriod: "2027-01-01" },
};
const MONTHLY: DatedCommitment = {
  ...{ ...CREDIT, key: "monthly", kind: "minimum", per: "period", amount: amount("30") },
  ...{ until: null, lastPeriod: null },
};

/** Each as used up when and at its end; `current` is what the period that lasts now has drawn. */
function chained(
  commitments: readonly DatedCommitment[],
  used: { readonly before: readonly string[]; readonly current: readonly string[] },
  now: string,
) {
  const nowMs = Date.parse(now);
  const period = periodAt(nowMs, CALENDAR);
  const of = (texts: readonly string[]) =>
    texts.map((text, at) => {
      const commitment = commitments[at] ?? CREDIT;
      return drawnOf(commitment, text, commitment.per === "period" ? period.key : null);
    });
  const time = { calendar: CALENDAR, period, nowMs, rounding: "half_even" as const };
  const drawn = { before: of(used.before), current: of(used.current) };
  return drawnSoFar(commitments, drawn, time).map((soFar) => {
    const exhausted = soFar?.exhaustedAtMs ?? null;
    const { projected = null } = soFar ?? {};
    const date = exhausted === null ? "-" : new Date(exhausted).toISOString().slice(0, 13);
    const end = projected && [projected.usage, projected.overage, projected.trueUp];
    return [date, ...(end ?? []).map((one) => formatAmount(one))].join(" ");
  });
}

describe("a commitment behind another one", () => {
  test("is drawn from the moment at which that is used up", () => {
    // 5 a day: the credit's 100 last for 20 days, and the 30 behind it would for 6 more.
    const half = { before: [], current: ["75", "0"] };
    assert.deepEqual(chained([CREDIT, MONTHLY], half, "2026-11-16T00:00:00Z"), [
      "2026-11-21T00 460 360 0",
      "2026-11-27T00 50 20 0",
    ]);
    const slow = { before: [], current: ["45", "0"] };
    const found = chained([CREDIT, MONTHLY], slow, "2026-11-16T00:00:00Z");
    assert.equal(found[1], "- 0 0 30", "3 a day: the credit lasts for the month");
  });

  test("is drawn by all that is used once that is used up", () => {
    // 70 in November; 100 until 15 December, of which 30 were credit.
    const before = ["70"];
    const current = [{ ...drawnOf(CREDIT, "100", null), drawn: amount("30") }];
    const nowMs = Date.parse("2026-12-16T12:00:00Z");
    const period = periodAt(nowMs, CALENDAR);
    const time = { calendar: CALENDAR, period, nowMs, rounding: "half_even" as const };
    const drawn = {
      before: before.map((text) => drawnOf(CREDIT, text, null)),
      current: [...current, drawnOf(MONTHLY, "70", period.key)],
    };
    const [, monthly] = drawnSoFar([CREDIT, MONTHLY], drawn, time);
    const { usage, overage, trueUp } = monthly?.projected ?? {};
    const told = [usage, overage, trueUp].map((one) => formatAmount(one ?? amount("0")));
    assert.deepEqual(told, ["170", "140", "0"], "200 are expected, and 30 of them were credit");
  });

  test("of a contract is drawn by what a contract around it leaves", () => {
    const least = { ...CREDIT, key: "least", kind: "minimum", amount: amount("200") } as const;
    const used = { before: ["75", "0"], current: [] };
    assert.deepEqual(chained([CREDIT, least], used, "2026-11-16T00:00:00Z"), [
      "2026-11-21T00 460 360 0",
      "2026-12-31T00 360 160 0",
    ]);
    const longer = { ...least, until: "2027-03-01", lastPeriod: "2027-02-01" };
    const both = chained([CREDIT, longer], used, "2026-11-16T00:00:00Z");
    assert.equal(both[1], "2026-12-31T00 500 300 0", "of February all that is used");
  });

  test("of a contract takes all that is used once the one before it has ended", () => {
    const after = { ...CREDIT, key: "after", kind: "minimum", amount: amount("400") } as const;
    const longer = { ...after, until: "2027-03-01", lastPeriod: "2027-02-01" };
    // 5 a day: the credit had 100 of 92 days; ten of February's have come to what is behind it.
    const months = [
      [
        ["2026-11-01", "150", "50"],
        ["2026-12-01", "155", "155"],
        ["2027-01-01", "155", "155"],
      ],
      [["2027-02-01", "0", "50"]],
    ] as const;
    const of = (rows: readonly (readonly [string, string, string])[]) =>
      rows.flatMap(([statementPeriod, credit, behind], at) => {
        const first = { ...drawnOf(CREDIT, credit, null), statementPeriod };
        const isFirst = at === 0 && statementPeriod < "2027";
        const drawn = { drawn: amount(isFirst ? "100" : "0") };
        const second = { ...drawnOf(longer, behind, null), statementPeriod };
        return statementPeriod < "2027-02" ? [{ ...first, ...drawn }, second] : [second];
      });
    const nowMs = Date.parse("2027-02-11T00:00:00Z");
    const period = periodAt(nowMs, CALENDAR);
    const time = { calendar: CALENDAR, period, nowMs, rounding: "half_even" as const };
    const drawn = { before: of(months[0]), current: of(months[1]) };
    const [credit, least] = drawnSoFar([CREDIT, longer], drawn, time);
    assert.equal(formatAmount(credit?.projected?.usage ?? amount("0")), "460", "it has ended");
    assert.equal(formatAmount(least?.projected?.usage ?? amount("0")), "500");
  });

  test("that other charges draw sees nothing of it", () => {
    const calls = { ...CREDIT, charges: ["calls"] };
    const tools = { ...MONTHLY, charges: ["tools"] };
    const half = { before: [], current: ["75", "0"] };
    const found = chained([calls, tools], half, "2026-11-16T00:00:00Z");
    assert.equal(found[1], "- 0 0 30");
  });
});
