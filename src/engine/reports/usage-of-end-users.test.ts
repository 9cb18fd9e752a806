import assert from "node:assert/strict";
import { test } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import {
  money,
  newWorld,
  opened,
  outcome,
  step,
  toolCall,
  usage,
} from "../commit/engine-world.test.ts";
import { readUsage, type UsageDimension } from "./read-usage.ts";
import type { EndUserFilter } from "./usage-of-end-users.ts";

type Query = { readonly groupBy: readonly UsageDimension[]; readonly filter: EndUserFilter };

async function worldOfUsage() {
  const world = await newWorld();
  const reads = await world.engine.readsAt("w", null);
  const told = async (query: Query & { readonly max?: number }) => {
    const rows = await readUsage(reads, "w", query);
    return rows.map(({ group, steps, charge }) => [...Object.values(group), steps, money(charge)]);
  };
  return { ...world, told };
}

const BY_END_USER: Query = { groupBy: ["endUser"], filter: {} };

test("usage is told by whom runs work for, run fees and outcomes with it", async () => {
  const { send, told } = await worldOfUsage();
  await send(
    opened({ run: "r1", endUser: "mia" }),
    step({ run: "r1", id: "m" }),
    toolCall({ run: "r1", id: "t" }),
    outcome({ run: "r1" }),
    opened({ run: "r2", endUser: "leo" }),
    step({ run: "r2", id: "m", usage: usage({ output_text: 10 }) }),
    toolCall({ run: "r3", id: "t" }),
  );
  assert.deepEqual(await told(BY_END_USER), [
    ["mia", 2, "4.04"],
    ["leo", 1, "0.74"],
    ["", 1, "0.6"],
  ]);
  assert.deepEqual(await told({ groupBy: [], filter: { endUser: "mia" } }), [[2, "4.04"]]);
  assert.deepEqual(await told({ groupBy: [], filter: { endUser: "nobody" } }), []);
  const ofOther = { endUser: "mia", customer: "another" };
  assert.deepEqual(await told({ groupBy: [], filter: ofOther }), []);
});

test("an end user is nobody's payer: the customer's usage stays what it was", async () => {
  const { send, told } = await worldOfUsage();
  const byCustomer: Query = { groupBy: ["customer"], filter: {} };
  await send(toolCall({ run: "r1", id: "t" }));
  const before = await told(byCustomer);
  await send(opened({ run: "r1", endUser: "mia" }));
  assert.deepEqual(await told(byCustomer), before);
});

test("an opening that comes late takes along what came before; the earliest stands", async () => {
  const { send, told } = await worldOfUsage();
  await send(toolCall({ run: "r1", id: "t" }));
  assert.deepEqual(await told(BY_END_USER), [["", 1, "0.6"]]);
  const late = opened({ run: "r1", id: "second", endUser: "leo" });
  await send(late);
  assert.deepEqual(await told(BY_END_USER), [["leo", 1, "0.6"]]);
  const occurredAtMs = late.occurredAtMs - 1;
  await send(opened({ run: "r1", id: "first", endUser: "mia", occurredAtMs }));
  assert.deepEqual(await told(BY_END_USER), [["mia", 1, "0.6"]]);
});

test("a run below another works for whom its own opening names", async () => {
  const { send, told } = await worldOfUsage();
  await send(
    opened({ run: "r1", endUser: "mia" }),
    toolCall({ run: "r1", id: "t" }),
    opened({ run: "r2", parentRun: "r1" }),
    toolCall({ run: "r2", id: "t" }),
    opened({ run: "r3", parentRun: "r1", endUser: "mia" }),
    toolCall({ run: "r3", id: "t" }),
  );
  assert.deepEqual(await told(BY_END_USER), [
    ["mia", 2, "0.7"],
    ["", 1, "0.1"],
  ]);
});

test("a report reads so many runs and steps at most, of runs with end users alone", async () => {
  const { send, told } = await worldOfUsage();
  await send(
    opened({ run: "r1", endUser: "mia" }),
    toolCall({ run: "r1", id: "a" }),
    toolCall({ run: "r1", id: "b" }),
    ...["a", "b", "c", "d"].map((id) => toolCall({ run: "r2", id })),
  );
  assert.equal((await told({ ...BY_END_USER, max: 3 })).length, 2);
  await assert.rejects(told({ ...BY_END_USER, max: 2 }), (error) => {
    assert.ok(error instanceof TollgateError);
    assert.equal(error.code, "report.too_large");
    return true;
  });
});
