/** Live views over HTTP, and the command that shows them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { stylesFor } from "../../src/cli/render/styles.ts";
import { openProduct } from "../../src/product.ts";
import { type Desk, openDesk } from "./billing-desk.ts";

const BY = { reason: "test", by: "test" };

/** Reads pieces of a stream until one of them holds a text. */
async function readUntil(response: Response, text: string): Promise<string> {
  assert.ok(response.body !== null);
  let all = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    all += piece;
    if (all.includes(text) && all.endsWith("\n\n")) return all;
  }
  return all;
}

describe("live views", () => {
  let desk: Desk;
  before(async () => {
    desk = await openDesk("sqlite", { at: "2026-11-20T00:00:00Z" });
    await desk.ok("POST", "/v1/runs", { run: "r1", customer: "acme", agent: "support" });
    const budget = { each: "run", measure: "steps", limit: "5", per: "lifetime" };
    await desk.ok("PUT", "/v1/budgets/run-steps", { budget, ...BY });
    const rules = [{ rule: "repeated_call", moreThan: 1, do: "pause" }];
    await desk.ok("PUT", "/v1/policies/loops", { policy: { rules }, ...BY });
  });
  after(() => desk.server.stop());

  const follow = (path: string, { key = desk.server.readKey, lastId = "" } = {}) => {
    const headers = { authorization: `Bearer ${key}`, "last-event-id": lastId };
    return fetch(`${desk.server.url}${path}`, { headers });
  };

  const step = (id: string, more: object = {}) => {
    const occurredAt = new Date(desk.clock.now).toISOString();
    return { id, run: "r1", kind: "tool", tool: "search", occurredAt, ...more };
  };

  test("a run's stream begins with what stands, tells what happens, and is resumed", async () => {
    const stream = await follow("/v1/runs/r1/live");
    assert.equal(stream.headers.get("content-type"), "text/event-stream");
    const reading = readUntil(stream, '"settled":"1"');
    await desk.ok("POST", "/v1/events", [step("1")]);
    const text = await reading;
    assert.match(text, /^id: \S+\nevent: snapshot\ndata: \{"runs":\[\{"run":"r1"/);
    assert.match(text, /event: change\ndata: \{"runs":.*"steps":\[\{"run":"r1"/);
    const [id = ""] = text.match(/(?<=^id: )\S+/) ?? [];
    const again = await follow("/v1/runs/r1/live", { lastId: id });
    const missed = await readUntil(again, '"settled":"1"');
    assert.ok(!missed.includes("snapshot"), missed);
  });

  test("a policy that stops a run is told with its name", async () => {
    const reading = readUntil(await follow("/v1/customers/acme/live"), "decisions");
    const same = { arguments: { q: "same" } };
    await desk.ok("POST", "/v1/events", [step("2", same)]);
    const { occurredAt: _, run: __, ...hold } = step("3", same);
    await desk.ok("POST", "/v1/runs/r1/holds", { holds: [{ ...hold, cost: "0" }] });
    const text = await reading;
    assert.match(
      text,
      /"decision":"pause","reason":"policy","budget":null,"policy":\{"policy":"loops"/,
    );
  });

  test("what is not of the key's workspace is not there; who only sends sees nothing", async () => {
    const { foreignKey, ingestKey } = desk.server;
    assert.equal((await follow("/v1/runs/r1/live", { key: foreignKey })).status, 404);
    assert.equal((await follow("/v1/customers/nobody/live")).status, 404);
    assert.equal((await follow("/v1/live", { key: ingestKey })).status, 403);
    const foreign = await readUntil(await follow("/v1/live", { key: foreignKey }), "snapshot");
    assert.match(foreign, /"runs":\[\],"budgets":\[\],"stops":\[\]/);
  });

  /** What the command prints until it ends; `begun` once it has printed something. */
  function watching(words: readonly string[], isTTY = false) {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    return { begun, text: watched(words, { isTTY, begin }) };
  }

  async function watched(
    words: readonly string[],
    { isTTY, begin }: { readonly isTTY: boolean; readonly begin: () => void },
  ): Promise<string> {
    const { url, readKey } = desk.server;
    let text = "";
    const write = (piece: string): void => {
      text += piece;
      begin();
    };
    const out = { write, isTTY };
    const styles = stylesFor({}, {});
    const here = { product: openProduct(), out, err: out, styles, environment: {} };
    assert.equal(
      await dispatch(["watch", ...words, "--url", url, "--key", readKey], here),
      0,
      text,
    );
    return text;
  }

  test("the command shows runs, budgets and stops, and ends with its run", async () => {
    const board = await watching(["run", "r1", "--once"]).text;
    assert.match(board, /^r1 +acme +support +open +2 /m);
    assert.match(board, /run-steps +r1 +█+·+ +2 /);
    assert.match(board, /run +r1 +pause .*policy loops: repeated_call/);
    const reading = watching(["run", "r1"]);
    const drawing = watching(["run", "r1"], true);
    await Promise.all([reading.begun, drawing.begun]);
    await desk.ok("POST", "/v1/events", [step("4")]);
    await desk.ok("POST", "/v1/runs/r1/close");
    assert.match(await reading.text, /^run {2}r1 {2}completed {2}3 steps/m);
    const [first = "", ...redrawn] = (await drawing.text).split("\u001b[J");
    const rows = first.split("\n").length - 1;
    assert.ok(redrawn.length > 0 && first.includes(`\u001b[${rows}A`), "drawn over what it drew");
    assert.match(redrawn.at(-1) ?? "", /r1 .*completed/);
  });

  test("a server that shuts down ends its streams with a word", async () => {
    const reading = readUntil(await follow("/v1/live"), "event: end");
    await desk.server.stop();
    assert.match(await reading, /event: end\ndata: \{"reason":"shutdown"\}\n\n$/);
  });
});
