import assert from "node:assert/strict";
import { test } from "node:test";
import { repeatedFailures } from "./repeated-failures.ts";

function logAt() {
  const told: object[] = [];
  const clock = { ms: 1_000 };
  const log = repeatedFailures({ error: (entry) => told.push(entry) }, () => clock.ms);
  return { told, clock, log };
}

test("what fails every second is told once a minute, with how often it failed", () => {
  const { told, clock, log } = logAt();
  const [send, lease] = ["alerts could not be sent", "failed to take a lease"].map((what) => {
    return { what, error: "refused" };
  }) as [object, object];
  for (let second = 0; second < 150; second += 1) {
    log.error(send);
    if (second === 30) log.error(lease);
    clock.ms += 1_000;
  }
  assert.deepEqual(told, [send, lease, { ...send, times: 60 }, { ...send, times: 60 }]);
});

test("another error of the same work is told at once", () => {
  const { told, log } = logAt();
  const errors = ["refused", "refused", "starting up", "refused", "starting up"];
  for (const error of errors) log.error({ what: "failed to watch credit", error });
  assert.deepEqual(
    told.map((entry) => (entry as { error: string }).error),
    ["refused", "starting up"],
  );
});

test("errors that differ each time are told each time, and not remembered without end", () => {
  const { told, log } = logAt();
  for (let port = 0; port < 1_000; port += 1) log.error({ what: "w", error: `port ${port}` });
  assert.equal(told.length, 1_000);
  // The last ones are still remembered.
  log.error({ what: "w", error: "port 999" });
  assert.equal(told.length, 1_000);
  log.error({ what: "w", error: "port 5" });
  assert.equal(told.length, 1_001);
});
