/** Waiting for a paused run: by long poll and as a stream of events, with a client of the web. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type ApiCaller, apiCaller, type Json } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const BY = { reason: "test", by: "ops" };
const OPEN = { customer: "acme", caps: [{ measure: "steps", limit: "2" }] };

interface StreamEvent {
  readonly name: string;
  readonly data: Json;
}

/** Reads a stream as an EventSource does: blocks of lines, comments left out. */
async function* eventsIn(response: Response): AsyncGenerator<StreamEvent> {
  assert.ok(response.body !== null);
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n").map((line) => /^(\w+): (.*)$/.exec(line) ?? []);
      const field = (name: string) => lines.find(([, one]) => one === name)?.[2];
      const data = field("data");
      if (data !== undefined) yield { name: field("event") ?? "", data: JSON.parse(data) };
    }
  }
}

describe("waiting for a run", () => {
  let server: TestServer;
  let api: ApiCaller;

  beforeEach(async () => {
    server = await startTestServer();
    api = await apiCaller(server);
    await ok("PUT", "/v1/budgets/run.steps", {
      budget: { each: "run", measure: "steps", stages: [{ at: "100%", do: "pause" }] },
      ...BY,
    });
  });
  afterEach(() => server.stop());

  async function ok(method: string, path: string, body?: object): Promise<Json> {
    const answer = await api.call(method, path, body === undefined ? {} : { body });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  }

  async function pausedRun(): Promise<void> {
    const holds = ["s1", "s2", "s3"].map((id) => ({ id, kind: "tool", tool: "t" }));
    await ok("POST", "/v1/runs/r1/holds", { open: OPEN, holds: holds.slice(0, 2) });
    await ok("POST", "/v1/events", holds.slice(0, 2).map(recorded) as unknown as object);
    const { decisions } = await ok("POST", "/v1/runs/r1/holds", { holds: holds.slice(2) });
    assert.equal(decisions?.[0]?.decision, "pause");
  }

  function recorded(step: object): object {
    return { ...step, run: "r1", source: "api", occurredAt: new Date().toISOString() };
  }

  function listen(query = "timeoutMs=20000", signal?: AbortSignal): Promise<Response> {
    const headers = { authorization: `Bearer ${server.ingestKey}`, accept: "text/event-stream" };
    const options = signal === undefined ? { headers } : { headers, signal };
    return fetch(`${server.url}/v1/runs/r1/wait?${query}`, options);
  }

  async function stop(mode: "pause" | "block"): Promise<void> {
    await ok("POST", "/v1/stops", { of: "run", id: "r1", mode, ...BY });
  }

  const resume = () => ok("POST", "/v1/stops/resume", { of: "run", id: "r1", ...BY });

  test("a stream tells the state, each change, and that the run goes on", async () => {
    await ok("POST", "/v1/runs/r1/holds", { open: { customer: "acme" }, holds: [] });
    await stop("pause");
    const response = await listen();
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const events = eventsIn(response);
    const first = (await events.next()).value as StreamEvent;
    assert.deepEqual([first.name, first.data.state, first.data.run], ["state", "paused", "r1"]);
    const startedMs = performance.now();
    await resume();
    const second = (await events.next()).value as StreamEvent;
    assert.ok(performance.now() - startedMs < 1_000, "told long before the wait is over");
    assert.deepEqual([second.name, second.data.state], ["state", "running"]);
    const last = (await events.next()).value as StreamEvent;
    assert.deepEqual(last, { name: "end", data: { reason: "not_paused" } });
    assert.equal((await events.next()).done, true);
  });

  test("a stream tells what a paused run's budgets stand at as they change", async () => {
    await ok("POST", "/v1/runs/r1/holds", {
      open: OPEN,
      holds: [{ id: "s1", kind: "tool", tool: "t" }],
    });
    await stop("pause");
    const events = eventsIn(await listen());
    const held = (await events.next()).value as StreamEvent;
    assert.equal(held.data.budgets?.[0]?.held, "1");
    const misspelt = { body: { hold: [{ id: "s1" }] } };
    const refused = await api.call("POST", "/v1/runs/r1/holds/release", misspelt);
    assert.equal(refused.status, 400, "nothing is let go in silence");
    await ok("POST", "/v1/runs/r1/holds/release", { holds: [{ id: "s1" }] });
    const freed = (await events.next()).value as StreamEvent;
    assert.deepEqual([freed.data.state, freed.data.budgets?.[0]?.held], ["paused", "0"]);
    await events.return(undefined);
  });

  test("a run that is not paused is told at once, and the stream ends", async () => {
    await ok("POST", "/v1/runs/r1/holds", { open: { customer: "acme" }, holds: [] });
    const told: StreamEvent[] = [];
    for await (const event of eventsIn(await listen())) told.push(event);
    assert.deepEqual(
      told.map(({ name, data }) => [name, data.state ?? data.reason]),
      [
        ["state", "running"],
        ["end", "not_paused"],
      ],
    );
  });

  test("a stream ends at its timeout", async () => {
    await ok("POST", "/v1/runs/r1/holds", { open: { customer: "acme" }, holds: [] });
    await stop("pause");
    const told: StreamEvent[] = [];
    for await (const event of eventsIn(await listen("timeoutMs=30"))) told.push(event);
    assert.deepEqual(told.at(-1), { name: "end", data: { reason: "timeout" } });
  });

  test("a shutdown ends streams and long polls cleanly, and soon", async () => {
    await ok("POST", "/v1/runs/r1/holds", { open: { customer: "acme" }, holds: [] });
    await stop("pause");
    const events = eventsIn(await listen());
    await events.next();
    const polled = api.call("GET", "/v1/runs/r1/wait?timeoutMs=20000");
    await api.call("GET", "/health");
    const startedMs = performance.now();
    const stopped = server.stop();
    assert.equal((await polled).body.state, "paused");
    const last = (await events.next()).value as StreamEvent;
    assert.deepEqual(last, { name: "end", data: { reason: "shutdown" } });
    await stopped;
    assert.ok(performance.now() - startedMs < 5_000, "nobody is waited for");
  });

  test("who hangs up is waited for no longer", async () => {
    await ok("POST", "/v1/runs/r1/holds", { open: { customer: "acme" }, holds: [] });
    await stop("pause");
    const hangUp = new AbortController();
    const events = eventsIn(await listen("timeoutMs=600000", hangUp.signal));
    await events.next();
    hangUp.abort();
    await assert.rejects(events.next());
    const startedMs = performance.now();
    await server.stop();
    assert.ok(performance.now() - startedMs < 5_000);
  });

  test("an unknown run is a 404, not a stream", async () => {
    const response = await listen();
    assert.equal(response.status, 404);
    assert.equal(((await response.json()) as { code: string }).code, "run.not_found");
  });

  test("a raised cap ends the wait of a run that its budget paused", async () => {
    await pausedRun();
    const polled = api.call("GET", "/v1/runs/r1/wait?timeoutMs=20000");
    await ok("POST", "/v1/stops/resume", {
      of: "run",
      id: "r1",
      raise: { budget: "run.steps", limit: "5" },
      ...BY,
    });
    assert.equal((await polled).body.state, "running");
  });

  test("what is left and too little lets nobody go on", async () => {
    await ok("PUT", "/v1/budgets/run.cost", {
      budget: { each: "run", measure: "cost", stages: [{ at: "100%", do: "pause" }] },
      ...BY,
    });
    const open = { customer: "acme", caps: [{ measure: "cost", limit: "0.05" }] };
    const body = { open, holds: [{ id: "s1", kind: "tool", tool: "t", cost: "0.10" }] };
    const asked = async () => (await ok("POST", "/v1/runs/r1/holds", body)).decisions?.[0];
    assert.equal((await asked())?.decision, "pause");
    assert.equal((await ok("GET", "/v1/runs/r1/wait?timeoutMs=50")).state, "paused");
    const raise = (limit: string) =>
      ok("PUT", "/v1/budgets/run.cost/limits", { scope: "r1", limit, ...BY });
    const stopped = async () => JSON.stringify((await ok("GET", "/v1/stops")).stops);
    assert.match(await stopped(), /"id":"r1"/);
    await raise("0.07");
    assert.equal((await ok("GET", "/v1/runs/r1/wait?timeoutMs=50")).state, "running");
    assert.equal(await stopped(), "[]", "a pause that is over is no stop");
    assert.equal((await asked())?.decision, "pause");
    assert.equal((await ok("GET", "/v1/runs/r1/wait?timeoutMs=50")).state, "paused");
    await raise("0.10");
    assert.equal((await asked())?.decision, "allow");
  });
});
