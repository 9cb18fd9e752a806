/**
 * The SDK that meters and guards the demo's agents: its real client, over HTTP. The agents call the
 * vendors at their own addresses; what leads these to the stand-in also writes down what was sent.
 */

import { TollgateError } from "../../domain/errors.ts";
import { Tollgate, type WireEvent } from "./sdk.ts";

/** What agents are metered with. */
export interface MeteringOptions {
  readonly baseUrl: string;
  readonly key: string;
  /** Where the stand-in for the vendors listens. */
  readonly providerUrl: string;
  /** Whether agents ask before each call. */
  readonly isGuarded: boolean;
  /** Called whenever events have arrived. (Default: nobody is) */
  readonly onArrival?: (() => void) | undefined;
  /** Makes all requests. (Default: the global one) */
  readonly send?: typeof fetch;
}

/** No tokenizer makes more than one token of two characters. */
const CHARACTERS_PER_TOKEN_AT_LEAST = 2;
/** The vendors' addresses, by which the SDK knows them, and where the stand-in speaks for them. */
const VENDOR_PATHS: Readonly<Record<string, string>> = {
  "https://api.openai.com": "/openai",
  "https://api.anthropic.com": "/anthropic",
};

/** One client for one or many agents. */
export class Metering {
  readonly tollgate: Tollgate;
  readonly isGuarded: boolean;
  /** Every event that arrived, in order. */
  readonly sent: WireEvent[] = [];
  readonly #options: MeteringOptions;
  readonly #problems: object[] = [];

  constructor(options: MeteringOptions) {
    this.#options = options;
    this.isGuarded = options.isGuarded;
    this.tollgate = new Tollgate({
      ...{ url: options.baseUrl, key: options.key, source: "demo-agent" },
      guard: options.isGuarded,
      fetch: (input, init) => this.#send(new URL(String(input)), init),
      buffer: { intervalMs: 20 },
      estimateInputTokens: (body) =>
        Math.ceil(JSON.stringify(body).length / CHARACTERS_PER_TOKEN_AT_LEAST),
      onProblem: (problem) => void this.#problems.push(problem),
    });
  }

  /** Resolves when everything recorded has arrived; throws what went wrong. */
  async settle(): Promise<void> {
    const isThrough = await this.tollgate.flush();
    const [problem] = this.#problems;
    if (problem !== undefined) throw new TollgateError("internal", JSON.stringify(problem));
    if (!isThrough) throw new TollgateError("store.unknown", "Events did not get through.");
  }

  /** The same, and takes the client off the process. */
  async close(): Promise<void> {
    await this.settle();
    await this.tollgate.close();
  }

  async #send(url: URL, init: RequestInit | undefined): Promise<Response> {
    const { providerUrl, onArrival, send = fetch } = this.#options;
    const vendor = VENDOR_PATHS[url.origin];
    if (vendor !== undefined) return send(`${providerUrl}${vendor}${url.pathname}`, init);
    const response = await send(url, init);
    if (url.pathname === "/v1/events" && response.ok) {
      this.sent.push(...(JSON.parse(String(init?.body)) as WireEvent[]));
      onArrival?.();
    }
    return response;
  }
}
