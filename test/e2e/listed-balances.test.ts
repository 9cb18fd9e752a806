/** Over HTTP: the balances of a budget, settled or only held, page by page. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ApiCaller, apiCaller, type Json } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const WHO = { reason: "test", by: "test" };
const GRANT = { customer: "paid", amount: "5", currency: "USD" };

for (const store of ["memory", "sqlite"] as const) {
  describe(`the balances of a budget (${store})`, () => {
    let server: TestServer;
    let api: ApiCaller;
    before(async () => {
      server = await startTestServer({ store });
      api = await apiCaller(server);
      const budget = { each: "run", measure: "steps", limit: "5" };
      await ok("PUT", "/v1/budgets/turns", { budget, ...WHO });
    });
    after(() => server.stop());

    async function ok(method: string, path: string, body?: object): Promise<Json> {
      const answer = await api.call(method, path, body === undefined ? {} : { body });
      assert.ok(answer.status < 300, answer.text);
      return answer.body;
    }

    async function hold(run: string, id: string): Promise<void> {
      const open = { id: `open-${run}`, customer: "acme" };
      const holds = [{ id, kind: "tool", tool: "t" }];
      const { decisions } = await ok("POST", `/v1/runs/${run}/holds`, { open, holds });
      assert.equal(decisions?.[0]?.decision, "allow");
    }

    /** All of them, two on a page: scope, settled and held. */
    async function listed(budget: string): Promise<string[]> {
      const all: string[] = [];
      for (let cursor = ""; ; ) {
        const page = await ok("GET", `/v1/budgets/${budget}/balances?limit=2${cursor}`);
        const balances = page.balances as unknown as Json[];
        all.push(...balances.map(({ scope, settled, held }) => `${scope} ${settled} + ${held}`));
        if (page.next === null) return all;
        cursor = `&cursor=${encodeURIComponent(String(page.next))}`;
      }
    }

    test("are those that only hold, too, until what they hold is released", async () => {
      for (const run of ["r3", "r1", "r2"]) await hold(run, "s1");
      const occurredAt = String((await ok("GET", "/v1/clock")).now);
      const step = { id: "s1", run: "r2", kind: "tool", tool: "t", occurredAt };
      await ok("POST", "/v1/events", [step]);
      await hold("r2", "s2");
      assert.deepEqual(await listed("turns"), ["r1 0 + 1", "r2 1 + 1", "r3 0 + 1"]);
      await ok("POST", "/v1/runs/r3/holds/release", { holds: [{ id: "s1" }] });
      assert.deepEqual(await listed("turns"), ["r1 0 + 1", "r2 1 + 1"]);
    });

    test("are told in the billing periods of the customer that they are of", async () => {
      const calendar = { timeZone: "Europe/Berlin", anchorDay: 28 };
      await ok("PUT", "/v1/customers/berlin", calendar);
      const both = { measure: "steps", limit: "5", per: "billing_period" };
      const keys = { month: "customer", apart: "customer_agent" };
      for (const [key, each] of Object.entries(keys)) {
        await ok("PUT", `/v1/budgets/${key}`, { budget: { ...both, each }, ...WHO });
      }
      const open = { customer: "berlin", agent: "support" };
      const holds = [{ id: "s1", kind: "tool", tool: "t" }];
      const { decisions } = await ok("POST", "/v1/runs/b1/holds", { open, holds });
      const decided = decisions?.[0]?.budgets as unknown as Json[];
      for (const key of Object.keys(keys)) {
        const told = decided.find(({ budget }) => String(budget) === key);
        const page = await ok("GET", `/v1/budgets/${key}/balances`);
        const [listedOne] = page.balances as unknown as Json[];
        assert.match(JSON.stringify(told?.window), /-2[78]T2[23]:00:00.000Z/);
        assert.deepEqual(listedOne, told);
      }
    });

    test("are none where credit is the limit: that is told by the credit", async () => {
      const document = { each: "customer", measure: "prepaid", where: { customer: ["paid"] } };
      await ok("PUT", "/v1/budgets/credit", { budget: document, ...WHO });
      const charge = { meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } };
      const card = { key: "card", currency: "USD", charges: [{ key: "steps", ...charge }] };
      await ok("POST", "/v1/rate-cards", card);
      await ok("PUT", "/v1/customers/paid", { name: "Paid" });
      await ok("POST", "/v1/credits/grants", { ...GRANT, ...WHO });
      const holds = [{ id: "s1", kind: "tool", tool: "t" }];
      const body = { open: { customer: "paid" }, holds };
      const { decisions } = await ok("POST", "/v1/runs/p1/holds", body);
      assert.equal(decisions?.[0]?.decision, "allow");
      assert.deepEqual(await listed("credit"), []);
    });
  });
}
