/**
 * A client that says its last word with its request (it closes its side, and reads on: `nc -N`,
 * `shutdown(SHUT_WR)`) is answered, whichever way its bytes take through the server.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

/** Sends pieces, closes its side behind the last, and gives all that comes back to the end. */
async function sayLast(pieces: readonly Buffer[]): Promise<string> {
  const { hostname: host, port } = new URL(server.url);
  const socket = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
  let received = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    received += text;
  });
  const closed = new Promise((resolve, reject) => {
    socket.on("end", resolve);
    socket.on("error", reject);
  });
  for (const piece of pieces.slice(0, -1)) {
    await new Promise((resolve) => socket.write(piece, resolve));
    await nextTurn();
  }
  socket.end(pieces.at(-1) ?? "");
  await closed;
  socket.destroy();
  return received;
}

const statusesIn = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

let made = 0;
function event(run: string): object {
  made += 1;
  const own = { id: `e${made}`, run, customer: "acme", agent: "support" };
  return { ...own, occurredAt: "2026-11-10T10:00:00Z", kind: "custom", usage: { pages: 1 } };
}

interface Form {
  readonly isGzip: boolean;
  readonly isChunked: boolean;
  readonly isNdjson: boolean;
}

const FORMS: readonly Form[] = [false, true].flatMap((isGzip) =>
  [false, true].flatMap((isChunked) =>
    [false, true].map((isNdjson) => ({ isGzip, isChunked, isNdjson })),
  ),
);

const titleOf = ({ isGzip, isChunked, isNdjson }: Form) =>
  [isNdjson ? "NDJSON" : "JSON", isGzip && "gzip", isChunked && "chunked"]
    .filter(Boolean)
    .join(" + ");

/** A request that takes two events. */
function requestOf(run: string, { isGzip, isChunked, isNdjson }: Form): Buffer {
  const events = [event(run), event(run)];
  const lines = events.map((one) => `${JSON.stringify(one)}\n`).join("");
  const plain = Buffer.from(isNdjson ? lines : JSON.stringify(events));
  const body = isGzip ? gzipSync(plain) : plain;
  const head = [
    "POST /v1/events HTTP/1.1",
    "host: x",
    `authorization: Bearer ${server.ingestKey}`,
    `content-type: application/${isNdjson ? "x-ndjson" : "json"}`,
    ...(isGzip ? ["content-encoding: gzip"] : []),
    isChunked ? "transfer-encoding: chunked" : `content-length: ${body.length}`,
  ];
  const half = body.length >> 1;
  const sent = isChunked ? chunked([body.subarray(0, half), body.subarray(half)]) : body;
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), sent]);
}

function chunked(pieces: readonly Buffer[]): Buffer {
  const parts = pieces.flatMap((piece) => [`${piece.length.toString(16)}\r\n`, piece, "\r\n"]);
  return Buffer.concat([...parts, "0\r\n\r\n"].map((part) => Buffer.from(part)));
}

async function stepsOf(run: string): Promise<string> {
  const headers = { authorization: `Bearer ${server.readKey}` };
  const answer = await fetch(`${server.url}/v1/runs/${run}`, { headers });
  if (answer.status === 404) return "none";
  const { totals } = (await answer.json()) as { totals: { own: { steps: string } } };
  return String(totals.own.steps);
}

function getOf(path: string, key = server.readKey): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`);
}

describe("who closes its side behind a request", () => {
  for (const [no, form] of FORMS.entries()) {
    test(`is answered: ${titleOf(form)}`, async () => {
      const run = `whole-${no}`;
      const request = requestOf(run, form);
      const answer = await sayLast([request]);
      assert.deepEqual(statusesIn(answer), [200]);
      assert.match(answer, /"accepted".*"accepted"/s);
      assert.equal(await stepsOf(run), "2");
      const again = await sayLast([request.subarray(0, 40), request.subarray(40)]);
      assert.deepEqual(statusesIn(again), [200], "in two pieces");
      assert.match(again, /"duplicate".*"duplicate"/s);
    });

    test(`in the middle of it is refused, and nothing stored: ${titleOf(form)}`, async () => {
      const run = `cut-${no}`;
      const request = requestOf(run, form);
      for (const length of [10, 60, request.indexOf("\r\n\r\n") + 6, request.length - 1]) {
        const statuses = statusesIn(await sayLast([request.subarray(0, length)]));
        assert.deepEqual(statuses, [400], `${length} of ${request.length} bytes`);
      }
      assert.equal(await stepsOf(run), "none");
    });
  }

  test("is answered to each of several, in one piece and in a piece each", async () => {
    for (const forms of [FORMS, FORMS.map(() => FORMS[0] as Form), [...FORMS].reverse()]) {
      const requests = forms.map((form) => requestOf("several", form));
      const all = forms.map(() => 200);
      assert.deepEqual(statusesIn(await sayLast([Buffer.concat(requests)])), all);
      const answers = await sayLast(requests);
      assert.deepEqual(statusesIn(answers), all);
      assert.equal(answers.match(/"duplicate"/g)?.length, 2 * forms.length);
    }
  });

  test("in the middle of a later one is not refused in the place of an earlier one", async () => {
    for (const form of FORMS) {
      const [whole, cut] = [requestOf("several", form), requestOf("cut", form)];
      for (const length of [10, cut.indexOf("\r\n\r\n") + 6, cut.length - 1]) {
        const [first = 200] = statusesIn(
          await sayLast([Buffer.concat([whole, cut.subarray(0, length)])]),
        );
        assert.equal(first, 200, `${titleOf(form)}, ${length} bytes`);
      }
    }
  });

  test("is answered what it reads, also where an answer comes in pieces", async () => {
    const paths = ["/health", "/v1/runs/several", "/v1/usage?groupBy=agent", "/v1/openapi.json"];
    for (const path of paths) {
      assert.deepEqual(statusesIn(await sayLast([getOf(path)])), [200], path);
    }
  });

  test("is told how a run stands and what there is to follow, and not waited for", async () => {
    const { engine } = server;
    await sayLast([requestOf("waited", FORMS[0] as Form)]);
    const stop = { of: "run", id: "waited", mode: "pause", by: "t", reason: "t" } as const;
    await engine.limits.stopWork("default", stop);
    const wait = "/v1/runs/waited/wait?timeoutMs=25000";
    const startedMs = performance.now();
    assert.match(await sayLast([getOf(wait, server.ingestKey)]), /^HTTP\/1\.1 200 .*"paused"/s);
    assert.match(await sayLast([getOf("/v1/live")]), /^HTTP\/1\.1 200 /);
    assert.ok(performance.now() - startedMs < 20_000);
  });
});
