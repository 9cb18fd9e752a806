import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { strToU8, zipSync } from "fflate";
import { countVerdicts, type JudgedDataset, judgeDataset } from "../judge.ts";
import { StandInMeter } from "../stand-in-meter.ts";
import { RUN_DATASETS } from "./all.ts";

type Files = Readonly<Record<string, unknown>>;

/** Writes files below runs/<dataset> of a new folder and judges that dataset. */
async function judged(t: TestContext, dataset: string, files: Files): Promise<JudgedDataset> {
  const root = mkdtempSync(join(tmpdir(), "corpus-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, "runs", dataset, name);
    mkdirSync(dirname(path), { recursive: true });
    const isRaw = typeof content === "string" || content instanceof Uint8Array;
    writeFileSync(path, isRaw ? content : JSON.stringify(content));
  }
  const reader = RUN_DATASETS.find((candidate) => candidate.dataset === dataset) ?? assert.fail();
  const runs = await reader.read(root);
  const meter = new StandInMeter();
  return judgeDataset(dataset, runs, { meter, progress: () => {} });
}

function verdictsOf({ runs }: JudgedDataset): string[] {
  return runs.map(({ verdict }) => verdict.rule ?? verdict.verdict);
}

const simulation = (agentCost: unknown, messages: readonly object[]): object => ({
  id: "s1",
  start_time: "2025-08-01T16:23:24.895557",
  agent_cost: agentCost,
  messages,
});
const tau2File = (llm: string, ...simulations: readonly object[]): object => ({
  info: { agent_info: { llm }, user_info: { llm: "gpt-4.1" } },
  simulations,
});
const answer = (turn: number, cost: unknown, [prompt, completion]: [number, number]): object => ({
  role: "assistant",
  turn_idx: turn,
  timestamp: "2025-08-01T16:23:30",
  cost,
  usage: { prompt_tokens: prompt, completion_tokens: completion },
});

test("tau2: an unpriced fine-tune is flagged and its stated zero explained", async (t) => {
  const file = tau2File("ft:gpt-4.1:org::id", simulation(0.0, [answer(1, 0.0, [100, 5])]));
  const result = await judged(t, "tau2", { "a.json": file });
  assert.deepEqual(verdictsOf(result), ["recorder-had-no-price"]);
});

test("tau2: lost cached tokens make a run fitted, a wrong total unexplained", async (t) => {
  const messages = [answer(1, 0.000584, [1000, 1]), answer(2, 0.002008, [1000, 1])];
  const right = tau2File("gpt-4.1", simulation(0.002592, messages));
  const solved = await judged(t, "tau2", { "a.json": right });
  const wrong = tau2File("gpt-4.1", simulation(0.002593, messages));
  const off = await judged(t, "tau2", { "a.json": wrong });
  assert.deepEqual(verdictsOf(off), ["unexplained"]);
  // 1,000 × 2 − 0.584 × 10^6 + 8 = 1,424 over 1.5 is no whole number of cached tokens.
  assert.deepEqual(verdictsOf(solved), ["unexplained"]);
  const cached = [answer(1, 0.000664, [1000, 1]), answer(2, 0.002008, [1000, 1])];
  const file = tau2File("gpt-4.1", simulation(0.002672, cached));
  const fit = await judged(t, "tau2", { "a.json": file });
  assert.deepEqual(verdictsOf(fit), ["lost-cached-tokens"]);
});

const swe = (calls: number, messages: readonly object[]): object => ({
  info: {
    model_stats: { instance_cost: 0.00000182, api_calls: calls },
    config: { model: { model_name: "deepseek/deepseek-chat" } },
  },
  messages,
});
const sweAnswer = {
  role: "assistant",
  extra: {
    cost: 0.00000182,
    timestamp: 1775795495.4,
    response: {
      id: "r1",
      model: "deepseek-chat",
      usage: { prompt_tokens: 5, completion_tokens: 1, prompt_cache_hit_tokens: 0 },
    },
  },
};
const died = { role: "exit", extra: { traceback: "…", exit_status: "Timeout" } };

test("mini-swe-agent: an attempt that killed its run is a call", async (t) => {
  const tool = { role: "tool", extra: { returncode: 0, timestamp: 1775795496 } };
  const failedCall = await judged(t, "mini-swe-agent", {
    "a/a.traj.json": swe(2, [sweAnswer, tool, died]),
  });
  assert.deepEqual(verdictsOf(failedCall), ["agree"]);
  assert.equal(failedCall.runs[0]?.steps, 3);
  const failedTool = await judged(t, "mini-swe-agent", {
    "a/a.traj.json": swe(1, [sweAnswer, died]),
  });
  assert.deepEqual(verdictsOf(failedTool), ["agree"]);
});

const completion = (id: string, cost: number, usage: object): object => ({
  messages: [{}, {}],
  response: { id, model: "litellm_proxy/claude-3-5-sonnet-20241022", usage },
  timestamp: 1_733_339_414.5,
  cost,
});
const cachedUsage = {
  prompt_tokens: 10_000,
  completion_tokens: 100,
  prompt_tokens_details: { cached_tokens: 8_000 },
  cache_read_input_tokens: 8_000,
  cache_creation_input_tokens: 1_500,
};

test("OpenHands completions: cached tokens at the input price are explained", async (t) => {
  const result = await judged(t, "openhands-llm-completions", {
    "task/1.json": completion("c1", 0.0315, cachedUsage),
    "task/copy-of-1.json": completion("c1", 0.0315, cachedUsage),
  });
  assert.deepEqual(verdictsOf(result), ["flat-prompt-price"]);
  assert.equal(result.runs[0]?.meteredCost, "0.011025");
  assert.equal(result.runs[0]?.steps, 1);
  assert.deepEqual(result.faults, []);
});

test("OpenHands output: a response repeated in the history counts once", async (t) => {
  const response = { id: "gen-1", model: "meta-llama/llama-4-maverick" };
  const event = (id: number, kind: object): object => ({
    id,
    timestamp: "2025-04-30T16:32:54.707474",
    tool_call_metadata: { function_name: "run", model_response: response },
    ...kind,
  });
  const usage = { model: "openai/openrouter-llama-4-maverick", response_id: "gen-1" };
  const line = {
    instance_id: "i1",
    history: [event(1, { action: "run" }), event(2, { observation: "run", success: true })],
    metrics: {
      accumulated_cost: 0.0,
      accumulated_token_usage: { prompt_tokens: 100, completion_tokens: 10 },
      costs: [],
      response_latencies: [{ response_id: "gen-1" }, { response_id: "gen-failed" }],
      token_usages: [{ ...usage, prompt_tokens: 100, completion_tokens: 10 }],
    },
  };
  const result = await judged(t, "openhands-output", { "o.jsonl": `${JSON.stringify(line)}\n` });
  assert.deepEqual(verdictsOf(result), ["recorder-had-no-price"]);
  assert.equal(result.runs[0]?.meteredTokens, "110");
});

const inspectEvent = (uuid: string, usage: object): object => ({
  event: "model",
  uuid,
  model: "anthropic/claude-sonnet-4-5",
  output: { model: "claude-sonnet-4-5-20250929", usage },
});
const exclusive = {
  input_tokens: 10,
  output_tokens: 5,
  input_tokens_cache_read: 100,
  total_tokens: 115,
};
const inspectHeader = (usage: object, samples: number): object => ({
  eval: { run_id: "r", task: "t", created: "2025-05-12T20:27:36-04:00" },
  results: { total_samples: samples },
  stats: { model_usage: { "anthropic/claude-sonnet-4-5": usage } },
});
const inspectSample = (usage: object): object => ({
  id: 1,
  epoch: 1,
  model_usage: { "anthropic/claude-sonnet-4-5": usage },
  events: [inspectEvent("u1", exclusive), { event: "tool", uuid: "u2", function: "bash" }],
});

test("Inspect: a sample and its log agree by the convention that the total shows", async (t) => {
  const zip = zipSync({
    "header.json": strToU8(JSON.stringify(inspectHeader(exclusive, 1))),
    "samples/1_epoch_1.json": strToU8(JSON.stringify(inspectSample(exclusive))),
  });
  const result = await judged(t, "inspect", { "log.eval": zip });
  assert.deepEqual(verdictsOf(result), ["agree", "agree"]);
  const wrong = await judged(t, "inspect", {
    "log.json": {
      ...inspectHeader(exclusive, 1),
      samples: [inspectSample({ ...exclusive, input_tokens: 11, total_tokens: 116 })],
    },
  });
  assert.deepEqual(verdictsOf(wrong), ["agree", "unexplained"]);
});

test("Inspect: a header of samples that were not kept is fitted while it adds up", async (t) => {
  const whole = { input_tokens: 1_010, output_tokens: 5, total_tokens: 1_015 };
  const log = (usage: object): object => ({ ...inspectHeader(usage, 3), samples: [] });
  const fitted = await judged(t, "inspect", { "log.json": log(whole) });
  assert.deepEqual(verdictsOf(fitted), ["log-keeps-some-samples"]);
  const off = await judged(t, "inspect", { "log.json": log({ ...whole, output_tokens: 6 }) });
  assert.deepEqual(verdictsOf(off), ["unexplained"]);
});

const piMessage = (at: number, usage: object, more: object = {}): string =>
  JSON.stringify({
    type: "message",
    timestamp: "2025-11-20T23:33:02.351Z",
    message: {
      role: "assistant",
      provider: "anthropic",
      model: "claude-sonnet-4-5",
      timestamp: at,
      stopReason: "stop",
      usage,
      ...more,
    },
  });
const piUsage = {
  input: 1_000,
  output: 100,
  cacheRead: 0,
  cacheWrite: 0,
  cost: { input: 0.003, output: 0.0015, cacheRead: 0, cacheWrite: 0, total: 0.0045 },
};

test("pi: two messages on one torn line both count, an aborted one costs nothing", async (t) => {
  const none = { ...piUsage, input: 0, output: 0 };
  const free = { ...none, cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, total: 0 } };
  const lines = [
    '{"type":"session","id":"s","timestamp":"2025-11-20T23:33:00Z"',
    piMessage(1, piUsage) + piMessage(2, piUsage),
    piMessage(3, free, { stopReason: "aborted", model: "never-listed" }),
  ];
  const result = await judged(t, "pi", { "s.jsonl": lines.join("\n") });
  assert.deepEqual(verdictsOf(result), ["agree"]);
  assert.equal(result.runs[0]?.meteredCost, "0.009");
  assert.equal(result.runs[0]?.steps, 3);
});

const sent = (time: number, cost: number, totalCost: number): string =>
  JSON.stringify({
    event: "message_send",
    user_id: "u",
    time,
    properties: {
      main_model: "gpt-4.1",
      prompt_tokens: cost * 500_000,
      completion_tokens: 0,
      total_tokens: cost * 500_000,
      cost,
      total_cost: totalCost,
    },
  });

test("aider: a message belongs to the process whose running total it continues", async (t) => {
  const lines = [sent(1, 0.5, 0.5), sent(2, 0.25, 0.25), sent(3, 0.5, 1.0), sent(4, 0.5, 0.75)];
  const result = await judged(t, "aider", { "a.jsonl": lines.join("\n") });
  assert.deepEqual(verdictsOf(result), ["agree", "agree"]);
  assert.deepEqual(
    result.runs.map(({ statedCost }) => statedCost),
    ["1", "0.75"],
  );
});

test("aider: a session cut by the log's beginning is fitted, a broken total is not", async (t) => {
  const cut = [sent(1, 0.5, 7.5), sent(2, 0.5, 8.0)];
  const fitted = await judged(t, "aider", { "a.jsonl": cut.join("\n") });
  assert.deepEqual(verdictsOf(fitted), ["session-began-before-the-log"]);
  const broken = [sent(1, 0.5, 0.5), sent(2, 0.5, 1.1)];
  const result = await judged(t, "aider", { "a.jsonl": broken.join("\n") });
  assert.deepEqual(countVerdicts(result.runs), {
    agree: 1,
    explained: 0,
    fitted: 0,
    unexplained: 1,
  });
});

test("files that are no logs are passed over", async (t) => {
  for (const { dataset } of RUN_DATASETS) {
    const files = { "x.json": "{", "y.jsonl": "[]\nnull\n{}", "z.eval": "no zip", "e.json": "{}" };
    const result = await judged(t, dataset, files);
    assert.equal(countVerdicts(result.runs).unexplained, 0, dataset);
  }
});
