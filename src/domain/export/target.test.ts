import assert from "node:assert/strict";
import { test } from "node:test";
import { missingNames, theirName } from "./target.ts";

test("a name that is not listed is ours, or missing, as the target says", () => {
  const names = { acme: { id: "cus_1" } };
  assert.deepEqual(theirName({ names, others: "refuse" }, "acme"), { id: "cus_1" });
  assert.deepEqual(theirName({ names, others: "same" }, "globex"), { id: "globex" });
  assert.equal(theirName({ names, others: "refuse" }, "globex"), null);
  assert.equal(theirName({ names, others: "refuse" }, "constructor"), null);
});

test("missing names are told once each, by their place", () => {
  const target = {
    customers: { names: { acme: { id: "cus_1" } }, others: "refuse" },
    items: { names: {}, others: "refuse" },
  } as const;
  const used = [
    { customer: "globex", item: "tokens" },
    { customer: "acme", item: "tokens" },
    { customer: "globex", item: "searches" },
  ];
  assert.deepEqual(
    missingNames(target, used).map(({ place }) => place),
    ["customers.globex", "items.searches", "items.tokens"],
  );
});
