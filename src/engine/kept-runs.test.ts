/** What is kept of runs between units of work: bounded, those seen last stay. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { POLICY_STEPS_IN_MEMORY_MAX_COUNT } from "../domain/limits.ts";
import { SpendMinute, WHOLE_RUN } from "../domain/policy/run-levels.ts";
import { type KeptRun, KeptRuns } from "./kept-runs.ts";

const RUN: KeptRun = {
  ...{ recent: [], children: 0, minute: new SpendMinute(), since: WHOLE_RUN },
  ...{ told: new Map(), grantedAtMs: 0, ownSteps: 0, treeSteps: 0 },
};
/** What a run without steps takes up. */
const SIZE = 5;

describe("Runs that rules look at", () => {
  it("are kept up to a size; those not seen for the longest time go first", () => {
    const kept = new KeptRuns(2 * SIZE);
    for (const id of ["a", "b"]) kept.put(id, RUN);
    kept.put("a", RUN);
    assert.equal(kept.size, 2 * SIZE);
    kept.put("c", RUN);
    const known = ["a", "b", "c"].filter((id) => kept.get(id) !== undefined);
    assert.deepEqual(known, ["a", "c"]);
    kept.delete("a");
    assert.equal(kept.size, SIZE);
    kept.clear();
    assert.equal(kept.size, 0);
  });

  it("never take up more than the bound, whatever their number", () => {
    const kept = new KeptRuns();
    const most = POLICY_STEPS_IN_MEMORY_MAX_COUNT / SIZE;
    for (let at = 0; at <= most; at += 1) kept.put(String(at), RUN);
    assert.equal(kept.size, POLICY_STEPS_IN_MEMORY_MAX_COUNT);
    assert.equal(kept.get("0"), undefined);
    assert.ok(kept.get(String(most)) !== undefined);
  });
});
