import assert from "node:assert/strict";
import { test } from "node:test";
import { allPages } from "./all-pages.ts";

test("a list is read page by page to its end, by the cursor that each page gives", async () => {
  const asked: string[] = [];
  const pages = [
    { things: ["a", "b"], next: "b&c" },
    { things: [], next: 7 },
    { things: ["c"], next: null },
  ];
  const session = {
    get: async <T>(path: string): Promise<T> => {
      asked.push(path);
      return pages[asked.length - 1] as T;
    },
  };
  const list = { path: "/v1/things", query: { customer: "acme" }, field: "things" };
  assert.deepEqual(await allPages(session, list), ["a", "b", "c"]);
  assert.deepEqual(asked, [
    "/v1/things?customer=acme&limit=1000",
    "/v1/things?customer=acme&limit=1000&cursor=b%26c",
    "/v1/things?customer=acme&limit=1000&cursor=7",
  ]);
});
