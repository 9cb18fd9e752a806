/** The rules on made-up answers, so that they are proven without any recording. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../number-text.ts";
import { StandInMeter } from "../stand-in-meter.ts";
import { runOfAnswers } from "./answers-run.ts";
import type { Answer } from "./recording.ts";

interface Case {
  readonly model: string;
  readonly usage: Record<string, unknown>;
  readonly host?: string;
  readonly message?: object;
  readonly advisor?: string;
}

/** Verdict and rule of each stated figure, by the field that states it. */
async function verdicts({ model, usage, host = "openrouter.ai", message = {}, advisor }: Case) {
  const body = { object: "chat.completion", model, choices: [{ message }], usage };
  const content = { body: parseJson(JSON.stringify(body)) ?? null };
  const place = { file: "a/b/c", position: 0, host, askedModel: undefined, at: undefined };
  const answer: Answer = { ...place, ...(advisor === undefined ? {} : { advisor }), content };
  const meter = new StandInMeter();
  const [run] = runOfAnswers("made-up", "responses/made-up/one.yaml", [answer]);
  assert.ok(run !== undefined);
  await meter.feed(run.events);
  const metered = await meter.run(run.run);
  const figures = run.stated.map((figure) => {
    const { verdict, rule } = figure.judge(metered, figure.text);
    const changed = figure.judge(metered, `${figure.text}1`);
    assert.equal(changed.verdict, "unexplained", `${figure.name}, another digit: ${changed.rule}`);
    return [figure.name.split(" ")[0] ?? "", rule ?? verdict] as const;
  });
  return Object.fromEntries(figures);
}

const MINI = "openai/gpt-4o-mini";
const tokens = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };

test("what the tokens and the price book give is agreed", async () => {
  assert.deepEqual(await verdicts({ model: MINI, usage: { ...tokens, cost: 0.00021 } }), {
    total_tokens: "agree",
    prompt_tokens: "agree",
    completion_tokens: "agree",
    cost: "agree",
  });
});

test("a cost that nothing gives is unexplained", async () => {
  const { cost } = await verdicts({ model: MINI, usage: { ...tokens, cost: 0.0123457 } });
  assert.equal(cost, "unexplained");
});

test("an output that leaves its reasoning out is known by the total", async () => {
  const details = { completion_tokens_details: { reasoning_tokens: 50 } };
  const found = await verdicts({
    model: MINI,
    usage: { ...tokens, total_tokens: 1150, ...details },
  });
  assert.equal(found.completion_tokens, "reasoning-beside");
});

test("an output leaves out what its block tells was reasoned, or where none does", async () => {
  const found = async (model: string, reasoning_tokens: number | null) => {
    const details = { completion_tokens_details: { reasoning_tokens } };
    const usage = { ...tokens, total_tokens: 1150, ...details };
    return Object.values(await verdicts({ model, usage }));
  };
  for (const told of [0, 49, null]) {
    assert.ok((await found(MINI, told)).includes("unexplained"), `${told}`);
  }
  assert.ok((await found("google/gemini-2.5-pro", null)).includes("reasoning-beside"));
});

test("a prompt that leaves out the audio it heard is known by seconds and total", async () => {
  const found = (more: object) =>
    verdicts({ model: MINI, usage: { ...tokens, total_tokens: 1475, ...more } });
  const heard = await found({ prompt_audio_seconds: 5 });
  assert.deepEqual(heard, {
    total_tokens: "agree",
    prompt_tokens: "audio-beside",
    completion_tokens: "agree",
  });
  assert.ok(Object.values(await found({ prompt_audio_seconds: 0 })).includes("unexplained"));
});

/** Bodies whose total is one more than their parts; the product refuses them. */
const REFUSED: Readonly<Record<string, readonly [host: string, body: object]>> = {
  totalTokenCount: [
    "generativelanguage.googleapis.com",
    {
      ...{ modelVersion: "gemini-2.5-pro", candidates: [{ content: { parts: [] } }] },
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 14 },
    },
  ],
  totalTokens: [
    "bedrock-runtime.us-east-1.amazonaws.com",
    {
      ...{ output: { message: { role: "assistant", content: [] } }, stopReason: "end_turn" },
      ...{
        metrics: { latencyMs: 1 },
        usage: { inputTokens: 10, outputTokens: 5, totalTokens: 14 },
      },
    },
  ],
  cache_creation_input_tokens: [
    "api.anthropic.com",
    {
      ...{ type: "message", role: "assistant", model: "claude-sonnet-4-5", content: [], id: "m" },
      usage: {
        ...{ input_tokens: 3, cache_creation_input_tokens: 9, output_tokens: 5 },
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 0 },
      },
    },
  ],
};

for (const [name, [host, body]] of Object.entries(REFUSED)) {
  test(`a refused block of which ${name} is not its parts is unexplained`, () => {
    const content = { body: parseJson(JSON.stringify(body)) ?? null };
    const place = { file: "a/b/c", position: 0, host, askedModel: undefined, at: undefined };
    const [run] = runOfAnswers("made-up", "one.yaml", [{ ...place, content }]);
    assert.deepEqual(run?.events, [], "nothing of it is metered");
    const metered = { run: "", cost: "0", steps: [], rateOf: () => undefined };
    const verdicts = run?.stated.map((one) => [one.name, one.judge(metered, one.text).verdict]);
    assert.deepEqual(verdicts, [[`${name} of a refused answer`, "unexplained"]]);
  });
}

test("a block that contradicts itself is refused, and its total is its own sum", async () => {
  const details = { completion_tokens_details: { reasoning_tokens: 101 } };
  const parts = { upstream_inference_prompt_cost: 0.1, upstream_inference_completions_cost: 0.02 };
  const usage = { ...tokens, ...details, cost: 0.12, cost_details: parts };
  assert.deepEqual(await verdicts({ model: MINI, usage }), {
    total_tokens: "contradicts-itself",
    cost: "contradicts-itself",
  });
});

test("on one's own key the router states 0 and the upstream part is what was metered", async () => {
  const cost_details = { upstream_inference_cost: 0.00021 };
  const usage = { ...tokens, cost: 0, is_byok: true, cost_details };
  const found = await verdicts({ model: MINI, usage });
  assert.equal(found.cost, "own-key");
  assert.equal(found["cost_details.upstream_inference_cost"], "agree");
});

test("the prices of the provider that a router chose are solved, and must be round", async () => {
  const routed = (prompt: number, completion: number, cost: number) => ({
    ...tokens,
    cost,
    cost_details: {
      upstream_inference_prompt_cost: prompt,
      upstream_inference_completions_cost: completion,
    },
  });
  const round = await verdicts({ model: MINI, usage: routed(0.0006, 0.00022, 0.00082) });
  assert.equal(round.cost, "routed-provider-price");
  const strange = routed(0.00060000012, 0.00022, 0.00082000012);
  const odd = await verdicts({ model: MINI, usage: strange });
  assert.equal(odd.cost, "unexplained");
});

test("fees beside the tokens are whole tenths of a cent for each search or file", async () => {
  const server_tool_use_details = { web_search_requests: 2 };
  const searched = { ...tokens, cost: 0.01421, server_tool_use_details };
  assert.equal((await verdicts({ model: MINI, usage: searched })).cost, "fee-per-call");
  const message = { annotations: [{ type: "file" }] };
  const parsed = { ...tokens, cost: 0.00221 };
  assert.equal((await verdicts({ model: MINI, usage: parsed, message })).cost, "fee-per-call");
  assert.equal((await verdicts({ model: MINI, usage: parsed })).cost, "unexplained");
});

test("an advisor's cost is whole tokens at the price of the model asked for", async () => {
  const advisor = "openai/gpt-4.1";
  const server_tool_use_details = { tool_calls_executed: 1 };
  const usage = { ...tokens, cost: 0.002212, server_tool_use_details };
  assert.equal((await verdicts({ model: MINI, usage, advisor })).cost, "advisor-tokens");
  assert.equal((await verdicts({ model: MINI, usage })).cost, "unexplained");
});

test("a gateway's float is the same product in floats", async () => {
  const usage = { ...tokens, prompt_tokens: 14, completion_tokens: 10, total_tokens: 24 };
  const pydantic_ai_gateway = { cost_estimate: 0.00019199999999999998 };
  const found = await verdicts({
    model: "claude-sonnet-4-5",
    usage: { ...usage, pydantic_ai_gateway },
    host: "api.anthropic.com",
  });
  assert.equal(found["pydantic_ai_gateway.cost_estimate"], "float-arithmetic");
});
