import assert from "node:assert/strict";
import { test } from "node:test";
import { csvOf, csvText } from "./csv.ts";

test("a cell is quoted where it must be, and no formula runs", () => {
  assert.equal(csvText("plain"), "plain");
  assert.equal(csvText('a "b", c'), '"a ""b"", c"');
  assert.equal(csvText("two\nlines"), '"two\nlines"');
  for (const start of ["=", "+", "-", "@", "＝", "＋", "－", "＠"])
    assert.equal(csvText(`${start}1`), `'${start}1`);
  assert.equal(csvText("\tx"), "'\tx");
  assert.equal(csvText("\n=1"), `"'\n=1"`);
});

test("rows end as RFC 4180 says", () => {
  assert.equal(csvOf([["a", "b"], ["1"]]), "a,b\r\n1\r\n");
});
