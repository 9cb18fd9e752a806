import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { exactJson } from "./exact-answer.ts";

describe("answers of NetSuite", () => {
  test("numbers are the text they were written in, and what is no object is an empty one", () => {
    assert.deepEqual(exactJson('{"a":1.50,"b":[1e2],"c":true}'), {
      a: "1.50",
      b: ["1e2"],
      c: true,
    });
    for (const text of ["", "[1]", "null", "7", "{", "<html>"])
      assert.deepEqual(exactJson(text), {});
  });

  test("a long answer that is cut off is an empty one, and leaves the process whole", () => {
    const module = JSON.stringify(new URL("exact-answer.ts", import.meta.url).href);
    const script = `
      const { exactJson } = await import(${module});
      const part = (_, at) => '{"f":"a","p":"' + at + '"}';
      const list = '{"m":"some","x":[' + Array.from({ length: 10 }, part) + "]}";
      const text = "[1.5," + Array.from({ length: 2000 }, () => list) + ',{"b":{"f":"abc';
      // A reviver breaks the heap where the text was gone through before.
      const goThrough = () => { for (let at = 0; at < text.length; at += 1) text.charCodeAt(at); };
      for (let round = 0; round < 8; round += 1) {
        goThrough();
        if (Object.keys(exactJson(text)).length > 0) throw new Error("read");
        gc();
      }`;
    const options = ["--expose-gc", "--input-type=module", "--eval", script];
    const { status, signal, stderr } = spawnSync(process.execPath, options, { encoding: "utf8" });
    assert.deepEqual([status, signal], [0, null], stderr.slice(0, 500));
  });
});
