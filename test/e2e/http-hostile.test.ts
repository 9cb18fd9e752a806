import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import {
  BODY_MAX_BYTES,
  EVENTS_PER_REQUEST_MAX_COUNT,
  ID_MAX_CHARS,
  JSON_MAX_DEPTH,
} from "../../src/domain/limits.ts";
import { type ApiCaller, apiCaller, assertProblem } from "./api-caller.ts";
import { sendRaw } from "./raw-http.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const EVENT = {
  ...{ id: "e1", run: "hostile", customer: "acme", occurredAt: "2026-11-10T10:00:00Z" },
  ...{ kind: "custom", usage: { pages: 1 } },
};
const EVENT_TEXT = JSON.stringify(EVENT);

/** Bodies that are no list of events. */
const NOT_A_LIST = [
  ...["", " ", "null", "1", '"x"', "{}", EVENT_TEXT, "[", "[}", `[${EVENT_TEXT}`, "[1,]", "nul"],
  ...["\u0000", "[{'a':1}]", "\ufeff[]", `[${EVENT_TEXT}]]`, "[".repeat(1_000_000), "undefined"],
];

/** An event with one thing wrong: what, the code, the field that the problem names. */
const WRONG_EVENTS: readonly (readonly [event: unknown, code: string, field: string])[] = [
  [null, "field.invalid", ""],
  [7, "field.invalid", ""],
  ["e1", "field.invalid", ""],
  [[], "field.invalid", ""],
  [{}, "field.missing", ".run"],
  [{ ...EVENT, color: "red" }, "field.unknown", ".color"],
  [{ ...EVENT, Id: "x" }, "field.unknown", ".Id"],
  [{ ...EVENT, tenantId: "other" }, "field.unknown", ".tenantId"],
  [{ ...EVENT, cost: "0" }, "field.unknown", ".cost"],
  [{ ...EVENT, id: undefined }, "field.missing", ".id"],
  [{ ...EVENT, id: "" }, "field.invalid", ".id"],
  [{ ...EVENT, id: 7 }, "field.invalid", ".id"],
  [{ ...EVENT, id: "a\u0000b" }, "field.invalid", ".id"],
  [{ ...EVENT, id: "a\nb" }, "field.invalid", ".id"],
  [{ ...EVENT, id: "\ud800" }, "field.invalid", ".id"],
  [{ ...EVENT, id: "x".repeat(ID_MAX_CHARS + 1) }, "field.out_of_range", ".id"],
  [{ ...EVENT, id: "x".repeat(10_000) }, "field.out_of_range", ".id"],
  [{ ...EVENT, run: "a\u0000b" }, "field.invalid", ".run"],
  [{ ...EVENT, run: '~standing:["acme"]' }, "field.invalid", ".run"],
  [{ ...EVENT, customer: ["acme"] }, "field.invalid", ".customer"],
  [{ ...EVENT, occurredAt: "2026-02-30T00:00:00Z" }, "field.invalid", ".occurredAt"],
  [{ ...EVENT, occurredAt: "2026-11-10" }, "field.invalid", ".occurredAt"],
  [{ ...EVENT, occurredAt: "2026-11-10T10:00:00" }, "field.invalid", ".occurredAt"],
  [{ ...EVENT, occurredAt: "2026-11-10T25:00:00Z" }, "field.invalid", ".occurredAt"],
  [{ ...EVENT, occurredAt: 1_763_000_000 }, "field.invalid", ".occurredAt"],
  [{ ...EVENT, occurredAt: "1970-01-01T00:00:00Z" }, "field.out_of_range", ".occurredAt"],
  [{ ...EVENT, occurredAt: "9999-01-01T00:00:00Z" }, "field.out_of_range", ".occurredAt"],
  [{ ...EVENT, kind: "Model" }, "field.invalid", ".kind"],
  [{ ...EVENT, status: null }, "field.invalid", ".status"],
  [{ ...EVENT, usage: [] }, "field.invalid", ".usage"],
  [{ ...EVENT, usage: { Pages: 1 } }, "field.invalid", ".usage"],
  [{ ...EVENT, usage: { constructor: 1 } }, "field.invalid", ".usage"],
  [{ ...EVENT, usage: many(41, 1) }, "field.out_of_range", ".usage"],
  [{ ...EVENT, labels: { a: { b: "c" } } }, "field.invalid", ".labels.a"],
  [{ ...EVENT, labels: many(21, "x") }, "field.out_of_range", ".labels"],
  [{ ...EVENT, labels: { a: "x".repeat(501) } }, "field.out_of_range", ".labels.a"],
  [{ ...EVENT, usageFormat: "x", providerUsage: {} }, "usage.format_unknown", ".providerUsage"],
  [{ ...EVENT, usageFormat: "openai.chat" }, "field.missing", ".providerUsage"],
  [{ ...EVENT, type: "run.exploded" }, "field.invalid", ".type"],
  [{ ...EVENT, type: "run.closed" }, "field.unknown", ".customer"],
];

function many(count: number, value: unknown): object {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`u${index}`, value]));
}

describe("hostile requests", () => {
  let server: TestServer;
  let api: ApiCaller;
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    api.call("POST", "/v1/events", { body, headers });

  before(async () => {
    server = await startTestServer();
    api = await apiCaller(server);
  });
  after(() => server.stop());

  test("a body that is no list of events is refused whole", async () => {
    for (const body of NOT_A_LIST) {
      const answer = await post(body);
      assert.equal(answer.status, 400, body.slice(0, 40));
      assertProblem(answer, "request.malformed");
    }
  });

  test("an event with one thing wrong is refused with its code and field", async () => {
    const events = WRONG_EVENTS.map(([event]) => event);
    const { body } = await post(events);
    for (const [index, [event, code, field]] of WRONG_EVENTS.entries()) {
      const result = body.results?.[index];
      const where = JSON.stringify([event, result]).slice(0, 500);
      assert.equal(result?.status, "rejected", where);
      assert.deepEqual(
        [result?.error?.code, result?.error?.field],
        [code, `events[${index}]${field}`],
        where,
      );
    }
    assert.ok(!JSON.stringify(body).includes("x".repeat(1_000)), "no huge id is sent back");
  });

  test("a key named __proto__ is an unknown field, and changes no prototype", async () => {
    const inside = `{"__proto__":{"polluted":"yes"},${EVENT_TEXT.slice(1)}`;
    const { body } = await post(`[${inside}]`);
    assert.equal(body.results?.[0]?.error?.code, "field.unknown");
    const usage = EVENT_TEXT.replace('"pages":1', '"__proto__":1');
    assert.equal((await post(`[${usage}]`)).body.results?.[0]?.error?.code, "field.invalid");
    const labels = EVENT_TEXT.replace('"usage"', '"labels":{"__proto__":"x"},"usage"');
    assert.equal((await post(`[${labels}]`)).body.results?.[0]?.error?.code, "field.invalid");
    const customer = await api.call("PUT", "/v1/customers/p", {
      body: '{"__proto__":{"name":"x"}}',
    });
    assertProblem(customer, "field.unknown", "__proto__");
    const run = '{"run":"p","__proto__":{"customer":"x"}}';
    assertProblem(await api.call("POST", "/v1/runs", { body: run }), "field.unknown");
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  test("what is decided is refused where it says something twice, with the place", async () => {
    const charge = '{"key":"c","meter":{"count":"steps"},"price":{"model":"per_unit","unit":"1"}}';
    const card = `{"key":"twice","currency":"USD","charges":[${charge}]}`;
    const price = card.replace('"unit":"1"', '"unit":"1","unit":"2"');
    const named = await api.call("POST", "/v1/rate-cards", { body: price });
    assertProblem(named, "request.malformed", "charges[0].price.unit");
    const currency = card.replace('"USD",', '"USD","currency":"EUR",');
    const put = { body: '{"name":"a","name":"b"}' };
    const prices = '{"format":"tollgate.prices/1","source":"a","source":"b","entries":[]}';
    for (const [answer, field] of [
      [await api.call("POST", "/v1/rate-cards", { body: currency }), "currency"],
      [await api.call("POST", "/v1/simulations", { body: `{"cards":[${price}]}` }), null],
      [await api.call("PUT", "/v1/customers/twice", put), "name"],
      [await api.call("POST", "/v1/prices", { body: prices }), "source"],
    ] as const) {
      assertProblem(answer, "request.malformed", field ?? "cards[0].charges[0].price.unit");
    }
    // LiteLLM's list had models twice: the last one holds, as for everybody who reads it.
    const model = '{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1e-6}';
    const listed = { body: `{"twice":{},"twice":${model}}` };
    assert.equal((await api.call("POST", "/v1/prices?format=litellm", listed)).status, 201);
    const unquoted = card.replace('"unit":"1"', '"unit":1.5');
    const refused = await api.call("POST", "/v1/rate-cards", { body: unquoted });
    assert.match(String(refused.body.detail), /^1\.5: write it in quotes, such as "0\.25"/);
  });

  test("nesting is bounded on every route that takes a document", async () => {
    const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    const block = `${EVENT_TEXT.slice(0, -1)},"usageFormat":"openai.chat","providerUsage":`;
    const answer = await post(`[${block}${deep(JSON_MAX_DEPTH + 10)}}]`);
    assertProblem(answer, "request.malformed");
    for (const path of ["/v1/rate-cards", "/v1/prices", "/v1/runs"]) {
      const body = `{"card":${deep(100_000)}}`;
      assertProblem(await api.call("POST", path, { body }), "request.malformed");
    }
  });

  test("text that is not UTF-8 is refused, not patched", async () => {
    const bytes = Buffer.from(`[${EVENT_TEXT}]`);
    bytes[bytes.indexOf("hostile")] = 0xff;
    assertProblem(await post(bytes), "request.malformed");
  });

  test("content types and encodings other than the declared ones are refused", async () => {
    const types = ["text/plain", "application/xml", "application/jsonx", "", "x"];
    for (const type of [...types, "application/json; charset=utf-16", "multipart/form-data"]) {
      const answer = await post("[]", { "content-type": type });
      assert.equal(answer.status, 415, type);
      assertProblem(answer, "request.unsupported_type");
      const other = { body: "{}", headers: { "content-type": type } };
      assert.equal((await api.call("PUT", "/v1/customers/c", other)).status, 415, type);
    }
    const body = `[${EVENT_TEXT}]`;
    for (const [encoding, bytes] of [
      ["br", brotliCompressSync(body)],
      ["deflate", deflateSync(body)],
      ["gzip, gzip", gzipSync(gzipSync(body))],
      ["zstd", Buffer.from(body)],
    ] as const) {
      const answer = await post(bytes, { "content-encoding": encoding });
      assert.equal(answer.status, 415, encoding);
    }
  });

  test("gzip is read with all its members, and only as far as it is valid", async () => {
    const event = (id: string) => JSON.stringify({ ...EVENT, id, run: "zipped" });
    const members = Buffer.concat([gzipSync(`[${event("z1")},`), gzipSync(`${event("z2")}]`)]);
    const gzip = { "content-encoding": "gzip" };
    assert.equal((await post(members, gzip)).body.results?.[1]?.status, "accepted");
    const cut = members.subarray(0, members.length - 6);
    assertProblem(await post(cut, gzip), "request.malformed");
    assertProblem(await post("not gzip", gzip), "request.malformed");
    await server.engine.saveCustomer("default", { id: "z", settings: {} });
    const put = { body: gzipSync('{"name":"Zoe"}'), headers: gzip };
    assert.equal((await api.call("PUT", "/v1/customers/z", put)).body.name, "Zoe");
  });

  test("a gzip bomb is refused at the limit, and leaves no memory behind", async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, " "));
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 20; round += 1) {
      const answer = await post(bomb, { "content-encoding": "gzip" });
      assert.equal(answer.status, 413);
      assertProblem(answer, "request.too_large");
    }
    const grownBytes = process.memoryUsage().rss - before;
    assert.ok(grownBytes < 128 * 1024 * 1024, `grew by ${grownBytes}`);
  });

  test("a body is taken up to the last byte of the limit, and refused one byte later", async () => {
    const padded = (bytes: number) => `[${" ".repeat(bytes - 2)}]`;
    assert.equal((await post(padded(BODY_MAX_BYTES))).status, 200);
    const answer = await post(padded(BODY_MAX_BYTES + 1));
    assert.equal(answer.status, 413);
    assertProblem(answer, "request.too_large");
    const chunked = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 5; n += 1) controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
        controller.close();
      },
    });
    const headers = { authorization: `Bearer ${server.ingestKey}` };
    const init = { method: "POST", body: chunked, duplex: "half" as const };
    const sent = await fetch(`${server.url}/v1/events`, {
      ...init,
      headers: { ...headers, "content-type": "application/json" },
    });
    assert.equal(sent.status, 413);
    const zipped = gzipSync(padded(BODY_MAX_BYTES + 1));
    assert.equal((await post(zipped, { "content-encoding": "gzip" })).status, 413);
  });

  test("so many events are taken in a request, and not one more", async () => {
    const events = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ ...EVENT, id: `m${index}`, run: "many" }));
    const most = await post(events(EVENTS_PER_REQUEST_MAX_COUNT));
    assert.equal(most.body.runs?.many?.steps, EVENTS_PER_REQUEST_MAX_COUNT);
    assertProblem(await post(events(EVENTS_PER_REQUEST_MAX_COUNT + 1)), "request.too_large");
    assert.deepEqual((await post([])).body, { results: [], runs: {} });
  });

  test("unknown parameters and bodies with unknown or wrong fields are refused", async () => {
    const admin = api.openApi;
    for (const [path, item] of Object.entries(admin.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        const url = `${path.replaceAll(/\{\w+\}/g, "1")}?nonsense=1`;
        const body = operation.requestBody === undefined ? {} : { body: {} };
        const answer = await api.call(method.toUpperCase(), url, body);
        if (operation["x-tollgate-scope"] === undefined && answer.status === 401) continue;
        assertProblem(answer, "field.unknown", "nonsense");
      }
    }
    const wrong: readonly (readonly [string, unknown, string, string])[] = [
      ["POST /v1/runs", { run: "x", color: 1 }, "field.unknown", "color"],
      ["POST /v1/runs", {}, "field.missing", "run"],
      ["POST /v1/runs", { run: 1 }, "field.invalid", "run"],
      ["POST /v1/runs", { run: "a\u0000" }, "field.invalid", "run"],
      ["POST /v1/runs", { run: "x".repeat(201) }, "field.out_of_range", "run"],
      ["POST /v1/runs", { run: "x", labels: { a: 1 } }, "field.invalid", "labels.a"],
      [
        "POST /v1/runs",
        { run: "x", occurredAt: "2026-02-30T00:00:00Z" },
        "field.invalid",
        "occurredAt",
      ],
      ["POST /v1/runs/x/close", { ending: "exploded" }, "field.invalid", "ending"],
      ["POST /v1/runs/x/outcomes", {}, "field.missing", "outcome"],
      ["POST /v1/periods/close", { period: "2026-13" }, "field.invalid", "period"],
      ["POST /v1/periods/close", { period: "2026-11", early: 1 }, "field.invalid", "early"],
      ["POST /v1/keys", { scopes: ["root"] }, "field.invalid", "scopes[0]"],
      ["POST /v1/keys", { scopes: [] }, "field.invalid", "scopes"],
      ["POST /v1/keys", { scopes: ["read"], workspace: "foreign" }, "field.unknown", "workspace"],
      ["PUT /v1/customers/c", { name: "x".repeat(501) }, "field.out_of_range", "name"],
      ["PUT /v1/customers/c", { anchorDay: 32 }, "field.out_of_range", "anchorDay"],
      ["PUT /v1/customers/c", { id: "other" }, "field.unknown", "id"],
      ["PUT /v1/customers/c", [], "field.invalid", ""],
    ];
    for (const [route, body, code, field] of wrong) {
      const [method = "", path = ""] = route.split(" ");
      assertProblem(await api.call(method, path, { body }), code, field === "" ? undefined : field);
    }
  });

  test("paths with hostile ids are refused or lead nowhere", async () => {
    const paths: readonly (readonly [string, number])[] = [
      ["/v1/runs/%00", 400],
      ["/v1/runs/a%0ab", 400],
      [`/v1/runs/${"x".repeat(201)}`, 400],
      [`/v1/runs/${"x".repeat(10_000)}`, 400],
      // 300 UTF-16 units in 150 characters: the limit counts as events do.
      [`/v1/runs/${encodeURIComponent("😀".repeat(150))}`, 400],
      ["/v1/runs/%ff", 400],
      ["/v1/runs/%", 400],
      ["/v1/runs/..%2f..%2fetc", 404],
      ["/v1/runs/", 400],
      ["/v1/statements/%00.csv", 400],
      ["/v1//runs", 404],
      ["/V1/runs", 404],
      ["/v1/events/", 404],
    ];
    for (const [path, status] of paths) {
      const answer = await api.call("GET", path);
      assert.equal(answer.status, status, `${path.slice(0, 60)} ${answer.text}`);
      assert.equal(typeof answer.body.code, "string");
    }
  });

  test("what is not quite HTTP is refused as a problem", async () => {
    const key = `authorization: Bearer ${server.ingestKey}\r\n`;
    const head = (lines: string) => `POST /v1/events HTTP/1.1\r\n${lines}${key}`;
    const body = `content-type: application/json\r\ncontent-length: 2\r\n\r\n[]`;
    const cases: readonly (readonly [string, RegExp])[] = [
      [head("host: a\r\nhost: b\r\n") + body, /^HTTP\/1.1 400 .*2 Host headers/s],
      [head("host: a\r\nHOST: a\r\n") + body, /^HTTP\/1.1 400 /],
      [head("") + body, /^HTTP\/1.1 400 /],
      [`${head("host: a\r\ncontent-length: 1\r\n")}${body}`, /^HTTP\/1.1 400 /],
      [`${head("host: a\r\ntransfer-encoding: chunked\r\n")}${body}`, /^HTTP\/1.1 400 /],
      [`${head("host: a\r\n")}content-length : 2\r\n\r\n[]`, /^HTTP\/1.1 400 /],
      [`${head("host: a\r\n")}content-length: -1\r\n\r\n[]`, /^HTTP\/1.1 400 /],
      [`${head("host: a\r\n")}x: ${"y".repeat(17_000)}\r\n\r\n`, /^HTTP\/1.1 431 /],
      ["hello\r\n\r\n", /^HTTP\/1.1 400 /],
      [`${head("host: a\r\n")}${body}`, /^HTTP\/1.1 200 /],
    ];
    for (const [request, expected] of cases) {
      const answer = await sendRaw(server.url, [request]);
      assert.match(answer, expected, request.slice(0, 120));
      if (!answer.startsWith("HTTP/1.1 200")) assert.match(answer, /application\/problem\+json/);
    }
  });

  test("a broken request is never answered in the place of the good one before it", async () => {
    const head = `host: a\r\nauthorization: Bearer ${server.ingestKey}\r\n`;
    const rest = "content-type: application/json\r\ncontent-length: 2\r\n\r\n[]";
    const good = `POST /v1/events HTTP/1.1\r\n${head}${rest}`;
    assert.match(await sendRaw(server.url, [`${good}GARBAGE\r\n\r\n`]), /^(HTTP\/1.1 200 |$)/);
  });

  test("a client that leaves in the middle of its body leaves nothing behind", async () => {
    const key = `authorization: Bearer ${server.ingestKey}`;
    const head = `POST /v1/events HTTP/1.1\r\nhost: a\r\n${key}\r\n`;
    const types = "content-type: application/json\r\ncontent-length: 5000\r\n\r\n";
    await sendRaw(server.url, [`${head}${types}[${EVENT_TEXT}`]);
    const { text } = await api.call("GET", "/metrics");
    assert.match(text, /^tollgate_body_bytes 0$/m);
  });

  test("after all this only what was accepted is stored, and no error was logged", async () => {
    const { store } = server;
    assert.deepEqual(await store.stepsOfRun("default", "hostile"), []);
    assert.equal(await store.run("default", "hostile"), undefined);
    assert.equal(await store.customer("default", "c"), undefined);
    assert.equal((await store.size()).steps, EVENTS_PER_REQUEST_MAX_COUNT + 2);
    assert.deepEqual(server.errors, []);
    assert.equal((await api.call("GET", "/health", { key: null })).status, 200);
  });
});
