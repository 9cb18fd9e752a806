/** What a metric's points are made into, and what of a metric is refused with which place. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { METRIC_POINTS_MAX_COUNT } from "../../domain/limits.ts";
import { contentDigest } from "../native/content-digest.ts";
import { parseJsonExact } from "../native/exact-json.ts";
import { parseEvent } from "../native/parse-event.ts";
import { mapProviderUsage } from "../provider-response/map.ts";

const CONTEXT = { digest: { content: contentDigest }, mapProviderUsage };

const POINT = {
  attributes: [
    { key: "type", value: { stringValue: "input" } },
    { key: "model", value: { stringValue: "claude-haiku-4-5" } },
  ],
  startTimeUnixNano: "1791763200000000000",
  timeUnixNano: "1791763260000000000",
  asInt: "7",
};
const SUM = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [POINT] };
const METRIC = { name: "claude_code.token.usage", unit: "tokens", sum: SUM };
const EVENT = { type: "metric", id: "laptop-7", run: "r1", kind: "model", metric: METRIC };

const withPoint = (fields: object, sum: object = {}) => ({
  ...EVENT,
  metric: { ...METRIC, sum: { ...SUM, ...sum, dataPoints: [{ ...POINT, ...fields }] } },
});
const withMetric = (fields: object) => ({ ...EVENT, metric: { ...METRIC, ...fields } });

/** The steps of an event that crosses as JSON text, or the place and code of what is wrong. */
function read(event: object | string) {
  const text = typeof event === "string" ? event : JSON.stringify(event);
  const parsed = parseEvent(parseJsonExact(text), CONTEXT);
  if ("problem" in parsed) return { refused: `${parsed.problem.field} ${parsed.problem.code}` };
  const steps = parsed.events.map((step) => {
    assert.ok(step.type === "step");
    return { ...step, usage: Object.fromEntries(step.usage) };
  });
  return { steps, first: steps[0] };
}

describe("points of a metric", () => {
  it("have an identity of their series and start, however the exporter writes them", () => {
    const { first } = read(EVENT);
    assert.match(first?.id ?? "", /^laptop-7#[\w-]{22}$/);
    const attributes = POINT.attributes.toReversed();
    const same = [
      withPoint({ attributes }),
      withPoint({ asInt: "9", timeUnixNano: "1791763320000000000" }),
      withMetric({ description: "Tokens used", metadata: [] }),
      JSON.stringify(EVENT).replace('"1791763200000000000"', "1791763200000000000"),
    ];
    for (const event of same) assert.equal(read(event).first?.id, first?.id);
    const others = [
      withPoint({ startTimeUnixNano: "1791763200000000001" }),
      withPoint({ attributes: [POINT.attributes[0]] }),
      withPoint({}, { aggregationTemporality: 1 }),
      withMetric({ unit: "{token}" }),
      { ...EVENT, id: "laptop-8" },
    ];
    const ids = others.map((event) => read(event).first?.id);
    assert.equal(new Set([first?.id, ...ids]).size, ids.length + 1);
  });

  it("take an integer attribute as text and as a number for one", () => {
    const number = (intValue: unknown) =>
      read(withPoint({ attributes: [...POINT.attributes, { key: "n", value: { intValue } }] }));
    assert.equal(number(5).first?.id, number("5").first?.id);
  });

  it("are exact: what the text of a number says is what counts", () => {
    const told = (value: string) => {
      const text = JSON.stringify(withMetric({ name: "acme.pages" }));
      return read(text.replace('"asInt":"7"', `"asDouble":${value}`)).first?.usage;
    };
    assert.deepEqual(told("0.1"), { acme_pages: 100_000_000n });
    assert.deepEqual(told("1e-9"), { acme_pages: 1n });
    assert.deepEqual(told("123456789012345.123456789"), { acme_pages: 123456789012345123456789n });
    const whole = read(withPoint({ asInt: "999999999999999" })).first?.usage;
    assert.deepEqual(whole, { input_uncached: 999_999_999_999_999_000_000_000n });
  });

  it("are of the kind of tokens, the model and the provider that the metric tells", () => {
    const { first } = read(EVENT);
    const { provider, model, kind, completeness } = first ?? {};
    assert.deepEqual(
      [provider, model, kind, completeness],
      [...["anthropic", "claude-haiku-4-5", "model", "partial"]],
    );
    const named = read({ ...EVENT, provider: "aws", model: "own" }).first;
    assert.deepEqual([named?.provider, named?.model], ["aws", "own"]);
    const attributes = [
      { key: "gen_ai.token.type", value: { stringValue: "output" } },
      { key: "gen_ai.provider.name", value: { stringValue: "openai" } },
      { key: "gen_ai.request.model", value: { stringValue: "gpt-5.1" } },
    ];
    const dataPoints = [{ ...POINT, asInt: undefined, attributes, count: "3", sum: 120 }];
    const histogram = { aggregationTemporality: 1, dataPoints };
    const genAi = { ...EVENT, metric: { name: "gen_ai.client.token.usage", histogram } };
    const known = read(genAi).first;
    assert.deepEqual(
      [known?.provider, known?.model, known?.completeness, known?.usage],
      ["openai", "gpt-5.1", "estimated", { output_text: 120_000_000_000n }],
    );
  });

  it("that have no value are left out", () => {
    const dataPoints = [{ ...POINT, asInt: undefined, flags: 1 }, POINT];
    assert.equal(read(withMetric({ sum: { ...SUM, dataPoints } })).steps?.length, 1);
  });
});

const POINTS = "metric.sum.dataPoints";
const TOO_MANY = Array.from({ length: METRIC_POINTS_MAX_COUNT + 1 }, () => POINT);
const LATER = { ...POINT, asInt: "3", timeUnixNano: "1791763320000000000" };
const REFUSED: Readonly<Record<string, readonly [object, string]>> = {
  "that is not there": [{ ...EVENT, metric: undefined }, "metric field.missing"],
  "without a name": [withMetric({ name: "" }), "metric.name field.invalid"],
  "that is a gauge": [{ ...EVENT, metric: { name: "a", gauge: SUM } }, "metric field.invalid"],
  "that may fall": [withPoint({}, { isMonotonic: false }), "metric.sum.isMonotonic field.invalid"],
  "without a temporality": [
    withPoint({}, { aggregationTemporality: 0 }),
    "metric.sum.aggregationTemporality field.invalid",
  ],
  "without points": [withPoint({ flags: 1 }), `${POINTS} field.missing`],
  "whose points are no list": [
    withMetric({ sum: { ...SUM, dataPoints: {} } }),
    `${POINTS} field.invalid`,
  ],
  "with too many points": [
    withMetric({ sum: { ...SUM, dataPoints: TOO_MANY } }),
    `${POINTS} field.out_of_range`,
  ],
  "whose counter has no start": [
    withPoint({ startTimeUnixNano: "0" }),
    `${POINTS}[0].startTimeUnixNano field.missing`,
  ],
  "that begins after it was read": [
    withPoint({ startTimeUnixNano: "1791763260000000001" }),
    `${POINTS}[0].startTimeUnixNano usage.inconsistent`,
  ],
  "of the year 1970": [
    withPoint({ startTimeUnixNano: "1" }),
    `${POINTS}[0].startTimeUnixNano field.out_of_range`,
  ],
  "with a time that is none": [
    withPoint({ timeUnixNano: "yesterday" }),
    `${POINTS}[0].timeUnixNano field.invalid`,
  ],
  "with two values": [withPoint({ asDouble: 1 }), `${POINTS}[0] field.invalid`],
  "with a negative count": [withPoint({ asInt: "-1" }), `${POINTS}[0].asInt field.out_of_range`],
  "with a part of a count": [withPoint({ asInt: "1.5" }), `${POINTS}[0].asInt field.invalid`],
  "with a double that is no number": [
    withPoint({ asInt: undefined, asDouble: "NaN" }),
    `${POINTS}[0].asDouble field.invalid`,
  ],
  "with more places than are kept": [
    withPoint({ asInt: undefined, asDouble: "0.30000000000000004" }),
    `${POINTS}[0].asDouble field.invalid`,
  ],
  "with tokens of an unknown kind": [
    withPoint({ attributes: [] }),
    `${POINTS}[0].attributes field.invalid`,
  ],
  "with a key twice": [
    withPoint({ attributes: [...POINT.attributes, POINT.attributes[0]] }),
    `${POINTS}[0].attributes[2].key field.invalid`,
  ],
  "that falls under one start": [
    withMetric({ sum: { ...SUM, dataPoints: [LATER, POINT] } }),
    `${POINTS}[0] usage.inconsistent`,
  ],
  "whose name makes no unit": [withMetric({ name: "9" }), "metric.name field.invalid"],
  "whose name is a bucket's": [withMetric({ name: "cache.read" }), "metric.name field.invalid"],
  "with a time of its own": [
    { ...EVENT, occurredAt: "2026-10-12T00:00:00Z" },
    "occurredAt field.unknown",
  ],
  "beside other usage": [{ ...EVENT, usage: { pages: 1 } }, "usage field.unknown"],
  "in a step": [
    { ...EVENT, type: "step", occurredAt: "2026-10-12T00:00:00Z" },
    "metric field.unknown",
  ],
};

describe("a metric is refused", () => {
  for (const [what, [event, refused]] of Object.entries(REFUSED)) {
    it(what, () => assert.deepEqual(read(event), { refused }));
  }
});
