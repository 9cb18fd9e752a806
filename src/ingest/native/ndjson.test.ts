import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { TollgateError } from "../../domain/errors.ts";
import { EVENTS_PER_REQUEST_MAX_COUNT } from "../../domain/limits.ts";
import { ExactNumber } from "./exact-json.ts";
import { parseNdjsonExact } from "./ndjson.ts";

describe("newline-delimited JSON", () => {
  test("each line is a value, with its line number and all its digits", () => {
    assert.deepEqual(parseNdjsonExact('{"n":1}\n{"n":1.5}\r\n\n  \n[]'), [
      { line: 1, value: { n: 1 } },
      { line: 2, value: { n: new ExactNumber("1.5") } },
      { line: 5, value: [] },
    ]);
  });

  test("a text without a value has no lines", () => {
    for (const text of ["", "\n", "\r\n\r\n", "  "]) assert.deepEqual(parseNdjsonExact(text), []);
  });

  test("a bad line never spoils the others", () => {
    const [first, second, third] = parseNdjsonExact('{"n":1}\n{"n":\n{"n":3}\n');
    assert.deepEqual(first, { line: 1, value: { n: 1 } });
    assert.ok(second && "error" in second && second.line === 2);
    assert.equal(second.error.code, "request.malformed");
    assert.deepEqual(third, { line: 3, value: { n: 3 } });
  });

  test("values written line by line are read back, whatever stands between them", () => {
    const line = fc.oneof(fc.json({ maxDepth: 3 }), fc.constantFrom("", " ", "{", "}{"));
    fc.assert(
      fc.property(fc.array(line), (texts) => {
        const read = parseNdjsonExact(texts.join("\n"), { maxDepth: 50 });
        const kept = texts.flatMap((text, index) => (text.trim() === "" ? [] : [index + 1]));
        assert.deepEqual(
          read.map((entry) => entry.line),
          kept,
        );
        for (const entry of read) {
          assert.equal("error" in entry, ["{", "}{"].includes(texts[entry.line - 1] ?? ""));
        }
      }),
    );
  });

  test("one line more than the limit is refused whole", () => {
    const lines = (count: number) => "1\n".repeat(count);
    const most = parseNdjsonExact(lines(EVENTS_PER_REQUEST_MAX_COUNT));
    assert.equal(most.length, EVENTS_PER_REQUEST_MAX_COUNT);
    assert.throws(
      () => parseNdjsonExact(lines(EVENTS_PER_REQUEST_MAX_COUNT + 1)),
      (error: unknown) => error instanceof TollgateError && error.code === "request.too_large",
    );
  });
});
