import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PLAIN_HEAD_MAX_BYTES, PLAIN_HEADS_MAX_COUNT } from "./connection-limits.ts";
import { PlainRequests } from "./plain-request.ts";

const LINE = "POST /v1/events HTTP/1.1";
const FIELDS = ["Host: localhost", "Authorization: Bearer tg_x", "Content-Type: application/json"];

function requestOf(line: string, fields: readonly string[], body = "[]"): Buffer {
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return Buffer.from(`${[line, ...fields, length].join("\r\n")}\r\n\r\n${body}`);
}

const isPlain = (bytes: Buffer) => new PlainRequests().read(bytes) !== null;

describe("a plain request", () => {
  test("is read as it is", () => {
    const read = new PlainRequests().read(requestOf(LINE, FIELDS, '[{"id":"ä"}]'));
    assert.equal(read?.run, null);
    assert.equal(read?.authorization, "Bearer tg_x");
    assert.equal(read?.contentType, "application/json");
    assert.equal(read?.body.toString(), '[{"id":"ä"}]');
  });

  test("about holds names its run", () => {
    const read = new PlainRequests().read(
      requestOf("POST /v1/runs/r-1.a_B/holds HTTP/1.1", FIELDS),
    );
    assert.equal(read?.run, "r-1.a_B");
    for (const path of ["r%201", "a/b", "", "x".repeat(201), "r?x=1", "ü"]) {
      assert.ok(!isPlain(requestOf(`POST /v1/runs/${path}/holds HTTP/1.1`, FIELDS)), path);
    }
  });

  test("is of these methods, paths and this version, letter by letter", () => {
    const others = [
      "GET /v1/events HTTP/1.1",
      "post /v1/events HTTP/1.1",
      "POST  /v1/events HTTP/1.1",
    ];
    const more = [
      "POST /v1/events?x=1 HTTP/1.1",
      "POST http://a/v1/events HTTP/1.1",
      "POST /V1/events HTTP/1.1",
    ];
    const versions = [
      "POST /v1/events HTTP/1.0",
      "POST /v1/events HTTP/1.1 ",
      "POST /v1/events",
      "",
    ];
    for (const line of [...others, ...more, ...versions]) {
      assert.ok(!isPlain(requestOf(line, FIELDS)), line);
    }
  });

  test("has one Host, one length, and nothing that changes how it is read", () => {
    for (const [at, field] of FIELDS.entries()) {
      assert.ok(!isPlain(requestOf(LINE, [...FIELDS, field])), `twice ${field}`);
      if (at === 0) assert.ok(!isPlain(requestOf(LINE, FIELDS.slice(1))), "no host");
    }
    const wrong = ["Transfer-Encoding: chunked", "Content-Encoding: gzip", "Expect: 100-continue"];
    const more = [
      "Upgrade: h2c",
      "TE: trailers",
      "Trailer: x",
      "Connection: close",
      "Connection: x",
    ];
    const lengths = ["Content-Length: 2", "content-length: 3"];
    const forms = [
      " folded",
      "\tfolded",
      "no colon",
      "Space : x",
      ": x",
      "X: \u0000",
      "X: ü",
      "X: a\nY: b",
    ];
    for (const field of [...wrong, ...more, ...lengths, ...forms]) {
      assert.ok(!isPlain(requestOf(LINE, [...FIELDS, field])), field);
    }
    for (const field of ["Connection: keep-alive", "connection: Keep-Alive", "X:", "Accept: */*"]) {
      assert.ok(isPlain(requestOf(LINE, [...FIELDS, field])), field);
    }
  });

  test("says its length in digits, and has as many bytes", () => {
    const bytes = requestOf(LINE, FIELDS);
    assert.ok(!isPlain(bytes.subarray(0, -1)));
    assert.ok(!isPlain(Buffer.concat([bytes, Buffer.from("\r\n")])));
    assert.ok(!isPlain(Buffer.concat([bytes, bytes])));
    for (const length of ["+2", "02", "0x2", "2,2", "2 2", "", "-2", "99999999"]) {
      const head = `${[LINE, ...FIELDS].join("\r\n")}\r\nContent-Length: ${length}\r\n\r\n[]`;
      assert.ok(!isPlain(Buffer.from(head)), length);
    }
    assert.ok(!isPlain(Buffer.from(`${[LINE, ...FIELDS].join("\r\n")}\r\n\r\n`)));
  });

  test("has a head of so many bytes, and not one more", () => {
    const bare = requestOf(LINE, [...FIELDS, "X: "]).indexOf("\r\n\r\n");
    const most = "x".repeat(PLAIN_HEAD_MAX_BYTES - bare);
    assert.ok(isPlain(requestOf(LINE, [...FIELDS, `X: ${most}`])));
    assert.ok(!isPlain(requestOf(LINE, [...FIELDS, `X: ${most}x`])));
  });

  test("is read the same whether its head is remembered or not", () => {
    const requests = new PlainRequests();
    for (let n = 0; n < 2 * PLAIN_HEADS_MAX_COUNT + 10; n += 1) {
      const bytes = requestOf(LINE, [...FIELDS, `X: ${n % (PLAIN_HEADS_MAX_COUNT + 5)}`]);
      assert.equal(requests.read(bytes)?.authorization, "Bearer tg_x");
      const wrong = requestOf(LINE, [...FIELDS, `TE: ${n % 7}`]);
      assert.equal(requests.read(wrong), null);
    }
  });

  test("is to Node what it is here, whatever becomes of its bytes", async () => {
    const valid = [
      requestOf(LINE, FIELDS, '[{"id":"a"}]'),
      requestOf("POST /v1/runs/run-1/holds HTTP/1.1", [...FIELDS, "Accept: */*"], "{}"),
    ];
    const piece = fc.constantFrom(
      ...["\r\n", "\n", "\r", " ", "\t", ":", ",", "\u0000", "0", "7", "a", "é", "HTTP/1.1"],
      ...["Host: b\r\n", "Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n", "X: y\r\n"],
      ...["Connection: close\r\n", "Expect: 100-continue\r\n", "\r\n\r\n", "POST "],
    );
    const change = fc.record({ at: fc.nat(400), drop: fc.nat(3), put: piece });
    const request = fc
      .tuple(fc.constantFrom(...valid), fc.array(change, { maxLength: 2 }))
      .map(([bytes, changes]) =>
        changes.reduce((whole, { at, drop, put }) => {
          const from = at % whole.length;
          const rest = whole.subarray(from + drop);
          return Buffer.concat([whole.subarray(0, from), Buffer.from(put, "latin1"), rest]);
        }, bytes),
      );
    let readCount = 0;
    await fc.assert(
      fc.asyncProperty(request, async (bytes) => {
        const read = new PlainRequests().read(bytes);
        if (read === null) return;
        readCount += 1;
        const seen = await seenByNode(bytes);
        const url = read.run === null ? "/v1/events" : `/v1/runs/${read.run}/holds`;
        const { authorization, contentType } = read;
        const body = read.body.toString("latin1");
        assert.deepEqual(seen, [{ method: "POST", url, authorization, contentType, body }]);
      }),
      { numRuns: 1_500 },
    );
    assert.ok(readCount > 100, `only ${readCount} were plain`);
  });
});

/** What Node's HTTP makes of bytes that arrive on a connection of their own. */
async function seenByNode(bytes: Buffer): Promise<object[]> {
  const seen: Promise<object>[] = [];
  const server = createServer((request, response) => {
    seen.push(told(request));
    response.end();
  });
  server.on("clientError", (error) => seen.push(Promise.resolve(error)));
  const connection = new Duplex({ read: () => undefined, write: (_, __, done) => done() });
  server.emit("connection", connection);
  connection.push(bytes);
  await new Promise((resolve) => setImmediate(resolve));
  connection.push(null);
  const all = await Promise.all(seen);
  server.close();
  connection.destroy();
  return all;
}

async function told(request: IncomingMessage): Promise<object> {
  const { method, url, headers } = request;
  const { authorization, "content-type": contentType } = headers;
  request.setEncoding("latin1");
  return { method, url, authorization, contentType, body: await text(request) };
}
