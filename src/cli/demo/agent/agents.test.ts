/** The agents with the vendors' real SDKs against the scripted provider. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Metering } from "../metering.ts";
import { type ScriptedProvider, startScriptedProvider } from "../scripted-provider.ts";
import { loadVendorSdks } from "../vendor-sdks.ts";
import type { Services } from "./services.ts";
import { runSupportAgent, type SupportTask } from "./support-agent.ts";

let provider: ScriptedProvider;
let services: Services;

before(async () => {
  provider = await startScriptedProvider();
  services = { sdks: await loadVendorSdks(), providerUrl: provider.baseUrl };
});
after(() => provider.close());

type Sent = Readonly<Record<string, unknown>>;

/** A server that takes all events; what is for the vendors goes to the stand-in. */
const acceptAll: typeof fetch = async (input, init) => {
  if (!String(input).startsWith("http://t.test")) return fetch(input, init);
  const events = JSON.parse(String(init?.body)) as Sent[];
  return Response.json({ results: events.map(({ id }) => ({ id, status: "accepted" })) });
};

async function work(task: Partial<SupportTask> & { readonly scenario: string }, run: string) {
  const { providerUrl } = services;
  const server = { baseUrl: "http://t.test", key: "k", send: acceptAll };
  const metering = new Metering({ ...server, providerUrl, isGuarded: false });
  const plain = { question: "Why?", maxTurns: 8, isStreaming: true };
  const place = { run, customer: "acme" };
  const end = await runSupportAgent({ services, metering }, place, { ...plain, ...task });
  await metering.close();
  const events: readonly Sent[] = metering.sent;
  return { end, events, steps: events.filter(({ type }) => type === "step") };
}

/** How often each kind of step stands in a run: `model`, `model error`, `model aborted`, … */
function kindsOf(steps: readonly Sent[], run: string): Record<string, number> {
  const own = steps.filter((step) => step.run === run);
  const groups = Object.groupBy(own, ({ kind, status }) =>
    status === "ok" ? `${kind}` : `${kind} ${status}`,
  );
  return Object.fromEntries(Object.entries(groups).map(([kind, all]) => [kind, all?.length ?? 0]));
}

test("a ticket is worked on with tools, retrieval, a sub-agent and a retry", async () => {
  const { end, events, steps } = await work({ scenario: "ticket" }, "t-1");
  assert.equal(end, "answered");
  assert.deepEqual(kindsOf(steps, "t-1"), {
    model: 4,
    "model error": 1,
    tool: 4,
    embedding: 1,
    retrieval: 1,
  });
  assert.deepEqual(kindsOf(steps, "t-1/research"), {
    model: 3,
    "model error": 2,
    tool: 2,
  });
  const others = events.filter(({ type }) => type !== "step");
  assert.deepEqual(
    others.map(({ type, run, ending, outcome }) => [type, run, ending ?? outcome]),
    [
      ["run.opened", "t-1", undefined],
      ["run.opened", "t-1/research", undefined],
      ["run.closed", "t-1/research", "completed"],
      ["outcome.recorded", "t-1", "ticket_resolved"],
      ["run.closed", "t-1", "completed"],
    ],
  );
});

test("a failed attempt has no usage, the one after it says which attempt it was", async () => {
  const { steps } = await work({ scenario: "ticket" }, "t-2");
  const failed = steps.filter((step) => step.status === "error" && !isBroken(step));
  assert.equal(failed.length, 2);
  for (const { usage, providerUsage, attempt } of failed) {
    assert.deepEqual([usage, providerUsage, attempt], [undefined, undefined, 1]);
  }
  assert.equal(steps.filter(({ attempt, kind }) => attempt === 2 && kind === "model").length, 2);
});

/** It failed once an answer had begun. */
function isBroken({ status, completeness }: Sent): boolean {
  return status === "error" && completeness === "partial";
}

test("a broken stream is partial: its input is known, its output what was seen", async () => {
  const { steps } = await work({ scenario: "ticket" }, "t-3");
  const [broken, ...others] = steps.filter(isBroken);
  assert.deepEqual(others, []);
  const told = broken?.providerUsage as { readonly usage: Record<string, number> } | undefined;
  assert.ok((told?.usage.cache_read_input_tokens ?? 0) > 1024);
  assert.ok((told?.usage.output_tokens ?? 0) > 1);
});

test("every call has an id of its own, and every event an identity of its own", async () => {
  const { events, steps } = await work({ scenario: "ticket" }, "t-4");
  const calls = steps.flatMap(({ callId }) => (callId === undefined ? [] : [callId]));
  assert.equal(new Set(calls).size, calls.length);
  const ids = events.map(({ run, id }) => `${run} ${id}`);
  assert.equal(new Set(ids).size, ids.length);
});

test("the same work has the same usage in another run, streamed or not", async () => {
  const usageOf = async (run: string, isStreaming: boolean) => {
    const { steps } = await work({ scenario: "ticket", isStreaming }, run);
    return steps.map(({ kind, usage, providerUsage }) => {
      const told = providerUsage as { readonly usage: object } | undefined;
      return { kind, usage, told: told?.usage };
    });
  };
  assert.deepEqual(await usageOf("t-5", true), await usageOf("t-6", false));
});

test("an agent in a loop ends at its own limit of steps, without an outcome", async () => {
  const { end, events, steps } = await work({ scenario: "loop", maxTurns: 5 }, "t-7");
  assert.equal(end, "step_limit");
  assert.deepEqual(kindsOf(steps, "t-7"), { model: 5, tool: 5 });
  assert.equal(events.at(-1)?.ending, "failed");
  assert.ok(!events.some(({ type }) => type === "outcome.recorded"));
});

test("a prompt is never reported: only the provider's counts leave the agent", async () => {
  const { events } = await work({ scenario: "question", isStreaming: false }, "t-8");
  assert.ok(!JSON.stringify(events).includes("voucher"));
});
