import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { AsyncContext, type WorkPlace } from "./async-context.ts";

// Only passed through.
const place = { run: {}, parentStep: "tool-1" } as unknown as WorkPlace;

test("the place of work follows it through asynchronous calls", async () => {
  const fromNode = { process: { getBuiltinModule: () => ({ AsyncLocalStorage }) } };
  for (const runtime of [globalThis, { AsyncLocalStorage }, fromNode]) {
    const context = new AsyncContext(runtime);
    const seen = await context.run(place, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return context.place;
    });
    assert.equal(seen, place);
    assert.equal(context.place, null);
  }
});

test("without AsyncLocalStorage work is done all the same", async () => {
  const refusing = {
    getBuiltinModule: () => {
      throw new TypeError("no such module");
    },
  };
  for (const runtime of [{}, { process: {} }, { process: refusing }]) {
    const context = new AsyncContext(runtime);
    assert.equal(
      context.run(place, () => 42),
      42,
    );
    assert.equal(context.place, null);
  }
});
