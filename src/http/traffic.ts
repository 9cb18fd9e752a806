/** Requests in flight: who is let in, and how a shutdown waits for those who are. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { TollgateError } from "../domain/errors.ts";
import { DRAIN_MAX_MS } from "./connection-limits.ts";
import type { Logger } from "./http-parts.ts";
import { answerProblem } from "./problem.ts";

/** What is closed when nothing is in flight any more. */
type Drained = Pick<Server, "close" | "closeAllConnections">;

/** The answer to the last request of a connection, and to the one before it. */
interface LastAnswers {
  answer: ServerResponse;
  before: ServerResponse | null;
}

const isOpen = (answer: ServerResponse | null): boolean => answer?.writableFinished === false;

/** Requests in flight, and the end of taking more. */
export class Traffic {
  readonly #logger: Logger;
  /**
   * The last two answers of each connection, and how many are under way. A set of those under way
   * would be made anew all the time, and its former tables, once old, keep everything alive that
   * the next ones refer to: three quarters of what a request leaves behind outlived it by seconds.
   */
  readonly #latest = new Map<Socket, LastAnswers>();
  #inFlightCount = 0;
  #whenEmpty: (() => void) | null = null;
  #drained: Promise<void> | undefined;
  readonly #draining = new AbortController();
  /** What the last commit failed with, which left it open if its writes happened. */
  storeDoubt: TollgateError | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get isDraining(): boolean {
    return this.#draining.signal.aborted;
  }

  /** Aborts when the shutdown begins: who waits for something to happen waits no longer. */
  get draining(): AbortSignal {
    return this.#draining.signal;
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
      this.#enter(request.socket, response);
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
    const last = this.#latest.get(socket);
    if (last === undefined) return false;
    // Answers go out in the order of their requests: with the one before, all before it are out.
    const { answer, before } = last;
    return isOpen(before) || (isOpen(answer) && answer.req.complete);
  }

  #enter(socket: Socket, response: ServerResponse): void {
    const last = this.#latest.get(socket);
    if (last === undefined) {
      socket.once("close", () => this.#latest.delete(socket));
      this.#latest.set(socket, { answer: response, before: null });
    } else {
      last.before = last.answer;
      last.answer = response;
    }
    this.begin();
    response.on("close", this.leave);
  }

  /** A request is in flight; `leave` is called once, when it is so no more. */
  begin(): void {
    this.#inFlightCount += 1;
  }

  readonly leave = (): void => {
    this.#inFlightCount -= 1;
    if (this.#inFlightCount === 0) this.#whenEmpty?.();
  };

  /** Refuses new requests, answers those in flight, gives the port back. May be called again. */
  drain(server: Drained): Promise<void> {
    this.#drained ??= this.#drain(server);
    return this.#drained;
  }

  async #drain(server: Drained): Promise<void> {
    this.#draining.abort();
    // A connection that has been answered is of no more use.
    for (const { answer } of this.#latest.values()) {
      if (!answer.headersSent) answer.shouldKeepAlive = false;
    }
    if (this.#inFlightCount > 0) {
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
