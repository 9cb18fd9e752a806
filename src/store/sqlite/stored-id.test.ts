import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeId, encodeId, IdReader } from "./stored-id.ts";

const uuid = fc.uuid();
const others = fc.oneof(
  fc.string({ minLength: 1, maxLength: 60 }),
  uuid.map((id) => id.toUpperCase()),
  fc.tuple(uuid, fc.nat(35), fc.constantFrom("g", "-", "A", "/", ":")).map(([id, at, other]) => {
    return `${id.slice(0, at)}${other}${id.slice(at + 1)}`;
  }),
);

test("an id comes back as it was, and a UUID in lower case takes 16 bytes", () => {
  fc.assert(
    fc.property(fc.oneof(uuid, others), (id) => {
      assert.equal(decodeId(encodeId(id)), id);
    }),
  );
  fc.assert(fc.property(uuid, (id) => assert.equal(encodeId(id).length, 16)));
});

test("an id that is read inside a text is stored as it would be alone, one after the other", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.oneof(uuid, others), fc.string())), (all) => {
      const reader = new IdReader();
      for (const [id, around] of all) {
        const text = `${around}${id}${around}`;
        const stored = reader.read(text, around.length, around.length + id.length);
        assert.deepEqual(stored, encodeId(id));
      }
    }),
  );
});
