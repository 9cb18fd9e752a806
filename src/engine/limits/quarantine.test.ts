/** When expired holds end: by a clock that never jumps, however many there are. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { composeEngine } from "../../compose.ts";
import type { HoldAsk } from "../../domain/budget/hold-ask.ts";
import { HOLD_QUARANTINE_MS, HOLDS_PER_REQUEST_MAX_COUNT } from "../../domain/limits.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { opened, step } from "../commit/engine-world.test.ts";
import type { Engine } from "../engine.ts";
import { ask } from "./holds-world.test.ts";

const TTL_MS = 60_000;
const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 10, 23, 10);

describe("An expired hold", () => {
  let engine: Engine;
  /** The machine's clock, which somebody may set, and one that nobody does. */
  let clock: { nowMs: number; passedMs: number };

  beforeEach(async () => {
    const store = new MemoryStore();
    clock = { nowMs: START_MS, passedMs: 0 };
    const given = { nowMs: () => clock.nowMs, passedMs: () => clock.passedMs };
    engine = composeEngine(store, { clock: given });
    await store.createWorkspace("w");
    await engine.ingest("w", [opened({ customer: "acme" })]);
  });

  const pass = (ms: number) => {
    clock.nowMs += ms;
    clock.passedMs += ms;
  };
  const ends = (ws = "w") => engine.limits.endQuarantine(ws);

  async function hold(ids: readonly string[], ws = "w") {
    const asks = ids.map((id) => ask(id, { step: step({ id }), ttlMs: TTL_MS, cost: 1n as never }));
    const nothing = { releases: [], renewals: [], caps: [] };
    const { answer } = await engine.hold(ws, [], { ...nothing, run: "r1", asks });
    assert.ok(answer.decisions.every(({ decision }) => decision === "allow"));
  }

  it("ends a quarantine after it was seen, with all that expired when it did", async () => {
    const count = 12 * HOLDS_PER_REQUEST_MAX_COUNT + 1;
    const ids = Array.from({ length: count }, (_, at) => `s${at}`);
    for (let at = 0; at < count; at += HOLDS_PER_REQUEST_MAX_COUNT) {
      await hold(ids.slice(at, at + HOLDS_PER_REQUEST_MAX_COUNT));
    }
    pass(TTL_MS + 1);
    assert.equal(await ends(), 0);
    pass(HOLD_QUARANTINE_MS - 1);
    assert.equal(await ends(), 0);
    pass(1);
    assert.equal(await ends(), count);
    assert.equal(await ends(), 0);
  });

  it("is neither burnt nor freed by a clock that is set forward", async () => {
    await hold(["a"]);
    assert.equal(await ends(), 0);
    pass(1_000);
    clock.nowMs += HOUR_MS;
    assert.equal(await ends(), 0);
    pass(HOLD_QUARANTINE_MS - 1);
    assert.equal(await ends(), 0);
    // Set right again, and it has not even expired.
    clock.nowMs -= HOUR_MS + HOLD_QUARANTINE_MS;
    assert.equal(await ends(), 0);
    pass(TTL_MS + HOLD_QUARANTINE_MS);
    assert.equal(await ends(), 0, "seen expired just now");
    pass(HOLD_QUARANTINE_MS);
    assert.equal(await ends(), 1);
  });

  it("is not freed early by a clock that was set back before it was granted", async () => {
    assert.equal(await ends(), 0);
    pass(HOLD_QUARANTINE_MS);
    assert.equal(await ends(), 0);
    clock.nowMs -= HOUR_MS;
    await hold(["a"]);
    pass(TTL_MS + 1);
    assert.equal(await ends(), 0);
    pass(HOLD_QUARANTINE_MS);
    assert.equal(await ends(), 1);
  });

  it("that was renewed begins its quarantine anew", async () => {
    await hold(["a"]);
    pass(TTL_MS + 1);
    assert.equal(await ends(), 0);
    const renewals = [{ run: "r1", source: "sdk", id: "a", ttlMs: TTL_MS }];
    const nothing: { asks: HoldAsk[]; releases: never[]; caps: never[] } = {
      ...{ asks: [], releases: [], caps: [] },
    };
    await engine.hold("w", [], { ...nothing, run: "r1", renewals });
    pass(TTL_MS + 1);
    assert.equal(await ends(), 0);
    pass(HOLD_QUARANTINE_MS - TTL_MS);
    assert.equal(await ends(), 0);
    pass(TTL_MS);
    assert.equal(await ends(), 1);
  });

  it("ends with the clock of a sandbox, as it is moved", async () => {
    const ws = await engine.createSandbox("w", { name: "trial", startMs: START_MS });
    await engine.ingest(ws, [opened({ customer: "acme" })]);
    await hold(["a"], ws);
    const stepsAfter = async (seconds: number) => {
      await engine.advanceClock(ws, { by: Temporal.Duration.from({ seconds }) });
      return (await engine.store.run(ws, "r1"))?.tree.steps;
    };
    assert.equal(await stepsAfter((TTL_MS + HOLD_QUARANTINE_MS) / 1_000 - 1), 0);
    assert.equal(await stepsAfter(1), 1);
  });
});
