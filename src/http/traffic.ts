/** Requests in flight: who is let in, and how a shutdown waits for those who are. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { TollgateError } from "../domain/errors.ts";
import { DRAIN_MAX_MS } from "./connection-limits.ts";
import type { Logger } from "./http-parts.ts";
import { answerProblem } from "./problem.ts";

/** Requests in flight, and the end of taking more. */
export class Traffic {
  readonly #logger: Logger;
  readonly #inFlight = new Set<ServerResponse>();
  #whenEmpty: (() => void) | null = null;
  #drained: Promise<void> | undefined;
  isDraining = false;
  isStoreUnknown = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Takes a request in, or answers it with its refusal. */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      const { status, headers, body } = answerProblem(refusal, this.#logger);
      response.writeHead(status, { ...headers, connection: "close" }).end(body);
      return false;
    }
    if (!this.isDraining) {
      this.#inFlight.add(response);
      response.on("close", () => this.#leave(response));
    }
    return true;
  }

  #refusalOf({ rawHeaders, httpVersionMinor, url }: IncomingMessage): TollgateError | null {
    const hosts = countHosts(rawHeaders);
    if (hosts !== 1 && (hosts > 1 || httpVersionMinor > 0)) {
      // Of two, Node takes the first; a proxy before us may have taken the second.
      const detail = `The request has ${hosts} Host headers; it needs exactly one.`;
      return new TollgateError("request.malformed", detail, "host");
    }
    if (!this.isDraining || url === "/health") return null;
    return new TollgateError("server.draining", "The server is shutting down.");
  }

  /** Whether a request of this connection arrived whole and still waits for its answer. */
  isAnswering(socket: Socket): boolean {
    return [...this.#inFlight].some(({ socket: own, req }) => own === socket && req.complete);
  }

  #leave(response: ServerResponse): void {
    this.#inFlight.delete(response);
    if (this.#inFlight.size === 0) this.#whenEmpty?.();
  }

  /** Refuses new requests, answers those in flight, gives the port back. May be called again. */
  drain(server: Server): Promise<void> {
    this.#drained ??= this.#drain(server);
    return this.#drained;
  }

  async #drain(server: Server): Promise<void> {
    this.isDraining = true;
    // A connection that has been answered is of no more use.
    for (const response of this.#inFlight) response.shouldKeepAlive = false;
    if (this.#inFlight.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, DRAIN_MAX_MS);
        this.#whenEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === "host") count += 1;
  }
  return count;
}
