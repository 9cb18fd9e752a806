import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchState } from "./batch-state.ts";
import { step } from "./engine-world.test.ts";
import { namedCustomers } from "./named-customers.ts";

test("a root gets its runs one by one, and no run moves more than a few times", (context) => {
  const events = Array.from({ length: 1_000 }, (_, at) =>
    step({ run: `r${at}`, parentRun: "root", customer: at === 0 ? "acme" : null }),
  );
  const added = context.mock.method(Set.prototype, "add");
  const customersOf = namedCustomers(new BatchState(0, 0), events);
  const moves = added.mock.callCount();
  added.mock.restore();
  assert.deepEqual([...customersOf("r999")], ["acme"]);
  assert.ok(moves < 4 * events.length, `${moves} moves`);
});
