import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Answer, type ApiCaller, apiCaller } from "./api-caller.ts";
import { HOSTILE_NUMBERS } from "./hostile-numbers.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

/** Stands where a hostile token goes. */
const HERE = '"@here@"';

const text = (value: unknown) => JSON.stringify(value);
const here = "@here@";

const event = (fields: object) =>
  text({
    ...{ id: "h", run: "hostile", customer: "acme", occurredAt: "2026-11-10T10:00:00Z" },
    ...{ kind: "model", provider: "p", model: "m", ...fields },
  });

const providerUsage = (block: object) =>
  event({ usageFormat: "openai.chat", providerUsage: { usage: block } });
const tokens = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

const START = "1762700000000000000";
const TIME = "1762700060000000000";
const metric = (kind: "sum" | "histogram", fields: object) => {
  const point = { startTimeUnixNano: START, timeUnixNano: TIME, ...fields };
  const data = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] };
  const about = { type: "metric", id: "h", run: "hostile", customer: "acme", kind: "custom" };
  return text({ ...about, metric: { name: "acme.pages", [kind]: data } });
};
const sum = (fields: object) => metric("sum", fields);

/** Numeric fields of events: path as problems name it, document with the place marked. */
const EVENT_FIELDS: readonly (readonly [field: string, document: string])[] = [
  ["usage.output_text", event({ usage: { output_text: here } })],
  ["usage.seconds", event({ usage: { seconds: here } })],
  ["attempt", event({ attempt: here })],
  ["providerUsage.usage.prompt_tokens", providerUsage({ ...tokens, prompt_tokens: here })],
  ["providerUsage.usage.completion_tokens", providerUsage({ ...tokens, completion_tokens: here })],
  [
    "providerUsage.usage.prompt_tokens_details.cached_tokens",
    providerUsage({ ...tokens, prompt_tokens_details: { cached_tokens: here } }),
  ],
  ["metric.sum.dataPoints[0].asInt", sum({ asInt: here })],
  ["metric.sum.dataPoints[0].asDouble", sum({ asDouble: here })],
  ["metric.sum.dataPoints[0].flags", sum({ asInt: "1", flags: here })],
  ["metric.sum.dataPoints[0].timeUnixNano", sum({ asInt: "1", timeUnixNano: here })],
  ["metric.sum.dataPoints[0].startTimeUnixNano", sum({ asInt: "1", startTimeUnixNano: here })],
  ["metric.histogram.dataPoints[0].sum", metric("histogram", { sum: here })],
];

const card = (price: object, rest: object = {}) =>
  text({
    ...{ key: "hostile", currency: "USD" },
    charges: [{ key: "c", meter: { sum: "cost" }, price }],
    ...rest,
  });
const perStep = (price: object) =>
  text({
    ...{ key: "hostile", currency: "USD" },
    charges: [{ key: "c", meter: { count: "steps" }, price }],
  });
const tiers = (tier: object) => ({ model: "graduated", tiers: [tier, { unit: "1" }] });

const priceDocument = (rate: object, entry: object = {}, rest: object = {}) =>
  text({
    ...{ format: "tollgate.prices/1", source: "hostile", effectiveFrom: null, ...rest },
    entries: [
      {
        ...{ provider: "p", subject: "m", currency: "USD", ...entry },
        periods: [{ effectiveFrom: null, rates: [rate] }],
      },
    ],
  });
const rate = { unit: "output_text", price: "1" };

/** Numeric fields of documents: where they are sent, the field named, the document. */
const DOCUMENT_FIELDS: readonly (readonly [path: string, field: string, document: string])[] = [
  ["POST /v1/rate-cards", "charges[0].price.unit", perStep({ model: "per_unit", unit: here })],
  ["POST /v1/rate-cards", "charges[0].price.amount", perStep({ model: "flat", amount: here })],
  [
    "POST /v1/rate-cards",
    "charges[0].price.tiers[0].upTo",
    perStep(tiers({ upTo: here, unit: "1" })),
  ],
  [
    "POST /v1/rate-cards",
    "charges[0].price.tiers[0].unit",
    perStep(tiers({ upTo: "5", unit: here })),
  ],
  [
    "POST /v1/rate-cards",
    "charges[0].price.size",
    perStep({ model: "package", size: here, amount: "1" }),
  ],
  [
    "POST /v1/rate-cards",
    "charges[0].price.cells.m",
    perStep({ model: "matrix", by: "model", cells: { m: here } }),
  ],
  ["POST /v1/rate-cards", "charges[0].price.percent", card({ model: "markup", percent: here })],
  ["POST /v1/rate-cards", "minimum", card({ model: "markup", percent: "1" }, { minimum: here })],
  [
    "POST /v1/prices",
    "entries[0].periods[0].rates[0].price",
    priceDocument({ ...rate, price: here }),
  ],
  [
    "POST /v1/prices",
    "entries[0].periods[0].rates[0].tiers[0].inputAboveTokens",
    priceDocument({ ...rate, tiers: [{ inputAboveTokens: here, price: "1" }] }),
  ],
  [
    "POST /v1/prices",
    "entries[0].tierFactors.batch",
    priceDocument(rate, { tierFactors: { batch: here } }),
  ],
  ["POST /v1/prices", "entries[0].discountPercent", priceDocument(rate, { discountPercent: here })],
  ["PUT /v1/customers/hostile", "anchorDay", text({ anchorDay: here })],
];

/** A token that each field takes, so that a refusal is about the number and nothing else. */
const GOOD: Readonly<Record<string, string>> = {
  attempt: "3",
  "providerUsage.usage.prompt_tokens": "10",
  "providerUsage.usage.completion_tokens": "5",
  "providerUsage.usage.prompt_tokens_details.cached_tokens": "3",
  "entries[0].periods[0].rates[0].tiers[0].inputAboveTokens": "200000",
  anchorDay: "3",
  "metric.sum.dataPoints[0].flags": "2",
  "metric.sum.dataPoints[0].timeUnixNano": text(TIME),
  "metric.sum.dataPoints[0].startTimeUnixNano": text(START),
};
const good = (field: string) => GOOD[field] ?? '"3"';

describe("hostile numbers", () => {
  let server: TestServer;
  let api: ApiCaller;

  before(async () => {
    server = await startTestServer();
    api = await apiCaller(server);
  });
  after(() => server.stop());

  test("there are more than sixty forms, each once", () => {
    assert.ok(HOSTILE_NUMBERS.length >= 60);
    assert.equal(new Set(HOSTILE_NUMBERS.map(({ token }) => token)).size, HOSTILE_NUMBERS.length);
  });

  test("a good number is taken in every one of these places", async () => {
    const other = await startTestServer();
    const caller = await apiCaller(other);
    for (const [index, [field, document]] of EVENT_FIELDS.entries()) {
      const body = `[${document.replace(HERE, good(field)).replace('"h"', `"h${index}"`)}]`;
      const { body: answer } = await caller.call("POST", "/v1/events", { body });
      assert.equal(answer.results?.[0]?.status, "accepted", `${field}: ${text(answer)}`);
    }
    for (const [route, field, document] of DOCUMENT_FIELDS) {
      const [method = "", path = ""] = route.split(" ");
      const body = document.replace('"effectiveFrom":null,', "").replace(HERE, good(field));
      const answer = await caller.call(method, path, { body });
      assert.ok(answer.status < 300, `${field}: ${answer.text}`);
    }
    await other.stop();
  });

  for (const [field, document] of EVENT_FIELDS) {
    test(`no form is taken as an event's ${field}; each refusal names it`, async () => {
      const answers: Answer["body"][] = [];
      for (const { token } of HOSTILE_NUMBERS) {
        const body = document.replace(HERE, () => token);
        const headers = { "content-type": "application/x-ndjson" };
        const { body: answer } = await api.call("POST", "/v1/events", { body, headers });
        answers.push(answer.results?.[0] ?? answer);
      }
      for (const [index, { name, isJson }] of HOSTILE_NUMBERS.entries()) {
        const result = answers[index];
        assert.equal(result?.status, "rejected", `${field} = ${name}: ${text(result)}`);
        const expected = isJson ? `events[0].${field}` : "events[0]";
        assert.equal(result?.error?.field, expected, `${field} = ${name}: ${text(result)}`);
      }
    });
  }

  for (const [route, field, document] of DOCUMENT_FIELDS) {
    test(`${route} takes no form as ${field}; each refusal names it`, async () => {
      const [method = "", path = ""] = route.split(" ");
      for (const { token, name, isJson } of HOSTILE_NUMBERS) {
        const answer = await api.call(method, path, { body: document.replace(HERE, () => token) });
        const where = `${field} = ${name}: ${answer.text.slice(0, 400)}`;
        assert.equal(answer.status, 400, where);
        if (!isJson) assert.equal(answer.body.code, "request.malformed", where);
        else assert.ok(String(answer.body.field).startsWith(field), where);
      }
    });
  }

  test("no form is taken as a page's limit or a conflict's id", async () => {
    const settle = { keep: "first", reason: "x" };
    for (const { token, name } of HOSTILE_NUMBERS) {
      const shown = token.startsWith('"') ? (JSON.parse(token) as string) : token;
      if (shown.length > 10_000) continue;
      const value = encodeURIComponent(shown);
      const listed = await api.call("GET", `/v1/runs?limit=${value}`);
      assert.equal(listed.status, 400, `limit ${name}: ${listed.text}`);
      assert.equal(listed.body.field, "limit", name);
      if (shown === "") continue;
      const path = `/v1/conflicts/${value}/settle`;
      const settled = await api.call("POST", path, { body: settle });
      assert.ok([400, 404].includes(settled.status), `conflict ${name}: ${settled.text}`);
    }
  });

  test("minus zero is zero or refused, never less than nothing", async () => {
    const body = [
      JSON.parse(event({ usage: { output_text: 5, seconds: "-0" } })) as object,
      JSON.parse(event({ id: "h2", attempt: 1 })) as object,
    ];
    const raw = text(body).replace('"attempt":1', '"attempt":-0');
    const { body: answer } = await api.call("POST", "/v1/events", { body: raw });
    assert.equal(answer.results?.[1]?.status, "rejected");
    const tree = await api.call("GET", "/v1/runs/hostile");
    if (tree.status === 200) assert.ok(!tree.text.includes('"seconds"'), tree.text);
  });

  test("nothing of all this was stored but the one good step, and the server lives", async () => {
    const { store } = server;
    assert.equal((await store.size()).steps, (await store.stepsOfRun("default", "hostile")).length);
    assert.ok((await store.size()).steps <= 1);
    assert.deepEqual(await store.cards("default"), []);
    assert.deepEqual(await store.prices("default"), []);
    assert.equal(await store.customer("default", "hostile"), undefined);
    assert.deepEqual(server.errors, []);
    assert.equal((await api.call("GET", "/health", { key: null })).status, 200);
  });
});
