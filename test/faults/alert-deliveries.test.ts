/**
 * Whatever receivers and senders do, each alert arrives: random schedules of dead, mute, slow, busy
 * and shuffling receivers, of senders that are killed and started again, and of storms. Time is
 * turned by hand, so three days of attempts pass in a moment.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { composeEngine } from "../../src/compose.ts";
import { secretBox } from "../../src/connectors/secret-box.ts";
import {
  ALERT_ATTEMPTS_KEPT_COUNT,
  ALERT_DELIVERIES_KEPT_MS,
  ALERT_ROUTES_MAX_COUNT,
  ALERT_SENDS_AT_ONCE_MAX_COUNT,
  ALERT_SENDS_PER_ROUTE_MAX_COUNT,
} from "../../src/domain/limits.ts";
import type { AlertPost } from "../../src/engine/alerts/alert-post.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { MemoryStore } from "../../src/store/memory/memory-store.ts";
import { FaultyReceiver, type Treatment, TurnedClock } from "./alert-receiver.ts";

const WORKSPACE = "w";
const ROUTE = { channel: "webhook", url: "https://example.com/hook", types: ["run.*"] } as const;
const DECIDED = { reason: "a test", by: "ops" };
const exporting = { secrets: secretBox([Buffer.alloc(32, 7)]) };
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

class World {
  readonly clock = new TurnedClock();
  readonly receiver = new FaultyReceiver(this.clock);
  readonly engine: Engine;
  readonly chances: () => number;
  post: AlertPost;
  raised = 0;
  readonly #runs = new Set<Promise<void>>();

  private constructor(store: MemoryStore, chances: () => number) {
    this.engine = composeEngine(store, { clock: this.clock, exporting });
    this.chances = chances;
    this.post = this.#start();
  }

  static async open(chances: () => number, perMinute = 20): Promise<World> {
    const store = new MemoryStore();
    await store.createWorkspace(WORKSPACE);
    const world = new World(store, chances);
    const route = { key: "ops", ...ROUTE, perMinute, ...DECIDED };
    await world.engine.alerts.saveRoute(WORKSPACE, route);
    return world;
  }

  #start(): AlertPost {
    const channels = { webhook: this.receiver };
    return this.engine.alerts.post({ channels, chance: this.chances });
  }

  /** Stops customers that were not stopped before: an alert each. */
  async raise(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      this.raised += 1;
      const stop = { of: "customer", id: `c${this.raised}`, mode: "pause" } as const;
      await this.engine.limits.stopWork(WORKSPACE, { ...stop, ...DECIDED });
    }
  }

  /** Sends what is due; who waits for a slow receiver waits on while others go on. */
  async run(): Promise<void> {
    const run = this.post.run(WORKSPACE);
    this.#runs.add(run);
    void run.finally(() => this.#runs.delete(run));
    await settled();
  }

  /** The process dies and another one begins. */
  kill(): void {
    this.post.stop();
    this.post = this.#start();
  }

  /** Lets time pass from one due message to the next until nothing waits. */
  async finish(): Promise<void> {
    for (let n = 0; n < 500; n += 1) {
      const dueMs = await this.engine.store.alerts.nextDueMs(WORKSPACE);
      if (dueMs === null && this.#runs.size === 0) break;
      this.clock.advance(Math.max(1_000, (dueMs ?? 0) - this.clock.nowMs()));
      await this.run();
    }
    this.receiver.handOn();
    assert.equal(await this.engine.store.alerts.nextDueMs(WORKSPACE), null, "nothing waits");
  }

  /** Ids of all alerts that were raised. */
  async alertIds(): Promise<Set<string>> {
    const query = { type: null, customer: null, beforeSeq: null, limit: 10_000 };
    const { alerts } = await this.engine.alerts.list(WORKSPACE, query);
    return new Set(alerts.filter(({ type }) => type === "run.paused").map(({ id }) => id));
  }
}

/** Everything that needs no time has happened. */
async function settled(): Promise<void> {
  for (let n = 0; n < 4; n += 1) await new Promise((resolve) => setImmediate(resolve));
}

type Move =
  | { readonly do: "raise"; readonly count: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "treat"; readonly as: Treatment }
  | { readonly do: "kill" };

const TREATMENTS = ["takes", "dead", "mute", "slow", "late", "busy", "shuffling"] as const;
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ do: fc.constant("raise" as const), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({
    do: fc.constant("pass" as const),
    ms: fc.oneof(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: DAY_MS })),
  }),
  fc.record({ do: fc.constant("treat" as const), as: fc.constantFrom(...TREATMENTS) }),
  fc.record({ do: fc.constant("kill" as const) }),
);

async function play(world: World, moves: readonly Move[]): Promise<void> {
  for (const move of moves) {
    if (move.do === "raise") await world.raise(move.count);
    else if (move.do === "pass") world.clock.advance(move.ms);
    else if (move.do === "kill") world.kill();
    else world.receiver.treat = () => move.as;
    await world.run();
  }
}

async function checkSchedule(moves: readonly Move[], chance: number): Promise<void> {
  const world = await World.open(() => chance);
  await play(world, moves);
  world.receiver.treat = () => "takes";
  await world.finish();
  // What was given up after three days is sent by hand, once the receiver is there again.
  const failed = await world.engine.alerts.deliveries(WORKSPACE, { state: "failed", limit: 1_000 });
  if (failed.length > 0) {
    await world.engine.alerts.saveRoute(WORKSPACE, { key: "ops", ...ROUTE, ...DECIDED });
    for (const { id } of failed) await world.engine.alerts.resend(WORKSPACE, id);
    await world.finish();
  }
  const { alerts, counted } = world.receiver;
  const told = await world.alertIds();
  for (const id of alerts.keys()) assert.ok(told.has(id), "what arrived was raised, by its own id");
  const delivered = await world.engine.alerts.deliveries(WORKSPACE, { limit: 1_000 });
  const messages = delivered.map(({ id }) => id);
  assert.deepEqual([...world.receiver.messages.keys()].sort(), messages.sort());
  assert.ok(delivered.every(({ state }) => state === "delivered"));
  const untold = delivered.reduce((sum, { more }) => sum + more, 0);
  assert.equal(counted, untold);
  // A route that was stopped meanwhile made no messages: its alerts stand in the list alone.
  const seen = new Set(delivered.flatMap((one) => one.alerts));
  assert.equal(alerts.size, seen.size, "each alert of a message arrived");
  if (failed.length === 0) assert.equal(alerts.size + counted, told.size, "none is lost");
}

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const SCHEDULES = isFull ? 10_000 : 500;

describe("alerts that are delivered", () => {
  test(`arrive at least once by a stable id, over ${SCHEDULES} schedules of faults`, async () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const moves = fc.array(anyMove, { maxLength: 14 });
    await fc.assert(fc.asyncProperty(moves, chance, checkSchedule), { numRuns: SCHEDULES });
  });

  test("are not held up by a receiver that is slow", async () => {
    const world = await World.open(() => 0.5);
    const treatments: Treatment[] = ["slow"];
    world.receiver.treat = () => treatments.pop() ?? "takes";
    await world.raise(1);
    await world.run();
    await world.raise(1);
    await world.run();
    assert.equal(world.receiver.alerts.size, 1);
    await world.finish();
    assert.equal(world.receiver.alerts.size, 2);
    const counts = [...world.receiver.alerts.values()].sort();
    assert.deepEqual(counts, [1, 2], "its lease had ended, so it was sent again");
  });

  test("stay delivered when a sender whose lease has ended fails late", async () => {
    const world = await World.open(() => 0.5);
    const treatments: Treatment[] = ["late"];
    world.receiver.treat = () => treatments.pop() ?? "takes";
    await world.raise(1);
    await world.run();
    world.clock.advance(MINUTE_MS);
    await world.run();
    world.clock.advance(MINUTE_MS);
    await world.run();
    const [delivery] = await world.engine.alerts.deliveries(WORKSPACE, { limit: 9 });
    assert.deepEqual([delivery?.state, delivery?.fence, delivery?.attempts], ["delivered", 2, 1]);
  });

  test("come in a bounded number of messages in a storm", async () => {
    const world = await World.open(() => 0.5, 5);
    await world.raise(200);
    await world.run();
    assert.equal(world.receiver.messages.size, 5);
    await world.raise(30);
    await world.run();
    assert.equal(world.receiver.messages.size, 5, "one message gathers the rest");
    world.clock.advance(MINUTE_MS);
    await world.run();
    const { receiver } = world;
    assert.equal(receiver.messages.size, 6);
    assert.equal(receiver.alerts.size, 55, "the first fifty of it are told whole");
    assert.equal(receiver.alerts.size + receiver.counted, 230, "the others are counted");
    await world.raise(5);
    await world.run();
    assert.equal(receiver.messages.size, 11, "a minute later they leave one by one again");
  });

  test("are sent four at once by one route, and sixteen in all", async () => {
    const world = await World.open(() => 0.5);
    world.receiver.treat = () => "slow";
    const underway = async (): Promise<number> => {
      for (let n = 0; n < 10; n += 1) await world.run();
      const sent = await world.engine.alerts.deliveries(WORKSPACE, { limit: 1_000 });
      return sent.filter(({ fence }) => fence === 1).length;
    };
    await world.raise(6);
    assert.equal(await underway(), ALERT_SENDS_PER_ROUTE_MAX_COUNT);
    for (const key of ["a", "b", "c", "d", "e"]) {
      await world.engine.alerts.saveRoute(WORKSPACE, { key, ...ROUTE, ...DECIDED });
    }
    await world.raise(6);
    assert.equal(await underway(), ALERT_SENDS_AT_ONCE_MAX_COUNT);
    world.receiver.treat = () => "takes";
    await world.finish();
    assert.equal(world.receiver.messages.size, 12 + 5 * 6);
  });

  test("keep their newest attempts, and are forgotten a month after their end", async () => {
    const world = await World.open(() => 0.5);
    world.receiver.treat = () => "dead";
    await world.raise(1);
    for (let n = 0; n < 3; n += 1) {
      await world.run();
      await world.finish();
      const [failed] = await world.engine.alerts.deliveries(WORKSPACE, { limit: 9 });
      assert.equal(failed?.log.length, Math.min(10 * (n + 1), ALERT_ATTEMPTS_KEPT_COUNT));
      await world.engine.alerts.saveRoute(WORKSPACE, { key: "ops", ...ROUTE, ...DECIDED });
      await world.engine.alerts.resend(WORKSPACE, failed?.id ?? "");
    }
    world.receiver.treat = () => "takes";
    await world.run();
    world.clock.advance(ALERT_DELIVERIES_KEPT_MS);
    await world.post.tidy(WORKSPACE);
    assert.equal((await world.engine.alerts.deliveries(WORKSPACE, { limit: 9 })).length, 1);
    world.clock.advance(1);
    await world.post.tidy(WORKSPACE);
    assert.deepEqual(await world.engine.alerts.deliveries(WORKSPACE, { limit: 9 }), []);
  });

  test("go by a hundred routes of a workspace at most", async () => {
    const world = await World.open(() => 0.5);
    const save = (n: number) =>
      world.engine.alerts.saveRoute(WORKSPACE, { key: `r${n}`, ...ROUTE, ...DECIDED });
    for (let n = 1; n < ALERT_ROUTES_MAX_COUNT; n += 1) await save(n);
    await assert.rejects(save(0), { code: "field.out_of_range" });
    await world.engine.alerts.removeRoute(WORKSPACE, { key: "r1", ...DECIDED });
    await save(0);
  });

  test("are given up after three days, and the route with them", async () => {
    const world = await World.open(() => 0.5);
    world.receiver.treat = () => "dead";
    await world.raise(1);
    const startMs = world.clock.nowMs();
    await world.run();
    await world.finish();
    const [delivery] = await world.engine.alerts.deliveries(WORKSPACE, { limit: 9 });
    assert.deepEqual([delivery?.state, delivery?.attempts], ["failed", 10]);
    const days = ((delivery?.endedAtMs ?? 0) - startMs) / DAY_MS;
    assert.ok(days > 3 && days < 4, `${days} days`);
    const [route] = await world.engine.alerts.routes(WORKSPACE);
    assert.equal(route?.isEnabled, false);
    assert.equal(route?.stoppedBecause, "the receiver took nothing for three days");
    await world.raise(1);
    await world.run();
    assert.equal((await world.engine.alerts.deliveries(WORKSPACE, { limit: 9 })).length, 1);
  });
});
