/** Counts of the library that are not what it reads of the record are explained by nothing. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { judgeRun } from "../judge.ts";
import { StandInMeter } from "../stand-in-meter.ts";
import { genaiPrices } from "./genai.ts";

interface Body {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
}

const LIST = [
  {
    id: "acme",
    name: "Acme",
    api_pattern: "acme",
    extractors: [
      {
        api_flavor: "chat",
        root: "usage",
        mappings: [
          { path: "prompt_tokens", dest: "input_tokens" },
          { path: ["prompt_tokens_details", "cached_tokens"], dest: "cache_read_tokens" },
          { path: "completion_tokens", dest: "output_tokens" },
        ],
      },
    ],
    models: [
      {
        ...{ id: "m", match: { equals: "m" } },
        prices: { input_mtok: 10, cache_read_mtok: 1, output_mtok: 100 },
      },
      { id: "open", match: { equals: "open" }, prices: {} },
      { id: "embed", match: { equals: "embed" }, prices: { input_mtok: 10 } },
    ],
  },
];

/** A record that the library read right; its body may have been changed since. */
function record(nth: number, cached: number, change: (body: Body) => void = () => {}) {
  const [input, output] = [1_000 + nth, 50];
  const usage: Body = {
    ...{ prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: 20 },
  };
  change(usage);
  const inputPrice = (input - cached) / 100_000 + cached / 1_000_000;
  const prices = { input_price: inputPrice.toFixed(6).replace(/0+$/, ""), output_price: "0.005" };
  const read = { input_tokens: input, output_tokens: output, output_reasoning_tokens: 20 };
  const extracted = [
    {
      usage: { ...read, ...(cached > 0 && { cache_read_tokens: cached }) },
      extractors: [{ provider_id: "acme", api_flavor: "chat", ...prices }],
    },
  ];
  return { model: "m", body: { file: `${nth}.yaml`, usage }, extracted };
}

describe("a record of genai-prices", () => {
  const root = mkdtempSync(join(tmpdir(), "tollgate-genai-"));
  const folder = join(root, "responses/genai-prices");
  mkdirSync(folder, { recursive: true });
  after(() => rmSync(root, { recursive: true }));

  /** The verdict of the first of three records; the others are as they were read. */
  async function verdictOf(cached: number, change?: (body: Body) => void): Promise<string> {
    return verdictOfFirst([record(0, cached, change), record(1, 30), record(2, 40)]);
  }

  async function verdictOfFirst(records: readonly object[]): Promise<string> {
    writeFileSync(join(folder, "data.json"), JSON.stringify(LIST));
    writeFileSync(join(folder, "usages.json"), JSON.stringify(records));
    const runs = await genaiPrices.read(root);
    const meter = new StandInMeter();
    const [run] = runs;
    assert.ok(run?.prices !== undefined);
    await meter.importPrices(run.prices);
    await meter.feed(run.events);
    const { verdict, rule, detail } = judgeRun(run, await meter.run(run.run), new Map()).verdict;
    return [verdict, rule ?? detail].filter(Boolean).join(": ");
  }

  test("of a model without a price is explained, by no other figure", async () => {
    const states = async (model: string, input_price: string, output_price: string) => {
      const { body, extracted } = record(0, 0);
      const [read] = extracted;
      const fit = { provider_id: "acme", api_flavor: "chat", input_price, output_price };
      const first = { model, body, extracted: [{ usage: read?.usage, extractors: [fit] }] };
      return verdictOfFirst([first, record(1, 30), record(2, 40)]);
    };
    assert.equal(await states("open", "0", "0"), "explained: unlisted-is-free");
    assert.equal(await states("embed", "0.01", "0"), "explained: unlisted-is-free");
    assert.match(await states("open", "0.01", "0"), /^unexplained: /);
    assert.match(await states("embed", "0", "0"), /^unexplained: /);
    assert.match(await states("embed", "0.01", "0.005"), /^unexplained: /);
  });

  test("that is as it was read agrees", async () => {
    assert.equal(await verdictOf(0), "agree");
    assert.equal(await verdictOf(30), "agree");
  });

  test("of which the library reads one count otherwise is unexplained", async () => {
    const cases: readonly (readonly [cached: number, change: (body: Body) => void])[] = [
      // The library states no cached tokens, and would state one.
      [0, (body) => (body.prompt_tokens_details.cached_tokens += 1)],
      [30, (body) => (body.prompt_tokens_details.cached_tokens -= 1)],
      // The total makes our own count of the output what the library states.
      [0, (body) => (body.completion_tokens -= 1)],
      // Other records show that it reads reasoning, which its list does not tell.
      [0, (body) => (body.completion_tokens_details.reasoning_tokens += 1)],
      [0, (body) => (body.prompt_tokens += 1)],
    ];
    for (const [at, [cached, change]] of cases.entries()) {
      assert.match(
        await verdictOf(cached, change),
        /^unexplained: acme:chat: \w+: states/,
        `${at}`,
      );
    }
  });
});
