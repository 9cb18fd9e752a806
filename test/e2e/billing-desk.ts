/** A server with a clock to move, a card, and the calls of a day at the billing desk. */
import assert from "node:assert/strict";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type Answer, type ApiCaller, apiCaller } from "./api-caller.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "./test-server.ts";

/** 0.015 a step and 0.99 an outcome, in a currency of two decimals. */
export const CARD = {
  key: "desk",
  currency: "USD",
  charges: [
    { key: "calls", name: "Calls", meter: { count: "steps" }, price: per("0.015") },
    { key: "done", name: "Resolved", meter: { count: "outcomes" }, price: per("0.99") },
  ],
};

function per(unit: string): object {
  return { model: "per_unit", unit };
}

type Exporting = TestServerOptions["exporting"];

export interface Desk {
  readonly server: TestServer;
  readonly api: ApiCaller;
  readonly clock: { now: number };
  /** Calls as admin and asserts success. */
  ok(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Calls as admin, whatever comes of it. */
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends this many steps of a customer, dated on a day; ids go on counting. */
  steps(customer: string, day: string, count: number): Promise<void>;
  /** Asserts that everything on disk adds up. */
  verify(): Promise<void>;
  /** The same, and stops the server whatever is found: a file that fails must come to its end. */
  end(): Promise<void>;
}

/** Opens one at an instant. End it when done. */
export async function openDesk(
  kind: "memory" | "sqlite",
  opening: { readonly at: string; readonly card?: object; readonly exporting?: Exporting },
): Promise<Desk> {
  const { at, card = CARD, exporting } = opening;
  const clock = { now: Date.parse(at) };
  const parts = { store: kind, clock: { nowMs: () => clock.now } };
  const server = await startTestServer({ ...parts, ...(exporting && { exporting }) });
  const api = await apiCaller(server);
  const ask: Desk["ask"] = (method, path, body) =>
    api.call(method, path, body === undefined ? {} : { body });
  const ok: Desk["ok"] = async (method, path, body) => {
    const answer = await ask(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
    return answer;
  };
  await ok("POST", "/v1/rate-cards", { card, effectiveFrom: null });
  let sent = 0;
  const steps: Desk["steps"] = async (customer, day, count) => {
    const events = Array.from({ length: count }, () => {
      sent += 1;
      const about = { run: `run of ${customer}`, customer, kind: "tool", tool: "search" };
      return { id: `e${sent}`, ...about, occurredAt: `${day}T12:00:00Z` };
    });
    const { text } = await ok("POST", "/v1/events", events);
    assert.ok(!text.includes("rejected"), text);
  };
  const verify: Desk["verify"] = async () => {
    if (server.dataDir === null) return;
    await server.store.settle("default");
    assert.deepEqual(verifyDataFolder(server.dataDir).findings, []);
  };
  const end: Desk["end"] = async () => {
    try {
      await verify();
    } finally {
      await server.stop();
    }
  };
  return { server, api, clock, ok, ask, steps, verify, end };
}
