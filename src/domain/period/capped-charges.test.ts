import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Amount, formatAmount, parseAmount } from "../money/decimal.ts";
import { type ItemLine, underCaps } from "./capped-charges.ts";

const CENT = parseAmount("0.01") as Amount;
const line = (kind: ItemLine["kind"], chargeKey: string, cents: number): ItemLine => {
  const amountRounded = (BigInt(cents) * CENT) as Amount;
  return { kind, cardKey: "card", chargeKey, cell: "", amountRounded };
};
const late = (chargeKey: string, cents: number, cell = "") => ({
  ...line("adjustment", chargeKey, cents),
  cell,
});

const told = (lines: readonly ItemLine[]) =>
  Object.fromEntries(
    [...underCaps(lines, CENT)].map(([key, sum]) => [key, formatAmount(sum as Amount)]),
  );

describe("charges under caps of runs", () => {
  test("come to what their lines come to where there is no cap", () => {
    const lines = [line("charge", "a", 101), line("charge", "b", 101), line("trial", "a", -1)];
    assert.deepEqual(told([...lines, line("run_minimum", "", 5)]), {
      a: "1",
      b: "1.01",
      "": "0.05",
    });
  });

  test("share a cap by what each comes to, in whole units; fees have no part of it", () => {
    const lines = [line("charge", "a", 200), line("charge", "b", 100), line("fee", "base", 700)];
    // 1.00 is 0.67 and 0.33.
    const wanted = { a: "1.33", b: "0.67", base: "7", "": "0" };
    assert.deepEqual(told([...lines, line("run_cap", "", -100)]), wanted);
  });

  test("leave what is above them to no charge, and a cap to its card", () => {
    const other = { ...line("charge", "b", 900), cardKey: "other" };
    const lines = [line("charge", "a", 100), other];
    assert.deepEqual(told([...lines, line("run_cap", "", -150)]), { a: "0", b: "9", "": "-0.5" });
  });

  test("come late with a cap, and are taken back with it", () => {
    assert.deepEqual(told([late("a", 100), late("", -100, "run_cap")]), { a: "0", "": "0" });
    assert.deepEqual(told([late("a", -300), late("", 200, "run_cap")]), { a: "-1", "": "0" });
    assert.deepEqual(told([late("a", 100), late("", 30, "run_minimum")]), { a: "1", "": "0.3" });
  });

  test("lose nothing: all sums are those of the lines, and none changes its sign", () => {
    const anyLine = fc.record({
      kind: fc.constantFrom("charge", "charge", "charge_maximum", "fee", "run_cap" as const),
      key: fc.constantFrom("a", "b", "c"),
      cardKey: fc.constantFrom("card", "other"),
      cents: fc.integer({ min: -500, max: 2_000 }),
    });
    const law = fc.property(fc.array(anyLine, { maxLength: 12 }), (some) => {
      const lines = some.map(({ kind, key, cardKey, cents }) => {
        if (kind === "run_cap") return { ...line(kind, "", -Math.abs(cents)), cardKey };
        // Keys of fees are no charge's.
        return { ...line(kind, kind === "fee" ? "fee" : `${cardKey} ${key}`, cents), cardKey };
      });
      const [was, is] = [
        underCaps(
          lines.filter(({ kind }) => kind !== "run_cap"),
          CENT,
        ),
        underCaps(lines, CENT),
      ];
      const all = lines.reduce((sum, { amountRounded }) => sum + amountRounded, 0n);
      assert.equal(
        [...is.values()].reduce((sum, one) => sum + one, 0n),
        all,
      );
      for (const [key, before] of was) {
        const now = is.get(key) ?? assert.fail(key);
        const [least, most] = before > 0n && key !== "fee" ? [0n, before] : [before, before];
        const isWithin = now <= most && (now >= least || hasTwoCaps(lines, key));
        assert.ok(isWithin && now % CENT === 0n, `${key}: ${before} became ${now}`);
      }
    });
    fc.assert(law, { numRuns: process.env.TOLLGATE_TEST_FULL ? 200_000 : 500 });
  });
});

/** A statement has one cap for each card. */
function hasTwoCaps(lines: readonly ItemLine[], key: string): boolean {
  const caps = lines.filter(({ kind, cardKey }) => kind === "run_cap" && key.startsWith(cardKey));
  return caps.length > 1;
}
