/** Where a limit is raised, stages tell again: those of every balance, of the present window. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { HOUR_MS, newWorld, toolCall } from "../commit/engine-world.test.ts";
import { budget } from "../limits/holds-world.test.ts";

const HALF = [{ at: "50%", do: "notify" }];
const STEPS = { each: "customer", measure: "steps", enforcement: "soft", stages: HALF };

async function armedIn({ store }: Awaited<ReturnType<typeof newWorld>>) {
  const windows: string[] = [];
  for (let afterSeq = 0; ; ) {
    const of = { kind: "budget.stages_armed", afterSeq, limit: PAGE_MAX_ROWS } as const;
    const page = await store.acts("w", of);
    for (const { document } of page) {
      const { scope, window } = JSON.parse(document) as { scope: string; window: string };
      windows.push(`${scope} ${window}`);
    }
    if (page.length < PAGE_MAX_ROWS) return windows;
    afterSeq = page.at(-1)?.seq ?? 0;
  }
}

test("a raised limit arms the stages of all customers, more than a page of them", async () => {
  const world = await newWorld(null);
  await budget(world.engine, "steps", { ...STEPS, limit: "1", per: "lifetime" });
  const customers = Array.from({ length: PAGE_MAX_ROWS + 3 }, (_, at) => `c${at}`);
  const events = customers.map((one) => toolCall({ run: `r ${one}`, customer: one }));
  await world.send(...events);
  await budget(world.engine, "steps", { ...STEPS, limit: "10", per: "lifetime" });
  assert.equal(new Set(await armedIn(world)).size, customers.length);
});

test("a raised limit arms the present window, and none that went by", async () => {
  const world = await newWorld(null);
  await budget(world.engine, "steps", { ...STEPS, limit: "1", per: "hour" });
  for (const hour of [0, 1, 2]) {
    if (hour > 0) world.clock.now += HOUR_MS;
    await world.send(toolCall({ id: `s${hour}` }));
  }
  const who = { reason: "test", by: "test" };
  await world.engine.limits.setLimit("w", { budget: "steps", scope: "acme", limit: "10", ...who });
  assert.deepEqual(await armedIn(world), ["acme 2026-11-23T12:00+00:00"]);
});
