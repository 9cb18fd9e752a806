import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EXPORT_WAIT_FIRST_MS, EXPORT_WAIT_MAX_MS } from "../limits.ts";
import { backoffMs } from "./backoff.ts";

const anyChance = fc.double({ min: 0, max: 0.999, noNaN: true });

test("a wait doubles, up to a bound, and half of it is by chance", () => {
  assert.equal(backoffMs(0, 0), EXPORT_WAIT_FIRST_MS / 2);
  assert.equal(backoffMs(1, 0), EXPORT_WAIT_FIRST_MS);
  fc.assert(
    fc.property(fc.nat(1_000_000), anyChance, (attempts, chance) => {
      const wait = backoffMs(attempts, chance);
      const full = Math.min(EXPORT_WAIT_MAX_MS, EXPORT_WAIT_FIRST_MS * 2 ** attempts);
      assert.ok(wait >= full / 2 - 1 && wait < full, `${wait} of ${full}`);
    }),
  );
  assert.equal(backoffMs(40, 0), EXPORT_WAIT_MAX_MS / 2);
});
