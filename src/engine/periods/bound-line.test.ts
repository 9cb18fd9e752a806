import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { present } from "../../domain/assert.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import {
  cardOf,
  closed,
  each,
  money,
  newWorld,
  opened,
  STEPS,
  toolCall,
  voided,
  type World,
} from "../commit/engine-world.test.ts";

/** Each call is 1; a run is at most 2.5 and at least 1.5. */
const BOUNDED = cardOf({ calls: [STEPS, each("1")] }, "card", { runCap: "2.5", runMinimum: "1.5" });

const lineOf = ({ document }: StatementRecord, kind: string): number => {
  const { lines } = JSON.parse(document) as { readonly lines: readonly { kind: string }[] };
  return lines.findIndex((line) => line.kind === kind) + 1;
};

type Bound = readonly [kind: "run_cap" | "run_minimum", limit?: number];

/** What is behind the bound of a statement, in pages of this many: "run amount", "*" if changed. */
async function behind(world: World, statement: StatementRecord, [kind, limit = 1]: Bound) {
  const told: string[] = [];
  for (let cursor: Parameters<World["engine"]["readLine"]>[1]["cursor"] = null; ; ) {
    const line = { statement: statement.id, line: lineOf(statement, kind), limit, cursor };
    const { items, next } = await world.engine.readLine("w", line);
    assert.ok(items.length <= limit);
    told.push(
      ...items.map((item) => {
        assert.equal(item.kind, "run");
        return `${item.run} ${money(item.amount)}${item.changedAfterClose ? " *" : ""}`;
      }),
    );
    if (next === null) return told.sort();
    cursor = next;
  }
}

/** Runs r1 to r4 with as many calls as their number says, ended, in a period that is closed. */
async function closedMonth() {
  const world = await newWorld(BOUNDED);
  for (const calls of [1, 2, 3, 4]) {
    const run = `r${calls}`;
    const ids = Array.from({ length: calls }, (_, at) => `e${at}`);
    await world.send(...ids.map((id) => toolCall({ run, id })), closed({ run }));
  }
  const { statements } = await world.close("2026-11");
  return { world, statement: present(statements[0], "a statement") };
}

describe("behind a line of a run's bounds", () => {
  test("stand the runs that it concerns, and no run is added up for it", async () => {
    const { world, statement } = await closedMonth();
    const { store } = world;
    const noSteps = () => assert.fail("steps are read");
    Object.assign(store, { stepsOfRun: noSteps, revisionsOfRun: noSteps });
    assert.deepEqual(await behind(world, statement, ["run_cap"]), ["r3 -0.5", "r4 -1.5"]);
    assert.deepEqual(await behind(world, statement, ["run_cap", 100]), ["r3 -0.5", "r4 -1.5"]);
    assert.deepEqual(await behind(world, statement, ["run_minimum"]), ["r1 0.5"]);
  });

  test("stands what was billed, whatever the bounds make of its runs later", async () => {
    const { world, statement } = await closedMonth();
    const target = (run: string) => ({ run, target: { source: "sdk", id: "e0" } });
    await world.send(
      voided(target("r3")),
      toolCall({ run: "r4", id: "late" }),
      toolCall({ run: "r1", id: "late" }),
      // A run that no bound concerned, and one that nobody had heard of.
      toolCall({ run: "r2", id: "late" }),
      toolCall({ run: "r5", id: "late" }),
      closed({ run: "r5" }),
    );
    assert.deepEqual(await behind(world, statement, ["run_cap"]), ["r3 -0.5 *", "r4 -1.5 *"]);
    assert.deepEqual(await behind(world, statement, ["run_minimum"]), ["r1 0.5 *"]);
  });

  test("stands a run whose bound moves by what happens far below it", async () => {
    const world = await newWorld(BOUNDED);
    await world.send(
      ...["a", "b", "c"].map((id) => toolCall({ run: "top", id })),
      opened({ run: "middle", parentRun: "top" }),
      opened({ run: "below", parentRun: "middle" }),
    );
    const { statements } = await world.close("2026-11");
    const statement = present(statements[0], "a statement");
    await world.send(toolCall({ run: "below", id: "late" }));
    assert.deepEqual(await behind(world, statement, ["run_cap"]), ["top -0.5 *"]);
  });

  test("stands a run that was the top of its tree, after it was linked below others", async () => {
    const { world, statement } = await closedMonth();
    await world.send(
      opened({ run: "middle", parentRun: "top" }),
      opened({ run: "r4", parentRun: "middle" }),
      opened({ run: "r1", parentRun: "middle" }),
    );
    assert.equal(world.run("r4").parent, "middle");
    assert.deepEqual(await behind(world, statement, ["run_cap"]), ["r3 -0.5", "r4 -1.5 *"]);
    assert.deepEqual(await behind(world, statement, ["run_minimum"]), ["r1 0.5 *"]);
  });

  test("stands what each billed where a statement was issued again", async () => {
    const { world, statement } = await closedMonth();
    await world.send(toolCall({ run: "r2", id: "late" }));
    const again = await world.engine.reissueStatement("w", {
      statement: statement.id,
      ...{ reason: "late calls", by: "anna" },
    });
    assert.deepEqual(await behind(world, again, ["run_cap"]), ["r2 -0.5", "r3 -0.5", "r4 -1.5"]);
    assert.deepEqual(await behind(world, statement, ["run_cap"]), ["r3 -0.5", "r4 -1.5"]);
    await world.send(voided({ run: "r2", target: { source: "sdk", id: "late" } }));
    assert.deepEqual(await behind(world, again, ["run_cap"]), ["r2 -0.5 *", "r3 -0.5", "r4 -1.5"]);
  });
});
