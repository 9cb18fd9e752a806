/**
 * How an agent reports its work: events go into a queue, and one request at a time carries what
 * has gathered while the last one was on its way. A request that fails is sent again with the same
 * bytes; since every event has an identity, sending twice never counts twice.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { TollgateError } from "../../domain/errors.ts";
import { readAnswer } from "./api-answer.ts";

/** One event on the wire, as POST /v1/events takes it. */
export interface MeterEvent {
  readonly type: string;
  readonly id: string;
  readonly run: string;
  readonly occurredAt: string;
  readonly [field: string]: unknown;
}

/** What became of each event, and the totals of the runs that they name. */
export interface MeterAnswer {
  readonly results: readonly {
    readonly id: string;
    readonly status: string;
    readonly error?: { readonly code: string; readonly detail: string };
  }[];
}

/** Where events go, and how patiently. */
export interface MeterClientOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Called after each answer, to show what arrived. */
  readonly onAnswer?: (answer: MeterAnswer) => void;
  /** Pauses before the second, third, … attempt. (Default: 100 ms to 3 s, four times) */
  readonly retryDelaysMs?: readonly number[];
  readonly fetch?: typeof fetch;
}

const RETRY_DELAYS_MS = [100, 300, 1000, 3000];
const EVENTS_PER_REQUEST = 500;

/** Reports events to one Tollgate, in the order in which they were recorded. */
export class MeterClient {
  readonly #options: MeterClientOptions;
  readonly #queue: MeterEvent[] = [];
  #draining: Promise<void> | null = null;
  #failure: unknown = null;

  constructor(options: MeterClientOptions) {
    this.#options = options;
  }

  /** Queues an event; it is on its way at once unless a request is out already. */
  record(event: MeterEvent): void {
    this.#queue.push(event);
    this.#draining ??= this.#drain();
  }

  /**
   * Resolves when everything recorded is acknowledged; throws what kept it from being so. What was
   * not acknowledged stays in the queue and goes out with the next event or flush.
   */
  async flush(): Promise<void> {
    if (this.#queue.length > 0) this.#draining ??= this.#drain();
    await this.#draining;
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  /** Sends events now and answers what became of each; throws when no attempt succeeded. */
  async send(events: readonly MeterEvent[]): Promise<MeterAnswer> {
    const body = JSON.stringify(events);
    const delays = [...(this.#options.retryDelaysMs ?? RETRY_DELAYS_MS)];
    while (true) {
      const response = await this.#post(body);
      const delayMs = isWorthRetry(response) ? delays.shift() : undefined;
      if (delayMs !== undefined) {
        await sleep(delayMs);
        continue;
      }
      if (response === null) {
        throw new TollgateError("store.unknown", `No answer from ${this.#options.baseUrl}.`);
      }
      return readAnswer<MeterAnswer>(response);
    }
  }

  /** The answer, or null where the network broke: then nobody knows whether it arrived. */
  async #post(body: string): Promise<Response | null> {
    const { baseUrl, apiKey } = this.#options;
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
    const send = this.#options.fetch ?? fetch;
    try {
      return await send(new URL("/v1/events", baseUrl), { method: "POST", headers, body });
    } catch {
      return null;
    }
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue.slice(0, EVENTS_PER_REQUEST);
        const answer = await this.send(batch);
        this.#queue.splice(0, batch.length);
        this.#options.onAnswer?.(answer);
        const refused = answer.results.find(({ status }) => status === "rejected");
        if (refused !== undefined) {
          const { code = "internal", detail = "" } = refused.error ?? {};
          this.#failure ??= new TollgateError("internal", `${refused.id}: ${code}: ${detail}`);
        }
      }
    } catch (error) {
      this.#failure ??= error;
    } finally {
      this.#draining = null;
    }
  }
}

function isWorthRetry(response: Response | null): boolean {
  return response === null || response.status >= 500 || response.status === 429;
}
