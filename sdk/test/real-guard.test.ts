/** Guarding against the real server in this process: its budgets, and what reached the provider. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { DEFAULT_WORKSPACE } from "../../src/compose.ts";
import { seedVersion } from "../../src/ingest/price-list/seed.ts";
import { startTestServer, type TestServer } from "../../test/e2e/test-server.ts";
import { BudgetExceeded, StepRepeated, type TollgateOptions } from "../src/index.ts";
import { ProviderStandIn } from "./scripted-provider.ts";
import { CHAT, eventually, tollgateFor, vendorsOf } from "./sdk-world.ts";

const hasHolds = existsSync(new URL("../../src/http/routes/holds.ts", import.meta.url));
const skip = hasHolds ? false : "this server has no holds yet";

let server: TestServer;
let provider: ProviderStandIn;

before(async () => {
  server = await startTestServer();
  provider = await ProviderStandIn.start();
  const { source, entries, effectiveFromMs } = seedVersion(Date.now());
  await server.engine.importPrices(DEFAULT_WORKSPACE, { source, entries, effectiveFromMs });
});
after(async () => {
  await provider.close();
  await server.stop();
});

interface Balance {
  readonly budget: string;
  readonly settled: string;
  readonly held: string;
  readonly remaining: string;
}

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${server.adminKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${text}`);
  return text === "" ? null : JSON.parse(text);
}

const BY = { reason: "A test.", by: "ann" };

/** A budget of each run of one agent. */
function setBudget(agent: string, limit: string, more: object = {}): Promise<unknown> {
  const counted = { measure: "cost", currency: "USD", limit, per: "lifetime" };
  const each = { each: "run", where: { agent: [agent] }, enforcement: "hard" };
  const budget = { ...each, ...counted, ...more };
  return call("PUT", `/v1/budgets/${agent}`, { budget, ...BY });
}

async function balanceOf(run: string, budget: string): Promise<Balance> {
  const { budgets } = (await call("GET", `/v1/runs/${run}/budgets`)) as { budgets: Balance[] };
  const found = budgets.find((balance) => balance.budget === budget);
  assert.ok(found, JSON.stringify(budgets));
  return found;
}

function client(options: Partial<TollgateOptions> = {}) {
  const problems: object[] = [];
  const onProblem = (problem: object) => problems.push(problem);
  const where = { url: server.url, key: server.ingestKey, onProblem };
  const tollgate = tollgateFor(provider, { ...where, ...options });
  return { tollgate, problems, ...vendorsOf(tollgate.fetch, provider) };
}

const rejection = async (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error) => error as unknown,
  );

describe("guarding against the real server", { skip }, () => {
  test("an agent is told what it may still spend, before its first call and after it", async () => {
    await setBudget("planner", "0.02");
    const { tollgate, openai } = client();
    await tollgate.run({ customer: "acme", agent: "planner" }, async (run) => {
      const of = { measure: "cost", currency: "USD", budget: "planner", scope: run.id };
      assert.deepEqual(await run.left(), [{ ...of, amount: "0.02" }]);
      await openai.chat.completions.create(CHAT);
      await tollgate.flush();
      const { remaining } = await balanceOf(run.id, "planner");
      assert.notEqual(remaining, "0.02");
      assert.deepEqual(await run.left(), [{ ...of, amount: remaining }]);
    });
    const nowhere = client({ url: "http://127.0.0.1:9" }).tollgate;
    const lost = nowhere.open({ customer: "acme", agent: "planner" });
    assert.equal(await lost.left(), null);
  });

  test("a burst of calls never overruns the budget of its run", async () => {
    await setBudget("burst", "0.02");
    const { tollgate, problems, openai } = client({ guard: { throttleMaxMs: 0 } });
    const seen = provider.seen.length;
    const request = { ...CHAT, max_completion_tokens: 250 };
    const results = await tollgate.run({ customer: "acme", agent: "burst", id: "burst-1" }, () =>
      Promise.allSettled(Array.from({ length: 40 }, () => openai.chat.completions.create(request))),
    );
    await tollgate.flush();
    const made = results.filter(({ status }) => status === "fulfilled").length;
    assert.ok(made > 3 && made < 40, `${made} calls`);
    assert.equal(provider.seen.length - seen, made);
    const { settled, held, remaining } = await balanceOf("burst-1", "burst");
    // 600 in at 1.25, 400 cached at 0.125, 10 out at 10 dollars a million.
    assert.equal(Number(settled).toFixed(6), (made * 0.0009).toFixed(6));
    assert.equal(Number(held), 0);
    assert.ok(Number(remaining) >= 0);
    assert.deepEqual(problems, []);
  });

  test("a refusal names the budget and what is left of it", async () => {
    await setBudget("poor", "0.001");
    const { tollgate, openai } = client();
    const work = tollgate.run({ customer: "acme", agent: "poor", id: "poor-1" }, async () => {
      await openai.chat.completions.create({ ...CHAT, max_completion_tokens: 64 });
      await openai.chat.completions.create({ ...CHAT, max_completion_tokens: 64 });
    });
    const error = await rejection(work);
    assert.ok(error instanceof BudgetExceeded, String(error));
    await tollgate.flush();
    const { remaining } = await balanceOf("poor-1", "poor");
    assert.deepEqual([error.budget, error.limit, error.reason], ["poor", "0.001", "budget"]);
    assert.equal(Number(remaining).toFixed(4), "0.0001");
  });

  test("output that is not bounded is clamped to what is left", async () => {
    await setBudget("clamped", "0.01");
    const { tollgate, openai } = client();
    await tollgate.run({ customer: "acme", agent: "clamped" }, () =>
      openai.chat.completions.create(CHAT),
    );
    const bound = Number(provider.seen.at(-1)?.body.max_completion_tokens);
    assert.ok(bound > 500 && bound < 1000, String(bound));
  });

  test("caps of a run hold for the runs below it", async () => {
    const { tollgate, openai } = client();
    const caps = [{ measure: "cost", limit: "0.003" }];
    const request = { ...CHAT, max_completion_tokens: 100 };
    let made = 0;
    const error = await rejection(
      tollgate.run({ customer: "acme", agent: "capped", id: "capped-1", caps }, async () => {
        for (;;) {
          await tollgate.run({ agent: "below" }, () => openai.chat.completions.create(request));
          await tollgate.flush();
          made += 1;
          assert.ok(made < 10);
        }
      }),
    );
    assert.ok(error instanceof BudgetExceeded, String(error));
    // Each costs 0.0009. The fourth finds 0.0003 left, less than its input and 64 tokens come to.
    assert.equal(made, 3);
  });

  test("a paused run goes on when its limit is raised", async () => {
    await setBudget("paused", "0.001", { stages: [{ at: "100%", do: "pause" }] });
    const { tollgate, openai } = client();
    const id = "paused-1";
    const request = { ...CHAT, max_completion_tokens: 64 };
    const work = tollgate.run({ customer: "acme", agent: "paused", id }, async () => {
      await openai.chat.completions.create(request);
      await tollgate.flush();
      const second = openai.chat.completions.create(request);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await call("PUT", "/v1/budgets/paused/limits", { scope: id, limit: "1.00", ...BY });
      await second;
    });
    await work;
    await tollgate.flush();
    assert.equal(Number((await balanceOf(id, "paused")).settled), 0.0018);
  });

  test("a stop ends the work at once", async () => {
    const { tollgate, openai } = client();
    const stop = { of: "run", id: "stopped-1", mode: "block", reason: "runaway", by: "ann" };
    const work = tollgate.run({ customer: "acme", agent: "any", id: "stopped-1" }, async () => {
      await openai.chat.completions.create(CHAT);
      await call("POST", "/v1/stops", stop);
      await openai.chat.completions.create(CHAT);
    });
    const error = await rejection(work);
    assert.ok(error instanceof BudgetExceeded, String(error));
    assert.equal(error.reason, "stopped");
    assert.match(error.message, /Stopped by ann: runaway/);
  });

  test("an aborted stream settles its hold by what was seen", async () => {
    await setBudget("aborted", "1.00");
    const { tollgate, openai } = client();
    const say = Array.from({ length: 200 }, (_, index) => `word-${index}`).join(" ");
    provider.react({ say, pieceDelayMs: 1 });
    const id = "aborted-1";
    await tollgate.run({ customer: "acme", agent: "aborted", id }, async () => {
      for await (const _ of await openai.chat.completions.create({ ...CHAT, stream: true })) break;
    });
    await tollgate.flush();
    const { settled, held } = await balanceOf(id, "aborted");
    assert.equal(Number(held), 0);
    assert.ok(Number(settled) > 0 && Number(settled) < 0.01, settled);
  });

  test("what fails before an answer gives its hold back", async () => {
    await setBudget("failing", "1.00");
    const { tollgate, openai } = client();
    provider.react({ status: 500 }, { status: 429 }, { status: 500 });
    const id = "failing-1";
    await rejection(
      tollgate.run({ customer: "acme", agent: "failing", id }, () =>
        openai.chat.completions.create(CHAT),
      ),
    );
    await tollgate.flush();
    const { settled, held } = await balanceOf(id, "failing");
    assert.deepEqual([Number(settled), Number(held)], [0, 0]);
  });

  test("work of a stable id is done once", async () => {
    const { tollgate } = client();
    let runs = 0;
    const work = () =>
      tollgate.run({ customer: "acme", agent: "any", id: "stable-1" }, (run) =>
        run.tool("charge_card", { id: "charge-1" }, () => {
          runs += 1;
        }),
      );
    await work();
    await tollgate.flush();
    const error = await rejection(work());
    assert.ok(error instanceof StepRepeated, String(error));
    assert.equal(runs, 1);
  });

  test("a long call keeps its hold", async () => {
    await setBudget("long", "1.00");
    const { tollgate, openai } = client({ guard: { holdTtlMs: 1000 } });
    provider.react({ pieceDelayMs: 300 });
    const id = "long-1";
    await tollgate.run({ customer: "acme", agent: "long", id }, async () => {
      for await (const _ of await openai.chat.completions.create({ ...CHAT, stream: true }));
    });
    await tollgate.flush();
    assert.equal(Number((await balanceOf(id, "long")).settled), 0.0009);
    await eventually(() => true, "settled");
  });

  test("a tool that is called over and over is refused, with the policy's name", async () => {
    const rules = [{ rule: "repeated_call", moreThan: 3, do: "block" }];
    const where = { agent: ["looping"] };
    await call("PUT", "/v1/policies/loops", { policy: { where, rules }, ...BY });
    const { tollgate } = client();
    let calls = 0;
    const loop = tollgate.run({ customer: "acme", agent: "looping", id: "loop" }, async (run) => {
      for (;;) {
        const given = { units: {}, arguments: { q: "a-person-of-note" } };
        await run.tool("lookup", given, () => {
          calls += 1;
        });
        await tollgate.flush();
      }
    });
    const error = await rejection(loop);
    assert.ok(error instanceof BudgetExceeded, String(error));
    const { decision, reason, policy, rule, facts } = error;
    assert.deepEqual(
      [decision, reason, policy, rule],
      ["block", "policy", "loops", "repeated_call"],
    );
    assert.equal(facts.policy?.level, "4");
    assert.match(error.message, /Policy loops: repeated_call is 4, more than 3\./);
    assert.equal(calls, 3);
    const recorded = JSON.stringify(await call("GET", "/v1/runs/loop"));
    assert.ok(!recorded.includes("a-person-of-note"));
  });
});
