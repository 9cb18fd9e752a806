/** History played again under policies, over HTTP: what is told, what is refused. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Json, linesOf } from "./api-caller.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const DAY = "2026-11-01";
const LOOPS = { key: "loops", rules: [{ rule: "repeated_call", moreThan: 2, do: "pause" }] };
const LONG = { key: "long", mode: "observe", rules: [{ rule: "steps", moreThan: 5, do: "block" }] };

describe("history under policies", () => {
  let desk: Desk;
  before(async () => {
    desk = await openDesk("sqlite", { at: "2026-10-01T00:00:00Z" });
    desk.clock.now = Date.parse("2026-11-20T00:00:00Z");
    // Nobody set a policy: the runs went on for as long as they liked.
    const loop = Array.from({ length: 10 }, (_, at) => ({
      ...{ id: `l${at}`, run: "loop", customer: "acme", kind: "tool", tool: "search" },
      ...{ arguments: { q: "same" }, occurredAt: `${DAY}T12:00:${10 + at}Z` },
    }));
    await desk.ok("POST", "/v1/events", loop);
    await desk.steps("beta", DAY, 8);
    await desk.steps("gamma", DAY, 3);
  });
  after(() => desk.server.stop());

  async function simulate(body: object): Promise<{ runs: Json[]; total: Json }> {
    const lines = linesOf(await desk.ok("POST", "/v1/simulations/policies", body));
    const runs = lines.filter((line) => Object(line).type === "run");
    return { runs, total: lines.at(-1) as Json };
  }

  test("names each run that would have been stopped, where, by what, to what gain", async () => {
    const { runs, total } = await simulate({ policies: [LOOPS, LONG] });
    const told = runs.map((one) => [one.run, one.policy, one.rule, one.do, one.level, one.atStep]);
    assert.deepEqual(told, [
      ["loop", "loops", "repeated_call", "pause", "3", 3],
      ["run of beta", "long", "steps", "block", "6", 6],
    ]);
    assert.deepEqual(
      runs.map((one) => [one.savedSteps, one.savedCharge, one.currency]),
      [
        [7, "0.105", "USD"],
        [2, "0.03", "USD"],
      ],
    );
    const { trees, steps, paused, blocked, savedSteps, savedCharge } = total;
    assert.deepEqual(
      { trees, steps, paused, blocked, savedSteps, savedCharge },
      { trees: 3, steps: 21, paused: 1, blocked: 1, savedSteps: 9, savedCharge: { USD: "0.135" } },
    );
  });

  test("looks at the runs of some customers", async () => {
    const { total } = await simulate({ policies: [LOOPS, LONG], customers: ["beta"] });
    assert.deepEqual([total.trees, total.paused, total.blocked], [1, 0, 1]);
  });

  test("writes nothing", async () => {
    assert.deepEqual(
      await desk.server.store.acts("default", { kind: "policy.reached", limit: 9 }),
      [],
    );
    await desk.verify();
  });

  test("refuses policies that are none, and customers that there are not", async () => {
    const path = "/v1/simulations/policies";
    const wrong = { key: "wrong", rules: [{ rule: "speed", moreThan: 1, do: "pause" }] };
    const bad = await desk.ask("POST", path, { policies: [LOOPS, wrong] });
    assert.deepEqual([bad.status, bad.body.code], [400, "policy.invalid"]);
    assert.equal(bad.body.field, "policies[1].rules[0].rule");
    const nobody = await desk.ask("POST", path, { policies: [LOOPS], customers: ["nobody"] });
    assert.deepEqual([nobody.status, nobody.body.code], [404, "customer.not_found"]);
    assert.equal((await desk.ask("POST", path, { policies: [] })).status, 400);
  });
});
