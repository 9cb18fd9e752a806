/** Runs: how they nest and end, and what is recorded in them without a model. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BudgetExceeded } from "../src/index.ts";
import { CHAT, sdkWorld, usageOf } from "./sdk-world.ts";

const RUN = { customer: "acme", agent: "support" };

test("a run inside a run is a run below it, of the same customer", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  await tollgate.run({ ...RUN, id: "outer" }, async () => {
    await openai.chat.completions.create(CHAT);
    await tollgate.run({ agent: "research", id: "inner" }, () =>
      openai.chat.completions.create(CHAT),
    );
    await openai.chat.completions.create(CHAT);
  });
  await tollgate.flush();
  assert.deepEqual(
    server.asks.map(({ run, open }) => [run, open?.customer, open?.parentRun]),
    [
      ["outer", "acme", null],
      ["inner", "acme", "outer"],
      ["outer", undefined, undefined],
    ],
  );
  assert.deepEqual(
    server.steps.map(({ run, agent, customer }) => [run, agent, customer]),
    [
      ["outer", "support", "acme"],
      ["inner", "research", "acme"],
      ["outer", "support", "acme"],
    ],
  );
});

test("a run that is the first to ask opens the runs above it, with their caps", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const caps = [{ measure: "cost", limit: "1.00" }];
  await tollgate.run({ ...RUN, id: "top" }, () =>
    tollgate.run({ agent: "capped", id: "middle", caps }, () =>
      tollgate.run({ agent: "leaf", id: "low" }, () => openai.chat.completions.create(CHAT)),
    ),
  );
  await tollgate.flush();
  const opened = server.openings.map(({ run, open }) => [run, open.parentRun, open.caps]);
  assert.deepEqual(opened, [
    ["top", null, []],
    ["middle", "top", caps],
    ["low", "middle", []],
  ]);
  assert.equal(server.asks.length, 1, "nothing is held for the runs above");
});

test("of 50 parallel calls exactly those that are admitted reach the provider", async (t) => {
  const { server, provider, tollgate, openai } = await sdkWorld(t);
  let admitted = 0;
  server.decide = () => {
    admitted += 1;
    return { decision: admitted <= 10 ? "allow" : "block", reason: "budget" };
  };
  const results = await tollgate.run({ ...RUN, id: "burst" }, () =>
    Promise.allSettled(Array.from({ length: 50 }, () => openai.chat.completions.create(CHAT))),
  );
  await tollgate.flush();
  const made = results.filter(({ status }) => status === "fulfilled").length;
  assert.deepEqual([made, provider.seen.length, server.steps.length], [10, 10, 10]);
  assert.equal(new Set(server.asks.map(({ hold }) => hold.id)).size, 50);
});

test("a run that is not let in leaves no trace when it did nothing", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  server.admit = () => ({ status: "rejected", error: { code: "budget.exhausted" } });
  server.decide = () => ({ decision: "block", reason: "budget" });
  const call = () => openai.chat.completions.create(CHAT);
  await assert.rejects(tollgate.run({ ...RUN, id: "refused" }, call), BudgetExceeded);
  await tollgate.flush();
  assert.equal(server.events.length, 0);
});

test("a guarded call in a run that is only metered opens the run for its hold", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  await tollgate.run({ ...RUN, id: "metered", guard: false }, async (run) => {
    await run.tool("free", {}, () => undefined);
    await run.tool("dear", { guard: true }, () => undefined);
  });
  assert.deepEqual(
    server.asks.map(({ open, hold }) => [open?.customer, hold.tool]),
    [["acme", "dear"]],
  );
});

test("runs at the same time keep their calls apart", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const names = ["a", "b", "c", "d"];
  await Promise.all(
    names.map((id) =>
      tollgate.run({ ...RUN, id }, async () => {
        await Promise.all([1, 2, 3].map(() => openai.chat.completions.create(CHAT)));
      }),
    ),
  );
  await tollgate.flush();
  const runs = server.steps.map(({ run }) => run).sort();
  assert.deepEqual(
    runs,
    names.flatMap((name) => [name, name, name]),
  );
});

test("a run ends as its work ends", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  const abort = () => Promise.reject(new DOMException("Enough.", "AbortError"));
  const fail = () => Promise.reject(new Error("no"));
  assert.equal(await tollgate.run({ ...RUN, id: "good" }, () => 42), 42);
  await assert.rejects(tollgate.run({ ...RUN, id: "bad" }, fail), /^Error: no$/);
  await assert.rejects(tollgate.run({ ...RUN, id: "stopped" }, abort), /Enough/);
  await tollgate.flush();
  const endings = server.events.flatMap((event) =>
    event.type === "run.closed" ? [[event.run, event.ending]] : [],
  );
  assert.deepEqual(endings, [
    ["good", "completed"],
    ["bad", "failed"],
    ["stopped", "cancelled"],
  ]);
  const opened = server.events.filter(({ type }) => type === "run.opened");
  assert.deepEqual(
    opened.map(({ run }) => run),
    ["good", "bad", "stopped"],
  );
});

test("a run can be opened and closed by hand, and its calls made through it", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  const run = tollgate.open({ ...RUN, id: "by-hand" });
  assert.equal(tollgate.current, null);
  await openai.withOptions({ fetch: run.fetch }).chat.completions.create(CHAT);
  await run.within(async () => {
    assert.equal(tollgate.current, run);
    await openai.chat.completions.create(CHAT);
  });
  run.close("failed");
  run.close();
  await tollgate.flush();
  assert.deepEqual(
    server.steps.map(({ run: id }) => id),
    ["by-hand", "by-hand"],
  );
  const closed = server.events.filter(({ type }) => type === "run.closed");
  assert.deepEqual(
    closed.map((event) => event.type === "run.closed" && event.ending),
    ["failed"],
  );
});

test("what a tool does names the tool as its cause", async (t) => {
  const { server, tollgate, openai } = await sdkWorld(t);
  await tollgate.run(RUN, (run) =>
    run.tool("research", { id: "tool-1" }, async () => {
      await openai.chat.completions.create(CHAT);
      run.step({ kind: "retrieval", provider: "pinecone", usage: { read_units: 5 } });
    }),
  );
  await tollgate.flush();
  const told = server.steps.map(({ kind, parentStep }) => [kind, parentStep]);
  assert.deepEqual(told, [
    ["model", "tool-1"],
    ["retrieval", "tool-1"],
    ["tool", null],
  ]);
});

test("a tool says what it really used; one that fails used what it said", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  const options = { provider: "tavily", units: { web_searches: 5 } };
  await tollgate.run(RUN, async (run) => {
    await run.tool("search", options, (call) => call.use({ web_searches: 2 }));
    const failing = run.tool("search", options, () => Promise.reject(new Error("down")));
    await assert.rejects(failing, /down/);
  });
  await tollgate.flush();
  const told = server.steps.map((step) => [step.status, usageOf(step)]);
  assert.deepEqual(told, [
    ["ok", { web_searches: "2" }],
    ["error", {}],
  ]);
});

test("computing is measured in seconds, or told", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  await tollgate.run(RUN, async (run) => {
    const work = () => new Promise((resolve) => setTimeout(resolve, 30));
    await run.compute(work, { provider: "e2b", maxSeconds: 10 });
    run.compute("12.25", { provider: "e2b" });
  });
  await tollgate.flush();
  const [measured, told] = server.steps.map((step) => Number(usageOf(step).seconds));
  assert.ok(measured !== undefined && measured >= 0.029 && measured < 5, String(measured));
  assert.equal(told, 12.25);
  assert.deepEqual(
    server.asks.map(({ hold }) => hold.usage),
    [{ seconds: "10" }],
  );
});

test("an outcome counts once for each key, and can be taken back", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  await tollgate.run({ ...RUN, guard: false }, (run) => {
    run.outcome("ticket_resolved");
    run.outcome("ticket_resolved");
    run.outcome("ticket_resolved", { key: "second" });
    run.reverseOutcome("ticket_resolved", "The customer wrote again.");
  });
  await tollgate.flush();
  const types = server.events.map((event) => event.type);
  const recorded = ["outcome.recorded", "outcome.recorded", "outcome.reversed"];
  assert.deepEqual(types, ["run.opened", ...recorded, "run.closed"]);
});

test("any call of one's own can be held and recorded as a step", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  const facts = { kind: "retrieval", provider: "pinecone", model: "serverless" } as const;
  const plan = { ...facts, usage: { read_units: 10 }, cost: "0.02", wrapUp: true };
  const found = await tollgate.run(RUN, (run) =>
    run.step(plan, (call) => {
      call.use({ read_units: 7 });
      return ["a"];
    }),
  );
  assert.deepEqual(found, ["a"]);
  await tollgate.flush();
  const [ask] = server.asks;
  assert.deepEqual(
    [ask?.hold.usage, ask?.hold.cost, ask?.hold.wrapUp],
    [{ read_units: 10 }, "0.02", true],
  );
  assert.deepEqual(server.steps.map(usageOf), [{ read_units: "7" }]);
  server.decide = () => ({ decision: "block", reason: "stopped" });
  await assert.rejects(
    tollgate.run(RUN, (run) => run.step(plan, () => assert.fail("it was made"))),
    BudgetExceeded,
  );
});

test("of what a tool is called with, only a digest is held and recorded", async (t) => {
  const { server, tollgate } = await sdkWorld(t);
  await tollgate.run({ customer: "acme", agent: "support" }, async (run) => {
    for (const city of ["Bonn", "Bonn", "Kiel"]) {
      await run.tool("weather", { arguments: { city } }, () => undefined);
    }
    await run.tool("weather", {}, () => undefined);
  });
  await tollgate.flush();
  const held = server.asks.map(({ hold }) => hold.callHash);
  const recorded = server.sent.filter(({ kind }) => kind === "tool").map((one) => one.callHash);
  assert.deepEqual(recorded, held);
  const [first, second, other, none] = held;
  assert.match(first ?? "", /^[0-9a-f]{24}$/);
  assert.equal(second, first);
  assert.notEqual(other, first);
  assert.equal(none, undefined);
  assert.ok(!JSON.stringify([server.sent, server.asks]).includes("Bonn"));
});
