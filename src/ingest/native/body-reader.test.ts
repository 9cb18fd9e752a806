import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import { mapProviderUsage } from "../provider-response/map.ts";
import { ThreadReader } from "./body-reader.ts";
import { contentDigest } from "./content-digest.ts";
import type { BodyContent, BodyKind } from "./read-items.ts";
import { withUsageMaps } from "./usage-maps-contract.ts";

const context = { digest: { content: contentDigest }, mapProviderUsage };
const EVERY = { minChars: 0, hasThread: true };
const reader = new ThreadReader(context, EVERY);
after(() => reader.close());

const event = (id: string, fields: object = {}) => ({
  ...{ id, run: "r", occurredAt: "2026-11-10T10:00:00Z", kind: "custom", ...fields },
});

/** A block with a count that no rule reads. */
const UNREAD = {
  model: "gpt-5.1",
  usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10, new_tokens: 3 },
};

/** Reads until a body has crossed to the thread: those before it is ready are read at once. */
async function readied(one: ThreadReader): Promise<ThreadReader> {
  while (!(one.read("[]", "json") instanceof Promise)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return one;
}

/** A body's bytes among others, as they stand behind the head of a request. */
function inTheMiddle(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from("head"), bytes, Buffer.from("]")]).subarray(4, -1);
}

/** What both ways of reading make of a body. */
async function outcomes(body: BodyContent, kind: BodyKind): Promise<unknown[]> {
  const readers = [await readied(reader), new ThreadReader(context, { minChars: body.length + 1 })];
  return Promise.all(
    readers.map(async (one) => {
      try {
        return withUsageMaps(await one.read(body, kind));
      } catch (error) {
        assert.ok(error instanceof TollgateError);
        return error.toProblem();
      }
    }),
  );
}

describe("a body that is read in a thread of its own", () => {
  test("is what it is where it is read at once", async () => {
    const events = [
      event("e1"),
      event("e2", { kind: "?" }),
      7,
      event("e3", { type: "run.closed" }),
      event("é4", { labels: { team: "Zoë" } }),
      event("e5", { kind: "model", usageFormat: "openai.chat", providerUsage: UNREAD }),
      event("e6"),
    ];
    const list = JSON.stringify(events);
    const lines = `${events.map((one) => JSON.stringify(one)).join("\n")}\n{`;
    for (const [text, kind] of [
      [list, "json"],
      [lines, "ndjson"],
      ["{}", "json"],
      ["[1", "json"],
      [`[${"1,".repeat(1_000)}1]`, "json"],
      ["[".repeat(500), "json"],
    ] as const) {
      const [there, here] = await outcomes(text, kind);
      assert.deepEqual(there, here);
      assert.deepEqual(await outcomes(inTheMiddle(text), kind), [there, here]);
    }
  });

  test("stands in the order of its request however many cross at once", async () => {
    const crossing = await readied(reader);
    const bodies = Array.from({ length: 50 }, (_, n) => JSON.stringify([event(`e${n}`)]));
    const read = await Promise.all(bodies.map((text) => crossing.read(text, "json")));
    assert.deepEqual(
      read.map(({ events }) => events[0]?.id),
      bodies.map((_, n) => `e${n}`),
    );
  });

  test("is read by the caller's thread where its own ends", async () => {
    const ending = await readied(new ThreadReader(context, EVERY));
    const text = JSON.stringify([event("e1")]);
    const under = [ending.read(inTheMiddle(text), "json"), ending.read("[1", "json")] as const;
    const refused = assert.rejects(async () => under[1], { code: "request.malformed" });
    await ending.close();
    assert.equal((await under[0]).events.length, 1);
    await refused;
    assert.equal((await ending.read(text, "json")).events.length, 1);
  });
});
