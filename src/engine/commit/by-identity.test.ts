import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByIdentity } from "./by-identity.ts";

const word = fc.constantFrom("a", "b", "ab");
const row = fc.record({ run: word, source: word, id: word, value: fc.nat() });
const command = fc.record({ isDeleted: fc.boolean(), row });

test("rows are found by run, source and id, as by a joined key", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const rows = new ByIdentity<{ run: string; source: string; id: string; value: number }>();
      const model = new Map<string, object>();
      for (const { isDeleted, row: one } of commands) {
        const key = JSON.stringify([one.run, one.source, one.id]);
        const former = isDeleted ? rows.delete(one) : rows.set(one);
        assert.equal(former, model.get(key));
        if (isDeleted) model.delete(key);
        else model.set(key, one);
        assert.equal(rows.get(one), model.get(key));
        assert.equal(rows.size, model.size);
        assert.deepEqual(new Set(rows.values()), new Set(model.values()));
      }
    }),
  );
});
