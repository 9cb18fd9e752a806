import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ApiCaller, apiCaller, assertProblem } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const CARD = {
  key: "support",
  currency: "USD",
  charges: [
    { key: "run", meter: { count: "runs" }, price: { model: "per_unit", unit: "0.10" } },
    {
      key: "resolved",
      meter: { count: "outcomes", where: { outcome: "resolved" } },
      price: { model: "per_unit", unit: "0.99" },
    },
    { key: "models", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
  ],
  minimum: null,
  rounding: "half_even",
};

const PRICES = {
  format: "tollgate.prices/1",
  source: "own",
  effectiveFrom: null,
  entries: [
    {
      provider: "acme-ai",
      subject: "large",
      currency: "USD",
      periods: [
        {
          effectiveFrom: null,
          rates: [
            { unit: "input_uncached", price: "0.000000000000000003" },
            { unit: "output_text", price: "0.0000125" },
          ],
        },
      ],
    },
  ],
};

const AT = "2026-11-10T10:00:00.123Z";

const step = (id: string, fields: object = {}) => ({
  ...{ id, run: "r1", customer: "acme", agent: "support", occurredAt: AT },
  ...{ kind: "model", provider: "acme-ai", model: "large" },
  usage: { input_uncached: 1, output_text: 100 },
  ...fields,
});

for (const kind of ["memory", "sqlite"] as const) {
  describe(`the API over a ${kind} store`, () => {
    let server: TestServer;
    let api: ApiCaller;

    before(async () => {
      server = await startTestServer({ store: kind });
      api = await apiCaller(server);
      await api.call("POST", "/v1/prices", { body: PRICES });
      const query = "?effectiveFrom=2026-01-01T00:00:00Z";
      assert.equal((await api.call("POST", `/v1/rate-cards${query}`, { body: CARD })).status, 201);
    });
    after(() => server.stop());

    test("events are committed once, each with its exact cost and charge", async () => {
      const body = [step("e1"), step("e2", { run: undefined }), step("e1")];
      const { status, body: answer } = await api.call("POST", "/v1/events", { body });
      assert.equal(status, 200);
      const [first, second, again] = answer.results as unknown as Record<string, unknown>[];
      assert.equal(first?.status, "accepted");
      assert.equal(first?.cost, "0.001250000000000003");
      assert.equal(first?.charge, "0.0015000000000000036");
      assert.match(String(second?.run), /^~standing:/);
      assert.equal(again?.status, "duplicate");
      assert.equal(again?.seq, first?.seq);
      assert.equal(answer.runs?.r1?.charge, "0.1015000000000000036");
    });

    test("a bad event never spoils the others, and its problem names its place", async () => {
      const body = [
        step("b1", { run: "rb" }),
        step("b2", { run: "rb", usage: { output_text: "1e400" } }),
        step("b3", { run: "rb", color: "red" }),
        step("b4", { run: "rb", occurredAt: "2026-02-30T00:00:00Z" }),
        "b5",
        step("b6", { run: "rb" }),
      ];
      const { body: answer } = await api.call("POST", "/v1/events", { body });
      const results = answer.results as unknown as readonly Record<string, Json>[];
      type Json = Record<string, unknown>;
      assert.deepEqual(
        results.map(({ index, id, status, error }) => [index, id, status, error?.field]),
        [
          [0, "b1", "accepted", undefined],
          [1, "b2", "rejected", "events[1].usage.output_text"],
          [2, "b3", "rejected", "events[2].color"],
          [3, "b4", "rejected", "events[3].occurredAt"],
          [4, null, "rejected", "events[4]"],
          [5, "b6", "accepted", undefined],
        ],
      );
      assert.equal(answer.runs?.rb?.steps, 2);
    });

    test("NDJSON is read line by line", async () => {
      const lines = [JSON.stringify(step("n1", { run: "rn" })), "{", JSON.stringify(step("n2"))];
      const headers = { "content-type": "application/x-ndjson; charset=utf-8" };
      const sending = { body: lines.join("\n"), headers };
      const { body } = await api.call("POST", "/v1/events", sending);
      assert.equal(body.results?.[0]?.status, "accepted");
      assert.equal(body.results?.[1]?.error?.code, "request.malformed");
      assert.match(String(body.results?.[1]?.error?.detail), /^Line 2: /);
      assert.equal(body.results?.[2]?.status, "accepted");
    });

    test("a provider's usage block that stands for several calls answers for each", async () => {
      const providerUsage = {
        id: "msg_1",
        model: "claude-opus-4-1",
        usage: {
          input_tokens: 10,
          output_tokens: 5,
          iterations: [
            { type: "message", input_tokens: 10, output_tokens: 5 },
            {
              type: "advisor_message",
              model: "claude-opus-4-1",
              input_tokens: 7,
              output_tokens: 2,
            },
          ],
        },
      };
      const usage = { usage: undefined, usageFormat: "anthropic.messages", providerUsage };
      const body = [step("p1", { run: "rp", provider: undefined, model: undefined, ...usage })];
      const answer = await api.call("POST", "/v1/events", { body });
      const [result] = answer.body.results as unknown as readonly Record<string, unknown>[];
      assert.equal(result?.status, "accepted", answer.text);
      const extra = result?.extra as readonly { id: string; status: string }[];
      assert.deepEqual(
        extra.map(({ id, status }) => [id, status]),
        [["p1#advisor-1", "accepted"]],
      );
      assert.equal(answer.body.runs?.rp?.steps, 2);
    });

    test("a run is opened, given outcomes, closed; repeating an act changes nothing", async () => {
      const opening = { run: "life", customer: "acme", agent: "support", labels: { team: "x" } };
      const opened = await api.call("POST", "/v1/runs", { body: opening });
      assert.equal(opened.status, 201);
      assert.equal(opened.body.run?.charges?.[0]?.amount, "0.1");
      assert.equal((await api.call("POST", "/v1/runs", { body: opening })).status, 200);
      const changed = { ...opening, agent: "sales" };
      assertProblem(await api.call("POST", "/v1/runs", { body: changed }), "event.conflict");

      const outcome = { outcome: "resolved" };
      const recorded = await api.call("POST", "/v1/runs/life/outcomes", { body: outcome });
      assert.equal(recorded.body.result?.charge, "0.99");
      assert.equal(
        (await api.call("POST", "/v1/runs/life/outcomes", { body: outcome })).status,
        200,
      );
      const reverse = "/v1/runs/life/outcomes/resolved/reverse";
      assert.equal((await api.call("POST", reverse)).body.run?.totals?.own?.charge, "0.1");
      assert.equal((await api.call("POST", reverse, { body: { reason: "test" } })).status, 409);
      const unknown = "/v1/runs/life/outcomes/sold/reverse";
      assertProblem(await api.call("POST", unknown), "outcome.not_found", "key");

      const closed = await api.call("POST", "/v1/runs/life/close", { body: { ending: "failed" } });
      assert.equal(closed.body.run?.status, "failed");
      const again = await api.call("POST", "/v1/runs/life/close");
      assertProblem(again, "event.conflict");
    });

    test("an outcome's key may be as long as an id may be", async () => {
      const key = "k".repeat(200);
      const body = { outcome: "resolved", key };
      const answer = await api.call("POST", "/v1/runs/life/outcomes", { body });
      assert.equal(answer.status, 201);
      const reverse = `/v1/runs/life/outcomes/${key}/reverse`;
      assert.equal((await api.call("POST", reverse)).status, 201);
    });

    test("a run is read as a tree that is the sum of its parts", async () => {
      await api.call("POST", "/v1/runs", { body: { run: "root", customer: "acme" } });
      const child = { run: "child", customer: "acme", parentRun: "root", occurredAt: AT };
      await api.call("POST", "/v1/runs", { body: child });
      const steps = [step("t1", { run: "root" }), step("t2", { run: "child", callId: "c:1" })];
      await api.call("POST", "/v1/events", { body: steps });
      const { body: tree } = await api.call("GET", "/v1/runs/root");
      assert.equal(tree.children?.[0]?.run, "child");
      assert.equal(tree.children?.[0]?.steps?.[0]?.callId, "c:1");
      assert.deepEqual(tree.steps?.[0]?.usage, { input_uncached: "1", output_text: "100" });
      assert.equal(tree.totals?.tree?.steps, 2);
      assert.equal(tree.totals?.own?.steps, 1);
      assert.equal(tree.totals?.tree?.cost, "0.002500000000000006");
      const missing = await api.call("GET", "/v1/runs/nowhere");
      assertProblem(missing, "run.not_found");
      assert.equal(missing.status, 404);
    });

    test("runs are listed page by page until there are no more", async () => {
      const seen: string[] = [];
      let cursor = "";
      do {
        const next = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        const { body } = await api.call("GET", `/v1/runs?limit=2&customer=acme${next}`);
        const page = body.runs as unknown as readonly { readonly run: string }[];
        seen.push(...page.map(({ run }) => run));
        cursor = body.next === null ? "" : String(body.next);
      } while (cursor !== "");
      assert.equal(new Set(seen).size, seen.length);
      assert.ok(seen.includes("child") && seen.includes("r1"));
      const roots = await api.call("GET", "/v1/runs?roots=true&agent=support&status=open");
      assert.ok(!roots.text.includes('"run":"child"'));
      assertProblem(await api.call("GET", "/v1/runs?cursor=nowhere"), "field.invalid", "cursor");
    });

    test("usage is summed by what one asks for", async () => {
      const all = await api.call("GET", "/v1/usage");
      assert.equal(all.body.rows?.length, 1);
      const grouped = await api.call("GET", "/v1/usage?groupBy=customer,model&customer=acme");
      assert.deepEqual(grouped.body.groupBy, ["customer", "model"]);
      const none = await api.call("GET", "/v1/usage?period=2020-01-01");
      assert.deepEqual(none.body.rows, []);
      const twice = await api.call("GET", "/v1/usage?customer=acme&customer=beta");
      assertProblem(twice, "field.invalid", "customer");
      const unknown = await api.call("GET", "/v1/usage?groupBy=customer,color");
      assertProblem(unknown, "field.invalid", "groupBy[1]");
    });

    test("events without a customer wait in suspense until the run has one", async () => {
      const body = [step("s1", { run: "late", customer: undefined })];
      const { body: answer } = await api.call("POST", "/v1/events", { body });
      assert.equal(answer.results?.[0]?.status, "suspended");
      const held = await api.call("GET", "/v1/suspense?limit=10");
      assert.equal(held.body.events?.[0]?.run, "late");
      assert.equal(held.body.events?.[0]?.event?.usage?.output_text, "100");
      await api.call("POST", "/v1/runs", { body: { run: "late", customer: "acme" } });
      assert.deepEqual((await api.call("GET", "/v1/suspense")).body.events, []);
    });

    test("a conflict is listed and settled once", async () => {
      const first = step("x1", { run: "rx" });
      const second = { ...first, usage: { output_text: 200 } };
      await api.call("POST", "/v1/events", { body: [first] });
      const { body } = await api.call("POST", "/v1/events", { body: [second] });
      assert.equal(body.results?.[0]?.status, "conflict");
      const listed = await api.call("GET", "/v1/conflicts");
      const conflict = listed.body.conflicts?.[0];
      assert.equal(conflict?.second?.usage?.output_text, "200");
      const path = `/v1/conflicts/${conflict?.conflict}/settle`;
      const decision = { keep: "second", reason: "the log was right" };
      const settled = await api.call("POST", path, { body: decision });
      assert.equal(settled.body.settled, "second", settled.text);
      const tree = await api.call("GET", "/v1/runs/rx");
      assert.equal(tree.body.steps?.[0]?.usage?.output_text, "200");
      assertProblem(await api.call("POST", path, { body: decision }), "conflict.not_found");
    });

    test("a customer's settings are read back as set, within what usage allows", async () => {
      const settings = { name: "Beta", timeZone: "Europe/Berlin", anchorDay: 31, cardKey: null };
      const saved = await api.call("PUT", "/v1/customers/beta", { body: settings });
      assert.deepEqual({ ...saved.body, ...settings }, { ...saved.body });
      assert.deepEqual((await api.call("GET", "/v1/customers/beta")).body, saved.body);
      const page = await api.call("GET", "/v1/customers?limit=1");
      assert.equal(page.body.next, "acme");
      const rest = await api.call("GET", "/v1/customers?cursor=acme");
      assert.equal(rest.body.customers?.[0]?.customer, "beta");
      const put = (customer: string, body: object) =>
        api.call("PUT", `/v1/customers/${customer}`, { body });
      assertProblem(await put("acme", { anchorDay: 9 }), "customer.card_fixed", "anchorDay");
      assertProblem(await put("beta", { cardKey: "no" }), "ratecard.not_found", "cardKey");
      assertProblem(await put("beta", { timeZone: "Mars/Olympus" }), "field.invalid", "timeZone");
      assertProblem(await put("beta", { timeZone: "+05:00" }), "field.invalid", "timeZone");
      assertProblem(await api.call("GET", "/v1/customers/no"), "customer.not_found");
    });

    test("rate cards are versioned, and every problem of a document is told", async () => {
      assert.equal((await api.call("POST", "/v1/rate-cards", { body: CARD })).status, 200);
      const body = { card: { ...CARD, minimum: "5" }, effectiveFrom: "2100-01-01T00:00:00+01:00" };
      const later = await api.call("POST", "/v1/rate-cards", { body });
      assert.equal(later.body.version?.effectiveFrom, "2099-12-31T23:00:00.000Z");
      const list = await api.call("GET", "/v1/rate-cards");
      assert.equal(list.body.cards?.[0]?.versions, 2);
      assert.equal((await api.call("GET", "/v1/rate-cards/support")).body.versions?.length, 2);
      assertProblem(await api.call("GET", "/v1/rate-cards/no"), "ratecard.not_found");
      const bad = { ...CARD, currency: "XXQ", charges: [{ key: "a" }], rounding: "up" };
      const refused = await api.call("POST", "/v1/rate-cards", { body: bad });
      assertProblem(refused, "ratecard.invalid");
      assert.ok(Number(refused.body.problems?.length) >= 3, refused.text);
      const past = "/v1/rate-cards?effectiveFrom=2026-01-01T00:00:00Z";
      const changed = { ...CARD, minimum: "6" };
      assertProblem(await api.call("POST", past, { body: changed }), "ratecard.backdated");
      const absurd = "/v1/rate-cards?effectiveFrom=2026-02-30T00:00:00Z";
      assertProblem(await api.call("POST", absurd, { body: CARD }), "field.invalid");
      const extra = { card: CARD, from: null };
      assertProblem(await api.call("POST", "/v1/rate-cards", { body: extra }), "field.unknown");
    });

    test("prices are looked up as they are, and a near miss is only a suggestion", async () => {
      const found = await api.call("GET", "/v1/prices/acme-ai/large");
      assert.equal(found.body.price?.rates?.[0]?.price, "0.000000000000000003");
      const near = await api.call("GET", "/v1/prices/acme-ai/large-x?at=2026-11-10T00:00:00Z");
      assert.deepEqual([near.body.match, near.body.suggestion], ["prefix", "large"]);
      assert.equal(near.body.price, null);
      const litellm = {
        "gpt-x": { litellm_provider: "openai", mode: "chat", input_cost_per_token: 1.5e-7 },
      };
      const path = "/v1/prices?format=litellm";
      const imported = await api.call("POST", path, { body: litellm });
      assert.deepEqual([imported.status, imported.body.isNew], [201, true], imported.text);
      const again = await api.call("POST", path, { body: litellm });
      assert.deepEqual([again.status, again.body.isNew], [200, false], again.text);
      assert.deepEqual(again.body.version, imported.body.version);
      const text = (await api.call("GET", "/v1/prices/openai/gpt-x?at=2100-01-01T00:00:00Z")).text;
      assert.ok(text.includes('"0.00000015"'), text);
      assert.equal((await api.call("GET", "/v1/prices")).body.versions?.length, 2);
      const bad = { ...PRICES, entries: [{ ...PRICES.entries[0], currency: 7 }] };
      assertProblem(await api.call("POST", "/v1/prices", { body: bad }), "price.invalid");
      const backdated = { ...PRICES, source: "late", effectiveFrom: "2020-01-01T00:00:00Z" };
      assertProblem(await api.call("POST", "/v1/prices", { body: backdated }), "price.backdated");
    });

    test("a period is closed into a statement that can be read in three forms", async () => {
      const close = { customer: "acme", period: "2026-11" };
      const early = await api.call("POST", "/v1/periods/close", {
        body: { ...close, early: true },
      });
      const id = early.body.statements?.[0]?.id;
      assert.equal(typeof id, "string", early.text);
      const again = { ...close, early: true };
      assertProblem(await api.call("POST", "/v1/periods/close", { body: again }), "period.closed");
      const all = { period: "2026-11", early: true };
      const passed = await api.call("POST", "/v1/periods/close", { body: all });
      assert.deepEqual(passed.body.statements, []);
      const nobody = { ...close, customer: "no" };
      const unknown = await api.call("POST", "/v1/periods/close", { body: nobody });
      assertProblem(unknown, "customer.not_found");

      const json = await api.call("GET", `/v1/statements/${id}`);
      const digest = server.engine.store.statement("default", String(id));
      assert.ok(json.text.includes(String((await digest)?.document)), "the very bytes");
      const csv = await api.call("GET", `/v1/statements/${id}.csv`);
      const ndjson = await api.call("GET", `/v1/statements/${id}.ndjson`);
      const lines = Number(json.body.document?.lines?.length);
      assert.equal(csv.text.trim().split("\r\n").length, lines + 1);
      assert.equal(ndjson.text.trim().split("\n").length, lines);
      const headers = { accept: "text/csv" };
      assert.equal((await api.call("GET", `/v1/statements/${id}`, { headers })).text, csv.text);
      const asPage = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
      const page = await api.call("GET", `/v1/statements/${id}`, { headers: asPage });
      assert.equal(page.text, (await api.call("GET", `/v1/statements/${id}.html`)).text);
      assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none';/);
      assert.equal(page.text.match(/<tr/g)?.length, lines + 2);
      const listed = await api.call("GET", "/v1/statements?customer=acme");
      assert.equal(listed.body.statements?.[0]?.id, id);
      assertProblem(await api.call("GET", "/v1/statements/no.csv"), "statement.not_found");
    });

    test("health and metrics tell what was done", async () => {
      assert.equal((await api.call("GET", "/health", { key: null })).body.status, "ok");
      const { text } = await api.call("GET", "/metrics");
      assert.match(text, /tollgate_events_total\{status="accepted"\} \d+/);
      assert.match(text, /route="POST \/v1\/events",le="\+Inf"\} \d+/);
      assert.match(text, /^tollgate_steps \d+$/m);
    });

    test("a run names its end user however it opens, and usage is told by it", async () => {
      const about = { customer: "theirs", endUser: "mia" };
      const opened = { type: "run.opened", id: "opened", occurredAt: step("x").occurredAt };
      await api.call("POST", "/v1/events", { body: [{ ...opened, run: "u1", ...about }] });
      await api.call("POST", "/v1/runs", { body: { run: "u2", ...about } });
      const holds = { open: about, holds: [] };
      const held = await api.call("POST", "/v1/runs/u3/holds", { body: holds });
      assert.equal(held.status, 200, held.text);
      const runs = await api.call("GET", "/v1/runs?endUser=mia");
      const { runs: named } = JSON.parse(runs.text) as { runs: readonly { run: string }[] };
      assert.deepEqual(named.map(({ run }) => run).sort(), ["u1", "u2", "u3"]);
      const body = ["u1", "u3"].map((run) => step("s", { run, customer: "theirs" }));
      await api.call("POST", "/v1/events", {
        body: [...body, step("s", { run: "u4", customer: "theirs" })],
      });
      const by = await api.call("GET", "/v1/usage?groupBy=endUser&customer=theirs");
      const { rows } = JSON.parse(by.text) as { rows: readonly { group: object; steps: number }[] };
      const told = rows.map(({ group, steps }) => [...Object.values(group), steps].join(" "));
      assert.deepEqual(told.sort(), [" 1", "mia 2"]);
      const one = await api.call("GET", "/v1/usage?endUser=mia");
      assert.equal(one.body.rows?.[0]?.steps, 2);
      const stated = await api.call("POST", "/v1/events", {
        body: [step("t", { endUser: "mia" })],
      });
      assert.equal(stated.body.results?.[0]?.error?.code, "field.unknown", "a step names none");
    });
  });
}
