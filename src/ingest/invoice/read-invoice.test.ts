import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import { readInvoice } from "./read-invoice.ts";

const ROW = { provider: "openai", model: "gpt-5", day: "2026-11-01", amount: "1.50" };

describe("a provider's invoice", () => {
  test("is read from CSV, whatever the order of its columns", () => {
    const text = "Day,amount,model,provider,currency\r\n2026-11-01,1.50,gpt-5,openai,USD\r\n";
    assert.deepEqual(readInvoice(text), { currency: "USD", rows: [ROW] });
    const bom = "\uFEFFprovider,model,day,amount\nopenai,gpt-5,2026-11-01,1.50";
    assert.deepEqual(readInvoice(bom), { currency: null, rows: [ROW] });
  });

  test("may quote cells, with commas, quotes and line breaks in them", () => {
    const text = 'provider,model,day,amount\n"a, ""b""","x\ny",2026-11-01,"1"\n';
    const [row] = readInvoice(text).rows;
    assert.deepEqual([row?.provider, row?.model, row?.amount], ['a, "b"', "x\ny", "1"]);
  });

  test("is read from JSON without losing a digit", () => {
    const rows =
      '[{"provider":"openai","model":"gpt-5","day":"2026-11-01","amount":0.1000000000000000001}]';
    assert.equal(readInvoice(rows).rows[0]?.amount, "0.1000000000000000001");
    const whole = JSON.stringify({ currency: "EUR", rows: [ROW] });
    assert.deepEqual(readInvoice(whole), { currency: "EUR", rows: [ROW] });
  });

  test("is refused with the place where it cannot be read", () => {
    const cases = [
      ["provider,model,day\na,b,c\n", "field.missing", /line 2 has no "amount"/],
      ["provider,model,day,amount\na,b\n", "request.malformed", /line 2 has 2 cells/],
      ['provider,model,day,amount\na,b"c,d,e\n', "request.malformed", /Line 2/],
      ['{"rows":[1]}', "request.malformed", /rows\[0\]/],
      ["{}", "field.missing", /rows/],
      [
        "provider;model;day;amount\na;b;2026-11-01;1\n",
        "field.invalid",
        /between ";": write commas/,
      ],
      [
        'provider,model,day,amount\na,b,2026-11-01,"1,234.50"\n',
        "field.invalid",
        /^line 2: "1,234.50" is no amount such as 1234.50 or -3\.$/,
      ],
      [
        "provider,model,day,amount\na,b,20.11.2026,1\n",
        "field.invalid",
        /^line 2: "20.11.2026" is no/,
      ],
      ["[", "request.malformed", /./],
      [
        "provider,model,day,amount,currency\na,b,c,1,USD\na,b,c,1,EUR\n",
        "request.malformed",
        /USD, EUR/,
      ],
    ] as const;
    for (const [text, code, words] of cases) {
      assert.throws(
        () => readInvoice(text),
        (error) =>
          error instanceof TollgateError && error.code === code && words.test(error.message),
        text,
      );
    }
  });
});
