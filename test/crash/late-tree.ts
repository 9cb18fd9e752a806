/**
 * Usage of a whole tree of runs waits for its customer, who is named late: one unit binds every
 * run of the tree, and as many as it takes count what waits. For those who kill the server
 * meanwhile. The tree's customer has the id of its root.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpClient } from "./http-client.ts";

/** Runs below the root, more with TOLLGATE_TEST_FULL; each has one step, and so has the root. */
const BELOW = process.env.TOLLGATE_TEST_FULL === undefined ? 1_500 : 3_000;
export const STEPS_OF_TREE = BELOW + 1;
const STEPS_A_REQUEST = 1_000;
/** From the request to the end of the unit that binds them, and then of those that count. */
const [BINDING_MS, COUNTING_MS] = [BELOW / 8, BELOW / 12];

interface RunText {
  readonly run: string;
  readonly customer: string | null;
  readonly suspended: number;
  readonly totals: { readonly own: { readonly steps: number; readonly charge: string } };
}

interface Page {
  readonly runs: readonly RunText[];
  readonly next: string | null;
}

interface UsageText {
  readonly rows: readonly { readonly steps: number; readonly charge: string }[];
}

interface EventsText {
  readonly results: readonly { readonly status: string }[];
}

export class LateTree {
  readonly #root: string;
  readonly #steps: readonly object[];

  constructor(root: string) {
    this.#root = root;
    const occurredAt = new Date().toISOString();
    const step = { source: "sdk", kind: "tool", tool: "search", agent: "support", occurredAt };
    const below = Array.from({ length: BELOW }, (_, at) => {
      return { ...step, run: `${root}-${at}`, parentRun: root, id: "s" };
    });
    this.#steps = [{ ...step, run: root, id: "s" }, ...below];
  }

  /** Sends its steps. Resolves with what became of each. */
  async work(client: HttpClient): Promise<string[]> {
    const became: string[] = [];
    for (let at = 0; at < this.#steps.length; at += STEPS_A_REQUEST) {
      const events = this.#steps.slice(at, at + STEPS_A_REQUEST);
      const { status, body } = await client.post<EventsText>("/v1/events", events);
      assert.equal(status, 200);
      for (const result of body.results) became.push(result.status);
    }
    return became;
  }

  /** Names the customer; resolves with what became of it, or null where the answer was cut off. */
  async name(client: HttpClient): Promise<string | null> {
    const event = { type: "run.opened", run: this.#root, source: "sdk", id: "open" };
    const named = { ...event, occurredAt: new Date().toISOString(), customer: this.#root };
    try {
      const { body } = await client.post<EventsText>("/v1/events", [named]);
      return body.results[0]?.status ?? null;
    } catch {
      return null;
    }
  }

  /**
   * The customer is being named: resolves amid the unit that binds, or amid those that count, at a
   * `part` of the time that they take, from 0 to 1.
   */
  async amid(client: HttpClient, units: "binding" | "counting", part: number): Promise<void> {
    if (units === "binding") return sleep((0.2 + part) * BINDING_MS);
    while ((await this.#used(client)).steps === 0) await sleep(1);
    return sleep(part * COUNTING_MS);
  }

  async #used(client: HttpClient): Promise<{ steps: number; charge: number }> {
    const { body } = await client.get<UsageText>(`/v1/usage?customer=${this.#root}`);
    const [{ steps, charge } = { steps: 0, charge: "0" }] = body.rows;
    return { steps, charge: Number(charge) };
  }

  /** All its runs, the newest of the store. */
  async #runs(client: HttpClient): Promise<RunText[]> {
    const found: RunText[] = [];
    for (let cursor = ""; found.length < STEPS_OF_TREE; ) {
      const { body } = await client.get<Page>(`/v1/runs?limit=1000${cursor}`);
      found.push(...body.runs.filter(({ run }) => `${run}-`.startsWith(`${this.#root}-`)));
      if (body.next === null) break;
      cursor = `&cursor=${body.next}`;
    }
    return found;
  }

  /** Its runs, and what its customer used at that moment. */
  async #standing(client: HttpClient) {
    for (;;) {
      const before = await this.#used(client);
      const runs = await this.#runs(client);
      // A node may go on with it by itself at any moment.
      if ((await this.#used(client)).steps === before.steps) return { runs, used: before };
    }
  }

  /** All runs have a customer or none has; each step waits or is counted. Returns how many are. */
  async assertWhole(client: HttpClient): Promise<{ isBound: boolean; counted: number }> {
    // It waits for what a node that was killed has left on its way to a database.
    const fence = { type: "run.opened", run: "fence", source: "sdk", customer: "fence" };
    const occurredAt = "2020-01-01T00:00:00Z";
    await client.post("/v1/events", [{ ...fence, id: this.#root, occurredAt }]);
    const { runs, used } = await this.#standing(client);
    assert.equal(runs.length, STEPS_OF_TREE);
    const customers = [...new Set(runs.map(({ customer }) => customer))];
    const isBound = customers[0] !== null;
    assert.deepEqual(customers, [isBound ? this.#root : null]);
    const counted = runs.filter(({ totals: { own }, suspended }) => {
      assert.deepEqual([own.steps + suspended, Number(own.charge)], [1, own.steps / 100]);
      return suspended === 0;
    }).length;
    assert.deepEqual(used, { steps: counted, charge: counted / 100 });
    assert.ok(isBound || counted === 0);
    return { isBound, counted };
  }

  /** The customer is named again, and then each step again. */
  async assertFinishes(client: HttpClient, isBound: boolean): Promise<void> {
    assert.equal(await this.name(client), isBound ? "duplicate" : "accepted");
    const whole = { isBound: true, counted: STEPS_OF_TREE };
    assert.deepEqual(await this.assertWhole(client), whole);
    assert.deepEqual([...new Set(await this.work(client))], ["duplicate"]);
    assert.deepEqual(await this.assertWhole(client), whole);
  }
}
