/**
 * Readers of live views, in a process of their own, over raw sockets: it counts what arrives and
 * reads no further into it than it must. Told where and how many, it answers once all have begun;
 * asked again, it says what came since.
 */
import { connect, type Socket } from "node:net";

/** Opens readers, or asks what came since it was asked last. */
export type ReadersAsk =
  | {
      readonly do: "open";
      readonly url: string;
      readonly key: string;
      /** Paths of views, one reader each. */
      readonly paths: readonly string[];
    }
  | { readonly do: "count" };

/** What came since the last question. */
export interface ReadersAnswer {
  /** Readers that have begun and were not let go. */
  readonly open: number;
  readonly messages: number;
  readonly bytes: number;
  /** Readers that were refused, cut off or told that they are too slow. */
  readonly lost: number;
}

const EVENT = "event: ";
const counted = { open: 0, messages: 0, bytes: 0, lost: 0 };

function begin(url: URL, key: string, path: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    socket.on("connect", () => {
      const head = [`GET ${path} HTTP/1.1`, `host: ${url.host}`, `authorization: Bearer ${key}`];
      socket.write(`${head.join("\r\n")}\r\n\r\n`);
    });
    let hasBegun = false;
    socket.on("data", (chunk: Buffer) => {
      counted.bytes += chunk.length;
      if (!hasBegun) {
        hasBegun = true;
        counted.open += 1;
        if (chunk.toString("latin1", 9, 12) !== "200") socket.destroy();
        resolve(socket);
      }
      for (let at = chunk.indexOf(EVENT); at >= 0; at = chunk.indexOf(EVENT, at + 1)) {
        counted.messages += 1;
        if (chunk.toString("latin1", at + EVENT.length, at + EVENT.length + 3) === "end") {
          counted.lost += 1;
        }
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (hasBegun) counted.open -= 1;
      counted.lost += 1;
      resolve(socket);
    });
  });
}

process.on("message", async (ask: ReadersAsk) => {
  if (ask.do === "open") {
    const url = new URL(ask.url);
    // A few at a time: each begins with the whole of its view.
    const waiting = [...ask.paths];
    const next = async (): Promise<void> => {
      for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
        await begin(url, ask.key, path);
      }
    };
    await Promise.all(Array.from({ length: 16 }, next));
  }
  const answer: ReadersAnswer = { ...counted };
  Object.assign(counted, { messages: 0, bytes: 0, lost: 0 });
  process.send?.(answer);
});
