/**
 * What an event states late of many steps: a run is opened behind them, its customer is named, or
 * who records it is said otherwise, so that what was but looked at bills.
 * For those who kill the server meanwhile.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { RESTATED_PER_UNIT_MAX_COUNT } from "../../src/domain/limits.ts";
import type { HttpClient } from "./http-client.ts";

/** So many that they take many units: 8, and 12 with TOLLGATE_TEST_FULL. */
const UNITS = process.env.TOLLGATE_TEST_FULL === undefined ? 8 : 12;
export const STEPS_BEFORE = UNITS * RESTATED_PER_UNIT_MAX_COUNT;
const STEPS_A_REQUEST = 1_000;
const EARLIER_AT = new Date(Date.now() - 60_000).toISOString();

/** Steps of the support agent have a price, steps of nobody have none. */
export const LATE_CARD = {
  ...{ key: "late", currency: "USD" },
  charges: [
    {
      key: "support",
      meter: { count: "steps", where: { agent: "support" } },
      price: { model: "per_unit", unit: "0.01" },
    },
  ],
};

interface RunText {
  readonly restating?: true;
  readonly suspended: number;
  readonly totals: { readonly own: { readonly steps: number; readonly charge: string } };
}

interface UsageText {
  readonly rows: readonly { readonly group: { agent: string }; readonly steps: number }[];
}

/** A fact that an event of a run states late. The run's customer has the run's id. */
export interface LateFact {
  /** What an opening states that comes before the steps. (Default: there is none.) */
  readonly first?: object;
  /** What its steps state before. */
  readonly before: (run: string) => object;
  /** What the late event states. */
  readonly states: (run: string) => object;
  readonly isUnderWay: (run: RunText) => boolean;
  /** Asserts that each step is in one place, and returns how many have followed. */
  readonly followed: (run: RunText, byAgent: ReadonlyMap<string, number>) => number;
}

/** Steps name no agent until an opening does. */
const OPENING: LateFact = {
  before: (run) => ({ customer: run }),
  states: () => ({ agent: "support" }),
  isUnderWay: ({ restating }) => restating === true,
  followed: ({ totals: { own } }, byAgent) => {
    const { support = 0, "": nobody = 0, ...others } = Object.fromEntries(byAgent);
    assert.deepEqual([support + nobody, others, own.steps], [STEPS_BEFORE, {}, STEPS_BEFORE]);
    return support;
  },
};

/** Steps wait until an opening names their customer. */
const NAMING: LateFact = {
  before: () => ({ agent: "support" }),
  states: (run) => ({ customer: run, agent: "support" }),
  isUnderWay: ({ suspended, totals: { own } }) => suspended > 0 && own.steps > 0,
  followed: ({ suspended, totals: { own } }, byAgent) => {
    const { support = 0, ...others } = Object.fromEntries(byAgent);
    assert.deepEqual([support, others], [own.steps, {}]);
    assert.equal(own.steps + suspended, STEPS_BEFORE);
    return own.steps;
  },
};

/** Another source bills, until an opening that is earlier says that it is this one. */
const BILLING: LateFact = {
  first: { authority: "proxy" },
  before: (run) => ({ customer: run, agent: "support" }),
  states: (run) => ({ customer: run, agent: "support", authority: "sdk" }),
  isUnderWay: ({ restating }) => restating === true,
  followed: ({ totals: { own } }, byAgent) => {
    const { support = 0, ...others } = Object.fromEntries(byAgent);
    assert.deepEqual([support, others], [own.steps, {}]);
    return own.steps;
  },
};

export const LATE_FACTS: Readonly<Record<string, LateFact>> = {
  opening: OPENING,
  customer: NAMING,
  "word on who bills": BILLING,
};

/** One run of a fact, as a client sees it. */
export class LateRun {
  readonly #fact: LateFact;
  readonly #run: string;

  constructor(fact: LateFact, run: string) {
    this.#fact = fact;
    this.#run = run;
  }

  /** Sends its steps. */
  async work(client: HttpClient): Promise<void> {
    const occurredAt = new Date().toISOString();
    const step = { run: this.#run, source: "sdk", kind: "tool", tool: "search", occurredAt };
    await this.#open(client);
    for (let at = 0; at < STEPS_BEFORE; at += STEPS_A_REQUEST) {
      const ids = Array.from({ length: STEPS_A_REQUEST }, (_, of) => `s${at + of}`);
      const events = ids.map((id) => ({ ...step, ...this.#fact.before(this.#run), id }));
      const { status } = await client.post("/v1/events", events);
      assert.equal(status, 200);
    }
    if (this.#fact.first !== undefined) await this.#assertNothingBills(client);
  }

  async #open(client: HttpClient): Promise<void> {
    const { first, before } = this.#fact;
    if (first === undefined) return;
    const event = { type: "run.opened", run: this.#run, source: "sdk", id: "first" };
    const occurredAt = new Date().toISOString();
    const opened = { ...event, occurredAt, ...before(this.#run), ...first };
    const { status } = await client.post("/v1/events", [opened]);
    assert.equal(status, 200);
  }

  async #assertNothingBills(client: HttpClient): Promise<void> {
    assert.equal((await this.#read(client)).totals.own.steps, 0);
  }

  /** States the fact; resolves with what became of it, or null where the answer was cut off. */
  async state(client: HttpClient): Promise<string | null> {
    const event = { type: "run.opened", run: this.#run, source: "sdk", id: "open" };
    const stated = { ...event, occurredAt: EARLIER_AT, ...this.#fact.states(this.#run) };
    try {
      const answer = await client.post<{ results: { status: string }[] }>("/v1/events", [stated]);
      return answer.body.results[0]?.status ?? null;
    } catch {
      return null;
    }
  }

  async #read(client: HttpClient): Promise<RunText> {
    return (await client.get<RunText>(`/v1/runs/${this.#run}?steps=false`)).body;
  }

  /** Resolves amid the units that it takes, somewhere. */
  async amid(client: HttpClient, waitMs: number): Promise<void> {
    while (!this.#fact.isUnderWay(await this.#read(client))) await sleep(1);
    await sleep(waitMs);
  }

  /** Each step counts once, for what it states or stated; returns how many have followed. */
  async assertWhole(client: HttpClient): Promise<number> {
    const { body } = await client.get<UsageText>(`/v1/usage?groupBy=agent&customer=${this.#run}`);
    const used = body.rows.filter(({ steps }) => steps > 0);
    const run = await this.#read(client);
    const byAgent = new Map(used.map(({ group, steps }) => [group.agent, steps]));
    const followed = this.#fact.followed(run, byAgent);
    assert.equal(Number(run.totals.own.charge), followed / 100, "charged for what has followed");
    return followed;
  }

  /** The event is sent again, and everything is what it states when that is answered. */
  async assertFinishes(client: HttpClient): Promise<void> {
    assert.equal(await this.state(client), "duplicate");
    assert.equal(await this.assertWhole(client), STEPS_BEFORE);
    assert.equal(this.#fact.isUnderWay(await this.#read(client)), false);
  }
}
