/** Budgets of every kind, what they came to, holds in every state and stops, for a data folder. */
import assert from "node:assert/strict";
import { composeHttp } from "../../src/compose.ts";
import type { Engine } from "../../src/engine/engine.ts";

/** What a history is made with. */
export interface World {
  readonly engine: Engine;
  setClock(instant: string): void;
  send(workspace: string, events: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
}

const BUDGETS: Readonly<Record<string, object>> = {
  "run-cost": {
    each: "run",
    measure: "cost",
    limit: "0.002",
    stages: [{ at: "50%", do: "notify" }],
  },
  "run-charge": { each: "run", measure: "charge", limit: "100" },
  "run-tokens": { each: "run", measure: "tokens", limit: "1000000" },
  "acme-month": {
    each: "customer",
    where: { customer: ["acme"] },
    measure: "charge",
    per: "billing_period",
    limit: "1",
    enforcement: "soft",
  },
  teams: { each: "label:team", measure: "output_text", per: "day", timeZone: "Europe/Berlin" },
  agents: { each: "customer_agent", measure: "steps", per: "week", where: { agent: ["support"] } },
  roots: { each: "workspace", measure: "runs", per: "lifetime", limit: "100" },
  open: { each: "agent", measure: "parallel_runs" },
};

const WHO = { reason: "agreed", by: "anna" };

/** Sets every budget; one of them twice, one of them only to be retired. */
export async function setBudgets({ engine }: World, workspace: string): Promise<void> {
  const save = async (key: string, document: object) => {
    const saved = await engine.limits.saveBudget(workspace, { key, document, ...WHO });
    assert.ok("record" in saved, key);
  };
  for (const [key, document] of Object.entries(BUDGETS)) await save(key, document);
  await save("agents", { ...BUDGETS.agents, limit: "50" });
  await save("old", { each: "customer", measure: "steps", per: "lifetime", limit: "5" });
  await save("old", { each: "agent", measure: "steps", per: "lifetime", limit: "5" });
  await engine.limits.retireBudget(workspace, { key: "old", ...WHO });
}

/** A customer that pays in advance, with a hold of its credit that is open and a settled one. */
export async function holdOfCredit(world: World, workspace: string): Promise<void> {
  const { engine } = world;
  const customer = "delta";
  const settings = { timeZone: "Europe/Berlin", cardKey: "support-2026" };
  await engine.saveCustomer(workspace, { id: customer, settings });
  const terms = { currency: "USD", name: null, priority: 1, expiresAtMs: null, charges: null };
  const none = { id: null, cost: null, costCurrency: null, rollover: null };
  await engine.credits.grant(workspace, { ...WHO, ...terms, ...none, customer, amount: "30" });
  const document = { each: "customer", measure: "prepaid", where: { customer: [customer] } };
  await engine.limits.saveBudget(workspace, { key: "credit", document, ...WHO });
  const { readHolds } = composeHttp(engine);
  const [run, nowText] = ["d1", new Date(await engine.nowMs(workspace)).toISOString()];
  const step = { source: "sdk", kind: "tool", tool: "search" };
  const holds = ["c1", "c2"].map((id) => ({ ...step, id }));
  const body = { open: { id: "open-d1", source: "sdk", customer }, holds };
  const { events, ...asked } = readHolds(body, { run, nowText });
  const nothing = { asks: [], releases: [], renewals: [], caps: [] };
  const { answer } = await engine.hold(workspace, events, { ...nothing, run, ...asked });
  for (const one of answer.decisions) {
    assert.ok(one.decision === "allow");
    assert.ok(one.hold.reserves.length > 1, "what is held of credit is told by charge");
  }
  await world.send(workspace, [{ ...step, run, id: "c1", occurredAt: nowText }]);
}

/** Holds that are open, settled by their own step and by another's call, and released; stops. */
export async function holdAndStop(world: World, workspace: string): Promise<void> {
  const { engine } = world;
  const limit = { budget: "run-cost", limit: "50", ...WHO };
  await engine.limits.setLimit(workspace, { ...limit, scope: "r7" });
  await engine.limits.setLimit(workspace, { ...limit, scope: "r8" });
  await engine.limits.setLimit(workspace, { ...limit, scope: "r8", limit: null });
  const { readHolds } = composeHttp(engine);
  const nowText = new Date(await engine.nowMs(workspace)).toISOString();
  const run = "r7";
  const none = { asks: [], releases: [], renewals: [], caps: [] };
  const open = { id: "open-r7", source: "sdk", customer: "acme", labels: { team: "x" } };
  const caps = [{ measure: "cost", limit: "9" }];
  const model = { source: "sdk", kind: "model", provider: "openai", model: "gpt-5" };
  const wanted = ["h1", "h2", "h3", "h4"].map((id) => {
    return { ...model, id, inputTokens: 1000, maxOutputTokens: 10, callId: `openai:${id}` };
  });
  const body = { open: { ...open, caps }, holds: wanted };
  const { events, ...asked } = readHolds(body, { run, nowText });
  const { answer } = await engine.hold(workspace, events, { ...none, run, ...asked });
  for (const { decision } of answer.decisions) assert.equal(decision, "allow");
  const step = { run, source: "sdk", kind: "model", provider: "openai", model: "gpt-5" };
  const usage = { input_uncached: 1000, output_text: 10 };
  await world.send(workspace, [
    { ...step, id: "h1", occurredAt: nowText, usage },
    { ...step, source: "proxy", id: "p2", callId: "openai:h2", occurredAt: nowText, usage },
  ]);
  const releases = [{ run, source: "sdk", id: "h3" }];
  await engine.hold(workspace, [], { ...none, run, releases });
  const stop = { mode: "pause", ...WHO } as const;
  await engine.limits.stopWork(workspace, { of: "customer", id: "beta", ...stop });
  await engine.limits.stopWork(workspace, { of: "agent", id: "chat", ...stop });
  await engine.limits.resumeWork(workspace, { of: "agent", id: "chat", raise: null, ...WHO });
}
