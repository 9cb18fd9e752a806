import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { present } from "../../domain/assert.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import {
  EVENTS_BESIDE_HOLDS_MAX_COUNT,
  EVENTS_PER_COMMIT_MAX_COUNT,
  EVENTS_PER_EARLY_UNIT_MIN_COUNT,
  UNITS_EXPECTING_HOLDS_COUNT,
} from "../../domain/limits.ts";
import type { HoldsAnswer, HoldsRequest } from "../limits/hold-answers.ts";
import { CommitLoop } from "./commit-loop.ts";
import type { EventResult } from "./result.ts";
import type { Work } from "./work.ts";

const eventsOf = (count: number, name: string): TollgateEvent[] =>
  Array.from({ length: count }, (_, at) => ({ id: `${name}-${at}` }) as TollgateEvent);
const askOf = (run: string, count = 1): HoldsRequest => ({
  ...{ run, releases: [], renewals: [], caps: [] },
  asks: Array.from({ length: count }, () => ({})) as unknown as HoldsRequest["asks"],
});

/** A loop over a store that commits when told to, and says of each event and hold what it is. */
function loopWith(options: { readonly hasLanes?: boolean } = {}) {
  const units: Work[] = [];
  let open: () => void = () => undefined;
  const loop = new CommitLoop(async (_, work) => {
    units.push(work);
    await new Promise<void>((resolve) => {
      open = resolve;
    });
    const results = work.events.map(
      ({ id }) => ({ status: "accepted", id }) as unknown as EventResult,
    );
    const holds = work.holds.map(({ run }) => ({ run }) as unknown as HoldsAnswer);
    return { results, runs: new Map(), holds };
  }, options);
  /** Lets units commit until nothing waits. */
  const commitAll = async (): Promise<void> => {
    for (let idle = 0; idle < 5; idle += 1) {
      const before = units.length;
      open();
      await nextTurn();
      if (units.length > before || loop.waitingCount > 0) idle = 0;
    }
  };
  const sizes = () => units.map(({ events, holds }) => [events.length, holds.length]);
  return { loop, units, sizes, commitAll };
}

/** As long as a loop takes to see what has happened. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
}

/** A loop over a store whose units are handed over, and land, when told to. */
function landingLoop(options: { readonly hasLanes?: boolean } = {}) {
  const units: { readonly handOver: () => void; readonly land: () => void }[] = [];
  const loop = new CommitLoop(async (_, { events, handedOver }) => {
    await new Promise<void>((land) => {
      units.push({ handOver: present(handedOver, "who is told"), land });
    });
    const results = events.map(() => ({ status: "accepted" }) as unknown as EventResult);
    return { results, runs: new Map(), holds: [] };
  }, options);
  return { loop, units };
}

/** A loop over a store whose units wait for their turn until told, as behind other nodes. */
function waitingLoop(unit: { readonly hasLanes: boolean; readonly isAlone: boolean }) {
  const waiting: (() => void)[] = [];
  const units: string[] = [];
  const loop = new CommitLoop(async (_, { events, closed = () => events }) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    const results = closed(unit).map(({ id }) => id) as unknown as EventResult[];
    units.push(results.join(" "));
    return { results, runs: new Map(), holds: [] };
  }, unit);
  const submit = async (count: number, name: string): Promise<string> =>
    (await loop.submit("w", eventsOf(count, name))).results.join(" ");
  const begin = () => turns().then(() => waiting.shift()?.());
  return { loop, begin, units, submit };
}

describe("the commit loop", () => {
  test("takes what waits together, up to the limit, and tells each request its own", async () => {
    const { loop, sizes, commitAll } = loopWith();
    const sent = [1, 2_000, 2_995, 2_996, 4].map((count, at) => eventsOf(count, `r${at}`));
    const answers = sent.map((events) => loop.submit("w", events));
    await commitAll();
    assert.deepEqual(sizes(), [
      [EVENTS_PER_COMMIT_MAX_COUNT, 0],
      [2_996, 0],
    ]);
    for (const [at, answer] of answers.entries()) {
      const { results } = await answer;
      const ids = results.map((one) => (one as unknown as { id: string }).id);
      assert.deepEqual(ids, sent[at]?.map(({ id }) => id) ?? []);
    }
  });

  test("lets holds go before events that wait, alone behind a unit that took some", async () => {
    const { loop, sizes, units, commitAll } = loopWith();
    const first = loop.submit("w", eventsOf(1, "first"));
    await nextTurn();
    const half = EVENTS_BESIDE_HOLDS_MAX_COUNT / 2;
    const events = Array.from({ length: 5 }, (_, at) => loop.submit("w", eventsOf(half, `r${at}`)));
    const holds = ["a", "b"].map((run) => loop.submit("w", [], askOf(run)));
    await commitAll();
    assert.deepEqual(sizes(), [
      [1, 0],
      [0, 2],
      [EVENTS_BESIDE_HOLDS_MAX_COUNT, 0],
      [EVENTS_BESIDE_HOLDS_MAX_COUNT, 0],
      [half, 0],
    ]);
    const told = (await Promise.all(holds)).map((answer) => answer.holds);
    assert.deepEqual(told, [[{ run: "a" }], [{ run: "b" }]]);
    const all = units.flatMap((unit) => unit.events.map(({ id }) => id));
    assert.deepEqual(all.slice(1), eventsInOrder(5, half));
    await Promise.all([first, ...events]);
  });

  test("books a request of events in every second unit, however many holds come", async () => {
    const { loop, sizes, commitAll } = loopWith();
    const ask = (): void => void loop.submit("w", [], askOf("a")).then(next);
    let left = 4;
    const next = (): void => {
      left -= 1;
      if (left > 0) ask();
    };
    for (let n = 0; n < 3; n += 1) {
      void loop.submit("w", eventsOf(EVENTS_BESIDE_HOLDS_MAX_COUNT, `r${n}`));
    }
    ask();
    await commitAll();
    const most = EVENTS_BESIDE_HOLDS_MAX_COUNT;
    assert.deepEqual(sizes(), [
      [most, 1],
      [0, 1],
      [most, 1],
      [0, 1],
      [most, 0],
    ]);
  });

  test("parts no holds from events where lanes are several", async () => {
    const { loop, sizes, commitAll } = loopWith({ hasLanes: true });
    void loop.submit("w", eventsOf(1, "first"));
    await nextTurn();
    void loop.submit("w", eventsOf(1, "second"));
    void loop.submit("w", [], askOf("a"));
    await commitAll();
    assert.deepEqual(sizes(), [
      [1, 0],
      [1, 1],
    ]);
  });

  test("takes one event more than few may be in the next unit, never in this one", async () => {
    const { loop, sizes, commitAll } = loopWith();
    void loop.submit("w", [], askOf("a"));
    void loop.submit("w", eventsOf(EVENTS_BESIDE_HOLDS_MAX_COUNT, "most"));
    void loop.submit("w", eventsOf(1, "more"));
    await commitAll();
    assert.deepEqual(sizes(), [
      [EVENTS_BESIDE_HOLDS_MAX_COUNT, 1],
      [1, 0],
    ]);
  });

  test("books events however many holds are asked for, and a large request whole", async () => {
    const { loop, sizes, commitAll } = loopWith();
    for (let n = 0; n < 3; n += 1) {
      for (let run = 0; run < 50; run += 1) void loop.submit("w", [], askOf(`r${run}`));
      void loop.submit("w", eventsOf(1_000, `large${n}`));
    }
    await commitAll();
    assert.deepEqual(sizes(), [
      [1_000, 150],
      [1_000, 0],
      [1_000, 0],
    ]);
  });

  test("lets a small request wait for the oldest alone, however many large ones", async () => {
    const { loop, units, sizes, commitAll } = loopWith();
    for (let n = 0; n < 12; n += 1) void loop.submit("w", eventsOf(1_000, `large${n}`));
    void loop.submit("w", eventsOf(2, "small"));
    await commitAll();
    assert.deepEqual(
      sizes().map(([events]) => events),
      [4_002, 5_000, 3_000],
    );
    const ids = units.flatMap((unit) => unit.events.map(({ id }) => id));
    assert.equal(ids.indexOf("small-1"), 4_001, "behind those that came before it");
  });

  test("lets few events beside a large request, and never keeps it from its turn", async () => {
    const { loop, units, sizes, commitAll } = loopWith();
    void loop.submit("w", [], askOf("a"));
    for (let n = 0; n < 2; n += 1) void loop.submit("w", eventsOf(1_000, `large${n}`));
    const [few, most] = [10, EVENTS_BESIDE_HOLDS_MAX_COUNT];
    for (let n = 0; n <= most / few; n += 1) void loop.submit("w", eventsOf(few, `small${n}`));
    await commitAll();
    assert.deepEqual(sizes(), [
      [1_000 + most, 1],
      [1_000 + few, 0],
    ]);
    const firsts = units.map(({ events }) => events[0]?.id);
    assert.deepEqual(firsts, ["large0-0", "large1-0"]);
  });

  test("takes many events again once nobody has asked for holds for a while", async () => {
    const { loop, sizes, commitAll } = loopWith();
    void loop.submit("w", [], askOf("a"));
    await commitAll();
    const half = EVENTS_BESIDE_HOLDS_MAX_COUNT / 2;
    const count = 2 * UNITS_EXPECTING_HOLDS_COUNT + 6;
    for (let n = 0; n < count; n += 1) void loop.submit("w", eventsOf(half, `r${n}`));
    await commitAll();
    const few = Array.from({ length: UNITS_EXPECTING_HOLDS_COUNT - 1 }, () => 2 * half);
    assert.deepEqual(
      sizes().map(([events]) => events),
      [0, ...few, 8 * half],
    );
  });

  test("lets holds go before an act for which events go first, and no other", async () => {
    const { loop, units, sizes, commitAll } = loopWith();
    const most = EVENTS_BESIDE_HOLDS_MAX_COUNT;
    const done: string[] = [];
    void loop.submit("w", [], askOf("a"));
    await nextTurn();
    for (let n = 0; n < 3; n += 1) void loop.submit("w", eventsOf(most, `before${n}`));
    void loop.exclusively(async () => void done.push(`after ${units.length}`), "w");
    void loop.submit("w", eventsOf(most, "behind"));
    void loop.submit("w", [], askOf("b"));
    void loop.exclusively(async () => void done.push(`after ${units.length}`), "w");
    const last = loop.submit("w", [], askOf("c"));
    await commitAll();
    assert.deepEqual(sizes(), [
      [0, 1],
      [most, 2],
      [most, 0],
      [most, 0],
      [most, 0],
    ]);
    assert.deepEqual(done, ["after 4", "after 5"]);
    assert.deepEqual((await last).holds, [{ run: "c" }]);
    void loop.exclusively(async () => void done.push("the act"), "w");
    const behind = loop.submit("w", [], askOf("d")).then(() => done.push("the hold behind it"));
    await commitAll();
    await behind;
    assert.deepEqual(done.slice(2), ["the act", "the hold behind it"]);
  });

  test("lets no hold go before an act that is next, or what another workspace sent", async () => {
    const { loop, units, commitAll } = loopWith();
    const done: string[] = [];
    void loop.submit("w", eventsOf(1, "w1"));
    void loop.submit("v", eventsOf(1, "v1"));
    void loop.exclusively(async () => void done.push(`after ${units.length}`), "w");
    void loop.submit("w", eventsOf(1, "w2"));
    void loop.submit("w", [], askOf("a"));
    await commitAll();
    const told = units.map(({ events, holds }) => [events[0]?.id, holds.length]);
    assert.deepEqual(told, [
      ["w1-0", 0],
      ["v1-0", 0],
      [undefined, 1],
      ["w2-0", 0],
    ]);
    assert.deepEqual(done, ["after 2"]);
  });

  test("begins a unit once one is handed over; each is told when it is on disk", async () => {
    const { loop, units } = landingLoop();
    const told: string[] = [];
    const submit = (count: number, name: string) =>
      loop.submit("w", eventsOf(count, name)).then(() => told.push(name));
    const first = submit(1, "first");
    await turns();
    const second = submit(EVENTS_PER_EARLY_UNIT_MIN_COUNT, "second");
    await turns();
    assert.equal(units.length, 1, "nothing begins beside a unit that is not handed over");
    units[0]?.handOver();
    await turns();
    assert.deepEqual([units.length, told], [2, []]);
    units[0]?.land();
    await first;
    assert.deepEqual(told, ["first"]);
    units[1]?.land();
    await second;
    await loop.drain();
  });

  test("lets fewer than are on their way wait for the disk, and acts for all of it", async () => {
    const { loop, units } = landingLoop();
    const first = loop.submit("w", [], askOf("first", 10));
    await turns();
    units[0]?.handOver();
    await turns();
    const nine = loop.submit("w", eventsOf(9, "nine"));
    await turns();
    assert.equal(units.length, 1);
    const asked = loop.submit("w", [], askOf("a"));
    await turns();
    assert.equal(units.length, 2, "ten wait");
    units[0]?.land();
    units[1]?.handOver();
    await first;
    await turns();
    let isDone = false;
    const act = loop.exclusively(async () => {
      isDone = true;
    }, "w");
    const many = loop.submit("w", eventsOf(EVENTS_PER_EARLY_UNIT_MIN_COUNT, "many"));
    await turns();
    assert.deepEqual([isDone, units.length], [false, 2]);
    units[1]?.land();
    await Promise.all([nine, asked, act]);
    await turns();
    assert.equal(units.length, 3);
    units[2]?.land();
    await many;
    await loop.drain();
  });

  test("lets as few wait where lanes are several", async () => {
    const { loop, units } = landingLoop({ hasLanes: true });
    const first = loop.submit("w", eventsOf(10, "first"));
    await turns();
    units[0]?.handOver();
    const few = loop.submit("w", eventsOf(9, "few"));
    await turns();
    assert.equal(units.length, 1);
    const last = loop.submit("w", eventsOf(1, "last"));
    await turns();
    assert.equal(units.length, 2, "ten wait");
    for (const unit of units) unit.land();
    await Promise.all([first, few, last]);
    await loop.drain();
  });

  test("takes along what arrived while the unit waited for other nodes", async () => {
    const { loop, begin, units, submit } = waitingLoop({ hasLanes: true, isAlone: false });
    const first = submit(1, "a");
    await turns();
    const others = [submit(2, "b"), submit(1, "c")];
    const most = submit(EVENTS_PER_COMMIT_MAX_COUNT - 3, "next");
    const act = loop.exclusively(async () => void units.push("act"), "w");
    const behind = submit(1, "behind");
    await begin();
    assert.deepEqual(await Promise.all([first, ...others]), ["a-0", "b-0 b-1", "c-0"]);
    await begin();
    await begin();
    await Promise.all([most, act, behind]);
    assert.equal(loop.waitingCount, 0);
    assert.deepEqual([units[0], ...units.slice(2)], ["a-0 b-0 b-1 c-0", "act", "behind-0"]);
  });

  test("takes nothing along for holds, on one writer, or alone on a workspace", async () => {
    for (const why of ["holds", "one writer", "alone"]) {
      const where = { hasLanes: why !== "one writer", isAlone: why === "alone" };
      const { loop, begin, units, submit } = waitingLoop(where);
      const a = submit(1, "a");
      await turns();
      const others = [submit(1, "b"), why === "holds" ? loop.submit("w", [], askOf("r")) : null];
      await begin();
      await begin();
      await Promise.all([a, ...others]);
      assert.deepEqual(units, ["a-0", "b-0"]);
    }
  });

  test("drains what is on its way", async () => {
    const { loop, units } = landingLoop();
    const last = loop.submit("w", eventsOf(1, "last"));
    await turns();
    units[0]?.handOver();
    await turns();
    let isDrained = false;
    const drained = loop.drain().then(() => {
      isDrained = true;
    });
    await turns();
    assert.equal(isDrained, false);
    units[0]?.land();
    await last;
    await drained;
  });
});

function eventsInOrder(requests: number, each: number): string[] {
  return Array.from({ length: requests }, (_, at) =>
    eventsOf(each, `r${at}`).map(({ id }) => id),
  ).flat();
}
