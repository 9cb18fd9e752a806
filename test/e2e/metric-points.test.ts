/**
 * Points of metrics, delta and cumulative, however they are cut into events, repeated and mixed up:
 * what they come to is what a slow oracle adds up. Each unit costs a dollar, so a run's cost is the
 * sum of what was counted in it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { formatQuantity, type Quantity } from "../../src/domain/money/decimal.ts";
import { type ApiCaller, apiCaller, type Json } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const entry = (subject: string, prices: Readonly<Record<string, string>>) => ({
  ...{ provider: "anthropic", subject, currency: "USD" },
  periods: [
    {
      effectiveFrom: null,
      rates: Object.entries(prices).map(([unit, price]) => ({ unit, price })),
    },
  ],
});
const HAIKU = {
  ...{ input_uncached: "0.000001", cache_read: "0.0000001", cache_write: "0.00000125" },
  output_text: "0.000005",
};
const PRICES = {
  ...{ format: "tollgate.prices/1", source: "own", effectiveFrom: null },
  entries: [entry("counted", { claude_code_cost_usage: "1" }), entry("claude-haiku-4-5", HAIKU)],
};

type Temporality = "delta" | "cumulative";

/** One point: times in minutes of a day, the value as decimal text. */
interface Point {
  readonly series: string;
  readonly start: number;
  readonly time: number;
  readonly value: string;
}

const DAY_NS = 1_791_763_200n * 1_000_000_000n;
const nanos = (minute: number) => `${DAY_NS + BigInt(minute) * 60_000_000_000n}`;

const CODES = { delta: 1, cumulative: 2 } as const;

/** An exporter writes the numbers of a double without quotes: they are put in as JSON text. */
function eventText(run: string, temporality: Temporality, points: readonly Point[]): string {
  const dataPoints = points.map(({ series, start, time, value }) => {
    const attributes = [{ key: "session.id", value: { stringValue: series } }];
    const about = { attributes, startTimeUnixNano: nanos(start), timeUnixNano: nanos(time) };
    return `${JSON.stringify(about).slice(0, -1)},"asDouble":${value}}`;
  });
  const event = {
    ...{ type: "metric", id: "laptop-7", run, customer: "acme", kind: "custom" },
    ...{ provider: "anthropic", model: "counted" },
  };
  const sum = `{"aggregationTemporality":${CODES[temporality]},"isMonotonic":true,"dataPoints":[`;
  const metric = `{"name":"claude_code.cost.usage","unit":"USD","sum":${sum}${dataPoints}]}}`;
  return `${JSON.stringify(event).slice(0, -1)},"metric":${metric}}`;
}

describe("points of metrics", () => {
  let server: TestServer;
  let api: ApiCaller;
  let count = 0;
  const newRun = () => {
    count += 1;
    return `run-${count}`;
  };

  before(async () => {
    server = await startTestServer();
    api = await apiCaller(server);
    await api.call("POST", "/v1/prices", { body: PRICES });
  });
  after(() => server.stop());

  async function send(run: string, events: readonly string[]): Promise<string[]> {
    const headers = { "content-type": "application/json" };
    const answer = await api.call("POST", "/v1/events", { body: `[${events}]`, headers });
    assert.equal(answer.status, 200, answer.text);
    const items = answer.body.results as unknown as Json[];
    const parts = items.flatMap((item) => [item, ...((item.extra ?? []) as unknown as Json[])]);
    last = String(answer.body.runs?.[run]?.cost);
    return parts.map(({ status }) => String(status));
  }
  let last = "";

  const at = (time: number, value: string, start = 0): Point => {
    return { series: "s1", start, time, value };
  };

  test("14: of cumulative points the newest stands, and delta points add up", async () => {
    const values = ["0.10", "0.25", "0.40"];
    const points = values.map((value, index) => at(index + 1, value));
    const one = newRun();
    const told = await send(one, [eventText(one, "cumulative", points)]);
    assert.deepEqual([told, last], [["accepted", "superseded", "superseded"], "0.4"]);
    const other = newRun();
    const added = await send(other, [eventText(other, "delta", points)]);
    assert.deepEqual([added, last], [["accepted", "accepted", "accepted"], "0.75"]);
  });

  test("15: totals of a session so far, the last told twice, are the last", async () => {
    const points = ["1000", "2500", "2500"].map((value, index) => at(index + 1, value));
    const run = newRun();
    await send(run, [eventText(run, "cumulative", points)]);
    assert.equal(last, "2500");
  });

  test("14: a counter that began anew counts on from what it had", async () => {
    const run = newRun();
    const each = [at(1, "0.10"), at(2, "0.25"), at(3, "0.40"), at(5, "0.05", 4)];
    for (const point of each) await send(run, [eventText(run, "cumulative", [point])]);
    assert.equal(last, "0.45");
  });

  test("points that come again or late change nothing, and say so", async () => {
    const run = newRun();
    const point = (of: Point, temporality: Temporality = "cumulative") =>
      send(run, [eventText(run, temporality, [of])]);
    assert.deepEqual(await point(at(3, "0.40")), ["accepted"]);
    assert.deepEqual(await point(at(3, "0.40")), ["duplicate"]);
    assert.deepEqual(await point(at(4, "4e-1")), ["duplicate"], "a counter that stood still");
    assert.deepEqual(await point(at(2, "0.25")), ["stale"]);
    assert.equal(last, "0.4");
    assert.deepEqual(await point(at(2, "0.25"), "delta"), ["accepted"]);
    assert.deepEqual(await point(at(2, "0.25"), "delta"), ["duplicate"]);
    assert.deepEqual(await point(at(2, "0.26"), "delta"), ["conflict"]);
    assert.equal(last, "0.65");
  });

  test("a cumulative record is of the time at which its counter began", async () => {
    const run = newRun();
    await send(run, [eventText(run, "cumulative", [at(700, "0.40", 600)])]);
    const { body } = await api.call("GET", `/v1/runs/${run}`);
    const [step] = body.steps as unknown as Json[];
    assert.equal(step?.occurredAt, "2026-10-12T10:00:00.000Z");
    assert.equal(step?.completeness, "partial");
  });

  test("points of tokens are priced by their model and bucket", async () => {
    const run = newRun();
    const point = (type: string, asInt: string) => ({
      attributes: [
        { key: "type", value: { stringValue: type } },
        { key: "model", value: { stringValue: "claude-haiku-4-5" } },
      ],
      ...{ startTimeUnixNano: nanos(0), timeUnixNano: nanos(1), asInt },
    });
    const counts = { input: "33", cacheRead: "230827", cacheCreation: "53995", output: "904" };
    const dataPoints = Object.entries(counts).map(([type, asInt]) => point(type, asInt));
    const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints };
    const metric = { name: "claude_code.token.usage", unit: "tokens", sum };
    const event = { type: "metric", id: "laptop-7", run, customer: "acme", kind: "model", metric };
    const { body } = await api.call("POST", "/v1/events", { body: [event] });
    // As trap 33 has it: 33 × 1 + 53,995 × 1.25 + 230,827 × 0.1 + 904 × 5 dollars a million.
    assert.equal(body.runs?.[run]?.cost, "0.09512945");
  });

  test("what points come to depends neither on how they are cut nor on their order", async () => {
    await fc.assert(
      fc.asyncProperty(history(), async ({ temporality, requests, points }) => {
        const run = newRun();
        for (const events of requests) {
          const texts = events.map((each) => eventText(run, temporality, each));
          const told = await send(run, texts);
          assert.ok(!told.includes("rejected") && !told.includes("conflict"), `${told}`);
        }
        assert.equal(last, oracle(temporality, points));
      }),
      { numRuns: 60 },
    );
  });
});

interface History {
  readonly temporality: Temporality;
  /** All points, each once. */
  readonly points: readonly Point[];
  /** Requests of events of points: every point at least once, in any order. */
  readonly requests: readonly (readonly (readonly Point[])[])[];
}

/** Billionths of a dollar, as an exporter's double shows them. */
const billionths = (value: number) => formatQuantity(BigInt(value) as Quantity);

/** Counters of up to three series that begin anew a few times, and how their points arrive. */
function history(): fc.Arbitrary<History> {
  const growth = fc.array(fc.integer({ min: 0, max: 3_000_000_000 }), {
    minLength: 1,
    maxLength: 5,
  });
  const life = fc.tuple(fc.constantFrom("s1", "s2", "s3"), growth);
  const lives = fc.array(life, { minLength: 1, maxLength: 6 });
  return fc
    .tuple(fc.constantFrom<Temporality>("delta", "cumulative"), lives)
    .chain(([temporality, told]) => {
      const points = told.flatMap(([series, grown], index) =>
        pointsOf(temporality, index, { series, grown }),
      );
      const again = fc.array(fc.constantFrom(...points), { maxLength: 10 });
      return again
        .chain((repeated) => {
          const all = [...points, ...repeated];
          return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
        })
        .chain((all) =>
          fc
            .array(fc.integer({ min: 1, max: 4 }), { minLength: 40, maxLength: 40 })
            .map((sizes) => {
              const requests = cut(cut(all, sizes), sizes.toReversed());
              return { temporality, points, requests };
            }),
        );
    });
}

function pointsOf(
  temporality: Temporality,
  index: number,
  { series, grown }: { readonly series: string; readonly grown: readonly number[] },
): Point[] {
  let sum = 0;
  return grown.map((more, at) => {
    sum += more;
    const value = billionths(temporality === "delta" ? more : sum);
    const start = index * 10;
    return { series, start, time: start + 1 + at, value };
  });
}

function cut<T>(list: readonly T[], sizes: readonly number[]): T[][] {
  const parts: T[][] = [];
  let from = 0;
  for (const size of sizes) {
    if (from >= list.length) break;
    parts.push(list.slice(from, from + size));
    from += size;
  }
  return parts;
}

/** By the books: per counter its highest point, or every point once. */
function oracle(temporality: Temporality, points: readonly Point[]): string {
  const counted = new Map<string, bigint>();
  for (const { series, start, time, value } of points) {
    const key = temporality === "delta" ? `${series} ${start} ${time}` : `${series} ${start}`;
    const [whole = "0", places = ""] = value.split(".");
    const units = BigInt(whole) * 10n ** 9n + BigInt(places.padEnd(9, "0"));
    const before = counted.get(key) ?? 0n;
    counted.set(key, units > before ? units : before);
  }
  let sum = 0n;
  for (const units of counted.values()) sum += units;
  return formatQuantity(sum as Quantity);
}
