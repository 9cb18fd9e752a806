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

test("a commitment tells the day on which it will be used up, and what its end brings", () => {
  const text = shown({});
  assert.match(text, /^month \(Monthly\) +20\.00 +7\.50 +12\.50 +USD +━━━─────── {2}37\.5$/m);
  assert.match(
    text,
    /^ {2}used up on 2026-02-14 at this pace; at its end 22\.00 USD are beyond it$/m,
  );
  const missing = { exhaustedAt: null, projected: { overage: "0", trueUp: "3" } };
  assert.match(shown(missing), /^ {2}at its end 3\.00 USD are missing$/m);
  const even = { exhaustedAt: null, projected: { overage: "0", trueUp: "0" } };
  assert.match(shown(even), /^ {2}at its end nothing is beyond it, and nothing missing$/m);
});

test("of a commitment that is used up, no day is made up", () => {
  const text = shown({ drawn: "20", left: "0", drawnPercent: "100" });
  assert.match(text, /20\.00 +20\.00 +0\.00 +USD +━{10} +100$/m);
  assert.match(text, /^ {2}used up; at its end 22\.00 USD are beyond it$/m);
});

test("a commitment tells what bills call it, and for when it holds, below its row", () => {
  assert.match(shown({}), /^ {2}minimum per period, from 2026-02-01 on$/m);
  const waiting = { key: "year", ...TERMS, name: "year", until: "2027-02-01", soFar: null };
  const [, line, terms, ...others] = renderCommitments([waiting as CommitmentView]);
  assert.match(line ?? "", /^year +20\.00 +– +– +USD +–$/);
  assert.equal(terms, "  minimum per period, from 2026-02-01 until 2027-02-01");
  assert.deepEqual(others, []);
});

test("commitments of millions fit into a terminal of 80 columns", () => {
  const amount = "12345678.12";
  const soFar = { drawn: amount, left: amount, drawnPercent: "50", exhaustedAt: null };
  const about = { ...TERMS, amount, soFar: { ...soFar, projected: null } };
  const lines = renderCommitments([{ key: "year", ...about } as CommitmentView]);
  assert.ok(Math.max(...lines.map(({ length }) => length)) <= 80, lines.join("\n"));
});
