import assert from "node:assert/strict";
import { test } from "node:test";
import { strToU8, zipSync } from "fflate";
import { readZip } from "./zip.ts";

const LONG_TEXT = "a line that repeats\n".repeat(500);

test("stored and deflated entries are read in directory order", () => {
  const zip = zipSync({
    "b.json": [strToU8('{"é":1}'), { level: 0 }],
    "samples/a.json": [strToU8(LONG_TEXT), { level: 9 }],
  });
  assert.deepEqual(readZip(Buffer.from(zip)), [
    { name: "b.json", text: '{"é":1}' },
    { name: "samples/a.json", text: LONG_TEXT },
  ]);
});

test("what is no zip or was cut off gives nothing", () => {
  assert.deepEqual(readZip(Buffer.from("not a zip")), []);
  const zip = zipSync({ "a.json": strToU8(LONG_TEXT) });
  assert.deepEqual(readZip(Buffer.from(zip.subarray(0, 60))), []);
});

test("an entry with damaged content is left out", () => {
  const zip = Buffer.from(zipSync({ "a.json": strToU8(LONG_TEXT), "b.json": strToU8("{}") }));
  zip.fill(0xff, 36, 60);
  assert.deepEqual(
    readZip(zip).map(({ name }) => name),
    ["b.json"],
  );
});
