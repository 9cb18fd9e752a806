import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RowPlace } from "../../domain/margin/margin-order.ts";
import type { FineAmount, MarginRow } from "../../domain/margin/margin-table.ts";
import type { Rate } from "../../domain/money/conversion.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { marginCsv, marginCursor, marginPlaceOf } from "./margin-view.ts";

const amount = fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n });
const place = fc.record(
  {
    kind: fc.constantFrom("value" as const, "unattributed" as const, "line" as const),
    name: fc.string({ unit: "grapheme" }),
    currency: fc.constantFrom("USD", "EUR"),
    margin: fc.option(amount.map((n) => n as FineAmount)),
    revenue: amount.map((n) => n as Amount),
    cost: amount.map((n) => n as Amount),
  },
  { noNullPrototype: true },
);

test("a cursor leads back to its row", () => {
  fc.assert(
    fc.property(place, (row: RowPlace) => {
      assert.deepEqual(marginPlaceOf(marginCursor(row)), row);
    }),
  );
});

test("what is no cursor of ours is refused, whatever it is", () => {
  const texts = ["", "x", btoa("[]"), btoa('["USD","value","a",1,"2","3"]'), btoa("{}")];
  const long = btoa(JSON.stringify(["USD", "value", "a", "1".repeat(200), "2", "3"]));
  for (const text of [...texts, long, btoa('["USD","spot","a","1","2","3"]')]) {
    assert.throws(() => marginPlaceOf(text), { code: "field.invalid", field: "cursor" }, text);
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(() => marginPlaceOf(text), { code: "field.invalid" });
    }),
  );
});

const ROW: MarginRow = {
  ...{ kind: "value", name: '=HYPERLINK("x"),', currency: "EUR", steps: 3, unpriced: 1 },
  ...{ revenue: (10n ** 33n) as Amount, ofLines: 0n as Amount, cost: -(10n ** 33n) as Amount },
  converted: -(9n * 10n ** 41n) as FineAmount,
  margin: (19n * 10n ** 41n) as FineAmount,
  rates: [{ from: "USD", to: "EUR", rate: 900_000_000n as Rate, effectiveFromMs: 0 }],
  ...{ paid: null, isOpen: true },
};

test("CSV tells each row exactly, and no name runs as a formula", () => {
  const unconverted = { ...ROW, name: "b", margin: null, converted: null, paid: 0n as Amount };
  const [head = "", first, second, end] = marginCsv("model", [ROW, unconverted]).split("\r\n");
  assert.equal(end, "");
  assert.equal(head.split(",").length, 18);
  const rate = "0.9 from 1970-01-01T00:00:00.000Z";
  assert.equal(
    first,
    `model,value,"'=HYPERLINK(""x""),",EUR,1,0,USD,-1,-0.9,false,${rate},1.9,190,3,1,true,,true`,
  );
  assert.equal(second, `model,value,b,EUR,1,0,USD,-1,,true,${rate},,,3,1,true,0,true`);
});
