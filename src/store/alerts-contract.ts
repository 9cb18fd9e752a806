/** The outbox of alerts: changes whole or not at all, in turns, and reads of what was kept. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { AlertDelivery } from "../engine/alerts/alert-ports.ts";
import { anyId } from "./arbitrary-rows-contract.ts";
import type { Clause, Scene } from "./clause-contract.ts";

const anyDelivery: fc.Arbitrary<AlertDelivery> = fc.record(
  {
    id: anyId,
    route: fc.constantFrom("ops", "sales"),
    alerts: fc.array(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 4 }),
    more: fc.nat(3),
    state: fc.constantFrom("ready", "delivered", "failed"),
    nextAtMs: fc.nat(5),
    fence: fc.nat(9),
    createdAtMs: fc.nat(3),
    attempts: fc.nat(9),
    firstAttemptAtMs: fc.option(fc.nat(9)),
    endedAtMs: fc.option(fc.nat(5)),
    log: fc.constant([{ atMs: 1, outcome: "refused", status: 500, detail: "no" } as const]),
  },
  { noNullPrototype: true },
);

const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function checkDeliveries(scene: Scene): Promise<void> {
  const some = fc.uniqueArray(anyDelivery, { maxLength: 6, selector: ({ id }) => id });
  const property = fc.asyncProperty(some, fc.nat(5), async (deliveries, atMs) => {
    const [workspace, other] = [await scene.anotherWorkspace(), await scene.anotherWorkspace()];
    const { alerts } = scene.store();
    await alerts.change(workspace, (outbox) => {
      for (const one of deliveries) outbox.put({ ...one, route: "former", fence: 0 });
    });
    await alerts.change(workspace, (outbox) => {
      for (const one of deliveries) outbox.put(one);
    });
    const ready = deliveries.filter(({ state }) => state === "ready");
    ready.sort((a, b) => a.nextAtMs - b.nextAtMs || bytes(a.id, b.id));
    await alerts.change(workspace, async (outbox) => {
      for (const one of deliveries) assert.deepEqual(await outbox.delivery(one.id), one);
      const due = ready.filter(({ nextAtMs }) => nextAtMs <= atMs);
      const some = { limit: 2, exceptRoutes: [] };
      assert.deepEqual(await outbox.due(atMs, some), due.slice(0, 2));
      const others = due.filter(({ route }) => route !== "ops");
      const except = { limit: 2, exceptRoutes: ["ops", "it's"] };
      assert.deepEqual(await outbox.due(atMs, except), others.slice(0, 2));
    });
    assert.equal(await alerts.nextDueMs(workspace), ready[0]?.nextAtMs ?? null);
    const newest = deliveries.toSorted(
      (a, b) => b.createdAtMs - a.createdAtMs || bytes(b.id, a.id),
    );
    assert.deepEqual(await alerts.list(workspace, { limit: 9 }), newest);
    const ops = newest.filter(({ route, state }) => route === "ops" && state === "failed");
    const filter = { route: "ops", state: "failed", limit: 9 } as const;
    assert.deepEqual(await alerts.list(workspace, filter), ops);
    const [first] = newest;
    if (first !== undefined) {
      const page = await alerts.list(workspace, { after: first.id, limit: 2 });
      assert.deepEqual(page, newest.slice(1, 3));
    }
    const taken = deliveries.flatMap(({ route, state, endedAtMs }) =>
      route === "ops" && state === "delivered" && endedAtMs !== null ? [endedAtMs] : [],
    );
    const last = taken.length === 0 ? null : Math.max(...taken);
    assert.equal(await alerts.lastTakenMs(workspace, "ops"), last);
    await alerts.change(workspace, (outbox) => outbox.forget(atMs));
    const kept = newest.filter(({ endedAtMs }) => endedAtMs === null || endedAtMs >= atMs);
    assert.deepEqual(await alerts.list(workspace, { limit: 9 }), kept);
    assert.deepEqual(await alerts.list(other, { limit: 9 }), []);
  });
  await fc.assert(property, { numRuns: 15 });
}

async function checkTurns({ store, workspace }: Scene): Promise<void> {
  const one = async (): Promise<void> => {
    await store().alerts.change(workspace, async (outbox) => {
      const before = await outbox.cursor();
      await new Promise((resolve) => setImmediate(resolve));
      outbox.moveCursor(before + 1);
    });
  };
  await Promise.all(Array.from({ length: 20 }, one));
  const broken = store().alerts.change(workspace, (outbox) => {
    outbox.moveCursor(99);
    throw new Error("no");
  });
  await assert.rejects(broken, /no/);
  assert.equal(await store().alerts.change(workspace, (outbox) => outbox.cursor()), 20);
  assert.equal(await store().alerts.cursor(workspace), 20);
}

async function checkRestart({ store, workspace, restart }: Scene): Promise<void> {
  await store().alerts.change(workspace, (outbox) => outbox.moveCursor(7));
  await restart();
  assert.equal(await store().alerts.change(workspace, (outbox) => outbox.cursor()), 7);
}

/** Deliveries of alerts. */
export const ALERTS: readonly Clause[] = [
  {
    name: "deliveries of alerts come back, and are found when they are due",
    check: checkDeliveries,
  },
  { name: "changes of the outbox take turns, whole or not at all", check: checkTurns },
  { name: "the outbox outlives a restart", check: checkRestart },
];
