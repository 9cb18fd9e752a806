import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Rate } from "../money/conversion.ts";
import type { Amount } from "../money/decimal.ts";
import { NO_TERMS } from "./period-terms.ts";
import { buildStatement } from "./statement.ts";
import { statementDocument } from "./statement-document.ts";
import type { ChargeCount } from "./statement-line.ts";

const UNIT = 10n ** 33n;
const charge: ChargeCount = {
  cardKey: "card",
  chargeKey: "tools",
  cell: "",
  name: "Tools",
  measure: "steps",
  quantity: 5_500_000_000n,
  included: 0n,
  credits: null,
  correctionCredits: null,
  credit: null,
  conversions: [],
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
      credit: null,
      terms: NO_TERMS,
      charges,
      trials: [],
      runs: [],
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

  test("tells credits and rates where a line has them", () => {
    const rate = { from: "USD", to: "EUR", rate: 920_000_000n as Rate, effectiveFromMs: 0 };
    const line = JSON.parse(
      documentOf([{ ...charge, credits: UNIT as Amount, conversions: [rate] }]),
    );
    const { credits, conversions } = line.lines[0];
    assert.equal(credits, "1");
    assert.deepEqual(conversions, [
      { from: "USD", to: "EUR", rate: "0.92", effectiveFrom: "1970-01-01T00:00:00Z" },
    ]);
  });

  test("writes the quantity of a charge on cost as money", () => {
    const cost = { ...charge, measure: "sum:cost", quantity: UNIT / 4n };
    assert.equal(JSON.parse(documentOf([cost])).lines[0].quantity, "0.25");
  });
});
