/** What a unit of work puts on a balance and takes off it again reaches no stage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newWorld, opened, step, voided } from "../commit/engine-world.test.ts";
import { budget } from "./holds-world.test.ts";

const THREE = { each: "customer", limit: "3", per: "lifetime" };
const ALL = { type: null, customer: null, beforeSeq: null, limit: 9 };

async function worldOf(measure: string) {
  const { engine, send } = await newWorld();
  await budget(engine, "three", { ...THREE, measure });
  const told = async () => {
    const { alerts } = await engine.alerts.list("w", ALL);
    return alerts.flatMap(({ type, summary }) => (type === "budget.block" ? summary : []));
  };
  return { send, told };
}

const below = (run: string, parentRun: string) =>
  opened({ run, id: `open ${run}`, customer: "acme", parentRun });

test("a root that comes below another one is a run less before it is one more", async () => {
  const { send, told } = await worldOf("runs");
  await send(below("a1", "a"), below("b1", "b"));
  // Two roots are left: b, which was one, is now below c.
  await send(below("b", "c"));
  assert.deepEqual(await told(), []);
  await send(below("d1", "d"));
  assert.deepEqual(await told(), [
    'Work is stopped: budget "three" for "acme" stands at 3 of 3 runs',
  ]);
});

test("a step that is taken out by the unit that counted it reaches nothing", async () => {
  const { send, told } = await worldOf("steps");
  const call = (id: string) => step({ id, customer: "acme" });
  await send(call("1"), call("2"), call("3"), voided({ target: { source: "sdk", id: "3" } }));
  assert.deepEqual(await told(), []);
  await send(call("4"));
  assert.equal((await told()).length, 1);
});
