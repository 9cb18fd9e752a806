import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { COMMITMENTS_PER_CUSTOMER_MAX_COUNT } from "../limits.ts";
import { commitmentDocument } from "./commitment.ts";
import { parseCommitments } from "./parse-commitments.ts";

const YEAR = {
  key: "year",
  kind: "prepaid",
  per: "contract",
  amount: "1200.50",
  from: "2026-01-01",
  until: "2027-01-01",
};

function parse(...commitments: unknown[]) {
  const parsed = parseCommitments({ commitments }, "USD");
  if ("problems" in parsed) return parsed.problems.map(({ code, field }) => `${code} ${field}`);
  return parsed.commitments.map(commitmentDocument);
}

describe("a document of commitments", () => {
  test("says what it leaves out", () => {
    const defaults = { name: "year", currency: "USD", charges: null, overagePercent: null };
    assert.deepEqual(parse(YEAR), [{ ...YEAR, ...defaults, amount: "1200.5" }]);
  });

  test("is read again as it was written", () => {
    const terms = { name: "Year", currency: "EUR", charges: ["a"], overagePercent: "80.0001" };
    const [written] = parse({ ...YEAR, ...terms });
    assert.deepEqual(parse(written), [written]);
    assert.deepEqual(parse(), []);
  });

  test("tells every problem with its path", () => {
    const at = (change: object) => parse({ ...YEAR, ...change });
    const field = (name: string) => [`commitment.invalid commitments[0].${name}`];
    assert.deepEqual(at({ kind: "loan" }), field("kind"));
    assert.deepEqual(at({ per: "week" }), field("per"));
    assert.deepEqual(at({ amount: "0" }), field("amount"));
    assert.deepEqual(at({ amount: "-1" }), field("amount"));
    assert.deepEqual(at({ amount: "0.001" }), field("amount"));
    assert.deepEqual(at({ amount: "0.01", currency: "JPY" }), field("amount"));
    assert.deepEqual(at({ currency: "ZZZ" }), field("currency"));
    assert.deepEqual(at({ from: "2026-02-30" }), field("from"));
    assert.deepEqual(at({ from: null }), field("from"));
    assert.deepEqual(at({ until: null }), field("until"));
    assert.deepEqual(at({ until: "2026-01-01" }), field("until"));
    assert.deepEqual(at({ charges: [] }), field("charges"));
    assert.deepEqual(at({ more: 1 }), ["field.unknown commitments[0].more"]);
    assert.deepEqual(parse(YEAR, YEAR), ["commitment.invalid commitments[1].key"]);
    const crossed = parse(YEAR, { ...YEAR, key: "b", charges: ["a"] });
    assert.deepEqual(crossed, ["commitment.invalid commitments[1].charges"]);
    for (const document of [null, [], { commitments: "many" }, {}]) {
      assert.ok("problems" in parseCommitments(document, "USD"));
    }
  });

  test("has as many commitments and as high a price as the limits say", () => {
    const many = (count: number) =>
      parse(...Array.from({ length: count }, (_, index) => ({ ...YEAR, key: `k${index}` })));
    assert.equal(many(COMMITMENTS_PER_CUSTOMER_MAX_COUNT).length, 50);
    assert.deepEqual(many(COMMITMENTS_PER_CUSTOMER_MAX_COUNT + 1), [
      "commitment.invalid commitments",
    ]);
    const priced = (overagePercent: string) => parse({ ...YEAR, overagePercent });
    assert.equal(typeof priced("10000")[0], "object");
    assert.deepEqual(priced("10000.0001"), ["commitment.invalid commitments[0].overagePercent"]);
    assert.deepEqual(priced("1.00001"), ["commitment.invalid commitments[0].overagePercent"]);
  });
});
