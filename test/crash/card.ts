/** A card of which every kind of counter moves: runs in tiers, steps in tiers, cost, outcomes. */
import assert from "node:assert/strict";
import { HttpClient } from "./http-client.ts";

const graduated = (upTo: string, first: string, then: string) => ({
  model: "graduated",
  tiers: [{ upTo, unit: first }, { unit: then }],
});

export const CRASH_CARD = {
  key: "crash",
  currency: "USD",
  charges: [
    { key: "runs", meter: { count: "runs" }, price: graduated("3", "0.10", "0.07") },
    { key: "steps", meter: { count: "steps" }, price: graduated("20", "0.003", "0.001") },
    {
      key: "tools",
      meter: { count: "steps", where: { kind: "tool" } },
      price: { model: "per_unit", unit: "0.002" },
    },
    { key: "models", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
    { key: "done", meter: { count: "outcomes" }, price: { model: "per_unit", unit: "0.99" } },
  ],
};

/** Applies the card to a server's default workspace. */
export async function applyCrashCard(url: string, key: string): Promise<void> {
  const client = new HttpClient(url, key);
  const { status, body } = await client.post<unknown>("/v1/rate-cards", CRASH_CARD);
  assert.ok(status === 200 || status === 201, JSON.stringify(body));
  client.close();
}
