import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { anyCodePoint } from "../code-points-contract.ts";
import { NUMBER_TEXT_MAX_CHARS } from "../limits.ts";
import { canonicalContent, contentFields } from "./content-hash.ts";

class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Sent = Readonly<Record<string, unknown>>;

/** The content of an event whose fields are all known. */
function contentOf(sent: Sent): string {
  return canonicalContent(sent, contentFields(Object.keys(sent)));
}

/** What a digest sees: bytes, in which half a surrogate pair is a substitute. */
function bytesOf(sent: Sent): string {
  return Buffer.from(contentOf(sent), "utf8").toString("latin1");
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null || value instanceof NumberText) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, reversed(each)]);
  return Object.fromEntries(entries.reverse());
}

/** Names and texts full of what the canonical text is made of. */
const text = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: anyCodePoint, maxLength: 4 }),
  fc.string({ unit: fc.constantFrom(...'0123"#;:[]{},ntf\\\u0000\ud800\udc00é'), maxLength: 8 }),
);
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -20, max: 20 }),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -30, max: 30 })).map(inDecimals),
);

function inDecimals([digits, power]: readonly [number, number]): NumberText {
  return new NumberText(`${digits}e${power}`);
}

const sentValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(text, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const sentEvent: fc.Arbitrary<Sent> = fc.dictionary(text, sentValue, {
  maxKeys: 6,
  noNullPrototype: true,
});

/** Another way of saying which contents are equal: JSON with sorted keys and exact fractions. */
function meaningOf(value: unknown): string {
  if (value instanceof NumberText) return fractionOf(value.text);
  if (typeof value === "number") return fractionOf(String(value));
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(meaningOf).join(",")}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${meaningOf(each)}`).join(",")}}`;
}

/** A decimal as an integer of 10^-60. */
function fractionOf(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return `${BigInt(whole + fraction) * 10n ** BigInt(60 - fraction.length + Number(exponent))}`;
}

describe("the canonical content of an event", () => {
  test("is the same whatever the order of its keys, at any depth", () => {
    fc.assert(
      fc.property(sentEvent, (sent) => {
        assert.equal(contentOf(reversed(sent) as Sent), contentOf(sent));
      }),
    );
  });

  test("is the same for the same meaning, and for no other", () => {
    fc.assert(
      fc.property(sentValue, sentValue, (a, b) => {
        assert.equal(bytesOf({ a }) === bytesOf({ a: b }), meaningOf(a) === meaningOf(b));
      }),
      { numRuns: 2_000 },
    );
  });

  test("tells where a field, a key and a value end, whatever stands in them", () => {
    fc.assert(
      fc.property(sentEvent, sentEvent, (left, right) => {
        // Field names of a document are our own and hold no colon; those below it may hold any.
        const [a, b] = [{ fields: left }, { fields: right }];
        assert.equal(bytesOf(a) === bytesOf(b), meaningOf(a) === meaningOf(b));
      }),
      { numRuns: 1_000 },
    );
  });
});

test("content is the same however its numbers are written", () => {
  for (const forms of [
    [1, "1.0", "1e0", "10e-1", "0.1e1", "1E+0", "1.000000000"],
    [1000, "1e3", "1000.000", "0.001e6", "1000e0"],
    [0, -0, "0.0", "0e5", "-0", "-0.0", "0e-40"],
    [-7, "-7.0", "-70e-1"],
    ["1.5", "15e-1", "1.50", "0.15e1"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991.0", "9007199254740991e0"],
    [9_007_199_254_740_990, "900719925474099e1", "9007199254740990.0"],
    ["9007199254740993", "9007199254740993.0", "90071992547409930e-1"],
    ["1e16", "10000000000000000", "10000000000000000.0"],
    ["123456789012345678901234567890", "1.2345678901234567890123456789e29"],
    ["1e999", "10e998", "0.1e1000"],
  ]) {
    const sent = forms.map((form) => (typeof form === "string" ? new NumberText(form) : form));
    assert.equal(new Set(sent.map((n) => contentOf({ n }))).size, 1, forms.join(" "));
  }
});

test("one digit, sign, type or name more is other content", () => {
  const other: readonly (readonly [Sent, Sent])[] = [
    [{ usage: { a: 1 } }, { usage: { a: 2 } }],
    [{ a: 1 }, { a: -1 }],
    [{ a: 1 }, { a: "1" }],
    [{ a: 1 }, { a: new NumberText("1.1") }],
    [{ a: 1 }, { a: 10 }],
    [{ a: new NumberText("1e-9") }, { a: new NumberText("1e-10") }],
    [{ a: new NumberText("9007199254740993") }, { a: new NumberText("9007199254740992") }],
    [{ a: new NumberText("5") }, { a: { text: "5" } }],
    [{ a: "x" }, { b: "x" }],
    [{ a: "x", b: "y" }, { a: 'x",b:"y' }],
    [{ a: "x", b: "y" }, { a: 'xb:1"y' }],
    [{ a: ["x", "y"] }, { a: ["x,y"] }],
    [{ a: ["x", "y"] }, { a: ['x1"y'] }],
    [{ a: [["x"], "y"] }, { a: [["x", "y"]] }],
    [{ a: [] }, { a: {} }],
    [{ a: [null] }, { a: [] }],
    [{ a: null }, { a: "null" }],
    [{ a: null }, { a: "n" }],
    [{ a: null }, {}],
    [{ a: true }, { a: "t" }],
    [{ a: true }, { a: false }],
    [{ a: { b: 1 } }, { a: { c: 1 } }],
    [{ a: { b: { c: 1 } } }, { a: { b: 1, c: 1 } }],
    [{ a: { "": "" } }, { a: {} }],
    [{ a: "é" }, { a: "e\u0301" }],
    [{ a: "\u0000" }, { a: "" }],
    [{ a: "\ud800" }, { a: "\ud801" }],
    [{ a: "\ud800" }, { a: "\ufffd" }],
    [{ a: { "\ud800": 1 } }, { a: { "\udbff": 1 } }],
    [{ a: ["\ud83d", "\ude00"] }, { a: ["😀"] }],
  ];
  for (const [a, b] of other) assert.notEqual(bytesOf(a), bytesOf(b), JSON.stringify([a, b]));
});

test("identity and time are no content: a retry may carry another clock reading", () => {
  const content = { kind: "tool", usage: { seconds: 1 } };
  const retry = { ...content, id: "e1", run: "r1", source: "api", occurredAt: "2026-11-23T10:00Z" };
  assert.equal(contentOf(retry), contentOf(content));
});

test("a field that is absent is as one that was never known", () => {
  const fields = contentFields(["kind", "tool", "usage"]);
  const sent = { kind: "tool", usage: { seconds: 1 } };
  assert.equal(canonicalContent(sent, fields), contentOf(sent));
  assert.equal(canonicalContent({ ...sent, tool: undefined }, fields), contentOf(sent));
});

test("a number longer than any field takes is compared as written and never converted", () => {
  const digits = (count: number) => new NumberText(`1${"0".repeat(count - 2)}1`);
  const atLimit = digits(NUMBER_TEXT_MAX_CHARS - 2);
  const longer = new NumberText(`${atLimit.text}.0`);
  assert.equal(longer.text.length, NUMBER_TEXT_MAX_CHARS);
  assert.equal(contentOf({ n: atLimit }), contentOf({ n: longer }));
  const tooLong = new NumberText(`${atLimit.text}.00`);
  assert.notEqual(contentOf({ n: tooLong }), contentOf({ n: atLimit }));
  // Both took minutes once: trailing zeros by backtracking, and the exponent as an integer.
  for (const text of [digits(4_000_000).text, `1e${"9".repeat(4_000_000)}`]) {
    assert.equal(contentOf({ n: new NumberText(text) }), `n:#${text};`);
  }
});

test("the known texts of the form, so that a change of it raises the version", () => {
  const sent = {
    kind: "model",
    labels: { team: "é😀", plan: "" },
    attempt: 2,
    usage: { output_text: 20, seconds: new NumberText("1.50") },
    providerUsage: { list: [1, "a", null, true, false, { b: [] }] },
  };
  assert.equal(
    contentOf(sent),
    'attempt:#2;kind:5"modellabels:{4"plan0"4"team3"é😀}' +
      'providerUsage:{4"list[#1;1"antf{1"b[]}]}' +
      'usage:{11"output_text#20;7"seconds#15e-1;}',
  );
});
