import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Problem } from "../errors.ts";
import { ID_MAX_CHARS, NUMBER_TEXT_MAX_CHARS, PROBLEMS_MAX_COUNT } from "../limits.ts";
import { type DecimalRule, Place } from "./document-place.ts";

function reading<T>(value: unknown, read: (place: Place) => T) {
  const problems: Problem[] = [];
  return { read: read(new Place(value, "x", problems)), problems };
}

const problemsOf = (value: unknown, read: (place: Place) => unknown) =>
  reading(value, read).problems;

describe("a place in a document", () => {
  test("names its path, also where names are not plain", () => {
    const document = { charges: [{ "a b": { "": 1 } }] };
    const problems: Problem[] = [];
    const [charge] = new Place(document, "", problems).at("charges").items(1);
    assert.equal(charge?.at("a b").at("").path, 'charges[0]["a b"][""]');
    assert.equal(charge?.at("__proto__").value, undefined);
  });

  test("does not tell again what is missing because its parent is wrong", () => {
    const { problems } = reading(5, (place) => {
      place.isObject();
      place.at("a").at("b").text();
    });
    assert.deepEqual(problems, [
      { code: "ratecard.invalid", detail: "5 is no object", field: "x" },
    ]);
  });

  test("tells the size and the places that a decimal may have, also to one beyond all", () => {
    const rule = { scale: 2, maxUnits: 10n };
    for (const text of ["1e400", "0.001", "ten"]) {
      const [problem] = problemsOf(text, (place) => place.decimal(rule));
      const rest = "is no decimal such as 0.25, up to 10 with at most 2 places";
      assert.equal(problem?.detail, `"${text}" ${rest}`);
    }
    const [whole] = problemsOf("1.5", (place) => place.decimal({ scale: 0, maxUnits: 366n }));
    assert.equal(whole?.detail, '"1.5" is no whole number up to 366');
  });

  test("tells a number with its currency, unit or sign to be written alone", () => {
    const rule = { scale: 2, maxUnits: 100n };
    const told = (text: string) => problemsOf(text, (place) => place.decimal(rule))[0]?.detail;
    for (const text of ["€0.10", "EUR 0.10", "0.10 EUR", "0.10%", "$ 0.10", "0.10 calls"]) {
      assert.equal(told(text), `"${text}" is more than a number; write 0.10 alone`);
    }
    for (const text of ["0x10", "1.2.3", "EUR", "0.10 EUR each"]) {
      assert.match(told(text) ?? "", /is no decimal such as/);
    }
  });

  test("tells a number to be written in quotes, and of anything else what it is", () => {
    const rule = { scale: 2, maxUnits: 10n };
    const told = [0.5, null, true, ["1"], { a: "1" }].map(
      (value) => problemsOf(value, (place) => place.decimal(rule))[0]?.detail.split(",")[0],
    );
    assert.deepEqual(told, [
      "0.5: write it in quotes",
      "null is no decimal such as 0.25",
      "true is no decimal such as 0.25",
      "a list is no decimal such as 0.25",
      "an object is no decimal such as 0.25",
    ]);
  });

  test("says of a whole document that is none what it is instead", () => {
    const problems: Problem[] = [];
    assert.equal(new Place(["a"], "", problems).isObject(), false);
    const detail = "the document is a list, and no object with fields";
    assert.deepEqual(problems, [{ code: "ratecard.invalid", detail }]);
  });

  test("lists a bounded number of problems, of bounded length", () => {
    for (const [count, told] of [
      [PROBLEMS_MAX_COUNT - 1, PROBLEMS_MAX_COUNT - 1],
      [PROBLEMS_MAX_COUNT, PROBLEMS_MAX_COUNT],
      [PROBLEMS_MAX_COUNT + 1, PROBLEMS_MAX_COUNT],
    ] as const) {
      const document = Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 1]));
      assert.equal(problemsOf(document, (place) => place.allowOnly([])).length, told);
    }
    const [huge] = problemsOf({ ["n".repeat(10 ** 6)]: 1 }, (place) => place.allowOnly(["key"]));
    assert.equal(huge?.code, "field.unknown");
    assert.ok(JSON.stringify(huge).length < 300);
  });

  test("refuses lists and objects that are empty or too long", () => {
    const counts = (read: (place: Place) => unknown, of: (length: number) => unknown) =>
      [0, 1, 2, 3, 4].map((length) => problemsOf(of(length), read).length);
    const object = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, i) => [`f${i}`, 1]));
    assert.deepEqual(
      counts(
        (place) => place.items(3),
        (length) => Array.from({ length }),
      ),
      [1, 0, 0, 0, 1],
    );
    assert.deepEqual(
      counts((place) => place.entries(3), object),
      [1, 0, 0, 0, 1],
    );
  });

  test("reads a text that a step could carry, and no other", () => {
    const texts = ["a", "Straße 🚏", "x".repeat(ID_MAX_CHARS - 1), "x".repeat(ID_MAX_CHARS)];
    for (const text of texts) {
      assert.deepEqual(
        reading(text, (place) => place.text()),
        { read: text, problems: [] },
      );
    }
    const wrong = ["", " ", "a\u0000", "a\nb", "\ud800", "x".repeat(ID_MAX_CHARS + 1), 5, null, {}];
    for (const value of wrong) {
      const { read, problems } = reading(value, (place) => place.text());
      assert.deepEqual([read, problems.length], ["", 1], JSON.stringify(value));
    }
  });

  test("refuses names of fields that could not be stored", () => {
    const names = ["", "a\u0000b", "x".repeat(ID_MAX_CHARS + 1)];
    for (const name of names) {
      assert.equal(problemsOf({ [name]: 1 }, (place) => place.entries(1)).length, 1);
    }
  });
});

const RULE: DecimalRule = { scale: 2, maxUnits: 10n };

describe("a decimal of a document", () => {
  test("is text or a safe integer", () => {
    const accepted: [unknown, bigint][] = [
      ["0", 0n],
      [0, 0n],
      [10, 1000n],
      ["0.25", 25n],
      ["1e1", 1000n],
      ["2500E-3", 250n],
      ["10.00", 1000n],
      ["0e999", 0n],
    ];
    for (const [value, scaled] of accepted) {
      assert.deepEqual(
        reading(value, (place) => place.decimal(RULE)),
        { read: scaled, problems: [] },
      );
    }
  });

  test("is nothing else, and never a guess", () => {
    for (const value of HOSTILE_NUMBERS) {
      const { read, problems } = reading(value, (place) => place.decimal(RULE));
      assert.deepEqual([read, problems.length, problems[0]?.field], [0n, 1, "x"], String(value));
      assert.ok((problems[0]?.detail.length ?? 0) < 120);
    }
  });

  test("is more than zero where the rule says so", () => {
    const rule = { ...RULE, isPositive: true };
    assert.equal(problemsOf("0.00", (place) => place.decimal(rule)).length, 1);
    assert.equal(problemsOf("0.01", (place) => place.decimal(rule)).length, 0);
  });
});

const HOSTILE_NUMBERS: readonly unknown[] = [
  ...["", " ", "1 ", " 1", "+1", "01", "1.", ".5", "1,5", "1_000", "0x10", "1n", "１２", "٣", "∞"],
  ...["NaN", "Infinity", "-Infinity", "-1", "-0", "-0.01", "1e", "1e1.5", "1e+-1", "e5", "--1"],
  ...["1e400", "1e999", "1e9999", "1e-999", "1e-400", "0.001", "1e-3", "10.01", "11", "1e2"],
  ...[
    "9".repeat(NUMBER_TEXT_MAX_CHARS),
    "9".repeat(NUMBER_TEXT_MAX_CHARS + 1),
    "1".repeat(10 ** 6),
  ],
  ...["9007199254740993", "9223372036854775808", "18446744073709551616", "1\u0000", "1\n"],
  ...[0.1, 1e308, Number.POSITIVE_INFINITY, Number.NaN, -1, -0, 11, 2 ** 53, 2 ** 63, 1e21],
  ...[null, undefined, true, false, [], [1], {}, { text: "1" }, { toString: () => "1" }],
];
