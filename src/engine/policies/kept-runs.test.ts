/** What is kept of runs between units of work: bounded, those seen last stay. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { POLICY_MEMORY_MAX_BYTES } from "../../domain/limits.ts";
import { LastSteps } from "../../domain/policy/last-steps.ts";
import { SpendMinute, WHOLE_RUN } from "../../domain/policy/run-levels.ts";
import { KeptRoom, type KeptRun, KeptRuns } from "./kept-runs.ts";

const NO_STEPS = new LastSteps(100);
const RUN: KeptRun = {
  ...{ recent: NO_STEPS, children: 0, minute: new SpendMinute(), since: WHOLE_RUN },
  ...{ told: new Map(), grantedAtMs: 0, ownSteps: 0, treeSteps: 0 },
};
/** What a run without steps takes up. */
const BYTES = 1_000 + NO_STEPS.bytes;

function known(kept: KeptRuns, ...ids: readonly string[]): string[] {
  return ids.filter((id) => kept.get(id) !== undefined);
}

describe("Runs that rules look at", () => {
  it("are kept up to a size; those not seen for the longest time go first", () => {
    const room = new KeptRoom(2 * BYTES);
    const kept = new KeptRuns(room);
    for (const id of ["a", "b"]) kept.put(id, RUN);
    kept.put("a", RUN);
    assert.equal(room.used, 2 * BYTES);
    kept.put("c", RUN);
    assert.deepEqual(known(kept, "a", "b", "c"), ["a", "c"]);
    kept.delete("a");
    assert.equal(room.used, BYTES);
    kept.clear();
    assert.equal(room.used, 0);
  });

  it("of all workspaces have one room; the one worked on longest ago makes room first", () => {
    const room = new KeptRoom(3 * BYTES);
    const [one, two, three] = [new KeptRuns(room), new KeptRuns(room), new KeptRuns(room)];
    for (const kept of [one, two, three, one]) kept.put("a", RUN);
    three.put("b", RUN);
    assert.deepEqual(
      [one, two, three].map((kept) => known(kept, "a", "b")),
      [["a"], [], ["a", "b"]],
    );
    three.put("c", RUN);
    three.put("d", RUN);
    assert.deepEqual(known(one, "a"), []);
    assert.deepEqual(known(three, "a", "b", "c", "d"), ["b", "c", "d"]);
    assert.equal(room.used, 3 * BYTES);
  });

  it("take up no room where other policies look at them", () => {
    const room = new KeptRoom();
    const kept = new KeptRuns(room);
    kept.put("a", RUN);
    kept.retire();
    kept.put("a", RUN);
    assert.equal(room.used, 0);
    assert.deepEqual(known(kept, "a"), []);
  });

  it("are ten thousand with a hundred steps each, and a dozen seconds of spending", () => {
    const kept = new KeptRuns(new KeptRoom());
    const ids = Array.from({ length: 10_000 }, (_, at) => `run-${at}`);
    const facts = { tool: "search", isError: false, model: null, inputTokens: 0 };
    for (const id of ids) {
      const [recent, minute] = [new LastSteps(100), new SpendMinute()];
      for (let seq = 1; seq <= 100; seq += 1) {
        const callHash = `${String(seq).padStart(5, "0")}AAAAAA`;
        recent.put({ ...facts, seq, occurredAtMs: seq * 120, callHash });
        minute.add(seq * 120, { cost: 1n, charge: 1n });
      }
      assert.equal(recent.count, 100);
      kept.put(id, { ...RUN, recent, minute });
    }
    assert.equal(known(kept, ...ids).length, ids.length);
  });

  it("never take up more than the bound, whatever their number", () => {
    const room = new KeptRoom();
    const kept = new KeptRuns(room);
    const most = Math.floor(POLICY_MEMORY_MAX_BYTES / BYTES);
    for (let at = 0; at <= most; at += 1) kept.put(String(at), RUN);
    assert.equal(room.used, most * BYTES);
    assert.deepEqual(known(kept, "0", "1", String(most)), ["1", String(most)]);
  });
});
