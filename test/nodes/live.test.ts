/** Live views of two nodes on one database: each tells what is committed on the other. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LIVE_NOTES_MAX_COUNT } from "../../src/domain/limits.ts";
import { toolCall } from "../../src/engine/commit/engine-world.test.ts";
import { postgresServer } from "../postgres-server.ts";
import { BY, call, opening, toolStep } from "./calls.ts";
import { type NodeProcess, openNode, startNode } from "./nodes.ts";

const WAIT_MAX_MS = 15_000;
let here: NodeProcess;
let there: NodeProcess;

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  here = await startNode(url);
  there = await startNode(url);
  const budget = { each: "customer", measure: "steps", limit: "100", per: "lifetime" };
  await call(here, "PUT /v1/budgets/steps", { budget, ...BY });
});

after(async () => {
  await here.end("SIGTERM");
  await there.end("SIGTERM");
});

/** One who reads a view, from an id on. */
class Looker {
  text = "";
  readonly #gone = new AbortController();

  async open({ url, key }: NodeProcess, path: string, lastId = ""): Promise<this> {
    const headers = { authorization: `Bearer ${key}`, "last-event-id": lastId };
    const answer = await fetch(url + path, { headers, signal: this.#gone.signal });
    assert.equal(answer.status, 200);
    void this.#read(answer).catch(() => undefined);
    await this.until(/event: snapshot\n.*\n\n/);
    return this;
  }

  async #read({ body }: Response): Promise<void> {
    assert.ok(body !== null);
    for await (const piece of body.pipeThrough(new TextDecoderStream())) this.text += piece;
  }

  async until(what: RegExp): Promise<void> {
    const endMs = Date.now() + WAIT_MAX_MS;
    while (!what.test(this.text)) {
      assert.ok(Date.now() < endMs, `${what} did not come: ${this.text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  get lastId(): string {
    return [...this.text.matchAll(/^id: (\S+)$/gm)].at(-1)?.[1] ?? "";
  }

  leave(): void {
    this.#gone.abort();
  }
}

test("a reader of one node sees steps, totals, balances and decisions of the other", async () => {
  await call(here, "POST /v1/events", [opening("r1", "acme")]);
  const run = await new Looker().open(here, "/v1/runs/r1/live");
  const customer = await new Looker().open(here, "/v1/customers/acme/live");
  const all = await new Looker().open(there, "/v1/live");
  await call(there, "POST /v1/events", [toolStep("r1", "s1"), toolStep("r1", "s2")]);
  for (const looker of [run, customer, all]) {
    await looker.until(/event: change\ndata: .*"steps":\[.*"id":"s1".*"id":"s2"/);
    await looker.until(/event: change\ndata: .*"tree":\{"steps":2/);
  }
  await customer.until(/event: change\ndata: .*"budgets":\[\{.*"settled":"2"/);
  const holds = [{ source: "t", id: "s3", kind: "tool", tool: "search" }];
  await call(there, "POST /v1/runs/r1/holds", { holds });
  await run.until(/"decisions":\[\{"run":"r1","source":"t","id":"s3","decision":"allow"/);
  await call(here, "POST /v1/events", [toolStep("r1", "s4")]);
  await all.until(/"id":"s4"/);
  for (const looker of [run, customer, all]) looker.leave();
});

test("what people decide on one node is in the whole that the other tells anew", async () => {
  await call(here, "POST /v1/events", [opening("r2", "globex")]);
  const run = await new Looker().open(here, "/v1/runs/r2/live");
  const stop = { of: "run", id: "r2", mode: "pause", ...BY };
  await call(there, "POST /v1/stops", stop);
  await run.until(/event: snapshot\ndata: .*"stops":\[\{"of":"run","id":"r2","mode":"pause"/);
  run.leave();
});

test("a reader that comes from another node is told what it has missed", async () => {
  await call(here, "POST /v1/events", [opening("r3", "acme")]);
  const first = await new Looker().open(here, "/v1/runs/r3/live");
  await call(here, "POST /v1/events", [toolStep("r3", "m1")]);
  await first.until(/"id":"m1"/);
  const { lastId } = first;
  first.leave();
  await call(here, "POST /v1/events", [toolStep("r3", "m2")]);
  await call(there, "POST /v1/events", [toolStep("r3", "m3")]);
  const second = await new Looker().open(there, "/v1/runs/r3/live", lastId);
  await second.until(/event: change\ndata: .*"steps":\[.*"id":"m2".*"id":"m3"/);
  assert.match(second.text, /^id: \S+\nevent: snapshot\ndata: .*"tree":\{"steps":3/);
  second.leave();
});

test("commits tell only where somebody looks, and no more is kept than a bound", async () => {
  const url = await (await postgresServer()).createDatabase();
  const { engine, store, close } = await openNode(url);
  try {
    const [ws, kept] = ["default", LIVE_NOTES_MAX_COUNT];
    const send = (id: string) => engine.ingest(ws, [toolCall({ id })]);
    await send("before");
    const from = await store.commits(ws);
    assert.deepEqual((await store.notes.since(ws, 0)).notes, []);
    await store.notes.watch(ws, 60_000);
    for (let n = 0; n < kept; n += 1) await send(`t${n}`);
    const all = await store.notes.since(ws, from);
    assert.deepEqual([all.commits, all.notes.length], [from + kept, kept]);
    assert.deepEqual(
      all.notes.map(({ no }) => no),
      Array.from({ length: kept }, (_, n) => from + 1 + n),
    );
    await send("one more");
    assert.equal((await store.notes.since(ws, from)).notes.length, kept, "the oldest is gone");
    const scope = { of: "workspace", id: "" } as const;
    assert.equal(await engine.live.missed(ws, scope, from), null, "so nobody knows all of it");
    const missed = await engine.live.missed(ws, scope, from + 1);
    assert.equal((missed?.steps.length ?? 0) + (missed?.earlierSteps ?? 0), kept);
    await store.notes.watch(ws, -1);
    await send("unseen");
    assert.equal((await store.notes.since(ws, from + kept + 1)).notes.length, 0);
  } finally {
    await close();
  }
});
