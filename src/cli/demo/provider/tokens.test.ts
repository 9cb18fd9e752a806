import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AutomaticCache, MarkedCache, type PromptBlock, tokensOf } from "./tokens.ts";

const LONG = "x".repeat(4 * 1024);

test("a token is four bytes, rounded up", () => {
  assert.equal(tokensOf(""), 0);
  assert.equal(tokensOf("abcd"), 1);
  assert.equal(tokensOf("abcde"), 2);
  assert.equal(tokensOf("ééé"), 2);
});

test("the second prompt of a conversation reads its shared beginning in whole steps", () => {
  const cache = new AutomaticCache();
  assert.equal(cache.read("a", LONG), 0);
  assert.equal(cache.read("a", `${LONG}${"y".repeat(400)}`), 1024);
  assert.equal(cache.read("a", `${LONG}${"y".repeat(800)}`), 1024);
  assert.equal(cache.read("a", `${LONG}${"y".repeat(900)}`), 1152);
});

test("nothing is cached below the least size, or from another conversation", () => {
  const cache = new AutomaticCache();
  cache.read("a", LONG.slice(4));
  assert.equal(cache.read("a", LONG.slice(4)), 0);
  cache.read("a", LONG);
  assert.equal(cache.read("b", LONG), 0);
});

const block = (text: string, marked: PromptBlock["marked"] = null) => ({ text, marked });

test("a marked beginning is written once, with its lifetime, and read afterwards", () => {
  const cache = new MarkedCache();
  const handbook = block(LONG, "1h");
  const question = block("q".repeat(40));
  assert.deepEqual(cache.read("a", [handbook, question]), {
    uncached: 10,
    read: 0,
    written: { "5m": 0, "1h": 1024 },
  });
  assert.deepEqual(cache.read("a", [handbook, question, block("r".repeat(80), "5m")]), {
    uncached: 0,
    read: 1024,
    written: { "5m": 30, "1h": 0 },
  });
  assert.equal(cache.read("b", [handbook]).read, 0);
});

test("a marked beginning below the least size is not cached", () => {
  const cache = new MarkedCache();
  const { uncached, written } = cache.read("a", [block("short", "5m")]);
  assert.deepEqual([uncached, written], [2, { "5m": 0, "1h": 0 }]);
});

test("read, written and uncached tokens are always the whole prompt", () => {
  const marks = fc.constantFrom(null, "5m" as const, "1h" as const);
  const blocks = fc.array(
    fc.record({ text: fc.constantFrom("a", LONG, "bb".repeat(99)), marked: marks }),
  );
  fc.assert(
    fc.property(fc.array(blocks, { maxLength: 4 }), (prompts) => {
      const cache = new MarkedCache();
      for (const prompt of prompts) {
        const { uncached, read, written } = cache.read("a", prompt);
        const whole = prompt.reduce((sum, { text }) => sum + tokensOf(text), 0);
        assert.equal(uncached + read + written["5m"] + written["1h"], whole);
        assert.ok([uncached, read, written["5m"], written["1h"]].every((part) => part >= 0));
      }
    }),
  );
});
