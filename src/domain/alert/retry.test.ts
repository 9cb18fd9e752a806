import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RETRY_WAITS_MS, retryWaitMs } from "./retry.ts";

test("a message is sent ten times over about three days", () => {
  assert.equal(RETRY_WAITS_MS.length + 1, 10);
  const hours = RETRY_WAITS_MS.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
  assert.ok(hours > 72 && hours < 80, `${hours} hours`);
  assert.equal(retryWaitMs(10, 0.5), null);
  assert.equal(retryWaitMs(1, 0.5), 5_000);
});

test("chance moves a wait by a fifth at most, and a receiver puts it off by a day at most", () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), chance, fc.nat(200_000_000), (n, by, asked) => {
      const wait = RETRY_WAITS_MS[n - 1] ?? 0;
      const varied = retryWaitMs(n, by) ?? -1;
      assert.ok(varied >= 0.8 * wait - 1 && varied <= 1.2 * wait + 1);
      const put = retryWaitMs(n, by, asked) ?? -1;
      assert.equal(put, Math.max(varied, Math.min(asked, 86_400_000)));
    }),
  );
});
