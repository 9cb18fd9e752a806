/**
 * The file for Python, as its page has it: each example of docs/python.md is run by the machine's
 * Python against a real server and a scripted provider. The vendors' packages are real ones where
 * that Python has them, else stand-ins (test/e2e/python).
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as forward, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ProviderStandIn } from "../../sdk/test/scripted-provider.ts";
import { DEFAULT_WORKSPACE, prepareWorkspace } from "../../src/compose.ts";
import { blocksOf, ROOT } from "./doc-blocks.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const PYTHON = "python3";
const isThere = spawnSync(PYTHON, ["-c", "import sys; assert sys.version_info >= (3, 9)"]);
const hasVendors = spawnSync(PYTHON, ["-c", "import openai, anthropic"]).status === 0;

/** Lets requests through; of the first ones the answer is lost, after the server has given it. */
class LossyWay {
  lostCount = 0;
  readonly #server: Server;

  private constructor(target: string, losses: number) {
    this.#server = createServer((asked, answer) => {
      const { method, headers, url = "" } = asked;
      const onward = forward(target + url, { method, headers }, (told) => {
        if (this.lostCount < losses) {
          this.lostCount += 1;
          told.resume().once("end", () => answer.destroy());
        } else {
          answer.writeHead(told.statusCode ?? 500, told.headers);
          told.pipe(answer);
        }
      });
      asked.pipe(onward);
    });
  }

  static async to(target: string, losses: number): Promise<LossyWay> {
    const way = new LossyWay(target, losses);
    await new Promise<void>((resolve) => way.#server.listen(0, "127.0.0.1", resolve));
    return way;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

interface ListedRun {
  readonly run: string;
  readonly status: string;
  readonly totals: { readonly tree: { readonly steps: number; readonly cost: string } };
}

describe("from Python", { skip: isThere.status === 0 ? false : "python3 is not installed" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-python-"));
  let server: TestServer;
  let provider: ProviderStandIn;

  before(async () => {
    server = await startTestServer();
    await prepareWorkspace(server.engine, DEFAULT_WORKSPACE);
    provider = await ProviderStandIn.start();
    cpSync(join(ROOT, "examples/python/tollgate.py"), join(folder, "tollgate.py"));
    if (!hasVendors) cpSync(join(ROOT, "test/e2e/python"), folder, { recursive: true });
  });
  after(async () => {
    await server.stop();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function python(script: string, url = server.url): Promise<string> {
    writeFileSync(join(folder, "agent.py"), script);
    const places = {
      OPENAI_BASE_URL: provider.openaiUrl,
      ANTHROPIC_BASE_URL: provider.anthropicUrl,
    };
    const keys = { OPENAI_API_KEY: "none", ANTHROPIC_API_KEY: "none" };
    const ours = {
      TOLLGATE_URL: url,
      TOLLGATE_KEY: server.ingestKey,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const env = { ...process.env, ...places, ...keys, ...ours };
    const done = promisify(execFile)(PYTHON, ["agent.py"], { cwd: folder, env });
    return (await done).stdout.replaceAll("\r\n", "\n");
  }

  async function read<T>(path: string): Promise<T> {
    const headers = { authorization: `Bearer ${server.readKey}` };
    return (await (await fetch(server.url + path, { headers })).json()) as T;
  }

  async function act(method: string, path: string, document: object): Promise<void> {
    const headers = {
      authorization: `Bearer ${server.adminKey}`,
      "content-type": "application/json",
    };
    const answer = await fetch(server.url + path, {
      ...{ method, headers },
      body: JSON.stringify(document),
    });
    assert.ok(answer.ok, await answer.text());
  }

  async function latestRun(): Promise<ListedRun> {
    const { runs } = await read<{ runs: readonly ListedRun[] }>("/v1/runs?limit=1");
    assert.ok(runs[0] !== undefined);
    return runs[0];
  }

  /** The example of the page that has a word in it. */
  function example(word: string): string {
    const found = blocksOf("docs/python.md").filter(({ info }) => info === "python");
    const block = found.find(({ text }) => text.includes(word));
    assert.ok(block !== undefined, word);
    return block.text;
  }

  test("a call is held, made within what was granted, and recorded as it came", async () => {
    assert.equal(await python(example("OpenAI()")), "one two three four five\n");
    assert.equal(provider.seen.at(-1)?.body.max_completion_tokens, 1000);
    const { run, status, totals } = await latestRun();
    assert.equal(status, "completed");
    assert.equal(totals.tree.steps, 1);
    const { outcomes } = await read<{ outcomes: readonly object[] }>(`/v1/runs/${run}`);
    assert.equal(outcomes.length, 1);
  });

  test("a stream of Anthropic is recorded by what its end tells", async () => {
    assert.equal(await python(example("Anthropic()")), "one two three four five");
    const { totals } = await latestRun();
    assert.equal(totals.tree.steps, 1);
    assert.notEqual(totals.tree.cost, "0");
  });

  test("tools and computing are recorded by what they used, not by what was held", async () => {
    await python(example("tavily_search"));
    const { totals } = await latestRun();
    // One web search of the three that were held, at 0.008, and 12.25 of the 30 seconds.
    assert.deepEqual(totals.tree, { ...totals.tree, steps: 3, cost: "0.0083705625" });
  });

  test("what a budget does not allow is not made, and the run has failed", async () => {
    const printed = blocksOf("docs/python.md").find(({ info }) => info === "text");
    assert.equal(await python(example("BudgetExceeded")), printed?.text);
    assert.equal((await latestRun()).status, "failed");
  });

  test("requests whose answers are lost are sent again and count once", async () => {
    const way = await LossyWay.to(server.url, 3);
    try {
      const script = [
        "from tollgate import Tollgate",
        'with Tollgate().run(customer="acme", agent="support") as run:',
        '    asked = {"tool": "tavily_search", "provider": "tavily", "cost": "0.02"}',
        '    with run.call("tool", **asked) as call:',
        "        call.use(web_searches=1)",
      ];
      await python(script.join("\n"), way.url);
      assert.equal(way.lostCount, 3);
      const { steps, cost } = (await latestRun()).totals.tree;
      assert.deepEqual({ steps, cost }, { steps: 1, cost: "0.008" });
    } finally {
      way.close();
    }
  });

  test("a call that is paused waits until somebody resumes the run", async () => {
    const stages = [{ at: "100%", do: "pause" }];
    const budget = {
      each: "run",
      measure: "steps",
      limit: "1",
      where: { agent: ["slow"] },
      stages,
    };
    const by = { reason: "test", by: "test" };
    await act("PUT", "/v1/budgets/turns", { budget, ...by });
    const script = [
      "from tollgate import Tollgate",
      'with Tollgate().run(run="paused", customer="acme", agent="slow") as run:',
      '    with run.call("tool", tool="lookup_order"): print("first")',
      '    with run.call("tool", tool="lookup_order"): print("second")',
    ];
    const printed = python(script.join("\n"));
    const stops = async () => (await read<{ stops: readonly object[] }>("/v1/stops")).stops;
    for (let turn = 0; (await stops()).length === 0; turn += 1) {
      assert.ok(turn < 1_000, "the call is paused");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const raise = { budget: "turns", limit: "5" };
    await act("POST", "/v1/stops/resume", { of: "run", id: "paused", raise, ...by });
    assert.equal(await printed, "first\nsecond\n");
  });

  test("calls of an async agent are held and recorded beside one another", async () => {
    await python(example("AsyncOpenAI()"));
    const { run, status, totals } = await latestRun();
    assert.equal(status, "completed");
    assert.equal(totals.tree.steps, 3);
    const { outcomes } = await read<{ outcomes: readonly object[] }>(`/v1/runs/${run}`);
    assert.equal(outcomes.length, 1);
  });

  test("an async agent that is cancelled leaves no hold, whatever it was doing", async () => {
    const budget = { each: "run", measure: "steps", limit: "1", where: { agent: ["hasty"] } };
    const stages = [{ at: "100%", do: "pause" }];
    const by = { reason: "test", by: "test" };
    await act("PUT", "/v1/budgets/hasty", { budget: { ...budget, stages }, ...by });
    const script = [
      "import asyncio",
      "from tollgate import Tollgate",
      "async def call(run, seconds):",
      '    async with run.call("tool", tool="lookup_order"):',
      "        await asyncio.sleep(seconds)",
      "async def ended(task):",
      "    [error] = await asyncio.gather(task, return_exceptions=True)",
      "    return type(error).__name__",
      "async def main():",
      '    async with Tollgate().run(run="cancelled", customer="acme", agent="hasty") as run:',
      "        first = asyncio.create_task(call(run, 0))",
      "        await asyncio.sleep(0)",
      "        first.cancel()",
      "        print(await ended(first))",
      "        await call(run, 0)",
      "        paused = asyncio.create_task(call(run, 0))",
      "        await asyncio.sleep(0.3)",
      "        paused.cancel()",
      "        print(await ended(paused))",
      '        print((await run.left())[0]["amount"])',
      "asyncio.run(main())",
    ];
    assert.equal(await python(script.join("\n")), "CancelledError\nCancelledError\n0\n");
    const { totals } = await read<{ totals: ListedRun["totals"] }>("/v1/runs/cancelled");
    assert.equal(totals.tree.steps, 1);
    const { holds } = await read<{ holds: readonly { status: string }[] }>(
      "/v1/runs/cancelled/holds",
    );
    assert.deepEqual(
      holds.filter(({ status }) => status === "held"),
      [],
    );
  });

  test("an agent is told what it may still spend", async () => {
    const script = [
      "from tollgate import Tollgate",
      'caps = [{"measure": "cost", "limit": "0.05"}]',
      'with Tollgate().run(customer="acme", agent="support", caps=caps) as run:',
      '    with run.call("tool", tool="lookup_order", cost="0.02"):',
      '        print(run.left()[0]["amount"])',
      '    print(run.left()[0]["amount"])',
    ];
    assert.equal(await python(script.join("\n")), "0.03\n0.05\n");
  });

  test("an opening that is refused is an error with its code, and nothing is made", async () => {
    const script = [
      "from tollgate import Tollgate, TollgateError",
      "try:",
      '    with Tollgate().run(customer="acme", agent="support", cap=1):',
      '        print("works")',
      "except TollgateError as error:",
      "    print(error.code, error.field)",
    ];
    assert.equal(await python(script.join("\n")), "field.unknown open.cap\n");
  });

  test("what the model said is not sent, whoever says it", async () => {
    const script = [
      "import json, tollgate",
      'answer = {"id": "a", "usage": {"x": 1}, "choices": ["said"], "output": [',
      '  {"type": "web_search_call", "action": {"type": "search", "query": "said"}}]}',
      "print(json.dumps(tollgate._without_words(answer)))",
      'found = {"web_search_queries": ["said", "said"], "grounding_chunks": ["said"]}',
      'said = {"content": {"parts": [{"text": "said"}]}, "grounding_metadata": found}',
      'gemini = {"candidates": [said], "model_version": "gemini-3-pro", "note": "said" * 99}',
      "print(json.dumps(tollgate._without_words(gemini)))",
      'others = {"response": "said", "output": {"message": {"content": "said"}}, "text": "said"}',
      "print(json.dumps(tollgate._without_words(others)))",
    ];
    const told = (await python(script.join("\n"))).trim().split("\n");
    const output = [{ type: "web_search_call", action: { type: "search" } }];
    const grounding_metadata = { web_search_queries: ["", ""] };
    assert.deepEqual(
      told.map((line) => JSON.parse(line)),
      [
        { id: "a", usage: { x: 1 }, output },
        { candidates: [{ grounding_metadata }], model_version: "gemini-3-pro", note: null },
        { output: { message: {} } },
      ],
    );
  });

  test("an answer is taken as the SDK has it, and decimals and dates as they are", async () => {
    const script = [
      "import datetime, decimal",
      "from tollgate import Tollgate",
      "class Answer:",
      "    def model_dump(self):",
      '        usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}',
      '        return {"id": "an-answer", "usage": usage, "at": datetime.datetime(2026, 1, 1)}',
      'with Tollgate().run(customer="acme", agent="support") as run:',
      '    with run.call(provider="openai", model="gpt-5.1") as call:',
      '        call.used_as("openai.chat", Answer())',
      '    with run.call("compute", provider="e2b") as call:',
      '        call.use(seconds=decimal.Decimal("12.25"))',
      "    try:",
      '        call.used_as("openai.chat", 5)',
      "    except TypeError as error:",
      "        print(error)",
    ];
    const told = "used_as takes an answer or its dictionary, not int\n";
    assert.equal(await python(script.join("\n")), told);
    // 1,000 at 1.25 and 100 at 10 per million, and 12.25 seconds at 0.00003025.
    assert.equal((await latestRun()).totals.tree.cost, "0.0026205625");
  });

  test("counts that nobody reads are a warning, and so is a lost record of a failure", async () => {
    const script = [
      "import warnings",
      "from tollgate import Tollgate, TollgateError",
      'usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6, "deep_tokens": 4}',
      "with warnings.catch_warnings(record=True) as told:",
      '    warnings.simplefilter("always")',
      "    try:",
      '        with Tollgate().run(customer="acme", agent="support") as run:',
      '            with run.call(provider="openai", model="gpt-5.1") as call:',
      '                call.used_as("openai.chat", {"id": "deep", "usage": usage})',
      '            with run.call(provider="openai", model="gpt-5.1") as call:',
      '                call.used_as("openai.chat", {"usage": {"prompt_tokens": -1}})',
      '                raise KeyError("my own")',
      "    except KeyError as error:",
      "        print(error)",
      "    for warning in told:",
      "        print(warning.message)",
    ];
    const told = (await python(script.join("\n"))).trim().split("\n");
    assert.deepEqual(told, [
      "'my own'",
      "Tollgate has no rule for providerUsage.usage.deep_tokens: it is in no bucket, at no cost",
      "not recorded: expected a whole number of zero or more, got -1",
    ]);
  });

  test("a wrong address, a wrong key and a wrong place say so at once", async () => {
    const script = [
      "from tollgate import Tollgate, TollgateError",
      "import os",
      "def told(customer='acme', **place):",
      "    try:",
      '        with Tollgate(**place).run(customer=customer, agent="support") as run:',
      '            with run.call("tool", tool="t"):',
      '                print("made")',
      "    except TollgateError as error:",
      "        print(error.code, error)",
      'told(url="127.0.0.1:4100")',
      'told(key="sk-1")',
      'told(key="tg_none")',
      "told(key=os.environ['TOLLGATE_KEY'] + '\\n')",
      "told(url=os.environ['OPENAI_BASE_URL'])",
      "told(customer=None)",
    ];
    const told = (await python(script.join("\n"))).trim().split("\n");
    const [address, key, unknown, made, place, customer] = told;
    assert.equal(address, 'None "127.0.0.1:4100" does not begin with http:// or https://');
    assert.equal(key, "None give a key (tg_…), or set TOLLGATE_KEY");
    assert.match(unknown ?? "", /^auth\.invalid /);
    assert.equal(made, "made");
    assert.match(place ?? "", /^None http.* is no Tollgate: it answers something else$/);
    assert.match(customer ?? "", /^run\.no_customer Run "run-.*" has no customer yet\.$/);
  });
});
