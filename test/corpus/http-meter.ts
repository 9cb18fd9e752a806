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

type Answer = Readonly<Record<string, unknown>>;

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
      results.push(...(answer.results as FeedResult[]));
    }
    return results;
  }

  async run(id: string): Promise<MeteredRun> {
    const path = `/v1/runs/${encodeURIComponent(id)}`;
    const tree = (await this.#request("GET", path)) as unknown as RunTree;
    return {
      run: id,
      cost: tree.totals.tree.cost,
      steps: stepsBelow(tree),
      rateOf: (asked) => this.#prices.rateOf(asked),
    };
  }

  async #request(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(path, this.#served.url), {
      method,
      headers: {
        authorization: `Bearer ${this.#served.key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Answer;
  }
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
