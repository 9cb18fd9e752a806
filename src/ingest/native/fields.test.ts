import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  BUCKETS_MAX_COUNT,
  ID_MAX_CHARS,
  LABELS_MAX_COUNT,
  NUMBER_TEXT_MAX_CHARS,
  OCCURRED_AT_MAX_MS,
  OCCURRED_AT_MIN_MS,
  QUANTITY_MAX_UNITS,
  TEXT_MAX_CHARS,
} from "../../domain/limits.ts";
import { ONE_UNIT } from "../../domain/money/decimal.ts";
import { ExactNumber, parseJsonExact } from "./exact-json.ts";
import {
  FieldRefused,
  readChoice,
  readFlag,
  readId,
  readInstant,
  readInteger,
  readLabels,
  readObject,
  readOptionalId,
  readRequiredId,
  readText,
  readUsage,
  refuseUnknown,
} from "./fields.ts";

/** The code and field of a refusal, or what was read. */
function outcomeOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FieldRefused)) throw error;
    const { code, detail, field = "" } = error.problem;
    assert.ok(detail.length + field.length < 300, "a problem does not send back what is huge");
    return `${code} ${field}`;
  }
}

const a = (count: number) => "a".repeat(count);
const NO_TEXTS = [0, 1, true, null, {}, [], ["a"], new ExactNumber("1.5")];

describe("an id", () => {
  test("is one of up to 200 characters, and none of them controls anything", () => {
    for (const id of ["a", " ", "e1", "é", "😀", '"', "\\", "\u0080", "~", a(ID_MAX_CHARS)]) {
      assert.equal(readId(id, "id"), id);
    }
    for (const id of ["", ...NO_TEXTS]) {
      assert.equal(
        outcomeOf(() => readId(id, "id")),
        "field.invalid id",
      );
    }
    for (const character of ["\u0000", "\n", "\t", "\u001f", "\u007f", "\ud800", "\udc00"]) {
      for (const id of [character, `a${character}`, `${character}é`, `é${character}`]) {
        assert.equal(
          outcomeOf(() => readId(id, "id")),
          "field.invalid id",
        );
      }
    }
    for (const id of [a(ID_MAX_CHARS + 1), "é".repeat(ID_MAX_CHARS + 1), "\n".repeat(1_000_000)]) {
      assert.equal(
        outcomeOf(() => readId(id, "id")),
        "field.out_of_range id",
      );
    }
  });

  test("that is absent is null, or missing where it is required", () => {
    for (const absent of [undefined, null]) {
      assert.equal(readOptionalId(absent, "agent"), null);
      assert.equal(
        outcomeOf(() => readRequiredId(absent, "id")),
        "field.missing id",
      );
    }
    assert.equal(readOptionalId("x", "agent"), "x");
    assert.equal(
      outcomeOf(() => readOptionalId("", "agent")),
      "field.invalid agent",
    );
  });
});

test("a text has up to 500 characters and may be empty or absent", () => {
  for (const text of ["", "a\nb", "\u0000", a(TEXT_MAX_CHARS)]) {
    assert.equal(readText(text, "reason"), text);
  }
  assert.equal(readText(undefined, "reason"), "");
  assert.equal(readText(null, "reason"), "");
  assert.equal(
    outcomeOf(() => readText(a(TEXT_MAX_CHARS + 1), "reason")),
    "field.out_of_range reason",
  );
  for (const text of [1, true, {}, [], "\ud800", new ExactNumber("1.5")]) {
    assert.equal(
      outcomeOf(() => readText(text, "reason")),
      "field.invalid reason",
    );
  }
});

test("a choice is one of its values, letter by letter", () => {
  const values = ["us", "customer"] as const;
  const flag = (value: unknown) => outcomeOf(() => readFlag(value, "final"));
  assert.deepEqual([true, false, undefined, null].map(flag), [true, false, false, false]);
  assert.deepEqual([1, "true", {}].map(flag), Array(3).fill("field.invalid final"));
  const read = (value: unknown) => outcomeOf(() => readChoice(value, "payer", { values }));
  assert.equal(read("customer"), "customer");
  assert.equal(readChoice(undefined, "payer", { values, otherwise: "us" }), "us");
  assert.equal(read(undefined), "field.missing payer");
  for (const other of [null, "", "Us", "us ", "toString", 0, ["us"], {}]) {
    assert.equal(read(other), "field.invalid payer");
  }
});

test("an instant lies in the years 2000 to 2199", () => {
  const read = (value: unknown) => outcomeOf(() => readInstant(value, "occurredAt"));
  assert.equal(read("2000-01-01T00:00:00Z"), OCCURRED_AT_MIN_MS);
  assert.equal(read("2199-12-31T23:59:59.999Z"), OCCURRED_AT_MAX_MS - 1);
  assert.equal(read("2000-01-01T01:00:00+01:00"), OCCURRED_AT_MIN_MS);
  for (const far of ["1999-12-31T23:59:59.999Z", "2200-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]) {
    assert.equal(read(far), "field.out_of_range occurredAt");
  }
  for (const none of ["", "2026-02-30T00:00:00Z", 1_763_892_000_000, {}, [], true]) {
    assert.equal(read(none), "field.invalid occurredAt");
  }
  for (const absent of [undefined, null]) assert.equal(read(absent), "field.missing occurredAt");
});

test("an integer is whole and within its bounds", () => {
  const bounds = { min: 1, max: 1000, otherwise: 1 };
  const read = (value: unknown) => outcomeOf(() => readInteger(value, "attempt", bounds));
  for (const attempt of [1, 2, 999, 1000]) assert.equal(read(attempt), attempt);
  assert.equal(read(undefined), 1);
  for (const attempt of [0, -1, 1001, Number.MAX_SAFE_INTEGER]) {
    assert.equal(read(attempt), "field.out_of_range attempt");
  }
  for (const other of [null, "1", 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, [1], {}]) {
    assert.equal(read(other), "field.invalid attempt");
  }
  for (const text of ["1.0", "1e0", "1.5", "9007199254740993"]) {
    assert.equal(read(new ExactNumber(text)), "field.invalid attempt");
  }
});

describe("usage", () => {
  const read = (value: unknown) => outcomeOf(() => readUsage(value, "usage"));
  const entriesOf = (value: unknown) => [...readUsage(value, "usage")];

  test("is quantities in the order of their names, without zeros", () => {
    const sent = { seconds: "1.5", output_text: 5, cache_read: 0, input_uncached: 7, pages: "0.0" };
    assert.deepEqual(entriesOf(sent), [
      ["input_uncached", 7n * ONE_UNIT],
      ["output_text", 5n * ONE_UNIT],
      ["seconds", 1_500_000_000n],
    ]);
    for (const none of [undefined, null, {}]) assert.deepEqual(entriesOf(none), []);
  });

  test("keeps every digit of a number, however it is written", () => {
    for (const [text, units] of [
      ["1.000000001", 1_000_000_001n],
      ["0.1", 100_000_000n],
      ["1e3", 1000n * ONE_UNIT],
      ["2.5e-7", 250n],
      ["1e-9", 1n],
      ["999999999999999.999999999", 10n ** 24n - 1n],
      ["-0", undefined],
    ] as const) {
      const asNumber = parseJsonExact(`{"seconds":${text}}`);
      const expected = units === undefined ? [] : [["seconds", units]];
      assert.deepEqual(entriesOf(asNumber), expected, text);
      assert.deepEqual(entriesOf({ seconds: text }), expected, `"${text}"`);
    }
  });

  test("is 0 to 10^15 units, as a number and as a text", () => {
    const most = Number(QUANTITY_MAX_UNITS);
    for (const value of [most - 1, most, `${most}`, new ExactNumber("1e15")]) {
      assert.ok(readUsage({ seconds: value }, "usage").has("seconds"));
    }
    for (const value of [
      ...[most + 1, -1, Number.MAX_SAFE_INTEGER, `${most}.000000001`, `${most + 1}`],
      ...["-1", "-0.000000001", new ExactNumber("1e16"), new ExactNumber("-1.5")],
    ]) {
      assert.equal(read({ seconds: value }), "field.out_of_range usage.seconds");
    }
  });

  test("has at most nine places and no other notation", () => {
    const longest = `1.${"0".repeat(NUMBER_TEXT_MAX_CHARS - 2)}`;
    assert.equal(longest.length, NUMBER_TEXT_MAX_CHARS);
    assert.deepEqual(entriesOf({ seconds: longest }), [["seconds", ONE_UNIT]]);
    for (const value of [
      ...["", " ", "1 ", "+1", "01", ".5", "1.", "1,5", "0x10", "1_000", "Infinity", "NaN", "１"],
      ...["1.0000000001", "1e-10", "1e999", "1e9999", `${longest}0`, "9".repeat(1_000_000)],
      ...[1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e300],
      ...[null, true, [], [1], {}, { text: "1" }],
      ...["1e-10", "1e999999999", `1${"0".repeat(1_000_000)}`].map((t) => new ExactNumber(t)),
    ]) {
      assert.equal(
        read({ seconds: value }),
        "field.invalid usage.seconds",
        String(value).slice(0, 9),
      );
    }
  });

  test("has names in lower snake case", () => {
    for (const name of ["a", "read_units", `a${"b".repeat(49)}`, "z9_"]) {
      assert.deepEqual(entriesOf({ [name]: 1 }), [[name, ONE_UNIT]]);
    }
    for (const name of [
      ...["", "A", "9a", "_a", "a-b", "a b", "é", `a${"b".repeat(50)}`, "x".repeat(1_000_000)],
      ...["constructor", "prototype", "toString", "a\u0000"],
    ]) {
      assert.equal(read({ [name]: 1 }), "field.invalid usage", name.slice(0, 20));
    }
    assert.equal(read(JSON.parse('{"__proto__":1}')), "field.invalid usage");
  });

  test("has at most 40 entries, which are counted before anything else", () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`unit_${n}`, 1]));
    for (const count of [BUCKETS_MAX_COUNT - 1, BUCKETS_MAX_COUNT]) {
      assert.equal(entriesOf(many(count)).length, count);
    }
    assert.equal(read(many(BUCKETS_MAX_COUNT + 1)), "field.out_of_range usage");
    assert.equal(read({ ...many(BUCKETS_MAX_COUNT), "?": 1 }), "field.out_of_range usage");
  });

  test("is an object", () => {
    for (const other of [0, 1, "", "a=1", true, [], [1], new ExactNumber("1.5")]) {
      assert.equal(read(other), "field.invalid usage");
    }
  });
});

describe("labels", () => {
  const read = (value: unknown) => outcomeOf(() => readLabels(value, "labels"));

  test("are texts in the order of their keys, or null", () => {
    assert.equal(read({ team: "x", "": "" }), "field.invalid labels");
    const sorted = readLabels({ team: "x", region: "eu", plan: "" }, "labels");
    assert.equal(JSON.stringify(sorted), '{"plan":"","region":"eu","team":"x"}');
    for (const none of [undefined, null, {}]) assert.equal(read(none), null);
  });

  test("are at most 20, with keys as ids and values of up to 500 characters", () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, "v"]));
    assert.deepEqual(read(many(LABELS_MAX_COUNT)), many(LABELS_MAX_COUNT));
    assert.equal(read(many(LABELS_MAX_COUNT + 1)), "field.out_of_range labels");
    assert.deepEqual(read({ a: a(TEXT_MAX_CHARS) }), { a: a(TEXT_MAX_CHARS) });
    assert.equal(read({ a: a(TEXT_MAX_CHARS + 1) }), "field.out_of_range labels.a");
    assert.deepEqual(read({ [a(ID_MAX_CHARS)]: "v" }), { [a(ID_MAX_CHARS)]: "v" });
    assert.equal(read({ [a(ID_MAX_CHARS + 1)]: "v" }), "field.out_of_range labels");
    for (const value of [1, true, {}, [], "\ud800"]) {
      assert.equal(read({ a: value }), "field.invalid labels.a");
    }
    for (const key of ["a\n", "constructor", "prototype", "\udc00"]) {
      assert.equal(read({ [key]: "v" }), "field.invalid labels");
    }
    assert.equal(read(JSON.parse('{"__proto__":"v"}')), "field.invalid labels");
    for (const other of [1, "a", true, [], new ExactNumber("1.5")]) {
      assert.equal(read(other), "field.invalid labels");
    }
  });
});

test("an object is neither a list nor a number nor null", () => {
  assert.deepEqual(readObject({ a: 1 }, "event"), { a: 1 });
  for (const other of [null, undefined, 1, "", true, [], new ExactNumber("1.5")]) {
    assert.equal(
      outcomeOf(() => readObject(other, "event")),
      "field.invalid event",
    );
  }
});

test("a field that a document does not know is refused by its path", () => {
  const known = new Set(["id"]);
  const read = (sent: object, path: string) =>
    outcomeOf(() => refuseUnknown(readObject(sent, "event"), known, path));
  assert.equal(read({ id: 1 }, ""), undefined);
  assert.equal(read({ id: 1, Id: 1 }, ""), "field.unknown Id");
  assert.equal(read({ run: 1 }, "target"), "field.unknown target.run");
  assert.equal(read(JSON.parse('{"__proto__":1}'), ""), "field.unknown __proto__");
  assert.match(String(read({ [a(1_000_000)]: 1 }, "target")), /^field.unknown target.a{50,60}…$/);
  assert.throws(
    () => refuseUnknown({ call_id: 1 }, new Set(["id", "callId"]), ""),
    ({ problem }) => problem.detail === 'There is no field "call_id". Is "callId" meant?',
  );
});
