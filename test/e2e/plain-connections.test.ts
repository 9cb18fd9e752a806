import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { startTestServer, type TestServer } from "./test-server.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which bytes are sent as they are, and answers read one after the other. */
class Client {
  readonly socket: Socket;
  #received = "";
  #wake: () => void = () => undefined;
  isClosed = false;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.socket.setEncoding("latin1");
    this.socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake();
    });
    this.socket.on("close", () => {
      this.isClosed = true;
      this.#wake();
    });
    this.socket.on("error", () => undefined);
  }

  async answer(): Promise<Answer | null> {
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      const [line = "", ...fields] = this.#received.slice(0, Math.max(end, 0)).split("\r\n");
      const pairs = fields.map((field) => field.split(": ") as [string, string]);
      const headers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
      const whole = end + 4 + Number(headers["content-length"]);
      if (end >= 0 && this.#received.length >= whole) {
        const body = this.#received.slice(end + 4, whole);
        this.#received = this.#received.slice(whole);
        return { status: Number(line.split(" ")[1]), headers, body };
      }
      if (this.isClosed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

let made = 0;
function event(): object {
  made += 1;
  const own = { id: `e${made}`, run: "plain-1", customer: "acme", agent: "support" };
  return { ...own, occurredAt: "2026-11-10T10:00:00Z", kind: "custom", usage: { pages: 1 } };
}

function requestText(
  body: string,
  { path = "/v1/events", fields = [] as readonly string[], key = server.adminKey } = {},
): string {
  const usual = ["host: x", `authorization: Bearer ${key}`, "content-type: application/json"];
  const length = `content-length: ${Buffer.byteLength(body)}`;
  return `${[`POST ${path} HTTP/1.1`, ...usual, ...fields, length].join("\r\n")}\r\n\r\n${body}`;
}

/** Node's HTTP reads what says this; nothing else comes of it. */
const BY_NODE = ["te: trailers"];

async function sendOnce(text: string): Promise<Answer | null> {
  const client = new Client(server.url);
  client.socket.write(text);
  const answer = await client.answer();
  client.socket.destroy();
  return answer;
}

const comparable = (answer: Answer | null) => {
  const { date = "", ...headers } = answer?.headers ?? {};
  const { "x-request-id": _, ...kept } = headers;
  const body = (answer?.body ?? "").replace(/"requestId":"[^"]*"/, "");
  return { status: answer?.status, headers: kept, body, hasDate: date.endsWith("GMT") };
};

describe("plain connections", () => {
  test("answer as Node's HTTP does, what is taken and what is refused", async () => {
    const twice = JSON.stringify([event()]);
    await sendOnce(requestText(twice));
    const hold = { id: "h", kind: "model", provider: "openai", model: "gpt-5", cost: "1" };
    const held = JSON.stringify({ holds: [hold] });
    const path = "/v1/runs/plain-1/holds";
    await sendOnce(requestText(held, { path }));
    const cases: readonly [string, Parameters<typeof requestText>[1]?][] = [
      [twice],
      ["[]"],
      ["["],
      ['[{"id":"ü"}]'],
      [twice, { key: server.readKey }],
      [twice, { key: "tg_nobody" }],
      [held, { path }],
      ["{", { path }],
      ["{}", { path }],
      [held, { path: "/v1/runs/nowhere/holds" }],
      [held, { path, key: server.readKey }],
    ];
    for (const [body, options = {}] of cases) {
      const plain = await sendOnce(requestText(body, options));
      const byNode = await sendOnce(requestText(body, { ...options, fields: BY_NODE }));
      assert.notEqual(plain, null);
      assert.deepEqual(comparable(plain), comparable(byNode), body);
    }
  });

  test("go over to Node's HTTP in the middle, and back to no other", async () => {
    const client = new Client(server.url);
    const parts = [
      requestText(JSON.stringify([event()])),
      requestText(JSON.stringify([event()]), { fields: BY_NODE }),
      requestText(JSON.stringify([event()])),
      "GET /health HTTP/1.1\r\nhost: x\r\n\r\n",
    ];
    for (const part of parts) {
      client.socket.write(part);
      assert.equal((await client.answer())?.status, 200);
    }
    client.socket.destroy();
  });

  test("take a request that arrives in any two pieces", async () => {
    const text = requestText(JSON.stringify([event()]));
    for (let at = 1; at < text.length; at += 41) {
      const client = new Client(server.url);
      client.socket.write(text.slice(0, at));
      await nextTurn();
      await nextTurn();
      client.socket.write(text.slice(at));
      assert.equal((await client.answer())?.status, 200, `cut at ${at}`);
      client.socket.destroy();
    }
  });

  test("answer requests that are sent without waiting, in their order", async () => {
    const texts = Array.from({ length: 6 }, () => requestText(JSON.stringify([event()])));
    for (const together of [true, false]) {
      const client = new Client(server.url);
      const ids = texts.map((text) => /"id":"(e\d+)"/.exec(text)?.[1]);
      if (together) client.socket.write(texts.join(""));
      else {
        for (const text of texts) {
          client.socket.write(text);
          await nextTurn();
        }
      }
      const answered: unknown[] = [];
      for (const _ of texts) {
        const { results } = JSON.parse((await client.answer())?.body ?? "{}");
        answered.push(results?.[0]?.id);
      }
      assert.deepEqual(answered, ids);
      client.socket.destroy();
    }
  });

  test("answer who has said its last word, and close", async () => {
    const client = new Client(server.url);
    client.socket.end(requestText(JSON.stringify([event()])));
    const answer = await client.answer();
    assert.equal(answer?.status, 200);
    assert.equal(await client.answer(), null);
    const silent = new Client(server.url);
    silent.socket.end();
    assert.equal(await silent.answer(), null);
  });

  test("what is no request after a good one is never answered in its place", async () => {
    const client = new Client(server.url);
    client.socket.write(requestText(JSON.stringify([event()])));
    assert.equal((await client.answer())?.status, 200);
    client.socket.write("nonsense\r\n\r\n");
    assert.equal((await client.answer())?.status, 400);
    assert.equal(await client.answer(), null);
  });

  test("are no longer there after a shutdown, and who waits is answered", async () => {
    const own = await startTestServer({ store: "sqlite" });
    const [idle, asking] = [new Client(own.url), new Client(own.url)];
    const text = () => requestText(JSON.stringify([event()]), { key: own.adminKey });
    idle.socket.write(text());
    assert.equal((await idle.answer())?.status, 200);
    asking.socket.write(text());
    while (asking.socket.bytesWritten === 0) await nextTurn();
    const [answer] = await Promise.all([asking.answer(), own.stop()]);
    assert.ok([200, 503, undefined].includes(answer?.status), `${answer?.status}`);
    if (answer?.status === 200) assert.equal(answer.headers.connection, "close");
    assert.equal(await idle.answer(), null);
    assert.equal(await asking.answer(), null);
  });
});
