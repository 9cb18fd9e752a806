import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HttpMetrics } from "./metrics.ts";

const GAUGES = { waiting: 3, steps: 4, runs: 5, storeBytes: 6, bodyBytes: 7, commits: null };

describe("metrics", () => {
  test("events are counted by status, those of one usage block each", () => {
    const metrics = new HttpMetrics();
    const accepted = { status: "accepted" } as const;
    const extra = [{ id: "b#1", result: { status: "suspended" } as const }];
    metrics.countEvents([
      { id: "a", result: accepted, extra: [] },
      { id: "b", result: accepted, extra },
    ]);
    const text = metrics.write(GAUGES);
    assert.match(text, /^tollgate_events_total\{status="accepted"\} 2$/m);
    assert.match(text, /^tollgate_events_total\{status="suspended"\} 1$/m);
  });

  test("durations are cumulative by bucket, up to all of them", () => {
    const metrics = new HttpMetrics();
    for (const durationMs of [0.5, 1, 30, 60_000]) {
      metrics.observe({ route: "GET /x", status: 200, durationMs });
    }
    const text = metrics.write(GAUGES);
    const bucket = (limit: string) =>
      new RegExp(`_bucket\\{route="GET /x",le="${limit.replace("+", "[+]")}"\\} (\\d+)`).exec(
        text,
      )?.[1];
    assert.deepEqual(["0.001", "0.025", "0.05", "10", "+Inf"].map(bucket), [
      ...["2", "2", "3", "3", "4"],
    ]);
    assert.match(text, /_count\{route="GET \/x"\} 4/);
    assert.match(text, /requests_total\{route="GET \/x",status="200"\} 4/);
  });

  test("every line is a comment or a sample, and ends the text with a line end", () => {
    const text = new HttpMetrics().write({ ...GAUGES, commits: 8 });
    assert.ok(text.endsWith("\n"));
    for (const row of text.trimEnd().split("\n")) {
      assert.match(row, /^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[0-9.e+-]+)$/);
    }
    assert.match(text, /^tollgate_commits_total 8$/m);
  });
});
