/** Metering against the real server in this process: its numbers, after everything that fails. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEFAULT_WORKSPACE } from "../../src/compose.ts";
import { seedVersion } from "../../src/ingest/price-list/seed.ts";
import { startTestServer, type TestServer } from "../../test/e2e/test-server.ts";
import { ProviderStandIn } from "./scripted-provider.ts";
import { CHAT, MESSAGE, tollgateFor, vendorsOf } from "./sdk-world.ts";

let server: TestServer;
let provider: ProviderStandIn;

before(async () => {
  server = await startTestServer();
  const { source, entries, effectiveFromMs } = seedVersion(Date.now());
  await server.engine.importPrices(DEFAULT_WORKSPACE, { source, entries, effectiveFromMs });
  provider = await ProviderStandIn.start();
});
after(async () => {
  await provider.close();
  await server.stop();
});

interface RunView {
  readonly status: string;
  readonly agent: string;
  readonly endUser: string | null;
  readonly labels: object;
  readonly totals: { readonly tree: { readonly steps: number; readonly cost: string } };
  readonly steps: readonly {
    readonly id: string;
    readonly status: string;
    readonly completeness: string;
    readonly usage: Readonly<Record<string, string>>;
    readonly cost: string;
  }[];
  readonly children: readonly RunView[];
}

async function readRun(id: string): Promise<RunView> {
  const headers = { authorization: `Bearer ${server.readKey}` };
  const response = await fetch(`${server.url}/v1/runs/${id}`, { headers });
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as RunView;
}

/** A client that only meters; its requests to the server pass `through`, where given. */
function client(through?: typeof fetch) {
  const problems: object[] = [];
  const tollgate = tollgateFor(provider, {
    ...{ url: server.url, key: server.ingestKey, guard: false },
    onProblem: (problem) => problems.push(problem),
    ...(through && { fetch: through }),
  });
  return { tollgate, problems, ...vendorsOf(tollgate.fetch, provider) };
}

test("the server's totals are the sums of what the provider said", async () => {
  const { tollgate, problems, openai, anthropic } = client();
  const support = { customer: "acme", agent: "support", id: "sums", endUser: "mia" };
  await tollgate.run(support, async (run) => {
    await openai.chat.completions.create(CHAT);
    for await (const _ of await openai.chat.completions.create({ ...CHAT, stream: true }));
    await tollgate.run({ agent: "research", id: "sums/research", labels: { team: "x" } }, () =>
      anthropic.messages.create(MESSAGE),
    );
    run.outcome("ticket_resolved");
  });
  assert.equal(await tollgate.flush(), true);
  const tree = await readRun("sums");
  assert.deepEqual([tree.status, tree.agent, tree.totals.tree.steps], ["completed", "support", 3]);
  // gpt-5.1: 600 in at 1.25, 400 cached at 0.125, 10 out at 10 dollars a million; twice.
  assert.deepEqual(
    tree.steps.map(({ cost }) => cost),
    ["0.0009", "0.0009"],
  );
  // claude-sonnet-5: 1000 in at 2, 300 read at 0.2, 20 written at 2.5 and 10 at 4, 6 out at 10.
  const [child] = tree.children;
  assert.deepEqual([tree.endUser, child?.endUser], ["mia", "mia"]);
  assert.deepEqual(child?.labels, { team: "x" });
  assert.equal(child?.steps[0]?.cost, "0.00221");
  assert.equal(tree.totals.tree.cost, "0.00401");
  assert.deepEqual(problems, []);
});

test("a lost answer and a broken connection count nothing twice and lose nothing", async () => {
  let requests = 0;
  const faulty: typeof fetch = async (input, init) => {
    const isEvents = String(input).endsWith("/v1/events");
    requests += isEvents ? 1 : 0;
    if (isEvents && requests % 3 === 1) throw new TypeError("fetch failed");
    const response = await fetch(input, init);
    // The server has it; the client does not know.
    if (isEvents && requests % 3 === 2) throw new TypeError("connection reset");
    return response;
  };
  const { tollgate, problems, openai } = client(faulty);
  const ids = Array.from({ length: 8 }, (_, index) => `faulty-${index}`);
  for (const id of ids) {
    await tollgate.run({ customer: "acme", agent: "support", id }, () =>
      openai.chat.completions.create(CHAT),
    );
  }
  assert.equal(await tollgate.flush(), true);
  for (const id of ids) {
    const { status, totals } = await readRun(id);
    assert.deepEqual([status, totals.tree.steps, totals.tree.cost], ["completed", 1, "0.0009"]);
  }
  assert.ok(problems.length > 0, "what failed was told");
});

test("an aborted stream costs what was seen, and its end replaces that", async () => {
  const { tollgate, openai } = client();
  const say = Array.from({ length: 200 }, (_, index) => `word-${index}`).join(" ");
  provider.react({ say, pieceDelayMs: 1 });
  await tollgate.run({ customer: "acme", agent: "support", id: "aborted" }, async () => {
    for await (const _ of await openai.chat.completions.create({ ...CHAT, stream: true })) break;
  });
  await tollgate.flush();
  const [step] = (await readRun("aborted")).steps;
  assert.deepEqual([step?.status, step?.completeness], ["aborted", "estimated"]);
  assert.notEqual(step?.cost, "0");
});

test("failed attempts are steps that cost nothing", async () => {
  const { tollgate, openai } = client();
  provider.react({ status: 429 }, { status: 500 });
  await tollgate.run({ customer: "acme", agent: "support", id: "retried" }, () =>
    openai.chat.completions.create(CHAT),
  );
  await tollgate.flush();
  const { steps, totals } = await readRun("retried");
  assert.deepEqual(
    steps.map(({ status }) => status),
    ["error", "error", "ok"],
  );
  assert.deepEqual([totals.tree.steps, totals.tree.cost], [3, "0.0009"]);
});
