import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TollgateError } from "../../domain/errors.ts";
import { JSON_MAX_DEPTH } from "../../domain/limits.ts";
import { ExactNumber, parseJsonExact } from "./exact-json.ts";

const digits = (min: number, max: number) =>
  fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`));
const whole = fc.oneof(fc.constant("0"), fc.stringMatching(/^[1-9][0-9]{0,24}$/));
const fraction = fc.option(digits(1, 20), { nil: "" });
const exponent = fc.option(fc.stringMatching(/^[eE][+-]?[0-9]{1,4}$/), { nil: "" });

/** Every form of number that JSON has. */
const numberToken = fc
  .tuple(fc.constantFrom("", "-"), whole, fraction, exponent)
  .map(([sign, int, decimals, power]) => sign + int + (decimals && `.${decimals}`) + power);

/** Writes what was parsed with the digits it has: the inverse of parseJsonExact. */
function write(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([key, field]) => `"${key}":${write(field)}`);
    return `{${fields.join(",")}}`;
  }
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}

const nested = (containers: number) => "[".repeat(containers) + "]".repeat(containers);

const refusal = (code: string) => (error: unknown) =>
  error instanceof TollgateError && error.code === code;

describe("exact JSON", () => {
  test("no number loses a digit, wherever it stands", () => {
    const document = fc.array(numberToken, { maxLength: 8 }).map((tokens) => {
      const fields = tokens.map((token, index) => `"k${index}":${token}`);
      return `{"list":[${tokens.join(",")}],"fields":{${fields.join(",")}}}`;
    });
    fc.assert(
      fc.property(document, (text) => {
        assert.equal(write(parseJsonExact(text)), text);
      }),
    );
  });

  test("a number is a JavaScript number only where that is a safe integer", () => {
    fc.assert(
      fc.property(numberToken, (token) => {
        const value = parseJsonExact(token);
        if (value instanceof ExactNumber) assert.equal(value.text, token);
        else assert.ok(Number.isSafeInteger(value) && /^-?[0-9]+$/.test(token));
      }),
    );
  });

  test("a document is read as the plain parser reads it, numbers apart", () => {
    const plain = (_key: string, value: unknown) =>
      value instanceof ExactNumber ? Number(value.text) : value;
    fc.assert(
      fc.property(fc.json(), (text) => {
        const read = parseJsonExact(text, { maxDepth: 100 });
        assert.equal(JSON.stringify(read, plain), JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test("the edge of the safe integers is where exact numbers begin", () => {
    const [safe, unsafe] = parseJsonExact("[9007199254740991,9007199254740992]") as unknown[];
    assert.equal(safe, 9007199254740991);
    assert.deepEqual(unsafe, new ExactNumber("9007199254740992"));
    assert.equal(parseJsonExact("-9007199254740991"), -9007199254740991);
    assert.deepEqual(parseJsonExact("-9007199254740992"), new ExactNumber("-9007199254740992"));
  });

  test("a million digits stay text, so that nothing converts them unasked", () => {
    const token = "7".repeat(1_000_000);
    assert.deepEqual(parseJsonExact(`{"n":${token}}`), { n: new ExactNumber(token) });
    assert.deepEqual(parseJsonExact("1e400"), new ExactNumber("1e400"));
  });

  test("numbers inside strings are strings", () => {
    const value = { at: "2026-11-23T10:00:59.123Z", text: 'a "quoted, 1.5" \\', id: "12e3" };
    assert.deepEqual(parseJsonExact(JSON.stringify([value, 1.5])), [value, new ExactNumber("1.5")]);
    assert.deepEqual(parseJsonExact(JSON.stringify(value)), value);
  });

  test("of two equal keys the last one stands", () => {
    assert.deepEqual(parseJsonExact('{"n":1.5,"n":2}'), { n: 2 });
    assert.deepEqual(parseJsonExact('{"n":2,"n":1.5}'), { n: new ExactNumber("1.5") });
    assert.deepEqual(parseJsonExact('{"n":[1.5],"n":[2.5]}'), { n: [new ExactNumber("2.5")] });
  });

  test("a key named __proto__ is only a key", () => {
    const value = parseJsonExact('{"__proto__":{"polluted":1.5}}') as Record<string, unknown>;
    assert.ok(Object.hasOwn(value, "__proto__"));
    assert.equal(value.polluted, undefined);
  });

  test("nesting is refused one level above the limit, whichever way is taken", () => {
    assert.doesNotThrow(() => parseJsonExact(nested(JSON_MAX_DEPTH + 4)));
    assert.throws(() => parseJsonExact(nested(JSON_MAX_DEPTH + 5)), refusal("request.malformed"));
    const odd = (depth: number) => `[1.5,${nested(depth - 1)}]`;
    assert.doesNotThrow(() => parseJsonExact(odd(3), { maxDepth: 3 }));
    assert.throws(() => parseJsonExact(odd(4), { maxDepth: 3 }), refusal("request.malformed"));
    assert.throws(() => parseJsonExact("[".repeat(4_000_000)), refusal("request.malformed"));
  });

  test("brackets side by side or inside strings are not nesting", () => {
    assert.doesNotThrow(() => parseJsonExact("[[],[],[],[]]", { maxDepth: 2 }));
    assert.doesNotThrow(() => parseJsonExact('["[[[\\"[[["]', { maxDepth: 1 }));
  });

  test("a text that is not JSON is malformed, never another error", () => {
    const broken = ["", "{", '"', '"\\', "1.", "01", "1.5.2", "[1,]", "nul", "1e", "\u0000", "]"];
    for (const text of broken) {
      assert.throws(() => parseJsonExact(text), refusal("request.malformed"), text);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseJsonExact(text);
        } catch (error) {
          assert.ok(error instanceof TollgateError);
        }
      }),
    );
  });

  test("a long text that is cut off is refused, and leaves the process whole", () => {
    const module = JSON.stringify(new URL("exact-json.ts", import.meta.url).href);
    const script = `
      const { parseJsonExact } = await import(${module});
      const part = (_, at) => '{"f":"a","p":"' + at + '"}';
      const list = '{"m":"some","x":[' + Array.from({ length: 10 }, part) + "]}";
      const text = "[1.5," + Array.from({ length: 2000 }, () => list) + ',{"b":{"f":"abc';
      for (let round = 0; round < 8; round += 1) {
        try { parseJsonExact(text); } catch {}
        gc();
      }`;
    const options = ["--expose-gc", "--input-type=module", "--eval", script];
    const { status, signal, stderr } = spawnSync(process.execPath, options, { encoding: "utf8" });
    assert.deepEqual([status, signal], [0, null], stderr.slice(0, 500));
  });
});
