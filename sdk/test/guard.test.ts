/** What a "no" does: to the provider, to the vendors' SDKs, to the application. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BudgetExceeded,
  BudgetUndecided,
  KeyRefused,
  refusalOf,
  StepRepeated,
} from "../src/index.ts";
import { CHAT, eventually, MESSAGE, sdkWorld } from "./sdk-world.ts";

const RUN = { customer: "acme", agent: "support", id: "run-1" };

const BUDGET = {
  ...{ budget: "run-cap", scope: "run-1", window: null, measure: "cost", currency: "USD" },
  ...{ limit: "1.00", settled: "0.90", held: "0.06", remaining: "0.04", enforcement: "hard" },
};
const BLOCK = { decision: "block", reason: "budget", decidedBy: BUDGET };

test("a refused call never reaches the provider, and no SDK tries it again", async (t) => {
  const { server, provider, tollgate, openai, anthropic } = await sdkWorld(t);
  server.decide = () => BLOCK;
  const calls = [
    () => openai.chat.completions.create(CHAT),
    () => openai.responses.create({ model: "gpt-5.1", input: "Hi." }),
    () => openai.embeddings.create({ model: "text-embedding-3-small", input: "Hi." }),
    () => openai.chat.completions.stream(CHAT).finalChatCompletion(),
    () => anthropic.messages.create(MESSAGE),
    () => anthropic.messages.stream(MESSAGE).finalMessage(),
  ];
  for (const [index, call] of calls.entries()) {
    const error = await rejection(tollgate.run(RUN, call as () => Promise<unknown>));
    assert.ok(error instanceof BudgetExceeded, `${index}: ${String(error)}`);
    assert.deepEqual(
      [error.decision, error.reason, error.budget, error.remaining, error.limit, error.run],
      ["block", "budget", "run-cap", "0.04", "1.00", "run-1"],
    );
    assert.match(error.message, /Budget run-cap of run-1: 0.04 of 1.00 USD of cost left/);
    assert.equal(server.asks.length, index + 1, "no SDK tried again");
  }
  assert.equal(provider.seen.length, 0);
});

test("inside the run a refusal is the vendor's own error, with ours in it", async (t) => {
  const { server, tollgate, openai, anthropic } = await sdkWorld(t);
  server.decide = () => BLOCK;
  await tollgate.run(RUN, async () => {
    for (const call of [
      () => openai.chat.completions.create(CHAT),
      () => anthropic.messages.create(MESSAGE),
    ]) {
      const error = await rejection(call() as Promise<unknown>);
      assert.equal(Object(error).status, 402);
      const refusal = refusalOf(error);
      assert.ok(refusal instanceof BudgetExceeded);
      assert.equal(refusal.remaining, "0.04");
      assert.equal(refusalOf(new Error("wrapped", { cause: error }))?.run, "run-1");
    }
  });
  assert.equal(refusalOf(new Error("another")), null);
});

test("a key that the server refuses is an error of its own, told once", async (t) => {
  const wrong = { key: "tg_wrong" };
  const { provider, tollgate, openai, anthropic, problems } = await sdkWorld(t, wrong);
  for (const call of [
    () => openai.chat.completions.create(CHAT),
    () => anthropic.messages.create(MESSAGE),
  ]) {
    const error = await rejection(tollgate.run(RUN, call as () => Promise<unknown>));
    assert.ok(error instanceof KeyRefused, String(error));
    assert.match(error.message, /Tollgate refuses the key: status 401/);
  }
  assert.equal(provider.seen.length, 0);
  const startMs = performance.now();
  assert.equal(await tollgate.close(60_000), false);
  assert.ok(performance.now() - startMs < 30_000, "it is not tried until the time is over");
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ["unsent"],
  );
});

test("a clamp is applied to the body that is sent", async (t) => {
  const { server, provider, tollgate, openai, anthropic } = await sdkWorld(t);
  server.decide = () => ({ decision: "allow", maxOutputTokens: 120, isClamped: true });
  await tollgate.run(RUN, async () => {
    await openai.chat.completions.create(CHAT);
    await openai.chat.completions.create({ ...CHAT, max_tokens: 4000 });
    await openai.chat.completions.create({ ...CHAT, max_completion_tokens: 100 });
    await openai.chat.completions.create({ ...CHAT, n: 3 });
    await openai.responses.create({ model: "gpt-5.1", input: "Hi.", max_output_tokens: 900 });
    await anthropic.messages.create({ ...MESSAGE, max_tokens: 4000 });
  });
  const bounds = provider.seen.map(({ body }) => {
    const { max_tokens, max_completion_tokens, max_output_tokens } = body;
    return { max_tokens, max_completion_tokens, max_output_tokens };
  });
  const none = { max_tokens: undefined, max_completion_tokens: undefined };
  const open = { ...none, max_output_tokens: undefined };
  assert.deepEqual(bounds, [
    { ...open, max_completion_tokens: 120 },
    { ...open, max_tokens: 120 },
    { ...open, max_completion_tokens: 100 },
    { ...open, max_completion_tokens: 40 },
    { ...none, max_output_tokens: 120 },
    { ...open, max_tokens: 120 },
  ]);
  const least = server.asks.map(({ hold }) => [hold.maxOutputTokens, hold.minOutputTokens]);
  assert.deepEqual(least[0], [undefined, 64]);
  assert.deepEqual(least[3], [undefined, 192]);
  assert.deepEqual(least[5], [4000, 64]);
});

test("a thinking budget fits below the least bound", async (t) => {
  const { server, tollgate, anthropic } = await sdkWorld(t);
  const thinking = { type: "enabled" as const, budget_tokens: 2000 };
  await tollgate.run(RUN, () =>
    anthropic.messages.create({ ...MESSAGE, max_tokens: 8000, thinking }),
  );
  assert.equal(server.asks[0]?.hold.minOutputTokens, 2064);
});

test("a throttled call waits and asks again, under the same identity", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  let asks = 0;
  server.decide = () => {
    asks += 1;
    const slow = { decision: "throttle", reason: "held_by_others", retryAfterMs: 20 };
    return asks < 3 ? { ...slow, decidedBy: BUDGET } : { decision: "allow" };
  };
  await tollgate.run(RUN, () => openai.chat.completions.create(CHAT));
  assert.equal(new Set(server.asks.map(({ hold }) => hold.id)).size, 1);
  assert.deepEqual([server.asks.length, provider.seen.length], [3, 1]);
});

test("a throttled call does not wait for ever", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t, {
    guard: { throttleMaxMs: 60 },
  });
  server.decide = () => ({ decision: "throttle", reason: "pace", retryAfterMs: 25 });
  const error = await rejection(tollgate.run(RUN, () => openai.chat.completions.create(CHAT)));
  assert.ok(error instanceof BudgetExceeded);
  assert.deepEqual([error.decision, error.reason, provider.seen.length], ["throttle", "pace", 0]);
});

test("a paused run goes on when it is resumed", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  let isPaused = true;
  server.waits.push("paused", "paused");
  server.decide = () => {
    const pause = { decision: "pause", reason: "paused", decidedBy: null };
    const decision = isPaused ? pause : { decision: "allow" };
    isPaused = false;
    return decision;
  };
  await tollgate.run(RUN, () => openai.chat.completions.create(CHAT));
  assert.deepEqual([server.polls, provider.seen.length], [3, 1]);
});

test("a run that nobody resumes is refused, with the command that would", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t, { guard: { pauseMaxMs: 0 } });
  const resume = "tollgate run resume run-1";
  server.decide = () => ({ decision: "pause", reason: "budget", decidedBy: BUDGET, resume });
  const error = await rejection(tollgate.run(RUN, () => openai.chat.completions.create(CHAT)));
  assert.ok(error instanceof BudgetExceeded);
  assert.equal(error.decision, "pause");
  assert.match(error.message, /To go on: tollgate run resume run-1/);
});

test("who gives up while a call waits ends the wait", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  server.decide = () => ({ decision: "throttle", reason: "pace", retryAfterMs: 30_000 });
  const options = { timeout: 50, maxRetries: 0 };
  const work = tollgate.run(RUN, () => openai.chat.completions.create(CHAT, options));
  await assert.rejects(work, /timed out/);
  assert.equal(provider.seen.length, 0);
});

test("with the server down, closed refuses and open goes on", async (t) => {
  for (const onUndecided of ["closed", "open"] as const) {
    const world = await sdkWorld(t, { onUndecided, url: "http://127.0.0.1:9" });
    const { provider, tollgate, openai, problems } = world;
    const work = tollgate.run(RUN, () => openai.chat.completions.create(CHAT));
    if (onUndecided === "closed") {
      const error = await rejection(work);
      assert.ok(error instanceof BudgetUndecided, String(error));
      assert.equal(provider.seen.length, 0);
    } else {
      await work;
      assert.equal(provider.seen.length, 1);
      assert.ok(problems.some(({ kind }) => kind === "undecided"));
    }
  }
});

test("the policy of the budget goes before the client's own", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t, { onUndecided: "closed" });
  const body = { code: "store.unknown", undecided: true, onUndecided: "open" };
  server.undecided = { status: 503, body };
  await tollgate.run(RUN, () => openai.chat.completions.create(CHAT));
  assert.equal(provider.seen.length, 1);
  server.undecided = { status: 503, body: { ...body, onUndecided: "closed" } };
  const error = await rejection(tollgate.run(RUN, () => openai.chat.completions.create(CHAT)));
  assert.ok(error instanceof BudgetUndecided);
});

test("without a word of the server the budgets seen last say what to do", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t, { onUndecided: "closed" });
  const calls = () => openai.chat.completions.create(CHAT);
  const down = { status: 503, body: { code: "server.busy" } };
  const loose = { ...BUDGET, undecided: "open" };
  for (const [budgets, made] of [
    [[loose], 2],
    [[loose, { ...BUDGET, undecided: "closed" }], 1],
  ] as const) {
    const before = provider.seen.length;
    server.undecided = null;
    server.decide = () => ({ decision: "allow", budgets });
    const work = tollgate.run({ customer: "acme", agent: "support" }, async () => {
      await calls();
      server.undecided = down;
      await calls();
    });
    const error = await work.catch((thrown: unknown) => thrown);
    assert.equal(provider.seen.length - before, made);
    assert.equal(error instanceof BudgetUndecided, made === 1);
  }
});

test("a hold that cannot be decided on is refused with the server's reason", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const error = { code: "run.no_customer", detail: 'Run "run-1" has no customer yet.' };
  server.decide = () => ({ decision: "invalid", error });
  const thrown = await rejection(tollgate.run(RUN, () => openai.chat.completions.create(CHAT)));
  assert.ok(thrown instanceof BudgetUndecided);
  assert.match(thrown.message, /run.no_customer Run "run-1" has no customer yet/);
});

test("where no budget counts, what the server assumes bounds nothing", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  server.decide = () => ({ decision: "allow", maxOutputTokens: 32_768, budgets: [] });
  await tollgate.run(RUN, () => openai.chat.completions.create(CHAT));
  assert.equal(provider.seen[0]?.body.max_completion_tokens, undefined);
  server.decide = () => ({ decision: "allow", maxOutputTokens: 32_768, budgets: [BUDGET] });
  await tollgate.run(RUN, () => openai.chat.completions.create(CHAT));
  assert.equal(provider.seen[1]?.body.max_completion_tokens, 32_768);
});

test("who stopped a run is told", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const stop = { by: "ann", reason: "runaway" };
  server.decide = () => ({ decision: "block", reason: "stopped", decidedBy: null, stop });
  const error = await rejection(tollgate.run(RUN, () => openai.chat.completions.create(CHAT)));
  assert.ok(error instanceof BudgetExceeded);
  assert.deepEqual([error.budget, error.reason], [null, "stopped"]);
  assert.match(error.message, /Stopped by ann: runaway/);
});

test("what a customer may not use is told by name", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  for (const [what, name, told] of [
    ["model", "gpt-5", 'The customer may not use the model "gpt-5".'],
    ["agent", null, "The customer may use named agents alone, and none is named."],
    ["parallel_runs", null, "The customer may not have another run now."],
  ] as const) {
    const notEntitled = { what, name };
    server.decide = () => ({ decision: "block", reason: "not_entitled", notEntitled });
    const error = await rejection(tollgate.run(RUN, () => openai.chat.completions.create(CHAT)));
    assert.ok(error instanceof BudgetExceeded);
    assert.equal(error.message, `The call is refused (not_entitled). ${told}`);
  }
});

test("a budget of the whole workspace is told without a scope", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const decidedBy = { ...BUDGET, scope: "" };
  server.decide = () => ({ decision: "block", reason: "budget", decidedBy });
  const error = await rejection(tollgate.run(RUN, () => openai.chat.completions.create(CHAT)));
  assert.match(error instanceof Error ? error.message : "", /Budget [a-z.-]+: /);
});

test("a run that is not guarded asks for nothing", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  server.decide = () => BLOCK;
  await tollgate.run({ ...RUN, guard: false }, () => openai.chat.completions.create(CHAT));
  await tollgate.flush();
  assert.equal(server.asks.length, 0);
  assert.deepEqual(
    server.events.map(({ type }) => type),
    ["run.opened", "step", "run.closed"],
  );
});

test("a tool is held by its units, and not run when they are refused", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  const options = { provider: "tavily", units: { web_searches: 1 } };
  let runs = 0;
  const search = () =>
    tollgate.run(RUN, (run) =>
      run.tool("tavily_search", options, (call) => {
        runs += 1;
        call.identify("tavily:req_1");
        return "found";
      }),
    );
  assert.equal(await search(), "found");
  server.decide = () => BLOCK;
  await assert.rejects(search(), BudgetExceeded);
  await tollgate.flush();
  assert.equal(runs, 1);
  const [ask] = server.asks;
  assert.deepEqual([ask?.hold.tool, ask?.hold.usage], ["tavily_search", { web_searches: 1 }]);
  assert.deepEqual(
    server.steps.map(({ tool, callId }) => [tool, callId]),
    [["tavily_search", "tavily:req_1"]],
  );
});

test("work of a stable id is not done again once it is recorded", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  let runs = 0;
  const charge = () =>
    tollgate.run(RUN, (run) =>
      run.tool("charge_card", { id: "charge-1" }, () => {
        runs += 1;
      }),
    );
  await charge();
  await tollgate.flush();
  await assert.rejects(charge(), StepRepeated);
  assert.deepEqual([runs, server.steps.length], [1, 1]);
});

test("a long call renews its hold", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t, { guard: { holdTtlMs: 1000 } });
  provider.react({ pieceDelayMs: 250 });
  await tollgate.run(RUN, async () => {
    for await (const _ of await openai.chat.completions.create({ ...CHAT, stream: true }));
  });
  await tollgate.flush();
  const renewals = server.renewed.length;
  assert.ok(renewals > 1, `${renewals} renewals`);
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(server.renewed.length, renewals, "a settled hold is not renewed");
});

test("a hold of a call that is given up before it is sent is given back", async (t) => {
  const { server, provider, tollgate } = await sdkWorld(t);
  const aborter = new AbortController();
  server.decide = () => {
    aborter.abort();
    return { decision: "allow" };
  };
  const { signal } = aborter;
  const url = `${provider.openaiUrl}/chat/completions`;
  const init = { method: "POST", body: JSON.stringify(CHAT), signal };
  await assert.rejects(tollgate.run(RUN, () => tollgate.fetch(url, init)));
  assert.equal(provider.seen.length, 0);
  const [ask] = server.asks;
  if (ask !== undefined) {
    await eventually(() => server.stateOf(ask.hold.id) !== "open", "the hold is given back");
  }
});

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it was not refused");
}
