/** What is behind a line of a run with more steps than one reading takes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "../../domain/assert.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import {
  cardOf,
  each,
  money,
  newWorld,
  OUTCOMES,
  outcome,
  STEPS,
  toolCall,
  voided,
  type World,
} from "../commit/engine-world.test.ts";
import type { LineCursor, LineItem } from "./line-page.ts";

const CALLS = cardOf({ calls: [STEPS, each("0.25")] });
const calls = (ids: readonly string[]) => ids.map((id) => toolCall({ run: "long", id }));
const named = (count: number) => Array.from({ length: count }, (_, at) => `e${at}`);

/** Sends this many calls of one run and closes the month. */
async function closedWith(count: number, world: World) {
  const ids = named(count);
  for (let at = 0; at < count; at += PAGE_MAX_ROWS) {
    await world.send(...calls(ids.slice(at, at + PAGE_MAX_ROWS)));
  }
  const { statements } = await world.close("2026-11");
  return present(statements[0], "a statement").id;
}

/** Reads a line to its end; `between` is done behind its first page. */
async function behind(
  { engine }: World,
  query: { readonly statement: string; readonly line?: number; readonly limit: number },
  between: () => Promise<unknown> = async () => undefined,
): Promise<LineItem[]> {
  const items: LineItem[] = [];
  for (let cursor: LineCursor | null = null; ; ) {
    const page = await engine.readLine("w", { line: 1, ...query, cursor });
    assert.ok(page.items.length <= query.limit);
    if (cursor === null) await between();
    items.push(...page.items);
    if (page.next === null) return items;
    cursor = page.next;
  }
}

function assertEachOnce(items: readonly LineItem[], ids: readonly string[]): void {
  assert.deepEqual(items.map(({ id }) => id).toSorted(), ids.toSorted());
}

test("a page of a long run reads about as many steps as it shows", async () => {
  const world = await newWorld(CALLS);
  const count = 3 * PAGE_MAX_ROWS;
  const statement = await closedWith(count, world);
  let [rows, wholes] = [0, 0];
  const { revisionsOfRun, stepsOfRun } = world.store;
  world.store.revisionsOfRun = (...asked) => {
    const page = revisionsOfRun.apply(world.store, asked);
    rows += page.steps.length;
    return page;
  };
  world.store.stepsOfRun = (...asked) => {
    wholes += 1;
    return stepsOfRun.apply(world.store, asked);
  };
  const items = await behind(world, { statement, limit: PAGE_MAX_ROWS });
  assertEachOnce(items, named(count));
  assert.equal(
    money(items.reduce((sum, one) => sum + one.amount, 0n) as LineItem["amount"]),
    "750",
  );
  assert.equal(wholes, 0, "no run is read whole");
  assert.ok(rows <= count + 4 * PAGE_MAX_ROWS, `${rows} rows for ${count} items`);
});

test("a long run's own items and outcomes come before its steps, each once", async () => {
  const card = cardOf({ calls: [STEPS, each("0.25")], done: [OUTCOMES, each("2")] });
  const world = await newWorld(card);
  const keys = named(5).map((name) => `done ${name}`);
  await world.send(...calls(["first"]));
  await world.send(...keys.map((key) => outcome({ run: "long", id: key, key })));
  const statement = await closedWith(PAGE_MAX_ROWS + 1, world);
  const document = world.store.statement("w", statement)?.document ?? "";
  const { lines } = JSON.parse(document) as { readonly lines: readonly { chargeKey: string }[] };
  const line = 1 + lines.findIndex(({ chargeKey }) => chargeKey === "done");
  for (const limit of [1, 2, 100]) {
    const items = await behind(world, { statement, line, limit });
    assert.deepEqual(
      items.map(({ kind, id }) => `${kind} ${id}`),
      keys.map((key) => `outcome ${key}`),
    );
  }
});

test("a run that grows long while it is read is told to its end as it was begun", async () => {
  const world = await newWorld(CALLS);
  const count = PAGE_MAX_ROWS - 10;
  const statement = await closedWith(count, world);
  const grow = () => world.send(...calls(named(count + 50).slice(count)));
  const items = await behind(world, { statement, limit: 100 }, grow);
  assertEachOnce(items, named(count));
});

test("steps of a long run that were voided later are marked, and shown as billed", async () => {
  const world = await newWorld(CALLS);
  const count = PAGE_MAX_ROWS + 200;
  const statement = await closedWith(count, world);
  const more = named(count).filter((_, at) => at % 3 === 0);
  for (const id of more) {
    const target = { source: "sdk", id };
    await world.send(voided({ run: "long", id: `void ${id}`, target }));
  }
  const items = await behind(world, { statement, limit: 90 });
  assertEachOnce(items, named(count));
  const marked = items.filter(({ changedAfterClose }) => changedAfterClose).map(({ id }) => id);
  assert.deepEqual(marked.toSorted(), more.toSorted());
  assert.ok(items.every(({ amount }) => money(amount) === "0.25"));
});

test("a page ends behind ten thousand steps that came after the close", async () => {
  const world = await newWorld(CALLS);
  const statement = await closedWith(1, world);
  const later = named(10 * PAGE_MAX_ROWS + 1).slice(1);
  for (let at = 0; at < later.length; at += PAGE_MAX_ROWS) {
    await world.send(...calls(later.slice(at, at + PAGE_MAX_ROWS)));
  }
  const page = await world.engine.readLine("w", { statement, line: 1, limit: 10, cursor: null });
  assert.notEqual(page.next, null);
  assertEachOnce(await behind(world, { statement, limit: 10 }), ["e0"]);
});

test("what came late for a closed period is read about as far as it is shown", async () => {
  const world = await newWorld(CALLS);
  await closedWith(1, world);
  const late = named(2 * PAGE_MAX_ROWS + 1).slice(1);
  for (let at = 0; at < late.length; at += PAGE_MAX_ROWS) {
    await world.send(...calls(late.slice(at, at + PAGE_MAX_ROWS)));
  }
  const { statements } = await world.close("2026-12");
  const statement = present(statements[0], "a statement").id;
  let wholes = 0;
  const { adjustmentsOf } = world.store;
  world.store.adjustmentsOf = (...asked) => {
    wholes += 1;
    return adjustmentsOf.apply(world.store, asked);
  };
  for (const limit of [PAGE_MAX_ROWS, 300]) {
    assertEachOnce(await behind(world, { statement, limit }), late);
  }
  assert.equal(wholes, 0, "no period's adjustments are read whole");
});
