import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteNames, NO_ENTRY } from "./byte-names.ts";
import { hashOf } from "./plain-bytes.ts";

const bytes = (text: string) => Buffer.from(text);
const find = (names: ByteNames, text: string, hash = hashOf(bytes(text))) =>
  names.find({ bytes: bytes(`<${text}>`), hash }, 1, 1 + text.length);

describe("a dictionary by bytes", () => {
  test("numbers texts in the order in which they came, and finds them", () => {
    const names = new ByteNames(1_000);
    const texts = Array.from({ length: 1_000 }, (_, at) => `name ${at} ${"x".repeat(at % 60)}`);
    const added = texts.map((text) => names.add(bytes(text), hashOf(bytes(text))));
    const inOrder = texts.map((_, at) => at);
    assert.deepEqual(added, inOrder);
    assert.deepEqual(
      texts.map((text) => find(names, text)),
      inOrder,
    );
    assert.equal(find(names, "another"), NO_ENTRY);
    assert.equal(names.add(bytes("one too many"), 7), NO_ENTRY);
  });

  test("gives up a place that too many share, and tells equal hashes apart", () => {
    const names = new ByteNames(100);
    const added = Array.from({ length: 40 }, (_, at) => names.add(bytes(`t${at}`), 5));
    const kept = added.filter((entry) => entry !== NO_ENTRY);
    assert.ok(kept.length >= 8 && kept.length < 40, `${kept.length} of 40 were kept`);
    assert.equal(find(names, "t1", 5), 1);
    assert.equal(find(names, "t39", 5), NO_ENTRY);
    names.clear();
    assert.equal(find(names, "t1", 5), NO_ENTRY);
    assert.equal(names.add(bytes("t2"), 5), 0);
    assert.equal(find(names, "t2", 5), 0);
  });
});
