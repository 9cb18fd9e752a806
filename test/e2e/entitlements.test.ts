/** What a customer may use: by its card, by its own terms, asked by holds and as runs open. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type ApiCaller, apiCaller, assertProblem, type Json } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const BY = { reason: "plan M", by: "sales" };
const PATH = "/v1/customers/acme/entitlements";
const CARD = {
  key: "plans",
  currency: "USD",
  charges: [{ key: "s", meter: { count: "steps" }, price: { model: "per_unit", unit: "0" } }],
  entitlements: { models: ["gpt-5*"], tools: ["search"], parallelRuns: 2 },
};

for (const kind of ["memory", "sqlite"] as const) {
  describe(`entitlements (${kind})`, () => {
    let server: TestServer;
    let api: ApiCaller;

    beforeEach(async () => {
      server = await startTestServer({ store: kind });
      api = await apiCaller(server);
      await ok("PUT", "/v1/customers/acme", { name: "Acme" });
    });
    afterEach(() => server.stop());

    async function ok(method: string, path: string, body?: object): Promise<Json> {
      const answer = await api.call(method, path, body === undefined ? {} : { body });
      assert.ok(answer.status < 300, answer.text);
      return answer.body;
    }

    const applyCard = () => ok("POST", "/v1/rate-cards", CARD);
    const own = (entitlements: object) => ok("PUT", PATH, { entitlements, ...BY });

    async function ask(run: string, hold: object, more: object = {}): Promise<Json> {
      const holds = [{ id: "s1", cost: "0.01", ...hold }];
      const open = { customer: "acme", agent: "support", ...more };
      return ok("POST", `/v1/runs/${run}/holds`, { open, holds });
    }

    const decided = ({ decisions }: Json) => [
      decisions?.[0]?.decision,
      decisions?.[0]?.reason,
      decisions?.[0]?.notEntitled,
    ];

    const MODEL = { kind: "model", provider: "openai", model: "gpt-5.1", maxOutputTokens: 10 };

    test("a run that a budget lets not open is told which budget it is", async () => {
      const budget = { each: "customer", measure: "runs", limit: "1", per: "day" };
      await ok("PUT", "/v1/budgets/daily", { budget, ...BY });
      assert.equal((await ask("r1", MODEL)).decisions?.[0]?.decision, "allow");
      const { opened, decisions } = await ask("r2", MODEL);
      assert.equal(decisions?.[0]?.decision, "block");
      const told = 'Run "r2" may not open: budget "daily" has no room for another run.';
      assert.deepEqual([opened?.error?.code, opened?.error?.detail], ["budget.exhausted", told]);
    });

    test("a hold for what the card does not allow is blocked, and says what", async () => {
      await applyCard();
      assert.equal((await ask("r1", MODEL)).decisions?.[0]?.decision, "allow");
      assert.deepEqual(decided(await ask("r1", { id: "s2", kind: "tool", tool: "shell" })), [
        "block",
        "not_entitled",
        { what: "tool", name: "shell" },
      ]);
      const other = { ...MODEL, id: "s3", model: "gpt-4.1" };
      assert.deepEqual(decided(await ask("r1", other))[2], { what: "model", name: "gpt-4.1" });
      const read = await ok("GET", PATH);
      assert.deepEqual(
        [read.models, read.tools, read.agents, read.parallelRuns, read.openRuns],
        [["gpt-5*"], ["search"], null, "2", 1],
      );
    });

    test("a customer's own terms stand over the card's, for the next hold", async () => {
      await applyCard();
      const shell = { kind: "tool", tool: "shell" };
      assert.equal(decided(await ask("r1", shell))[1], "not_entitled");
      await own({ tools: ["search", "shell"] });
      assert.equal(decided(await ask("r1", shell))[0], "allow");
      assert.equal(decided(await ask("r1", { ...MODEL, id: "s2", model: "o3" }))[0], "block");
      await own({ models: null });
      assert.equal(decided(await ask("r1", { ...MODEL, id: "s2", model: "o3" }))[0], "allow");
      assert.equal(decided(await ask("r1", { ...shell, id: "s3" }))[0], "block");
      assert.deepEqual((await ok("GET", PATH)).own, { models: null });
    });

    test("who and why stand in the journal, and the same again changes nothing", async () => {
      await own({ agents: ["support"] });
      await own({ agents: ["support"] });
      const acts = await server.store.acts("default", {
        kind: "entitlements.saved",
        afterSeq: 0,
        limit: 10,
      });
      assert.equal(acts.length, 1);
      const { reason, by, entitlements } = JSON.parse(acts[0]?.document ?? "{}");
      assert.deepEqual(
        { reason, by, entitlements },
        { ...BY, entitlements: { agents: ["support"] } },
      );
    });

    test("a run of an agent that the customer may not use does not open", async () => {
      await own({ agents: ["sales"] });
      const answer = await ask("r1", MODEL);
      assert.deepEqual(decided(answer), [
        "block",
        "not_entitled",
        { what: "agent", name: "support" },
      ]);
      assert.equal(answer.opened?.status, "rejected");
      assert.equal(answer.opened?.error?.code, "entitlement.missing");
      assertProblem(await api.call("GET", "/v1/runs/r1"), "run.not_found");
    });

    test("no more runs open at once than the customer is entitled to", async () => {
      await applyCard();
      const opened = await Promise.all(
        ["r1", "r2", "r3", "r4", "r5"].map((run) => ask(run, MODEL)),
      );
      const allowed = opened.filter((answer) => String(decided(answer)[0]) === "allow");
      assert.equal(allowed.length, 2);
      const refused = opened.find((answer) => !allowed.includes(answer));
      assert.equal(refused?.opened?.error?.code, "entitlement.missing");
      assert.deepEqual(refused?.decisions?.[0]?.notEntitled, { what: "parallel_runs", name: null });
      // A run below one of them is none of its own, and who ends gives its place back.
      const [first] = allowed;
      assert.equal(decided(await ask("below", MODEL, { parentRun: first?.run }))[0], "allow");
      await ok("POST", `/v1/runs/${first?.run}/close`, { ending: "completed" });
      assert.equal(decided(await ask("r6", MODEL))[0], "allow");
      assert.equal(decided(await ask("r7", MODEL))[0], "block");
      assert.equal((await ok("GET", PATH)).openRuns, 2);
      await own({ parallelRuns: 3 });
      assert.equal(decided(await ask("r7", MODEL))[0], "allow");
    });

    test("a run that opens without a name is told that it wants one", async () => {
      await own({ agents: ["support"] });
      const { opened } = await ask("r1", MODEL, { agent: null });
      const may = "may use named agents alone, and none is named";
      assert.equal(opened?.error?.detail, `Run "r1" may not open: its customer ${may}.`);
    });

    test("what was done is recorded, entitled or not", async () => {
      await own({ tools: [] });
      const step = { id: "e1", run: "r1", customer: "acme", kind: "tool", tool: "shell" };
      const occurredAt = new Date().toISOString();
      const { results } = await ok("POST", "/v1/events", [{ ...step, occurredAt }]);
      assert.equal(results?.[0]?.status, "accepted");
    });

    test("terms that cannot be are refused, and nothing is kept of them", async () => {
      const put = (entitlements: unknown) =>
        api.call("PUT", PATH, { body: { entitlements, ...BY } });
      assertProblem(await put({ models: "gpt" }), "entitlement.invalid");
      assertProblem(await put({ model: [] }), "field.unknown");
      const nobody = { body: { entitlements: {}, ...BY } };
      const path = "/v1/customers/nobody/entitlements";
      assertProblem(await api.call("PUT", path, nobody), "customer.not_found");
      assert.deepEqual((await ok("GET", PATH)).own, {});
    });

    test("a pattern that can match nothing is refused in terms, cards and overrides", async () => {
      const wrong = { models: ["gpt-5*", "gpt*5"] };
      const shows = /"gpt\*5" matches nothing: \* stands for an ending alone, as in "gpt-5\*"/;
      const refused = async (method: string, path: string, body: object) => {
        const { status, body: told } = await api.call(method, path, { body });
        const { detail = "", field } = told.problems?.[0] ?? told;
        assert.match(String(detail), shows);
        return [status, told.code, field];
      };
      assert.deepEqual(await refused("PUT", PATH, { entitlements: wrong, ...BY }), [
        ...[400, "entitlement.invalid", "entitlements.models[1]"],
      ]);
      const invalid = [400, "ratecard.invalid", "entitlements.models[1]"];
      const card = { ...CARD, entitlements: wrong };
      assert.deepEqual(await refused("POST", "/v1/rate-cards", card), invalid);
      await applyCard();
      const override = { key: "acme", extends: "plans", entitlements: wrong };
      assert.deepEqual(await refused("POST", "/v1/rate-cards", override), invalid);
      assert.deepEqual((await ok("GET", PATH)).own, {});
    });

    test("the budget behind it is not set by hand", async () => {
      await own({ parallelRuns: 1 });
      const budget = { each: "customer", measure: "parallel_runs", limit: "9" };
      const path = "/v1/budgets/entitlements.parallel_runs";
      assertProblem(await api.call("PUT", path, { body: { budget, ...BY } }), "budget.invalid");
      assertProblem(await api.call("POST", `${path}/retire`, { body: BY }), "budget.invalid");
    });
  });
}
