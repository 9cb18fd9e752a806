import assert from "node:assert/strict";
import { test } from "node:test";
import { TollgateError } from "../domain/errors.ts";
import { withFewRefusals } from "./few-refusals.ts";
import { doneInTime } from "./identify-in-time.ts";
import { answerProblem, NoAnswer, NoDecision } from "./problem.ts";
import type { RouteContext } from "./route.ts";

const MINUTE_MS = 60_000;

function written() {
  const told: object[] = [];
  const clock = { now: 0 };
  const log = { info: () => undefined, error: (entry: object) => void told.push(entry) };
  return { told, clock, logger: withFewRefusals(log, () => clock.now) };
}

const noDecision = (cause: Error) =>
  new NoDecision(new TollgateError("store.unknown", "Unknown.", undefined, { cause }), "closed");

test("holds that nobody decides on are told once a minute, with their count and why", () => {
  const { told, clock, logger } = written();
  for (let at = 0; at < 1_000; at += 1) {
    const { status, body } = answerProblem(noDecision(new Error("disk full")), logger);
    assert.equal(status, 503);
    assert.match(body, /"undecided":true,"onUndecided":"closed"/);
  }
  const what = "nobody decided on a hold";
  const one = { what, code: "store.unknown", cause: "Error: disk full" };
  assert.deepEqual(told, [one]);
  clock.now = MINUTE_MS;
  answerProblem(noDecision(new Error("disk full")), logger);
  assert.deepEqual(told, [one, { ...one, times: 1_000 }]);
  answerProblem(noDecision(new Error("unplugged")), logger);
  assert.equal(told.length, 3);
});

test("the time that each was given makes no difference", () => {
  const { told, logger } = written();
  for (let ms = 1_900; ms < 2_000; ms += 1) {
    const late = new TollgateError("hold.undecided", `No decision after ${ms} ms.`);
    answerProblem(new NoDecision(late, "open"), logger);
  }
  assert.deepEqual(told, [{ what: "nobody decided on a hold", code: "hold.undecided" }]);
});

test("so is a store that answers releases, renewals and waits no more", async () => {
  const { told, logger } = written();
  const failing = new TollgateError("store.unknown", "Unknown.", undefined, {
    cause: new Error("disk full"),
  });
  const late = { decisionMaxMs: 1 } as RouteContext;
  const known = { storeFailure: failing } as RouteContext;
  const never = () => new Promise<never>(() => {});
  for (let at = 0; at < 9; at += 1) {
    for (const work of [
      () => doneInTime(late, never),
      () => doneInTime(known, never),
      () => doneInTime({} as RouteContext, () => Promise.reject(failing)),
    ]) {
      const error = await work().catch((thrown: unknown) => thrown);
      assert.equal(answerProblem(error, logger).status, 503);
    }
  }
  const what = "the store gave no answer in time";
  const one = { what, code: "store.unknown" };
  assert.deepEqual(told, [one, { ...one, cause: "Error: disk full" }]);
  const refused = doneInTime({} as RouteContext, () =>
    Promise.reject(new TollgateError("hold.not_found", "None.")),
  );
  await assert.rejects(refused, (thrown) => !(thrown instanceof NoAnswer));
});

test("so are requests that find no room, and every other failure is told each time", () => {
  const { told, logger } = written();
  const busy = new TollgateError("server.busy", "Busy.");
  for (let at = 0; at < 9; at += 1) answerProblem(busy, logger);
  assert.deepEqual(told, [{ what: "a request found no room", code: "server.busy" }]);
  for (let at = 0; at < 2; at += 1) answerProblem(new Error("a defect"), logger);
  assert.equal(told.length, 3);
});
