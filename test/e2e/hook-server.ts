/** Receives webhooks for tests: keeps what was posted, and answers as it is told. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that was posted. */
export interface Posted {
  readonly atMs: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface HookServer {
  readonly url: string;
  readonly posted: readonly Posted[];
  /** Status of the answers from now on; null: they are not answered. */
  answer(status: number | null): void;
  stop(): Promise<void>;
}

/** Starts one on this machine. */
export async function startHookServer(): Promise<HookServer> {
  const posted: Posted[] = [];
  let status: number | null = 204;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString("utf8");
    const { url: path = "", headers } = request;
    posted.push({ atMs: Date.now(), path, headers, body });
    if (status !== null) response.writeHead(status).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    answer: (next) => {
      status = next;
    },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
