import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Amount } from "../money/decimal.ts";
import { buildStatement, type ChargeCount } from "./statement.ts";
import { statementDocument } from "./statement-document.ts";

const UNIT = 10n ** 33n;
const charge: ChargeCount = {
  cardKey: "card",
  chargeKey: "tools",
  cell: "",
  name: "Tools",
  measure: "steps",
  quantity: 5_500_000_000n,
  running: (UNIT / 8n) as Amount,
  final: (UNIT / 8n) as Amount,
};

function documentOf(charges: ChargeCount[]): string {
  return statementDocument(
    buildStatement({
      customer: "acme",
      period: { key: "2026-11-01", startMs: 1_793_491_200_000, endMs: 1_796_083_200_000 },
      currency: "USD",
      rounding: "half_even",
      minimum: null,
      charges,
      adjustments: [],
    }),
  );
}

describe("the document of a statement", () => {
  test("is these bytes", () => {
    assert.equal(
      documentOf([charge]),
      '{"currency":"USD","customer":"acme","endsAt":"2026-12-01T00:00:00Z",' +
        '"format":"tollgate.statement/1","lines":[{"amountExact":"0.125","amountRounded":"0.12",' +
        '"cardKey":"card","cell":"","chargeKey":"tools","description":"Tools","kind":"charge",' +
        '"measure":"steps","originPeriod":null,"quantity":"5.5"},{"amountExact":"-0.005",' +
        '"amountRounded":"0","cardKey":"","cell":"","chargeKey":"","description":"Rounding",' +
        '"kind":"rounding","measure":null,"originPeriod":null,"quantity":null}],' +
        '"period":"2026-11-01","rounding":"half_even","startsAt":"2026-11-01T00:00:00Z",' +
        '"total":"0.12","totalExact":"0.125"}',
    );
  });

  test("writes the quantity of a charge on cost as money", () => {
    const cost = { ...charge, measure: "sum:cost", quantity: UNIT / 4n };
    assert.equal(JSON.parse(documentOf([cost])).lines[0].quantity, "0.25");
  });
});
