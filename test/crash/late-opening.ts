/** A run of many steps that is opened behind them, for those who kill the server meanwhile. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { RESTATED_PER_UNIT_MAX_COUNT } from "../../src/domain/limits.ts";
import type { HttpClient } from "./http-client.ts";

/** So many that an opening restates them in many units. */
export const STEPS_BEFORE_OPENING = 12 * RESTATED_PER_UNIT_MAX_COUNT;
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

/** Sends the steps of a run that names no agent. */
export async function workUnopened(client: HttpClient, run: string): Promise<void> {
  const occurredAt = new Date().toISOString();
  const about = { run, source: "sdk", kind: "tool", tool: "search", customer: run, occurredAt };
  for (let at = 0; at < STEPS_BEFORE_OPENING; at += STEPS_A_REQUEST) {
    const ids = Array.from({ length: STEPS_A_REQUEST }, (_, of) => `s${at + of}`);
    const { status } = await client.post(
      "/v1/events",
      ids.map((id) => ({ ...about, id })),
    );
    assert.equal(status, 200);
  }
}

/** Opens it; resolves with what became of the event, or null where the answer was cut off. */
export async function openLate(client: HttpClient, run: string): Promise<string | null> {
  const event = { type: "run.opened", run, source: "sdk", id: "open", occurredAt: EARLIER_AT };
  try {
    const { body } = await client.post<{ results: { status: string }[] }>("/v1/events", [
      { ...event, agent: "support" },
    ]);
    return body.results[0]?.status ?? null;
  } catch {
    return null;
  }
}

interface RunText {
  readonly restating?: true;
  readonly totals: { readonly own: { readonly steps: number; readonly charge: string } };
}

/** Whether a run is being restated. */
export async function isRestating(client: HttpClient, run: string): Promise<boolean> {
  const { body } = await client.get<RunText>(`/v1/runs/${run}?steps=false`);
  return body.restating === true;
}

/** Resolves amid the restating of a run, somewhere. */
export async function amidRestating(client: HttpClient, run: string, waitMs: number) {
  while (!(await isRestating(client, run))) await sleep(1);
  await sleep(waitMs);
}

/** Steps of a run's customer by agent. */
async function stepsByAgent(client: HttpClient, run: string): Promise<Map<string, number>> {
  const { body } = await client.get<{ rows: { group: { agent: string }; steps: number }[] }>(
    `/v1/usage?groupBy=agent&customer=${run}`,
  );
  const used = body.rows.filter(({ steps }) => steps > 0);
  return new Map(used.map(({ group, steps }) => [group.agent, steps]));
}

/** Each step counts once, for the one or the other; returns how many have been restated. */
export async function assertWhole(client: HttpClient, run: string): Promise<number> {
  const counted = await stepsByAgent(client, run);
  const { support = 0, "": nobody = 0, ...others } = Object.fromEntries(counted);
  assert.deepEqual([support + nobody, others], [STEPS_BEFORE_OPENING, {}]);
  const { body } = await client.get<RunText>(`/v1/runs/${run}?steps=false`);
  assert.equal(body.totals.own.steps, STEPS_BEFORE_OPENING);
  assert.equal(Number(body.totals.own.charge), support / 100, "charged for what is restated");
  return support;
}

/** The opening is sent again, and everything is what it states when that is answered. */
export async function assertFinishes(client: HttpClient, run: string): Promise<void> {
  assert.equal(await openLate(client, run), "duplicate");
  assert.equal(await isRestating(client, run), false);
  assert.equal(await assertWhole(client, run), STEPS_BEFORE_OPENING);
}
