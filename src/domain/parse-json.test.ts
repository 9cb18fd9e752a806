import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseJsonRevived, parseJsonWithSources } from "./parse-json.ts";

describe("JSON with a reviver", () => {
  test("is revived as the parser does it, from the inside to the outside", () => {
    const revive = (key: string, value: unknown): unknown => {
      if (typeof value === "string") return `${key}:${value}`;
      if (typeof value === "number") return [key, value];
      return Array.isArray(value) ? { [key]: value.length, of: value } : value;
    };
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.deepEqual(parseJsonRevived(text, revive), JSON.parse(text, revive));
      }),
    );
  });

  test("keys that objects of JavaScript have are keys as any other", () => {
    const text = '{"__proto__":{"constructor":"a"},"toString":"b"}';
    const read = parseJsonRevived(text, (_key, value) => (value === "a" ? 1n : value));
    assert.deepEqual(Object.keys(read as object), ["__proto__", "toString"]);
    assert.equal(Object.getPrototypeOf(read), Object.prototype);
    const inner = Object.getOwnPropertyDescriptor(read, "__proto__")?.value;
    assert.deepEqual(Object.entries(inner), [["constructor", 1n]]);
    const other = parseJsonRevived('{"__proto__":"a"}', () => "x");
    assert.equal(other, "x");
    const own = parseJsonRevived('{"__proto__":"a"}', (key, value) => (key === "" ? value : "b"));
    assert.deepEqual(Object.entries(own as object), [["__proto__", "b"]]);
  });

  test("numbers are told as they were written", () => {
    const read = parseJsonWithSources('[1.50,1e2,"3.0",true]', (_key, value, { source }) =>
      typeof value === "number" ? source : value,
    );
    assert.deepEqual(read, ["1.50", "1e2", "3.0", true]);
  });

  for (const name of ["parseJsonRevived", "parseJsonWithSources"]) {
    test(`${name}: a long text that is cut off is refused, and leaves the process whole`, () => {
      const module = JSON.stringify(new URL("parse-json.ts", import.meta.url).href);
      const script = `
        const { ${name}: parse } = await import(${module});
        const part = (_, at) => '{"f":"a","p":"' + at + '"}';
        const list = '{"m":"some","x":[' + Array.from({ length: 10 }, part) + "]}";
        const text = "[1.5," + Array.from({ length: 2000 }, () => list) + ',{"b":{"f":"abc';
        // A reviver breaks the heap where the text was gone through before.
        const goThrough = () => { for (let i = 0; i < text.length; i += 1) text.charCodeAt(i); };
        for (let round = 0; round < 8; round += 1) {
          goThrough();
          try { parse(text, (_key, value) => value); } catch {}
          gc();
        }`;
      const options = ["--expose-gc", "--input-type=module", "--eval", script];
      const { status, signal, stderr } = spawnSync(process.execPath, options, { encoding: "utf8" });
      assert.deepEqual([status, signal], [0, null], stderr.slice(0, 500));
    });
  }
});
