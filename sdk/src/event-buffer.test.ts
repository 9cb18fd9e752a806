import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EventBuffer } from "./event-buffer.ts";
import type { WireEvent } from "./events.ts";
import { settingsOf } from "./options.ts";
import type { Problem } from "./problem.ts";
import { TollgateApi } from "./tollgate-api.ts";

type Answer = (events: readonly WireEvent[]) => Response | Error;

const accept: Answer = (events) =>
  Response.json({ results: events.map(() => ({ status: "accepted" })) });
const status = (code: number) => () => Response.json({ code: "scripted" }, { status: code });
const broken = () => new TypeError("fetch failed");

/** A buffer whose requests get the answers in order, and then all is well. */
function bufferWith(answers: readonly Answer[], limits: object = {}) {
  const left = [...answers];
  const batches: WireEvent[][] = [];
  const problems: Problem[] = [];
  const fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
    const events = JSON.parse(String(init?.body)) as WireEvent[];
    batches.push(events);
    const answer = (left.shift() ?? accept)(events);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const api = new TollgateApi({
    url: "http://t.test",
    key: "k",
    fetch: fetch as typeof globalThis.fetch,
  });
  const options = { ...settingsOf({ url: "", key: "" }).buffer, firstRetryMs: 1, mostRetryMs: 2 };
  const buffer = new EventBuffer(api, { ...options, ...limits }, (problem) =>
    problems.push(problem),
  );
  return { buffer, batches, problems };
}

const event = (id: string, more: object = {}): WireEvent => {
  return { type: "step", id, source: "sdk", run: "r", occurredAt: "2026-10-12T09:00:00Z", ...more };
};
const ids = (events: readonly WireEvent[] = []) => events.map(({ id }) => id);

describe("events on their way", () => {
  test("gather into one batch for a moment", async () => {
    const { buffer, batches } = bufferWith([], { intervalMs: 5 });
    buffer.add(event("a"));
    buffer.add(event("b"));
    assert.equal(batches.length, 0);
    assert.equal(await buffer.flush(1000), true);
    assert.deepEqual(batches.map(ids), [["a", "b"]]);
    assert.equal(buffer.size, 0);
  });

  test("leave at once when a batch is full", async () => {
    const { buffer, batches } = bufferWith([], { batchEvents: 2, intervalMs: 60_000 });
    buffer.add(event("a"));
    buffer.add(event("b"));
    assert.equal(batches.length, 1);
    await buffer.flush(1000);
  });

  test("are sent again, the same, after a broken connection, 503, 401 and nonsense", async () => {
    const answers = [broken, status(503), status(401), () => new Response("<html>")];
    const { buffer, batches, problems } = bufferWith(answers);
    buffer.add(event("a"));
    assert.equal(await buffer.flush(5000), true);
    assert.equal(batches.length, 5);
    assert.equal(new Set(batches.map((batch) => JSON.stringify(batch))).size, 1);
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ["unsent", "unsent", "unsent", "unsent"],
    );
  });

  test("that are refused as a whole are parted until the bad one stands alone", async () => {
    const refuseBad: Answer = (events) =>
      ids(events).includes("bad") ? status(413)() : accept(events);
    const { buffer, problems } = bufferWith(Array.from({ length: 20 }, () => refuseBad));
    for (const id of ["a", "bad", "c"]) buffer.add(event(id));
    assert.equal(await buffer.flush(5000), true);
    const dropped = problems.filter((problem) => problem.kind === "dropped");
    assert.deepEqual(
      dropped.map(({ events }) => ids(events)),
      [["bad"]],
    );
  });

  test("that the server rejects are told with its reason", async () => {
    const error = { code: "field.missing", detail: '"kind" is required.' };
    const results = [{ status: "accepted" }, { status: "rejected", error }, { status: "conflict" }];
    const { buffer, problems } = bufferWith([() => Response.json({ results })]);
    for (const id of ["a", "b", "c"]) buffer.add(event(id));
    await buffer.flush(1000);
    const told = problems.map((problem) => {
      return problem.kind === "rejected" ? [problem.event.id, problem.code] : [];
    });
    assert.deepEqual(told, [
      ["b", "field.missing"],
      ["c", "conflict"],
    ]);
  });

  test("with counts that Tollgate has no rule for are told, each count once", async () => {
    const taken = (unreadUsage?: string[]) => ({ status: "accepted", unreadUsage });
    const answers = [[taken(["u.a", "u.b"]), taken(), taken(["u.b"])], [taken(["u.b", "u.c"])]];
    const { buffer, problems } = bufferWith(
      answers.map((results) => () => Response.json({ results })),
    );
    for (const id of ["a", "b", "c"]) buffer.add(event(id));
    await buffer.flush(1000);
    buffer.add(event("d"));
    await buffer.flush(1000);
    const told = problems.map((problem) => {
      return problem.kind === "uncounted" ? [problem.event.id, ...problem.counts] : [];
    });
    assert.deepEqual(told, [
      ["a", "u.a", "u.b"],
      ["d", "u.c"],
    ]);
  });

  test("beyond the bound are dropped and told, one by one", () => {
    const { buffer, problems } = bufferWith([], { maxEvents: 2, intervalMs: 60_000 });
    for (const id of ["a", "b", "c", "d"]) buffer.add(event(id));
    const dropped = problems.flatMap((problem) =>
      problem.kind === "dropped" ? problem.events : [],
    );
    assert.deepEqual([buffer.size, ids(dropped)], [2, ["c", "d"]]);
  });

  test("are bounded by their size too", () => {
    const { buffer, problems } = bufferWith([], { maxChars: 300, intervalMs: 60_000 });
    buffer.add(event("a", { note: "x".repeat(100) }));
    buffer.add(event("b", { note: "x".repeat(100) }));
    assert.deepEqual([buffer.size, problems.length], [1, 1]);
  });

  test("make calls wait while there is no room, but not for ever", async () => {
    const limits = { maxEvents: 1, intervalMs: 60_000, roomWaitMs: 20 };
    const { buffer } = bufferWith([], limits);
    buffer.add(event("a"));
    const startMs = performance.now();
    await buffer.room();
    assert.ok(performance.now() - startMs >= 15);
    const room = buffer.room();
    await buffer.flush(1000);
    await room;
    assert.equal(buffer.size, 0);
  });

  test("that do not get through in time are kept for later", async () => {
    const { buffer } = bufferWith(
      Array.from({ length: 3 }, () => status(503)),
      {
        firstRetryMs: 400,
        mostRetryMs: 400,
      },
    );
    buffer.add(event("a"));
    assert.equal(await buffer.flush(5), false);
    assert.equal(buffer.size, 1);
    for (let flushes = 0; buffer.size > 0; flushes += 1) {
      assert.ok(flushes < 10);
      await buffer.flush(30);
    }
  });

  test("arrive in order, each acknowledged once, whatever fails on the way", async () => {
    const answer = fc.constantFrom<Answer>(accept, broken, status(500), status(413), status(429));
    const property = fc.asyncProperty(
      fc.array(answer, { maxLength: 12 }),
      fc.integer({ min: 1, max: 40 }),
      async (answers, count) => {
        const acknowledged: string[] = [];
        const noting = [...answers, ...Array.from({ length: 60 }, () => accept)].map(
          (next): Answer =>
            (events) => {
              const given = next(events);
              if (next === accept) acknowledged.push(...ids(events));
              return given;
            },
        );
        const { buffer, problems } = bufferWith(noting, { batchEvents: 7, intervalMs: 1 });
        const names = Array.from({ length: count }, (_, index) => `e${index}`);
        for (const id of names) buffer.add(event(id));
        assert.equal(await buffer.flush(5000), true);
        const lost = problems.flatMap((problem) =>
          problem.kind === "dropped" ? problem.events : [],
        );
        const expected = names.filter((name) => !ids(lost).includes(name));
        assert.deepEqual(acknowledged, expected);
      },
    );
    await fc.assert(property, { numRuns: process.env.TOLLGATE_TEST_FULL === "1" ? 1000 : 60 });
  });
});
