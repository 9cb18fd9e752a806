import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { usageOf } from "../../domain/event/usage.ts";
import {
  EVENTS_PER_REQUEST_MAX_COUNT,
  ID_MAX_CHARS,
  STEPS_PER_REQUEST_MAX_COUNT,
  UNREAD_COUNTS_NAMED_MAX_COUNT,
} from "../../domain/limits.ts";
import { eventReader } from "./ingest-body.ts";

interface Result {
  readonly seen: string;
  readonly error?: Problem;
}

/** A reader over a commit that only notes what it is given; "bad…" is refused by the engine. */
function setUp() {
  const commits: (readonly TollgateEvent[])[] = [];
  const context = {
    digest: { content: () => "hash" },
    // The format says how many steps the block stands for.
    mapProviderUsage: (format: string, block: unknown) => ({
      steps: Array.from({ length: Number(format) }, (_, at) => {
        return { suffix: at === 0 ? "" : `inner-${at}`, usage: usageOf([]) };
      }),
      ...(block as { unread?: string[] }),
    }),
  };
  const reader = eventReader(context, async (_workspace, events) => {
    commits.push(events);
    const results = events.map(({ id }): Result => {
      const error = { code: "run.cycle", detail: "a circle", field: "parentRun" } as const;
      return id.startsWith("bad") ? { seen: id, error } : { seen: id };
    });
    return { results, runs: new Map(events.map(({ run }) => [run, 1])) };
  });
  return { commits, reader };
}

const event = (id: string, fields: object = {}) => ({
  ...{ id, run: "r", occurredAt: "2026-11-10T10:00:00Z", kind: "custom", ...fields },
});
const standingFor = (steps: number) => ({ usageFormat: `${steps}`, providerUsage: {} });
const SEVERAL = standingFor(3);

describe("a body of events", () => {
  test("has few events that stand for many steps: what exceeds the limit is refused", async () => {
    const { commits, reader } = setUp();
    const most = STEPS_PER_REQUEST_MAX_COUNT;
    const sent = [
      event("a", standingFor(most - 10)),
      event("b", standingFor(11)),
      event("c", standingFor(10)),
      event("d"),
    ];
    for (const [kind, body] of [
      ["json", JSON.stringify(sent)],
      ["ndjson", sent.map((one) => JSON.stringify(one)).join("\n")],
    ] as const) {
      const { results } = await reader.ingestBody("w", body, kind);
      const codes = results.map(({ result }) => ("status" in result ? result.error.code : "ok"));
      assert.deepEqual(codes, ["ok", "request.too_large", "ok", "ok"]);
      assert.equal(results[1]?.result.error?.field, "events[1]");
    }
    assert.deepEqual(
      commits.map((events) => events.length),
      [most + 1, most + 1],
    );
  });

  test("results stand where their events stood, whatever was refused between them", async () => {
    const { commits, reader } = setUp();
    const sent = [event("a"), event("b", { kind: "?" }), event("c", SEVERAL), 7, event("bad")];
    const { results, runs } = await reader.ingestBody("w", JSON.stringify(sent), "json");
    const [a, b, c, number, bad] = results;
    assert.deepEqual(a, { id: "a", result: { seen: "a" }, extra: [] });
    assert.equal(b?.id, "b");
    assert.ok(b !== undefined && "status" in b.result);
    assert.equal(b.result.error.field, "events[1].kind");
    assert.deepEqual(c?.result, { seen: "c" });
    assert.deepEqual(c?.extra, [
      { id: "c#inner-1", result: { seen: "c#inner-1" } },
      { id: "c#inner-2", result: { seen: "c#inner-2" } },
    ]);
    assert.equal(number?.result.error?.field, "events[3]");
    assert.equal(bad?.result.error?.field, "events[4].parentRun");
    assert.equal(runs.get("r"), 1);
    assert.deepEqual(
      commits.map((events) => events.length),
      [5],
    );
  });

  test("counts that no rule reads are named with their event, the first 20 of them", async () => {
    const { reader } = setUp();
    const paths = Array.from(
      { length: UNREAD_COUNTS_NAMED_MAX_COUNT + 1 },
      (_, n) => `usage.n${n}`,
    );
    const of = (steps: number, unread: readonly string[]) => {
      return { usageFormat: `${steps}`, providerUsage: { unread } };
    };
    const sent = [
      event("a", of(1, ["usage.n", "x".repeat(ID_MAX_CHARS + 1)])),
      event("b", of(1, [])),
      event("c", of(3, paths)),
      event("d"),
    ];
    for (const [kind, body] of [
      ["json", JSON.stringify(sent)],
      ["ndjson", sent.map((one) => JSON.stringify(one)).join("\n")],
    ] as const) {
      const { results } = await reader.ingestBody("w", body, kind);
      assert.deepEqual(
        results.map(({ id, unread, extra }) => [id, unread, extra.length]),
        [
          ["a", ["usage.n", "x".repeat(ID_MAX_CHARS)], 0],
          ["b", undefined, 0],
          ["c", paths.slice(0, UNREAD_COUNTS_NAMED_MAX_COUNT), 2],
          ["d", undefined, 0],
        ],
      );
    }
  });

  test("nothing is committed where nothing is good", async () => {
    const { commits, reader } = setUp();
    const answer = await reader.ingestBody("w", "{}\nnope\n\n", "ndjson");
    assert.deepEqual(
      answer.results.map(({ id, result }) => [id, result.error?.field]),
      [
        [null, "events[0].run"],
        [null, "events[1]"],
      ],
    );
    assert.equal(answer.runs.size, 0);
    assert.deepEqual((await reader.ingestBody("w", "[]", "json")).results, []);
    assert.deepEqual(commits, []);
  });

  test("a single event names its fields without a place", async () => {
    const { reader } = setUp();
    const { results } = await reader.ingestValue("w", event("a", { kind: "?" }));
    assert.equal(results[0]?.result.error?.field, "kind");
  });

  test("an id is sent back only where it may be shown", async () => {
    const { reader } = setUp();
    const ids = ["x".repeat(201), "\ud800", 7, undefined, "y".repeat(200)];
    const sent = ids.map((id) => ({ ...event(""), id, kind: "?" }));
    const { results } = await reader.ingestBody("w", JSON.stringify(sent), "json");
    assert.deepEqual(
      results.map(({ id }) => id),
      [null, null, null, null, "y".repeat(200)],
    );
  });

  test("a body that is no list, or too long a one, is refused whole", async () => {
    const { commits, reader } = setUp();
    const refusal = (code: string) => (error: unknown) =>
      error instanceof TollgateError && error.code === code;
    for (const text of ["{}", "null", "[", ""]) {
      await assert.rejects(reader.ingestBody("w", text, "json"), refusal("request.malformed"));
    }
    const list = (count: number) => `[${Array.from({ length: count }, () => "1").join(",")}]`;
    const most = await reader.ingestBody("w", list(EVENTS_PER_REQUEST_MAX_COUNT), "json");
    assert.equal(most.results.length, EVENTS_PER_REQUEST_MAX_COUNT);
    const over = list(EVENTS_PER_REQUEST_MAX_COUNT + 1);
    await assert.rejects(reader.ingestBody("w", over, "json"), refusal("request.too_large"));
    const lines = "1\n".repeat(EVENTS_PER_REQUEST_MAX_COUNT + 1);
    await assert.rejects(reader.ingestBody("w", lines, "ndjson"), refusal("request.too_large"));
    assert.deepEqual(commits, []);
  });
});
