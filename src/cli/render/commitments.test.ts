import assert from "node:assert/strict";
import { test } from "node:test";
import { type CommitmentView, renderCommitments } from "./commitments.ts";

const TERMS = {
  ...{ name: "Monthly", kind: "minimum", per: "period", from: "2026-02-01", until: null },
  ...{ amount: "20", currency: "USD" },
};
const END = { overage: "22", trueUp: "0" };

function shown(soFar: Partial<CommitmentView["soFar"]>): string {
  const half = { drawn: "7.5", left: "12.5", drawnPercent: "37.5" };
  const about = { ...half, exhaustedAt: "2026-02-14T08:00:00.000Z", projected: END, ...soFar };
  const view = { key: "month", ...TERMS, soFar: about } as CommitmentView;
  return renderCommitments([view]).join("\n");
}

test("a commitment tells the day on which it is expected to be used up", () => {
  const text = shown({});
  assert.match(text, /used up +overage at end +true-up at end$/m);
  assert.match(text, /37\.5 +2026-02-14 +22\.00 +0\.00$/m);
  assert.match(shown({ exhaustedAt: null }), /37\.5 +– +22\.00/);
});

test("of a commitment that is used up, no day is made up", () => {
  const text = shown({ drawn: "20", left: "0", drawnPercent: "100" });
  assert.match(text, /20\.00 +0\.00 +USD .* 100 +already +22\.00/);
});

test("a commitment tells what bills call it, and from when it holds", () => {
  assert.match(shown({}), /^month \(Monthly\) +minimum per period +2026-02-01 +– +20\.00/m);
  const waiting = { key: "year", ...TERMS, name: "year", soFar: null } as CommitmentView;
  const [, line] = renderCommitments([waiting]);
  assert.match(line ?? "", /^year +minimum per period +2026-02-01 +– +20\.00 +– +– +USD/);
});
