/** Runs that run away, over HTTP: each is stopped for its own reason, and a healthy one never. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DEFAULT_WORKSPACE, prepareWorkspace } from "../../src/compose.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type ApiCaller, apiCaller, type Json } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const WHO = { reason: "test", by: "test" };

const GUARD = {
  rules: [
    { rule: "repeated_call", moreThan: 3, within: 30, do: "pause" },
    { rule: "fan_out", moreThan: 5, do: "block" },
    { rule: "context_growth", moreThan: 40_000, rises: 10, within: 50, do: "pause" },
    { rule: "error_storm", moreThan: 6, within: 10, do: "pause" },
    { rule: "steps", moreThan: 1_000, do: "pause" },
    { rule: "depth", moreThan: 4, do: "block" },
    { rule: "wall_time", moreThan: 600, do: "pause" },
    { rule: "spend_per_minute", moreThan: "2", do: "throttle", delayMs: 4_000 },
  ],
};

type Sent = Readonly<Record<string, unknown>>;

/** One decision, with what decided. */
interface Decided {
  readonly decision: string;
  readonly reason?: string;
  readonly policy?: { readonly rule: string; readonly level: string } | null;
  readonly retryAfterMs?: number;
  readonly policies?: readonly { readonly rule: string; readonly mode: string }[];
}

/** An agent that asks before each step, records it, and stops when it is told to. */
class Agent {
  readonly #call: ApiCaller;
  readonly #key: string;
  readonly run: string;
  readonly clock: { ms: number };
  steps = 0;

  constructor(world: World, run: string) {
    [this.#call, this.#key, this.clock, this.run] = [world.api, world.key, world.clock, run];
  }

  async send(method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await this.#call.call(method, path, { key: this.#key, body });
    assert.ok(answer.status < 300, `${path}: ${answer.text}`);
    return answer.body;
  }

  async ask(step: Sent, open: Sent | null = null): Promise<Decided> {
    const { usage: _, status: _s, ...hold } = step;
    const body = { ...(open === null ? {} : { open }), holds: [{ id: this.#id, ...hold }] };
    const { decisions } = await this.send("POST", `/v1/runs/${this.run}/holds`, body);
    return (decisions as unknown as Decided[])[0] as Decided;
  }

  get #id(): string {
    return `s${this.steps + 1}`;
  }

  async record(step: Sent): Promise<Json> {
    const { cost: _c, maxOutputTokens: _m, ...facts } = step;
    const occurredAt = new Date(this.clock.ms).toISOString();
    const event = { id: this.#id, run: this.run, occurredAt, ...facts };
    this.steps += 1;
    return this.send("POST", "/v1/events", [event]);
  }

  /** Works until it is refused, or all is done. */
  async work(plan: (at: number) => Sent, most: number): Promise<Decided> {
    let last: Decided = { decision: "allow" };
    for (let at = 0; at < most; at += 1) {
      this.clock.ms += 1_000;
      const step = plan(at);
      last = await this.ask(step, at === 0 ? { customer: "acme", agent: "worker" } : null);
      if (last.decision !== "allow") return last;
      await this.record(step);
    }
    return last;
  }
}

interface World {
  readonly server: TestServer;
  readonly api: ApiCaller;
  readonly key: string;
  readonly clock: { ms: number };
}

const tool = (name: string, call: unknown, more: Sent = {}): Sent => {
  return { kind: "tool", tool: name, arguments: call, cost: "0", ...more };
};

const model = (input: number): Sent => ({
  ...{ kind: "model", provider: "openai", model: "gpt-5.1", cost: "0.01", maxOutputTokens: 100 },
  usage: { input_uncached: input, output_text: 50 },
});

/** What a long run does that is well: it reads, edits, tests, and makes room in its context. */
function healthy(at: number): Sent {
  const round = Math.floor(at / 4);
  const plan = [
    model(3_000 + 1_500 * (round % 20)),
    tool("edit", { file: `f${round}.ts`, at: round }),
    tool("test", { all: true }, round % 5 === 0 ? { status: "error" } : {}),
    tool("read", { file: `f${round % 7}.ts` }),
  ];
  return plan[at % 4] as Sent;
}

async function openWorld(): Promise<World> {
  const clock = { ms: Date.parse("2026-11-15T12:00:00Z") };
  const server = await startTestServer({ store: "sqlite", clock: { nowMs: () => clock.ms } });
  await prepareWorkspace(server.engine, DEFAULT_WORKSPACE);
  const api = await apiCaller(server);
  return { server, api, key: server.adminKey, clock };
}

describe("policies", () => {
  let world: World;
  before(async () => {
    world = await openWorld();
    const operator = new Agent(world, "none");
    await operator.send("PUT", "/v1/policies/guard", { policy: GUARD, ...WHO });
  });
  after(() => world.server.stop());

  test("a loop is paused at the fourth same call", async () => {
    const agent = new Agent(world, "loop");
    const plan = (at: number) => (at % 2 === 0 ? model(2_000) : tool("search", { q: "weather" }));
    const last = await agent.work(plan, 100);
    assert.equal(last.decision, "pause");
    assert.equal(last.reason, "policy");
    assert.equal(last.policy?.rule, "repeated_call");
    assert.equal(last.policy?.level, "4");
    assert.equal(agent.steps, 7, "three same calls, and the model calls around them");
    const { reached } = await agent.send("GET", "/v1/runs/loop/policies");
    assert.equal((reached as unknown as Decided[]).length, 1);
  });

  test("runs that open runs without end are blocked at the sixth", async () => {
    const root = new Agent(world, "root");
    await root.ask(model(100), { customer: "acme", agent: "worker" });
    const asked: Decided[] = [];
    for (let at = 0; at < 10; at += 1) {
      const child = new Agent(world, `child-${at}`);
      asked.push(await child.ask(model(100), { customer: "acme", parentRun: "root" }));
    }
    const said = asked.map(({ decision, policy }) => [decision, policy?.rule ?? null]);
    const stopped = Array.from({ length: 5 }, () => ["block", "fan_out"]);
    assert.deepEqual(said.slice(0, 5), Array(5).fill(["allow", null]));
    assert.deepEqual(said.slice(5), stopped);
  });

  test("a context that only grows is paused where it has grown too far", async () => {
    const agent = new Agent(world, "leak");
    const last = await agent.work((at) => model(2_000 + 1_500 * at), 100);
    assert.equal(last.decision, "pause");
    assert.equal(last.policy?.rule, "context_growth");
    assert.equal(agent.steps, 27, "the 27th call read 41,000 tokens");
  });

  test("a run that fails over and over is paused, also where it never asks", async () => {
    const agent = new Agent(world, "storm");
    let told: Json = {};
    for (let at = 0; at < 8; at += 1) {
      const failing = { kind: "tool", tool: "api", arguments: { at }, status: "error" };
      const place = { customer: "acme", agent: "worker" };
      told = (await agent.record({ ...failing, ...place })).runs as Json;
    }
    const hits = (told.storm as Json).policies as unknown as Json[];
    assert.deepEqual(
      hits.map((hit) => [hit.rule, hit.level]),
      [["error_storm", "7"]],
    );
    const next = await agent.ask(tool("api", { at: 9 }));
    assert.deepEqual([next.decision, next.policy?.rule], ["pause", "error_storm"]);
  });

  test("a healthy run of 200 steps is never stopped, slowed down or noticed", async () => {
    const agent = new Agent(world, "healthy");
    const last = await agent.work(healthy, 200);
    assert.equal(last.decision, "allow");
    assert.equal(agent.steps, 200);
    const { reached } = await agent.send("GET", "/v1/runs/healthy/policies");
    assert.deepEqual(reached, []);
  });

  test("a run that spends too fast keeps a distance between its holds", async () => {
    const agent = new Agent(world, "spender");
    await agent.work((at) => model(900_000 - at), 2);
    await agent.ask(model(10));
    const second = await agent.ask({ ...model(10), id: "other" });
    assert.equal(second.decision, "throttle");
    assert.equal(second.policy?.rule, "spend_per_minute");
    assert.equal(second.retryAfterMs, 4_000);
    world.clock.ms += 4_000;
    assert.equal((await agent.ask({ ...model(10), id: "other" })).decision, "allow");
  });

  test("who is let go on has the whole of every rule again", async () => {
    const agent = new Agent(world, "resumed");
    const loop = () => tool("search", { q: "same" });
    await agent.work(loop, 100);
    assert.equal(agent.steps, 3);
    await agent.send("POST", "/v1/stops/resume", { of: "run", id: "resumed", ...WHO });
    const last = await agent.work(loop, 100);
    assert.deepEqual(
      [last.decision, last.policy?.rule, agent.steps],
      ["pause", "repeated_call", 6],
    );
  });

  test("what only observes is told and does nothing", async () => {
    const agent = new Agent(world, "observed");
    const policy = {
      mode: "observe",
      where: { agent: ["worker"] },
      rules: [{ rule: "steps", moreThan: 2, do: "block" }],
    };
    await agent.send("PUT", "/v1/policies/trial", { policy, ...WHO });
    const last = await agent.work((at) => tool("t", { at }), 4);
    assert.equal(last.decision, "allow");
    assert.deepEqual(
      last.policies?.map(({ rule, mode }) => [rule, mode]),
      [["steps", "observe"]],
    );
    await agent.send("POST", "/v1/policies/trial/retire", WHO);
    const { policies } = await agent.send("GET", "/v1/policies");
    assert.deepEqual(
      (policies as unknown as Json[]).map(({ key }) => key),
      ["guard"],
    );
  });

  test("usage without a run is no runaway", async () => {
    const agent = new Agent(world, "none");
    for (let at = 0; at < 10; at += 1) {
      const usage = { kind: "tool", tool: "t", arguments: 1, customer: "acme", run: null };
      const { runs } = await agent.record(usage);
      assert.ok(!JSON.stringify(runs).includes("policies"));
    }
  });

  test("arguments are stored nowhere", async () => {
    const agent = new Agent(world, "secret");
    await agent.work(() => tool("mail", { to: "a-person-of-note" }), 1);
    // One that waits for its run's customer, and one that differs from what is recorded.
    const secret = { kind: "tool", tool: "mail", arguments: { to: "a-person-of-note" } };
    const waiting = { id: "w1", run: "nobody's", occurredAt: "2026-11-15T12:00:00Z", ...secret };
    const other = { ...waiting, id: "s1", run: "secret", usage: { pages: 2 } };
    await agent.send("POST", "/v1/events", [waiting, other]);
    const { store, dataDir } = world.server;
    await store.settle(DEFAULT_WORKSPACE);
    for (const name of readdirSync(dataDir ?? "")) {
      const bytes = readFileSync(join(dataDir ?? "", name));
      assert.ok(!bytes.includes("a-person-of-note"), name);
    }
    const steps = await store.stepsOfRun(DEFAULT_WORKSPACE, "secret");
    assert.match(String(steps[0]?.callHash), /^[\w-]{11}$/);
  });

  test("all of it adds up", async () => {
    const { store, dataDir } = world.server;
    await store.settle(DEFAULT_WORKSPACE);
    const { findings } = verifyDataFolder(dataDir ?? "", { onProgress: () => undefined });
    assert.deepEqual(findings, []);
  });
});
