/** The audit log: every change with who, when, why, before and after, and no secret. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { secretBox } from "../../src/connectors/secret-box.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type Answer, type ApiCaller, apiCaller } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const BY = { reason: "agreed", by: "anna" };
const card = (unit: string) => ({
  key: "support",
  currency: "USD",
  charges: [{ key: "runs", meter: { count: "runs" }, price: { model: "per_unit", unit } }],
});

describe("the audit log", () => {
  let server: TestServer;
  let api: ApiCaller;
  before(async () => {
    server = await startTestServer({
      store: "sqlite",
      exporting: { secrets: secretBox([Buffer.alloc(32)]) },
    });
    api = await apiCaller(server);
  });
  after(() => server.stop());

  const ok = async (method: string, path: string, sending = {}): Promise<Answer> => {
    const answer = await api.call(method, path, sending);
    assert.ok(answer.status < 300, answer.text);
    return answer;
  };
  const audit = async (query: string) => {
    const { text } = await ok("GET", `/v1/audit?${query}`);
    return JSON.parse(text) as { entries: Record<string, unknown>[]; next: number | null };
  };

  test("tells of a card what it was and what it is, who asked and why", async () => {
    await ok("POST", "/v1/rate-cards", { body: card("1") });
    const headers = { "tollgate-reason": encodeURIComponent("Preise für 2027") };
    await ok("POST", "/v1/rate-cards", { body: card("2"), headers });
    const { entries } = await audit("kind=card.applied&subject=support");
    const [second, first] = entries as {
      reason: string | null;
      by: string;
      key: string;
      before: { card: { charges: { price: { unit: string } }[] } } | null;
      after: { card: { charges: { price: { unit: string } }[] } };
    }[];
    assert.equal(second?.before?.card.charges[0]?.price.unit, "1");
    assert.equal(second?.after.card.charges[0]?.price.unit, "2");
    assert.equal(second?.reason, "Preise für 2027");
    assert.equal(second?.by, "admin");
    const { body } = await ok("GET", "/v1/keys");
    const keys = body.keys as unknown as { id: string; label: string }[];
    assert.equal(second?.key, keys.find(({ label }) => label === "admin")?.id);
    assert.deepEqual([first?.before, first?.reason], [null, null]);
  });

  test("tells of budgets, limits, stops, resumes, grants and keys who decided it", async () => {
    const budget = { each: "customer", measure: "steps", per: "month", limit: "10" };
    await ok("PUT", "/v1/budgets/steps", { body: { budget, ...BY } });
    await ok("PUT", "/v1/budgets/steps", { body: { budget: { ...budget, limit: "20" }, ...BY } });
    await ok("PUT", "/v1/budgets/steps/limits", { body: { scope: "acme", limit: "5", ...BY } });
    await ok("PUT", "/v1/customers/acme", { body: { name: "Acme" } });
    await ok("POST", "/v1/stops", { body: { of: "customer", id: "acme", mode: "pause", ...BY } });
    await ok("POST", "/v1/stops/resume", { body: { of: "customer", id: "acme", ...BY } });
    const grant = { customer: "acme", amount: "5", currency: "USD", ...BY };
    await ok("POST", "/v1/credits/grants", { body: grant });
    const made = await ok("POST", "/v1/keys", { body: { scopes: ["read"], label: "reports" } });
    const { id } = made.body.key as unknown as { id: string };
    await ok("DELETE", `/v1/keys/${id}`);
    const { entries } = await audit("limit=9");
    const told = entries.map(({ kind, by, reason }) => `${kind} ${by} ${reason}`);
    assert.deepEqual(told, [
      "key.revoked admin null",
      "key.created admin null",
      "credit.granted anna agreed",
      "work.resumed anna agreed",
      "work.stopped anna agreed",
      "customer.saved admin null",
      "budget.limit_set anna agreed",
      "budget.saved anna agreed",
      "budget.saved anna agreed",
    ]);
    const [limit, saved] = entries.slice(6) as {
      before: { limit: string };
      after: { limit: string };
    }[];
    assert.equal(saved?.before.limit, "10");
    assert.equal(saved?.after.limit, "20");
    assert.equal(limit?.after, "5");
    assert.deepEqual(entries[1]?.after, { id, scopes: ["read"], label: "reports" });
    assert.deepEqual((await audit(`by=anna`)).entries.length, 6);
    assert.deepEqual((await audit("from=2199-01-01T00:00:00Z")).entries, []);
    assert.deepEqual((await audit("to=2001-01-01T00:00:00Z")).entries, []);
  });

  test("pages from the newest to the oldest without a gap", async () => {
    const whole = (await audit("limit=1000")).entries.map(({ seq }) => seq);
    const paged: unknown[] = [];
    for (let cursor: number | null = null; ; ) {
      const { entries, next } = await audit(`limit=3${cursor === null ? "" : `&cursor=${cursor}`}`);
      paged.push(...entries.map(({ seq, key }) => (key === undefined ? null : seq)));
      if (next === null) break;
      cursor = next;
    }
    assert.deepEqual(paged, whole);
    const signed = (await audit("limit=1000")).entries;
    const single = [];
    for (const { seq } of signed)
      single.push(...(await audit(`limit=1&cursor=${Number(seq) + 1}`)).entries);
    assert.deepEqual(single, signed, "who asked does not depend on where a page begins");
  });

  test("shows nothing that opens anything, to nobody but admins", async () => {
    const url = "https://example.com/hook/very-secret";
    const body = { channel: "slack", url, ...BY };
    await ok("PUT", "/v1/alerts/routes/ops", { body });
    const { text } = await ok("GET", "/v1/audit");
    for (const secret of ["very-secret", "sealed", "whsec_", server.adminKey]) {
      assert.ok(!text.includes(secret), secret);
    }
    assert.equal((await api.call("GET", "/v1/audit", { key: server.readKey })).status, 403);
  });

  test("is in the hash chain: verification names an entry that was altered", async () => {
    assert.deepEqual(verifyDataFolder(server.dataDir ?? "").findings, []);
  });

  test("refuses a reason that is none", async () => {
    for (const reason of ["%E0%A4%A", "", "x".repeat(3_000)]) {
      const headers = { "tollgate-reason": reason };
      const answer = await api.call("POST", "/v1/rate-cards", { body: card("3"), headers });
      assert.equal(answer.status, 400, reason.slice(0, 9));
    }
  });
});
