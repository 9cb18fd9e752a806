import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_MS } from "./connection-limits.ts";
import { type PlainAnswer, PlainConnections } from "./plain-connections.ts";
import { Traffic } from "./traffic.ts";

const REQUEST = "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]";
const ANSWER: PlainAnswer = { status: 200, headers: { a: "b" }, body: "ü" };
const SILENT = { info: () => undefined, error: () => undefined };

/** A socket whose time runs out when told to. */
class FakeSocket extends Duplex {
  readonly timeouts: number[] = [];
  sent = "";
  /** While true, the system takes nothing more; `taken` says that it has. */
  isFull = false;
  taken: () => void = () => undefined;

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.sent += bytes.toString();
    if (this.isFull) this.taken = done;
    else done();
  }

  setTimeout(ms: number): this {
    this.timeouts.push(ms);
    return this;
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }
}

function opened() {
  const socket = new FakeSocket();
  const asked: string[] = [];
  const traffic = new Traffic(SILENT);
  const handedOver: string[] = [];
  let tell: (answer: PlainAnswer) => void = () => undefined;
  const connections = new PlainConnections({
    traffic,
    logger: SILENT,
    handOver: (one) => one.on("data", (bytes: Buffer) => handedOver.push(bytes.toString())),
    answer: ({ body }, done) => {
      asked.push(body.toString());
      tell = done;
    },
  });
  connections.accept(socket as unknown as Socket);
  const told = async (answer = ANSWER): Promise<void> => {
    await nextTurn();
    tell(answer);
    await nextTurn();
  };
  const answered = (answer = ANSWER): Promise<void> => {
    socket.push(REQUEST);
    return told(answer);
  };
  return { socket, connections, traffic, handedOver, asked, told, answered };
}

describe("a plain connection", () => {
  test("on which nothing is said is told so and closed", async () => {
    const { socket } = opened();
    assert.deepEqual(socket.timeouts, [HEADERS_TIMEOUT_MS]);
    socket.emit("timeout");
    await nextTurn();
    assert.match(socket.sent, /^HTTP\/1\.1 408 .*"code":"request\.timeout"/s);
    assert.ok(socket.destroyed);
  });

  test("that was answered is closed without a word when nothing follows", async () => {
    const { socket, answered } = opened();
    await answered();
    assert.match(socket.sent, /^HTTP\/1\.1 200 OK\r\na: b\r\ncontent-length: 2\r\n.*\r\n\r\nü$/s);
    assert.deepEqual(socket.timeouts, [HEADERS_TIMEOUT_MS, KEEP_ALIVE_MS]);
    const { sent } = socket;
    socket.emit("timeout");
    await nextTurn();
    assert.equal(socket.sent, sent);
    assert.ok(socket.destroyed);
  });

  test("sends an answer of bytes as it is", async () => {
    const { socket, answered } = opened();
    const body = "[1, 2]".repeat(2_000);
    await answered({ ...ANSWER, body: Buffer.from(body) });
    const [head = "", sent] = socket.sent.split("\r\n\r\n");
    assert.equal(sent, body);
    assert.match(head, new RegExp(`\r\ncontent-length: ${body.length}\r\n`));
  });

  test("goes on to the next request once the system has the answer", async () => {
    const { socket, traffic, asked, answered } = opened();
    let isDrained = false;
    socket.isFull = true;
    await answered();
    socket.push(REQUEST.replace("[]", "{}"));
    await nextTurn();
    assert.deepEqual(asked, ["[]"]);
    socket.isFull = false;
    socket.taken();
    await nextTurn();
    assert.deepEqual(asked, ["[]", "{}"]);
    const closed = { close: (done: () => void) => done(), closeAllConnections: () => undefined };
    void traffic.drain(closed as never).then(() => {
      isDrained = true;
    });
    socket.isFull = true;
    await answered();
    assert.ok(!isDrained, "the second answer is on its way");
    socket.isFull = false;
    socket.taken();
    await nextTurn();
    assert.ok(isDrained);
  });

  test("whose last words came beside an answer answers each of them, and closes", async () => {
    const { socket, asked, handedOver, told } = opened();
    const pieces = [REQUEST, REQUEST.replace("[]", "{}"), "GET /health HTTP/1.1\r\n\r\n"];
    for (const piece of pieces) socket.push(piece);
    socket.push(null);
    // Node's sockets do so behind the last bytes.
    socket.read(0);
    await told();
    assert.deepEqual(asked, ["[]", "{}"]);
    assert.doesNotMatch(socket.sent, /Connection: close/);
    await told();
    assert.equal(socket.sent.match(/200 OK/g)?.length, 2);
    assert.deepEqual(handedOver, pieces.slice(2));
  });

  test("whose answer takes long stays open for it", async () => {
    const { socket, answered } = opened();
    socket.push(REQUEST);
    await nextTurn();
    socket.emit("timeout");
    assert.ok(!socket.destroyed);
    await answered();
    assert.match(socket.sent, /^HTTP\/1\.1 200 OK/);
  });

  test("is handed over with bytes that are no plain request, without a time limit", async () => {
    const { socket, connections, handedOver, answered } = opened();
    await answered();
    socket.push(REQUEST.slice(0, 30));
    await nextTurn();
    socket.push(REQUEST.slice(30));
    await nextTurn();
    assert.deepEqual(handedOver, [REQUEST.slice(0, 30), REQUEST.slice(30)]);
    assert.equal(socket.timeouts.at(-1), 0);
    socket.emit("timeout");
    connections.close();
    assert.ok(!socket.destroyed);
  });

  test("that breaks, before its answer or after, breaks nothing else", async () => {
    const { socket, connections, answered } = opened();
    socket.push(REQUEST);
    await nextTurn();
    socket.destroy(new Error("reset"));
    await answered();
    assert.equal(socket.sent, "");
    connections.close();
  });
});
