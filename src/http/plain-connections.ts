/**
 * Connections, as long as each request on them is a plain one (plain-request.ts): read and answered
 * without Node's HTTP, which takes 60,000 of the 68,000 instructions that a service without any
 * work to do spends on a request. With the first piece of bytes that is anything else, a part of a
 * request among it, the connection is handed over to Node's HTTP for good, as if it had just been
 * opened. So nothing is gathered here, and Node's limits stand for whatever arrives slowly.
 */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { TollgateError } from "../domain/errors.ts";
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_MS } from "./connection-limits.ts";
import type { Logger } from "./http-parts.ts";
import { type PlainRequest, PlainRequests } from "./plain-request.ts";
import { rawProblem } from "./problem.ts";
import type { Traffic } from "./traffic.ts";

/** What is answered. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes are read before `done` returns: who made them may use their room again. */
  readonly body: string | Uint8Array;
}

/** What connections are served with. */
export interface PlainParts {
  /** Calls `done` once, with the answer; never throws. */
  readonly answer: (request: PlainRequest, done: (answer: PlainAnswer) => void) => void;
  /** Node's HTTP takes the connection: whatever was read of it and not answered comes again. */
  readonly handOver: (socket: Socket) => void;
  readonly traffic: Traffic;
  readonly logger: Logger;
}

/** All connections that Node's HTTP has not taken. */
export class PlainConnections {
  readonly #parts: PlainParts;
  readonly #requests = new PlainRequests();
  readonly #open = new Set<PlainConnection>();

  constructor(parts: PlainParts) {
    this.#parts = parts;
  }

  /** Takes a connection that was just opened. */
  accept(socket: Socket): void {
    const left = (): void => {
      this.#open.delete(connection);
    };
    const connection = new PlainConnection(
      { ...this.#parts, requests: this.#requests, left },
      socket,
    );
    this.#open.add(connection);
  }

  /** Cuts off all that are open. */
  close(): void {
    for (const connection of this.#open) connection.destroy();
  }
}

interface ConnectionParts extends PlainParts {
  readonly requests: PlainRequests;
  /** Called once, when this is no plain connection any more. */
  readonly left: () => void;
}

class PlainConnection {
  readonly #parts: ConnectionParts;
  readonly #socket: Socket;
  #isFresh = true;
  #isAnswering = false;
  /** The other side will send nothing more. */
  #hasEnded = false;
  /** More arrived before the answer to what came before it was sent. It waits in the socket. */
  #isHeldUp = false;

  constructor(parts: ConnectionParts, socket: Socket) {
    this.#parts = parts;
    this.#socket = socket;
    socket.on("data", this.#take);
    socket.on("end", this.#end);
    socket.on("error", this.#fail);
    socket.on("close", parts.left);
    socket.on("timeout", this.#expire);
    socket.setTimeout(HEADERS_TIMEOUT_MS);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #take = (bytes: Buffer): void => {
    if (this.#isAnswering) {
      // Back to where it came from: the socket does not say that it ended before it is empty.
      this.#isHeldUp = true;
      this.#socket.pause();
      this.#socket.unshift(bytes);
      return;
    }
    const { requests, traffic } = this.#parts;
    const request = traffic.isDraining ? null : requests.read(bytes);
    if (request === null) {
      this.#handOver(bytes);
      return;
    }
    if (this.#isFresh) this.#socket.setTimeout(KEEP_ALIVE_MS);
    this.#isFresh = false;
    this.#isAnswering = true;
    traffic.begin();
    this.#parts.answer(request, this.#answer);
  };

  readonly #answer = (answer: PlainAnswer): void => {
    const socket = this.#socket;
    if (socket.destroyed) {
      this.#sent();
      return;
    }
    const isLast = this.#hasEnded || this.#parts.traffic.isDraining;
    socket.write(wholeOf(answer, isLast));
    // Nearly every answer is with the system at once: a callback would take a tick of its own.
    if (isLast) socket.end(this.#sent);
    else if (socket.writableLength === 0) this.#sent();
    else socket.write("", this.#sent);
  };

  readonly #sent = (): void => {
    this.#isAnswering = false;
    this.#parts.traffic.leave();
    if (!this.#isHeldUp) return;
    this.#isHeldUp = false;
    this.#socket.resume();
  };

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    socket.off("data", this.#take);
    socket.off("end", this.#end);
    socket.off("error", this.#fail);
    socket.off("close", this.#parts.left);
    socket.off("timeout", this.#expire);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(bytes);
    this.#parts.left();
    this.#parts.handOver(socket);
    socket.resume();
  }

  readonly #end = (): void => {
    this.#hasEnded = true;
    if (!this.#isAnswering) this.#socket.end();
  };

  readonly #fail = (): void => {
    this.#socket.destroy();
  };

  /** Nothing was said for long. */
  readonly #expire = (): void => {
    if (this.#isAnswering) return;
    if (this.#isFresh) {
      const late = new TollgateError("request.timeout", "The request did not arrive in time.");
      this.#socket.write(rawProblem(late, this.#parts.logger));
    }
    this.#socket.destroySoon();
  };
}

const KEEP_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1_000}\r\n\r\n`;
const CLOSE = "Connection: close\r\n\r\n";

/** Head and body as one piece. Header values of ours are ASCII. */
function wholeOf(answer: PlainAnswer, isLast: boolean): Buffer {
  const { status, headers, body } = answer;
  const before = beginningOf(status, headers);
  const bodyBytes = Buffer.byteLength(body);
  const length = String(bodyBytes);
  const after = endOf(isLast);
  const lengthAt = before.length;
  const afterAt = lengthAt + length.length;
  const bodyAt = afterAt + after.length;
  const whole = Buffer.allocUnsafe(bodyAt + bodyBytes);
  whole.set(before);
  for (let at = 0; at < length.length; at += 1) whole[lengthAt + at] = length.charCodeAt(at);
  whole.set(after, afterAt);
  if (typeof body === "string") whole.write(body, bodyAt);
  else whole.set(body, bodyAt);
  return whole;
}

const beginnings = new WeakMap<object, Buffer>();

/** All that goes before the length of the body. Answers of one kind share their headers' object. */
function beginningOf(status: number, headers: Readonly<Record<string, string>>): Buffer {
  const known = status === 200 ? beginnings.get(headers) : undefined;
  if (known !== undefined) return known;
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
  const bytes = Buffer.from(`${text}content-length: `);
  if (status === 200) beginnings.set(headers, bytes);
  return bytes;
}

let endsOf = 0;
let ends = { open: Buffer.alloc(0), closed: Buffer.alloc(0) };

/** All that goes between the length of the body and the body, made once a second. */
function endOf(isLast: boolean): Buffer {
  const seconds = Math.floor(Date.now() / 1_000);
  if (seconds !== endsOf) {
    endsOf = seconds;
    const date = `\r\nDate: ${new Date(1_000 * seconds).toUTCString()}\r\n`;
    ends = { open: Buffer.from(date + KEEP_ALIVE), closed: Buffer.from(date + CLOSE) };
  }
  return isLast ? ends.closed : ends.open;
}
