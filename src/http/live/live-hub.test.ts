/** Live views over an engine: what their readers are told, tick by tick. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  LIVE_HEARTBEAT_MS,
  LIVE_ITEMS_MAX_COUNT,
  LIVE_LINGER_MS,
  LIVE_READERS_MAX_COUNT,
  LIVE_RUNS_MAX_COUNT,
  LIVE_TICK_MS,
} from "../../domain/limits.ts";
import { newWorld, opened, toolCall, type World } from "../../engine/commit/engine-world.test.ts";
import { ask, budget, holdOn } from "../../engine/limits/holds-world.test.ts";
import type { LiveScope } from "../../engine/live/live-feed.ts";
import { LiveHub } from "./live-hub.ts";

const WHO = { reason: "test", by: "test" };
const RUN: LiveScope = { of: "run", id: "root" };
const EVERYTHING: LiveScope = { of: "workspace", id: "" };

/** What a message may say, as far as these tests look at it. */
interface Said {
  readonly runs: readonly { run: string; tree: { steps: number; charge: string } }[];
  readonly steps: readonly { run: string; id: string; tool: string; charge: string }[];
  readonly earlierSteps: number;
  readonly budgets: readonly { budget: string; settled: string }[];
  readonly reached: readonly { rule: string }[];
  readonly stops: readonly { mode: string }[];
  readonly decisions: readonly {
    id: string;
    decision: string;
    reason: string;
    policy: { policy: string };
  }[];
}

interface Told {
  readonly id: string | null;
  readonly event: string;
  readonly data: Said;
}

/** A reader of one view, and what it has not looked at yet. */
class Looker {
  readonly #pieces: AsyncIterator<string>;
  readonly #gone: AbortController;

  constructor(pieces: AsyncIterable<string>, gone: AbortController) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#gone = gone;
  }

  async next(): Promise<Told[]> {
    const { value, done } = await this.#pieces.next();
    assert.ok(done !== true, "the stream goes on");
    return (value as string).split("\n\n").flatMap((text) => (text === "" ? [] : toldBy(text)));
  }

  async one(): Promise<Told> {
    const [told, ...more] = await this.next();
    assert.deepEqual(more, []);
    return told ?? assert.fail("nothing");
  }

  leave(): void {
    this.#gone.abort();
  }
}

function toldBy(text: string): Told[] {
  const fields = new Map(
    text.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
  );
  const [event, data] = [fields.get("event") ?? "", JSON.parse(fields.get("data") ?? "null")];
  return [{ id: fields.get("id") ?? null, event, data }];
}

async function hubWorld() {
  const world = await newWorld();
  let epochs = 0;
  const newEpoch = () => {
    epochs += 1;
    return `epoch-${epochs}`;
  };
  const hub = new LiveHub(world.engine, newEpoch, { isTicking: false });
  const open = async (scope: LiveScope, lastId: string | null = null) => {
    const gone = new AbortController();
    const request = { workspace: "w", scope, lastId, gone: gone.signal, isDraining: () => false };
    return new Looker(await hub.open(request), gone);
  };
  return { world, hub, open };
}

const openRoot = ({ send }: World) =>
  send(opened({ run: "root", customer: "acme", agent: "support" }));

/** Lets what a tick has begun come to its end. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function ticked(hub: LiveHub): Promise<void> {
  hub.tick();
  await settled();
}

describe("A live view of a run", () => {
  it("begins with all of it, and tells steps, totals and balances of its tree", async () => {
    const { world, hub, open } = await hubWorld();
    const document = { each: "run", measure: "steps", limit: "10", per: "lifetime" };
    await budget(world.engine, "run-steps", document);
    await openRoot(world);
    const looker = await open(RUN);
    const first = await looker.one();
    assert.equal(first.event, "snapshot");
    assert.deepEqual(
      first.data.runs.map((run) => [run.run, run.tree.steps]),
      [["root", 0]],
    );
    assert.equal(first.data.budgets[0]?.settled, "0");
    await world.send(opened({ run: "child", id: "c", customer: "acme", parentRun: "root" }));
    await world.send(toolCall({ run: "child", id: "1" }), toolCall({ run: "other", id: "2" }));
    await ticked(hub);
    const { event, data } = await looker.one();
    assert.equal(event, "change");
    assert.deepEqual(
      data.steps.map((step) => [step.run, step.tool, step.charge]),
      [["child", "search", "0.1"]],
    );
    const trees = data.runs.map((run) => [run.run, run.tree.steps, run.tree.charge]);
    assert.deepEqual(
      new Map(trees.map(([id, ...rest]) => [id, rest])),
      new Map([
        ["root", [1, "0.6"]],
        ["child", [1, "0.1"]],
      ]),
    );
    assert.deepEqual([data.budgets[0]?.budget, data.budgets[0]?.settled], ["run-steps", "1"]);
    looker.leave();
  });

  it("tells decisions, and the policy that stops the run", async () => {
    const { world, hub, open } = await hubWorld();
    const rules = [{ rule: "steps", moreThan: 1, do: "block" }];
    await world.engine.policies.save("w", { key: "guard", document: { rules }, ...WHO });
    await openRoot(world);
    await world.send(toolCall({ run: "root", id: "1" }));
    const looker = await open(RUN);
    await looker.next();
    const step = { ...toolCall({ run: "root", id: "2" }) };
    await holdOn(world.engine, "root", ask("2", { step }));
    await ticked(hub);
    const { data } = await looker.one();
    const [decision] = data.decisions;
    assert.deepEqual(
      [decision?.id, decision?.decision, decision?.reason, decision?.policy.policy],
      ["2", "block", "policy", "guard"],
    );
    assert.deepEqual([data.reached[0]?.rule, data.stops[0]?.mode], ["steps", "block"]);
    looker.leave();
  });

  it("tells all of it again where something else has happened, such as another limit", async () => {
    const { world, hub, open } = await hubWorld();
    await openRoot(world);
    const looker = await open(RUN);
    await looker.next();
    const document = { each: "run", measure: "steps", limit: "10", per: "lifetime" };
    await budget(world.engine, "later", document);
    await ticked(hub);
    const { event, data } = await looker.one();
    assert.deepEqual([event, data.budgets[0]?.budget], ["snapshot", "later"]);
    looker.leave();
  });

  it("of a run that there is not is refused, and nothing stays open", async () => {
    const { hub, open } = await hubWorld();
    await assert.rejects(open(RUN), { code: "run.not_found" });
    await assert.rejects(open({ of: "customer", id: "nobody" }), { code: "customer.not_found" });
    assert.deepEqual([hub.readerCount, hub.viewCount], [0, 0]);
  });
});

describe("Live views", () => {
  it("tick by themselves: each tells what has happened, in its own turn of a tick", async () => {
    const world = await newWorld();
    const hub = new LiveHub(world.engine, () => "epoch");
    const scopes = Array.from({ length: 30 }, (_, n) => ({ of: "run", id: `r${n}` }) as const);
    await world.send(...scopes.map(({ id }) => opened({ run: id, customer: "acme" })));
    const gone = new AbortController();
    const lookers = [];
    for (const scope of scopes) {
      const request = { workspace: "w", scope, lastId: null, isDraining: () => false };
      lookers.push(new Looker(await hub.open({ ...request, gone: gone.signal }), gone));
    }
    for (const looker of lookers) await looker.next();
    await world.send(...scopes.map(({ id }) => toolCall({ run: id, id: "t" })));
    const told = await Promise.all(lookers.map((looker) => looker.one()));
    assert.ok(told.every(({ event, data }) => event === "change" && data.steps.length === 1));
    gone.abort();
  });

  it("of a customer and of everything tell of each run", async () => {
    const { world, hub, open } = await hubWorld();
    await openRoot(world);
    await world.send(opened({ run: "r2", customer: "globex" }));
    const lookers = [await open({ of: "customer", id: "acme" }), await open(EVERYTHING)];
    for (const looker of lookers) await looker.next();
    await world.send(toolCall({ run: "root", id: "1" }));
    await world.send(toolCall({ run: "r2", id: "2", customer: "globex" }));
    await ticked(hub);
    const told = await Promise.all(lookers.map((looker) => looker.one()));
    const runs = told.map(({ data }) => data.runs.map(({ run }) => run));
    assert.deepEqual(runs, [["root"], ["root", "r2"]]);
    for (const looker of lookers) looker.leave();
  });

  it("tell the newest steps and runs where there are more, and how many came before", async () => {
    const { world, hub, open } = await hubWorld();
    await openRoot(world);
    const looker = await open(EVERYTHING);
    await looker.next();
    for (let at = 0; at <= LIVE_RUNS_MAX_COUNT; at += 1) {
      await world.send(toolCall({ run: `run-${at}`, id: "1" }));
    }
    await ticked(hub);
    const { data } = await looker.one();
    assert.equal(data.runs.length, LIVE_RUNS_MAX_COUNT);
    assert.equal(data.runs.at(-1)?.run, `run-${LIVE_RUNS_MAX_COUNT}`);
    assert.equal(data.steps.length, LIVE_ITEMS_MAX_COUNT);
    assert.equal(data.earlierSteps, LIVE_RUNS_MAX_COUNT + 1 - LIVE_ITEMS_MAX_COUNT);
    looker.leave();
  });

  it("go on where a reader was cut off, and else begin anew", async () => {
    const { world, hub, open } = await hubWorld();
    await openRoot(world);
    const first = await open(RUN);
    const { id } = await first.one();
    first.leave();
    // More than may wait for a slow reader.
    const steps = Array.from({ length: 40 }, (_, at) => String(at + 1));
    for (const step of steps) {
      await world.send(toolCall({ run: "root", id: step }));
      await ticked(hub);
    }
    const back = await open(RUN, id);
    const missed = await back.next();
    assert.deepEqual(
      missed.map(({ event, data }) => [event, data.steps[0]?.id]),
      steps.map((step) => ["change", step]),
    );
    back.leave();
    const stranger = await open(RUN, "another-process.4");
    assert.equal((await stranger.one()).event, "snapshot");
    stranger.leave();
  });

  it("give signs of life in silence, and end a while after nobody reads them", async () => {
    const { world, hub, open } = await hubWorld();
    await openRoot(world);
    const looker = await open(RUN);
    await looker.next();
    const next = looker.next();
    for (let at = 0; at < LIVE_HEARTBEAT_MS / LIVE_TICK_MS; at += 1) hub.tick();
    assert.deepEqual(await next, [{ id: null, event: "", data: null }]);
    looker.leave();
    assert.equal(hub.readerCount, 0);
    const ticks = LIVE_LINGER_MS / LIVE_TICK_MS;
    for (let at = 1; at < ticks; at += 1) hub.tick();
    assert.equal(hub.viewCount, 1);
    hub.tick();
    assert.equal(hub.viewCount, 0);
  });

  it("are refused beyond their number", async () => {
    const { world, hub, open } = await hubWorld();
    await openRoot(world);
    const lookers: Looker[] = [];
    for (let at = 0; at < LIVE_READERS_MAX_COUNT; at += 1) lookers.push(await open(RUN));
    await assert.rejects(open(RUN), { code: "live.too_many" });
    lookers[0]?.leave();
    lookers.push(await open(RUN));
    for (const looker of lookers) looker.leave();
    assert.equal(hub.readerCount, 0);
  });

  it("end with the word of a server that shuts down", async () => {
    const { world, hub } = await hubWorld();
    await openRoot(world);
    const draining = new AbortController();
    const isDraining = () => draining.signal.aborted;
    const request = { workspace: "w", scope: RUN, lastId: null, gone: draining.signal, isDraining };
    const pieces: string[] = [];
    for await (const piece of await hub.open(request)) {
      pieces.push(piece);
      draining.abort();
    }
    assert.equal(pieces.at(-1), 'event: end\ndata: {"reason":"shutdown"}\n\n');
  });
});
