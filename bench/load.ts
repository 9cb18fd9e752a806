/**
 * The load generator: a process of its own that speaks HTTP over raw sockets, so that it takes as
 * little of the machine as possible. One request at a time on each connection.
 */
import { connect, type Socket } from "node:net";

/** What is posted, and where to. */
export interface Post {
  readonly path: string;
  readonly body: Buffer;
}

export interface LoadPlan {
  readonly url: string;
  readonly key: string | null;
  /** Sent once each, in order, over all connections. */
  readonly posts: readonly Post[];
  readonly connections: number;
  /** Requests a second that are due; null: each as soon as a connection is free. */
  readonly perSecond: number | null;
  /** What every answer must contain; null: whatever it likes. */
  readonly mustSay: string | null;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds from sending a request, or from when it was due, to its whole answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 200, by status, or did not say what they must. */
  readonly failures: Readonly<Record<string, number>>;
}

function requestOf(plan: LoadPlan, { path, body }: Post): Buffer {
  const { host } = new URL(plan.url);
  const key = plan.key === null ? "" : `authorization: Bearer ${plan.key}\r\n`;
  const lines = [`POST ${path} HTTP/1.1`, `host: ${host}`, "content-type: application/json"];
  const head = `${lines.join("\r\n")}\r\n${key}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Status and length of an answer once it is whole; undefined while it is not. */
function wholeAnswer(received: Buffer): { status: number; end: number } | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = received.toString("latin1", 0, headEnd);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = headEnd + 4 + Number(length);
    return received.length >= end ? { status, end } : undefined;
  }
  const last = received.indexOf("\r\n0\r\n\r\n", headEnd);
  if (received.subarray(headEnd + 4, headEnd + 9).toString() === "0\r\n\r\n") {
    return { status, end: headEnd + 9 };
  }
  return last < 0 ? undefined : { status, end: last + 7 };
}

/** Sends every post once and waits for every answer. */
export async function sendLoad(plan: LoadPlan): Promise<LoadResult> {
  const sender = new Sender(plan);
  const { hostname, port } = new URL(plan.url);
  const opened = Array.from({ length: plan.connections }, () => open(hostname, Number(port)));
  const sockets = await Promise.all(opened);
  return sender.send(sockets);
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

class Sender {
  readonly #plan: LoadPlan;
  readonly #requests: readonly Buffer[];
  readonly #latencies: number[] = [];
  readonly #failures: Record<string, number> = {};
  #startedMs = 0;
  #next = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#requests = plan.posts.map((post) => requestOf(plan, post));
  }

  async send(sockets: readonly Socket[]): Promise<LoadResult> {
    this.#startedMs = performance.now();
    await Promise.all(sockets.map((socket) => this.#sendOver(socket)));
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    const times = { p50Ms: at(0.5), p99Ms: at(0.99) };
    return { requests: sorted.length, seconds, ...times, failures: this.#failures };
  }

  #sendOver(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0);
      let sinceMs = 0;
      const sendNext = (): void => {
        const index = this.#next;
        const request = this.#requests[index];
        if (request === undefined) {
          socket.end();
          resolve();
          return;
        }
        this.#next += 1;
        const dueMs = this.#dueMs(index);
        const send = (): void => {
          sinceMs = dueMs ?? performance.now();
          socket.write(request);
        };
        const waitMs = dueMs === null ? 0 : dueMs - performance.now();
        if (waitMs > 0) setTimeout(send, waitMs);
        else send();
      };
      socket.on("data", (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const answer = wholeAnswer(received);
        if (answer === undefined) return;
        this.#latencies.push(performance.now() - sinceMs);
        this.#check(answer.status, received.subarray(0, answer.end));
        received = received.subarray(answer.end);
        sendNext();
      });
      socket.on("error", reject);
      sendNext();
    });
  }

  #dueMs(index: number): number | null {
    const { perSecond } = this.#plan;
    return perSecond === null ? null : this.#startedMs + (1_000 * index) / perSecond;
  }

  #check(status: number, answer: Buffer): void {
    const { mustSay } = this.#plan;
    if (status === 200 && (mustSay === null || answer.includes(mustSay))) return;
    const what = status === 200 ? `without ${mustSay}` : String(status);
    this.#failures[what] = (this.#failures[what] ?? 0) + 1;
  }
}
