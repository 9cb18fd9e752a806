/** Changes of cards and budgets from an amount on wait until another key approves them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Answer, type ApiCaller, apiCaller, assertProblem } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const BY = { reason: "agreed", by: "anna" };
const card = (unit: string) => ({
  key: "support",
  currency: "USD",
  charges: [{ key: "runs", meter: { count: "runs" }, price: { model: "per_unit", unit } }],
});
const budget = (limit: string | null) => ({
  each: "customer",
  measure: "cost",
  per: "month",
  limit,
});

describe("a change that wants a second key", () => {
  let server: TestServer;
  let api: ApiCaller;
  let other = "";
  before(async () => {
    server = await startTestServer();
    api = await apiCaller(server);
    const { secret } = await server.engine.createKey("default", {
      scopes: ["admin"],
      label: "ben",
    });
    other = secret;
    await ok("POST", "/v1/rate-cards", { body: card("1") });
    await ok("PUT", "/v1/approvals", { body: { from: "100" } });
  });
  after(() => server.stop());

  const ok = async (method: string, path: string, sending = {}): Promise<Answer> => {
    const answer = await api.call(method, path, sending);
    assert.ok(answer.status < 300, answer.text);
    return answer;
  };
  const open = async (): Promise<string> => {
    const { text } = await ok("GET", "/v1/changes");
    const { changes } = JSON.parse(text) as { changes: { id: string; state: string }[] };
    return changes.findLast(({ state }) => state === "proposed")?.id ?? assert.fail("none waits");
  };
  const unit = async (): Promise<string> => {
    const cards = await server.engine.store.cards("default");
    const { charges } = JSON.parse(cards.at(-1)?.document ?? "") as {
      charges: { price: { unit: string } }[];
    };
    return charges[0]?.price.unit ?? "";
  };

  test("is carried out by another key as it was sent, and by no other", async () => {
    await ok("POST", "/v1/rate-cards", { body: card("99.99") });
    const body = card("100");
    assertProblem(await api.call("POST", "/v1/rate-cards", { body }), "change.proposed");
    assert.equal(await unit(), "99.99");
    const id = await open();
    const approve = `/v1/changes/${id}/approve`;
    assertProblem(await api.call("POST", approve), "change.same_key");
    assert.equal(await unit(), "99.99");
    await ok("POST", approve, { key: other });
    assert.equal(await unit(), "100");
    assertProblem(await api.call("POST", approve, { key: other }), "change.settled");
    const { text } = await ok("GET", "/v1/audit?limit=1");
    const [entry] = (JSON.parse(text) as { entries: { kind: string; by: string }[] }).entries;
    assert.deepEqual([entry?.kind, entry?.by], ["change.decided", "ben"]);
  });

  test("is a limit of money that comes, goes, or is none, but none of steps", async () => {
    const put = (limit: string | null) =>
      api.call("PUT", "/v1/budgets/cost", { body: { budget: budget(limit), ...BY } });
    assertProblem(await put("100"), "change.proposed");
    assert.equal((await put("99")).status, 200);
    assertProblem(await put(null), "change.proposed");
    await ok("POST", `/v1/changes/${await open()}/reject`);
    assertProblem(await put("5000"), "change.proposed");
    await ok("POST", `/v1/changes/${await open()}/approve`, { key: other });
    assertProblem(await put("5"), "change.proposed");
    const retired = await api.call("POST", "/v1/budgets/cost/retire", { body: BY });
    assertProblem(retired, "change.proposed");
    const own = { scope: "acme", limit: "700", ...BY };
    assertProblem(
      await api.call("PUT", "/v1/budgets/cost/limits", { body: own }),
      "change.proposed",
    );
    const steps = { each: "customer", measure: "steps", per: "month", limit: "100000" };
    await ok("PUT", "/v1/budgets/steps", { body: { budget: steps, ...BY } });
  });

  test("is refused on approval where it would be refused now, and stays open", async () => {
    const body = { budget: { ...budget("500"), measure: "nothing at all" }, ...BY };
    assert.equal((await api.call("PUT", "/v1/budgets/wrong", { body })).status, 400);
    const cards = card("500");
    const bad = { ...cards, charges: [{ ...cards.charges[0], key: "" }] };
    assertProblem(await api.call("POST", "/v1/rate-cards", { body: bad }), "ratecard.invalid");
    await ok("PUT", "/v1/budgets/small", { body: { budget: budget("99"), ...BY } });
    const own = { scope: "acme", limit: "700", ...BY };
    const set = await api.call("PUT", "/v1/budgets/small/limits", { body: own });
    assertProblem(set, "change.proposed");
    await ok("POST", "/v1/budgets/small/retire", { body: BY });
    const id = await open();
    const refused = await api.call("POST", `/v1/changes/${id}/approve`, { key: other });
    assert.ok(refused.status >= 400);
    assert.equal(await open(), id);
  });

  test("is wanted by the engine itself, whoever calls it and by whichever way", async () => {
    const { engine } = server;
    const unapproved = { code: "change.unapproved" };
    const key = "direct";
    const large = { key, document: budget("500"), ...BY };
    await assert.rejects(engine.limits.saveBudget("default", large), unapproved);
    await engine.limits.saveBudget("default", { ...large, document: budget("50") });
    const limit = { budget: key, scope: "acme", limit: "500", ...BY };
    await assert.rejects(engine.limits.setLimit("default", limit), unapproved);
    const resume = {
      id: "acme",
      of: "customer" as const,
      raise: { budget: key, scope: "acme", limit: "500" },
    };
    await assert.rejects(engine.limits.resumeWork("default", { ...resume, ...BY }), unapproved);
    await assert.rejects(engine.saveWorkspace("default", { approvalFrom: null }), unapproved);
    const ben = { key: "key_of_ben", label: "ben", reason: null };
    const named = engine.as(ben, "chg_nobody_proposed");
    await assert.rejects(named.limits.saveBudget("default", large), { code: "change.not_found" });
    assert.equal((await engine.limits.balancesOf("default", key, { limit: 1 })).balances.length, 0);
  });

  test("is that none wants one any more", async () => {
    const body = { from: null };
    assertProblem(await api.call("PUT", "/v1/approvals", { body }), "change.proposed");
    await ok("POST", `/v1/changes/${await open()}/approve`, { key: other });
    await ok("POST", "/v1/rate-cards", { body: card("1000") });
    assert.equal(await unit(), "1000");
  });
});
