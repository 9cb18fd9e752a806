import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Step } from "../../domain/event/step.ts";
import { StepRows } from "./step-rows.ts";

const word = fc.constantFrom("a", "b", "ab");
/** Of one run there may be more than are looked through. */
const id = fc.nat({ max: 40 }).map(String);
const command = fc.record({ isLoaded: fc.boolean(), run: word, source: word, id });

const textOf = ({ run, source, id: own }: Pick<Step, "run" | "source" | "id">): string =>
  JSON.stringify([run, source, own]);

test("steps are found by identity, and told changed in the order of their last change", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const rows = new StepRows();
      const now = new Map<string, Step>();
      const stored = new Map<string, Step>();
      const changed = new Map<string, Step>();
      for (const [seq, { isLoaded, ...key }] of commands.entries()) {
        const step = { ...key, seq } as unknown as Step;
        const text = textOf(step);
        assert.equal(rows.get(step), now.get(text));
        if (isLoaded) {
          rows.load(step);
          if (now.has(text)) continue;
          stored.set(text, step);
        } else {
          rows.set(step);
          changed.delete(text);
          changed.set(text, step);
        }
        now.set(text, step);
      }
      assert.deepEqual(new Set(rows.values()), new Set(now.values()));
      assert.deepEqual(rows.changed(), [...changed.values()]);
      const changes = [...changed.values()].map((after) => ({
        before: stored.get(textOf(after)),
        after,
      }));
      assert.deepEqual([...rows.changes()], changes);
    }),
  );
});
