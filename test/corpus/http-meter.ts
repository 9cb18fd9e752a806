/** The product over HTTP: the routes a producer and a reader use, nothing else. */
import { PriceLookup } from "./price-lookup.ts";
import type { FeedResult, Meter, MeteredRun, MeteredStep } from "./types.ts";

/** Where the server listens and the key it was started with. */
export interface Served {
  readonly url: string;
  readonly key: string;
}

const EVENTS_PER_REQUEST = 1_000;
const REQUEST_MAX_CHARS = 2_000_000;

export class HttpMeter implements Meter {
  readonly #served: Served;
  readonly #prices = new PriceLookup();

  constructor(served: Served) {
    this.#served = served;
  }

  async importPrices(document: object): Promise<void> {
    await this.#request("POST", "/v1/prices", document);
    this.#prices.add(document);
  }

  async feed(events: readonly object[]): Promise<readonly FeedResult[]> {
    const results: FeedResult[] = [];
    for (const batch of batches(events)) {
      const answer = await this.#request("POST", "/v1/events", batch);
      results.push(...(answer as { results: FeedResult[] }).results);
    }
    return results;
  }

  async run(id: string): Promise<MeteredRun> {
    const path = `/v1/runs/${encodeURIComponent(id)}`;
    const { status, text } = await this.#send("GET", path);
    const rateOf: MeteredRun["rateOf"] = (asked) => this.#prices.rateOf(asked);
    // A log of failed calls alone holds nothing to meter: then there is no such run.
    if (status === NOT_FOUND) return { run: id, cost: "0", steps: [], rateOf };
    const tree = parsed({ status, text }, path) as RunTree;
    return { run: id, cost: tree.totals.tree.cost, steps: stepsBelow(tree), rateOf };
  }

  async #request(method: string, path: string, body: unknown): Promise<unknown> {
    return parsed(await this.#send(method, path, body), path);
  }

  async #send(method: string, path: string, body?: unknown): Promise<Answer> {
    const authorization = `Bearer ${this.#served.key}`;
    const request =
      body === undefined
        ? { method, headers: { authorization } }
        : {
            method,
            headers: { authorization, "content-type": "application/json" },
            body: JSON.stringify(body),
          };
    const response = await fetch(new URL(path, this.#served.url), request);
    return { status: response.status, text: await response.text() };
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const NOT_FOUND = 404;

function parsed({ status, text }: Answer, path: string): unknown {
  if (status >= 400) throw new Error(`${path}: ${status} ${text}`);
  return JSON.parse(text);
}

/** Splits events so that no request is over the limits. */
function batches(events: readonly object[]): object[][] {
  const found: object[][] = [];
  let chars = 0;
  for (const event of events) {
    const size = JSON.stringify(event).length;
    const open = found.at(-1);
    if (
      open === undefined ||
      open.length >= EVENTS_PER_REQUEST ||
      chars + size > REQUEST_MAX_CHARS
    ) {
      found.push([event]);
      chars = size;
    } else {
      open.push(event);
      chars += size;
    }
  }
  return found;
}

/** A run as GET /v1/runs/{run} answers it, as far as the corpus reads it. */
interface RunTree {
  readonly totals: { readonly tree: { readonly cost: string } };
  readonly steps: readonly (MeteredStep & { readonly role: string; readonly voided: boolean })[];
  readonly children: readonly RunTree[];
}

/** The steps that count, of the run and of the runs below it. */
function stepsBelow({ steps, children }: RunTree): MeteredStep[] {
  const counted = steps.filter(({ role, voided }) => role === "bill" && !voided);
  return [...counted, ...children.flatMap(stepsBelow)];
}
