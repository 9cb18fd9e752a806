/** The world of the crash tests is one in which everything can be counted in the end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type SentEvent, World } from "./world.ts";

const WORLDS = 200;
const EVENTS = 300;

const runsOf = (sent: readonly SentEvent[], isWanted: (event: SentEvent["event"]) => boolean) =>
  new Set(sent.flatMap(({ event }) => (isWanted(event) ? [event.run] : [])));

/** A world that was stopped at some instant, every event acknowledged but those of the end. */
function stopped(seed: number): World {
  const world = new World(seed);
  while (world.events.length < EVENTS)
    for (const sent of world.request()) sent.isAcknowledged = true;
  return world;
}

test("when everything was sent every run that has an outcome has a customer", () => {
  let waited = 0;
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const world = stopped(seed);
    const unnamed = (): unknown[] => {
      const named = runsOf(world.events, (event) => event.customer !== undefined);
      const ended = runsOf(world.events, (event) => event.type === "outcome.recorded");
      return [...ended.difference(named)];
    };
    waited += unnamed().length;
    world.unacknowledged();
    assert.deepEqual(unnamed(), [], `seed ${seed}`);
  }
  assert.ok(waited > 0, "some world is stopped while a run waits");
});

test("what names the customer of a run that waits is made once", () => {
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const world = stopped(seed);
    const first = world.unacknowledged();
    assert.deepEqual(world.unacknowledged(), first);
  }
});
