import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TollgateError } from "../domain/errors.ts";
import { DOCUMENT_FILE_MAX_BYTES, DOCUMENT_MAX_DEPTH, YAML_MAX_PARTS } from "../domain/limits.ts";
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

  test("with a key that is a list or a map is refused with its place", (t) => {
    const warn = t.mock.method(process, "emitWarning", () => {});
    for (const key of ["[a, b]", "{a: b}", "&a [b]"]) {
      const message = /^A key at line 1, column \d+ is a list or a map; a key is text\.$/;
      assert.throws(() => readCardFile(`? ${key}\n: c\n`), { name: "TollgateError", message });
    }
    assert.equal(warn.mock.callCount(), 0);
  });

  test("has each key once, however a number is written or an alias names it", () => {
    for (const text of ["1: a\n1.0: b", '1: a\n"1": b', "~: a\n? \n: b", "&k x: a\n*k : b"]) {
      assert.throws(() => readCardFile(text), /^TollgateError: A key stands twice at line 2/);
    }
    const read = readCardFile("__proto__: {a: b}\nc: d") as object;
    assert.deepEqual(Object.entries(read), [
      ["__proto__", { a: "b" }],
      ["c", "d"],
    ]);
  });

  test("means by tags of sets, dates and the like what stands there without", () => {
    for (const tag of ["!!omap", "!!pairs", "!of-others"]) {
      assert.deepEqual(readCardFile(`${tag}\n- a: 1\n- b: 2\n`), [{ a: "1" }, { b: "2" }], tag);
    }
    assert.deepEqual(readCardFile("!!set\n? a\n? b\n"), { a: null, b: null });
    assert.equal(readCardFile("!!binary aGFsbG8="), "aGFsbG8=");
  });

  test("says by aliases what is written once, as often as it likes", () => {
    const cells = Array.from({ length: 1_000 }, (_, n) => `- {when: m${n}, unit: *unit}`);
    const read = readCardFile(`- &unit "0.10"\n${cells.join("\n")}\n- &unit 1.50\n- *unit\n`);
    const [first, cell, ...others] = read as readonly unknown[];
    assert.deepEqual([first, cell], ["0.10", { when: "m0", unit: "0.10" }]);
    assert.deepEqual(others.slice(-2), ["1.50", "1.50"]);
  });

  test("that is no YAML is refused", () => {
    const isRefused = (error: unknown) => error instanceof TollgateError;
    assert.throws(() => readCardFile("a: [1, 2"), isRefused);
    const unknown = "An alias at line 2, column 4 stands for nothing that is written before it.";
    assert.throws(() => readCardFile("a: 1\nb: *c\nd: &c 2\n"), { message: unknown });
  });

  test("that multiplies itself is refused, and one that holds itself too", () => {
    const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let n = 1; n < 9; n += 1) {
      bomb.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(", ")}]`,
      );
    }
    const long = `- &long "${"x".repeat(100_000)}"\n${"- *long\n".repeat(200)}`;
    for (const text of [bomb.join("\n"), long, "&a [*a]", "&a {b: *a}", "a: &a {b: [*a]}"]) {
      assert.throws(
        () => readCardFile(text),
        /multiplies itself by aliases at line \d+, column \d/,
      );
    }
  });

  test("is nested as deep as the bound, and no deeper", () => {
    const forms = [
      (depth: number) => "[".repeat(depth) + "]".repeat(depth),
      (depth: number) => `${"{a: ".repeat(depth)}1${"}".repeat(depth)}`,
      (depth: number) => `${"- ".repeat(depth)}a\n`,
      (depth: number) => Array.from({ length: depth }, (_, n) => `${" ".repeat(n)}a:\n`).join(""),
    ];
    for (const nested of forms) {
      assert.equal(typeof readCardFile(nested(DOCUMENT_MAX_DEPTH)), "object");
      for (const depth of [DOCUMENT_MAX_DEPTH + 1, 100_000]) {
        if (depth > 65 && nested === forms[3]) continue;
        assert.throws(
          () => readCardFile(nested(depth)),
          /is nested too deeply at line \d+, column/,
        );
      }
    }
  });

  test("of 10,000 tiers is far below the bound of a file", () => {
    const tiers = Array.from({ length: 1_000 }, (_, n) => {
      const upTo = n === 999 ? "" : `upTo: "${(n + 1) * 1_000_000}"\n            `;
      return `          - ${upTo}unit: 0.00${2_000 - n}\n`;
    });
    const charges = Array.from({ length: 10 }, (_, n) => {
      const of = `  - key: tools-${n}\n    meter:\n      count: steps\n    price:\n`;
      return `${of}      model: graduated\n      tiers:\n${tiers.join("")}`;
    });
    const text = `key: k\ncurrency: USD\ncharges:\n${charges.join("")}`;
    assert.ok(Buffer.byteLength(text) < DOCUMENT_FILE_MAX_BYTES / 4, `${text.length}`);
    const read = parseRateCard(readCardFile(text));
    assert.ok("card" in read);
    assert.equal(read.card.charges.length, 10);
  });

  test("takes time by its length to read, whatever it is made of", () => {
    // By the square of the length each but the brackets takes 7 to 14 s; so it is below 1 s.
    const hostile: Readonly<Record<string, string>> = {
      quotes: '"'.repeat(200_000),
      brackets: "[".repeat(100_000) + "]".repeat(100_000),
      keys: Array.from({ length: 30_000 }, (_, n) => `k${n}: 1\n`).join(""),
      "keys in flow": `{${Array.from({ length: 30_000 }, (_, n) => `k${n}: 1`).join(",")}}`,
      anchors: Array.from({ length: 15_000 }, (_, n) => `- &a${n} x\n- *a${n}\n`).join(""),
    };
    for (const [name, text] of Object.entries(hostile)) {
      const before = process.cpuUsage();
      try {
        readCardFile(text);
      } catch (error) {
        assert.ok(error instanceof TollgateError, name);
      }
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 5_000_000, `${name}: ${(user + system) / 1_000} ms`);
    }
  });

  test("has as many words and signs as the bound, and no more", () => {
    // Six an entry: dash, space, number with its mark, and two of the line.
    const most = YAML_MAX_PARTS / 6 - 1;
    assert.equal((readCardFile("- 1\n".repeat(most)) as unknown[]).length, most);
    assert.throws(
      () => readCardFile("- 1\n".repeat(most + 1)),
      /has more than 300000 words and signs at line 50001, column 1; divide it, or /,
    );
    // JSON is none of this reader's words.
    const list = `[${"1,".repeat(YAML_MAX_PARTS)}1]`;
    assert.equal((readCardFile(list) as unknown[]).length, YAML_MAX_PARTS + 1);
  });

  test("as large as a file may be is JSON, or given up at a bound, whatever it is made of", () => {
    const full = (unit: string, head = "", tail = "") =>
      head +
      unit.repeat((DOCUMENT_FILE_MAX_BYTES - head.length - tail.length) / unit.length) +
      tail;
    // Read as YAML to the end, most of these took 8 to 16 s, and up to 2.3 GB.
    const hostile: Readonly<Record<string, readonly [text: string, entries: number | RegExp]>> = {
      commas: [full("1,", "[", "1]"), 2_097_151],
      "commas without a value": [full("?,", "[", "1]"), /at line 1, column 150001;/],
      dashes: [full("- - - - - - - -\n"), /at line 17648, column 1;/],
      "lines of a text": [full("\n", "|\n a\n"), /at line 150000, column 1;/],
      comments: [full("#\n", "a: 1\n"), /at line 99999, column 1;/],
      directives: [full("%a\n", "", "---\na: 1"), /at line 100001, column 1;/],
      lists: [full(`${"[".repeat(60)}${"]".repeat(60)},`, "[", "1]"), 34_664],
      fractions: [full("1.5,", "[", "1]"), 1_048_576],
      "texts that never end": [full("[1,"), /nested too deeply at line 1, column 194;/],
    };
    for (const [name, [text, told]] of Object.entries(hostile)) {
      if (typeof told === "number") {
        assert.equal((readCardFile(text) as unknown[]).length, told, name);
      } else {
        assert.throws(() => readCardFile(text), { code: "ratecard.invalid", message: told }, name);
      }
    }
  });

  test("in JSON is what the same text is in YAML", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 5 })), (list) => {
        const json = JSON.stringify(list);
        // A comment is no JSON.
        assert.deepEqual(readCardFile(json), readCardFile(`# YAML\n${json}`));
      }),
    );
    const written = '[-0, 0.10, 1e3, 12345678901234567890, {"__proto__": {"a": 7}}]';
    assert.deepEqual(readCardFile(written), readCardFile(`# YAML\n${written}`));
  });

  test("that holds several documents is refused: it is not clear which is the card", () => {
    assert.throws(() => readCardFile("a: 1\n---\na: 2\n"), /holds several documents/);
  });
});
