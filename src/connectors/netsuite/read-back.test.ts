import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { EXPORT_NOTE_MAX_CHARS } from "../../domain/limits.ts";
import { jobOf } from "./netsuite-api.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";
import { lookUpRecords } from "./read-back.ts";
import { DAY_MS, LINE_KEY, lineOf, quietAccount, START_MS } from "./sample-account-contract.ts";

const BATCH = { mode: "usage", settings: { api: "batch" } } as const;
const HOUR_MS = 60 * 60 * 1000;

function keyOf(at: number): string {
  return LINE_KEY.slice(0, -3) + String(100 + at);
}

test("a hundred lines are looked up in one request, where SuiteQL shows them", async () => {
  const clock = { nowMs: START_MS };
  const { fake, target, session } = quietAccount(BATCH, clock);
  const lines = Array.from({ length: 100 }, (_, at) => lineOf(target, { key: keyOf(at) }));
  const outcomes = await netsuiteConnector.send(lines, session);
  assert.deepEqual(new Set(outcomes.map(({ note }) => note)), new Set(["202 job:1"]));
  clock.nowMs += HOUR_MS;
  fake.tick();
  clock.nowMs += HOUR_MS;
  const before = fake.seen.length;
  const found = await lookUpRecords(lines, session);
  assert.ok(found.every((one) => one.found === "present"));
  const asked = fake.seen.slice(before).filter((one) => !one.endsWith("/token"));
  assert.deepEqual(asked, ["POST /services/rest/query/v1/suiteql"]);
  assert.deepEqual(fake.complaints, []);
});

test("what a job may still make is not absent, and is refused when it is over", async () => {
  const clock = { nowMs: START_MS };
  const { target, session } = quietAccount(BATCH, clock);
  const good = lineOf(target);
  // There is no such line of the subscription: the job succeeds all the same.
  const bad: ExportLine = {
    ...lineOf(target, { key: keyOf(1) }),
    body: lineOf(target, { key: keyOf(1) }).body.replace("3000", "9999"),
  };
  const [became] = await netsuiteConnector.send([good, bad], session);
  const lines = [good, bad].map((line) => ({ ...line, note: became?.note ?? "" }));
  const early = await lookUpRecords(lines, session);
  assert.deepEqual(
    early.map((one) => one.found),
    ["unclear", "unclear"],
  );
  assert.ok(early.every(({ note }) => note === "job:1 is not over"));
  clock.nowMs += HOUR_MS;
  const late = await lookUpRecords(lines, session);
  assert.deepEqual(
    late.map((one) => one.found),
    ["present", "refused"],
  );
});

test("a batch that is sent again is the same job", async () => {
  const { fake, target, session } = quietAccount(BATCH, { nowMs: START_MS });
  const [first] = await netsuiteConnector.send([lineOf(target)], session);
  const [second] = await netsuiteConnector.send([lineOf(target)], session);
  assert.deepEqual([first?.class, second?.class], ["accepted", "delivered_duplicate"]);
  assert.match(second?.note ?? "", /job:1$/);
  assert.equal(fake.seen.filter((one) => one.startsWith("PUT")).length, 2);
});

test("where SuiteQL is refused, each line is read by its external ID", async () => {
  const clock = { nowMs: START_MS };
  const { fake, target, session } = quietAccount({ mode: "usage", settings: {} }, clock);
  const [line, absent] = [lineOf(target), lineOf(target, { key: keyOf(1) })];
  await netsuiteConnector.send([line], session);
  clock.nowMs += DAY_MS;
  const http: typeof session.http = {
    send: async (request, limits) => {
      if (!request.url.includes("suiteql")) return session.http.send(request, limits);
      return { kind: "answered", answer: { status: 403, headers: {}, body: "" } };
    },
  };
  const found = await lookUpRecords([line, absent], { ...session, http });
  assert.deepEqual(
    found.map((one) => one.found),
    ["present", "absent"],
  );
  assert.deepEqual(fake.complaints, []);
});

test("a job is known as long as nobody could say what became of it", async () => {
  const clock = { nowMs: START_MS };
  const { target, session } = quietAccount(BATCH, clock);
  const [became] = await netsuiteConnector.send([lineOf(target)], session);
  const line = { ...lineOf(target), note: became?.note ?? "" };
  const reason = "x".repeat(1_000);
  for (const http of [
    { send: async () => ({ kind: "unclear", reason }) as const },
    { send: () => Promise.reject(new Error(reason)) },
  ]) {
    const [found] = await lookUpRecords([line], { ...session, http });
    assert.equal(found?.found, "unclear");
    assert.equal(jobOf({ note: found.note.slice(0, EXPORT_NOTE_MAX_CHARS) }), "1");
  }
});
