import assert from "node:assert/strict";
import { test } from "node:test";
import { readRoute, type SentRoute, takes } from "./route.ts";

const HOOK = { channel: "webhook", url: "https://example.com/hook" } as const;
const read = (more: Partial<SentRoute> = {}) => readRoute("ops", { ...HOOK, ...more });
const many = (count: number) => Array.from({ length: count }, (_, n) => `c${n}`);

test("a route takes the types, teams and customers that it names, or all", () => {
  const alert = { type: "budget.pause", customer: "acme" } as const;
  const takesIt = (more: Partial<SentRoute>) => takes(read(more).route, alert);
  assert.ok(takesIt({}));
  assert.ok(takesIt({ types: ["budget.*"] }));
  assert.ok(takesIt({ types: ["run.paused", "budget.pause"] }));
  assert.ok(!takesIt({ types: ["budget.block"] }));
  assert.ok(takesIt({ teams: ["engineering"], customers: ["acme"] }));
  assert.ok(!takesIt({ teams: ["sales"] }));
  assert.ok(!takesIt({ customers: ["beta"] }));
  assert.ok(!takes(read({ customers: ["acme"] }).route, { ...alert, customer: null }));
});

test("a route that could not send is refused, by the field", () => {
  const refused: readonly [Partial<SentRoute>, string, string][] = [
    [{ url: "" }, "field.missing", "url"],
    [{ url: `https://e/${"a".repeat(2_000)}` }, "field.out_of_range", "url"],
    [{ addresses: ["a@b.c"] }, "field.invalid", "addresses"],
    [{ channel: "email" }, "field.invalid", "url"],
    [{ channel: "email", url: "" }, "field.missing", "addresses"],
    [{ channel: "email", url: "", addresses: ["a@b.c\r\nbcc: x@y"] }, "field.invalid", "addresses"],
    [{ channel: "email", url: "", addresses: ["a@b, c@d"] }, "field.invalid", "addresses"],
    [{ types: ["budget"] }, "field.invalid", "types"],
    [{ types: ["nothing.*"] }, "field.invalid", "types"],
    [{ teams: ["legal"] }, "field.invalid", "teams"],
    [{ customers: ["acme", "glob*"] }, "field.invalid", "customers"],
    [{ perMinute: 0 }, "field.out_of_range", "perMinute"],
    [{ perMinute: 601 }, "field.out_of_range", "perMinute"],
    [{ customers: many(101) }, "field.out_of_range", "customers"],
  ];
  for (const [sent, code, field] of refused) assert.throws(() => read(sent), { code, field });
  assert.equal(read({ perMinute: 600, customers: many(100) }).route.perMinute, 600);
  const mail = { channel: "email", url: "" } as const;
  const to = (count: number) => many(count).map((name) => `${name}@example.com`);
  assert.equal(read({ ...mail, addresses: to(20) }).target.addresses.length, 20);
  assert.throws(() => read({ ...mail, addresses: to(21) }), { code: "field.out_of_range" });
});
