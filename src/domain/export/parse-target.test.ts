import assert from "node:assert/strict";
import { test } from "node:test";
import { TARGET_NAME_FIELDS_MAX_COUNT, TARGET_NAMES_MAX_COUNT } from "../limits.ts";
import { parseTarget } from "./parse-target.ts";

const DOCUMENT = {
  ...{ connector: "webhook", account: "live", mode: "usage", window: "day", since: "2026-11-01" },
};

function problemsOf(document: unknown): string[] {
  const parsed = parseTarget(document, "erp");
  return "problems" in parsed ? parsed.problems.map(({ code, field }) => `${code} ${field}`) : [];
}

test("a target is read with its defaults", () => {
  const parsed = parseTarget({ ...DOCUMENT, customers: { names: { acme: "cus_1" } } }, "erp");
  assert.ok("target" in parsed);
  assert.deepEqual(parsed.target, {
    ...{ id: "erp", ...DOCUMENT, timeZone: "UTC" },
    // Who lists names wants to be told of those that are missing.
    customers: { names: { acme: { id: "cus_1" } }, others: "refuse" },
    items: { names: {}, others: "same" },
    settings: {},
  });
});

test("everything that is wrong is told at once", () => {
  const places = problemsOf({
    ...{ ...DOCUMENT, mode: "rate", timeZone: "Mars/Olympus", since: "2026-02-30", colour: "red" },
    customers: { names: { acme: { subscription: "s" } }, others: "maybe" },
    settings: { url: 7 },
  }).map((text) => text.split(" ")[1]);
  assert.deepEqual(places.sort(), [
    ...["colour", "customers.names.acme.id", "customers.others", "mode", "settings.url"],
    ...["since", "timeZone"],
  ]);
});

test("amounts are sent by the period, because they are known when it is closed", () => {
  assert.deepEqual(problemsOf({ ...DOCUMENT, mode: "rated" }), ["target.invalid window"]);
  assert.deepEqual(problemsOf({ ...DOCUMENT, mode: "rated", window: "period" }), []);
});

test("a mapping has so many names and no more", () => {
  const named = (count: number) => {
    const names = Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, "x"]));
    return problemsOf({ ...DOCUMENT, customers: { names } });
  };
  assert.deepEqual(named(TARGET_NAMES_MAX_COUNT), []);
  assert.equal(named(TARGET_NAMES_MAX_COUNT + 1).length, 1);
});

test("a name has so many fields and no more", () => {
  const fields = (count: number) => {
    const more = Array.from({ length: count - 1 }, (_, at) => [`charge.${at}`, "C-1"]);
    const acme = { id: "A1", ...Object.fromEntries(more) };
    return problemsOf({ ...DOCUMENT, customers: { names: { acme } } });
  };
  assert.deepEqual(fields(TARGET_NAME_FIELDS_MAX_COUNT), []);
  assert.notDeepEqual(fields(TARGET_NAME_FIELDS_MAX_COUNT + 1), []);
});
