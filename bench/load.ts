/**
 * The load generator: a process of its own that speaks HTTP over raw sockets, so that it takes as
 * little of the machine as possible. One request at a time on each connection.
 */
import { connect, type Socket } from "node:net";

export interface LoadPlan {
  readonly url: string;
  readonly path: string;
  readonly key: string | null;
  /** Bodies, sent once each, in order, over all connections. */
  readonly bodies: readonly Buffer[];
  readonly connections: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds from sending a request to its whole answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 200, by status. */
  readonly failures: Readonly<Record<string, number>>;
}

function requestOf(plan: LoadPlan, body: Buffer): Buffer {
  const { host } = new URL(plan.url);
  const key = plan.key === null ? "" : `authorization: Bearer ${plan.key}\r\n`;
  const lines = [`POST ${plan.path} HTTP/1.1`, `host: ${host}`, "content-type: application/json"];
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

/** Sends every body once and waits for every answer. */
export async function sendLoad(plan: LoadPlan): Promise<LoadResult> {
  const requests = plan.bodies.map((body) => requestOf(plan, body));
  const latencies: number[] = [];
  const failures: Record<string, number> = {};
  let next = 0;
  const started = performance.now();
  const runConnection = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0);
      let sentAt = 0;
      const send = (): void => {
        const request = requests[next];
        if (request === undefined) {
          socket.end();
          resolve();
          return;
        }
        next += 1;
        sentAt = performance.now();
        socket.write(request);
      };
      socket.on("data", (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const answer = wholeAnswer(received);
        if (answer === undefined) return;
        received = received.subarray(answer.end);
        latencies.push(performance.now() - sentAt);
        if (answer.status !== 200) {
          failures[answer.status] = (failures[answer.status] ?? 0) + 1;
        }
        send();
      });
      socket.on("error", reject);
      send();
    });
  const { hostname, port } = new URL(plan.url);
  const sockets = await Promise.all(
    Array.from(
      { length: plan.connections },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect({ host: hostname, port: Number(port), noDelay: true });
          socket.once("connect", () => resolve(socket));
          socket.once("error", reject);
        }),
    ),
  );
  await Promise.all(sockets.map(runConnection));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0;
  return { requests: latencies.length, seconds, p50Ms: at(0.5), p99Ms: at(0.99), failures };
}
