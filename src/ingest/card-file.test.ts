import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TollgateError } from "../domain/errors.ts";
import { parseRateCard } from "../domain/rating/parse-rate-card.ts";
import { readCardFile } from "./card-file.ts";

const YAML = `# What the support agent costs.
key: support
currency: USD
charges:
  - key: run
    meter: { count: runs, where: { agent: support } }
    price: { model: per_unit, unit: 0.10 }
    included: 1000
fees:
  - { key: base, amount: 49, prorate: false }
minimum: ~
`;

describe("a rate card file", () => {
  test("in YAML is the card that JSON would be", () => {
    const charge = {
      key: "run",
      meter: { count: "runs", where: { agent: "support" } },
      price: { model: "per_unit", unit: "0.10" },
      included: "1000",
    };
    const fees = [{ key: "base", amount: "49", prorate: false }];
    const card = { key: "support", currency: "USD", charges: [charge], fees, minimum: null };
    assert.deepEqual(readCardFile(YAML), card);
    assert.deepEqual(readCardFile(JSON.stringify(card, null, 2)), card);
    assert.ok("card" in parseRateCard(readCardFile(YAML)));
  });

  test("keeps every digit of a number", () => {
    const texts = ["0.10", "0.000000000000000001", "12345678901234567890", "1e3", "-0"];
    for (const text of texts) {
      assert.deepEqual(readCardFile(`a: ${text}`), { a: text });
      assert.deepEqual(readCardFile(`{"a": ${text}}`), { a: text });
    }
  });

  test("with a key that stands twice is refused with its line", () => {
    for (const text of ["a: 1\nb: 2\na: 3\n", '{\n"a": 1,\n"b": 2,\n"a": 3}']) {
      assert.throws(
        () => readCardFile(text),
        (error) =>
          error instanceof TollgateError &&
          /^A key stands twice at line [34], column 1; keep one of the two\.$/.test(error.message),
      );
    }
  });

  test("that is indented by tabs, holds nothing, or is no UTF-8 is told so", () => {
    const said = (text: string, message: string) =>
      assert.throws(() => readCardFile(text), { name: "TollgateError", message });
    said("a:\n\t- b\n", "A line begins with a tab at line 2, column 1; use spaces.");
    const place = "The indentation at line 3, column 1 does not fit its list; ";
    const below = "what belongs to an entry stands below its first key.";
    said("a:\n  - b: 1\n   c: 2\n", place + below);
    for (const text of ["", "# What it costs.\n"]) {
      said(text, "The file holds nothing but comments; write the document into it.");
    }
    for (const text of ["\uFFFD\uFFFDk\0e\0y\0", "key: caf\uFFFD\n"]) {
      said(text, "The file is no UTF-8 text; save it as such.");
    }
    assert.throws(() => readCardFile("a: [1, 2"), /\d\.$/);
  });

  test("leaves warnings about keys that are no text to nobody", (t) => {
    const warn = t.mock.method(process, "emitWarning", () => {});
    assert.deepEqual(readCardFile("? [a, b]\n: c\n"), { "[ a, b ]": "c" });
    assert.equal(warn.mock.callCount(), 0);
  });

  test("that is no YAML is refused, and one that multiplies itself too", () => {
    const isRefused = (error: unknown) => error instanceof TollgateError;
    assert.throws(() => readCardFile("a: [1, 2"), isRefused);
    const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let n = 1; n < 9; n += 1) {
      bomb.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(", ")}]`,
      );
    }
    assert.throws(() => readCardFile(bomb.join("\n")), /multiplies itself by aliases/);
    for (const brackets of ["[".repeat(100_000), "[".repeat(100_000) + "]".repeat(100_000)]) {
      assert.throws(() => readCardFile(brackets), isRefused);
      assert.throws(() => readCardFile(brackets), /is nested too deeply; flatten it/);
    }
  });

  test("that holds several documents is refused: it is not clear which is the card", () => {
    assert.throws(() => readCardFile("a: 1\n---\na: 2\n"), /holds several documents/);
  });
});
