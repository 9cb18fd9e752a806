import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SseCutter, type SseEvent } from "./sse-events.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** All events of a text that arrives in the given pieces. */
function cut(pieces: readonly Uint8Array[]): SseEvent[] {
  const cutter = new SseCutter();
  const events = pieces.flatMap((piece) => cutter.push(piece));
  const rest = cutter.rest();
  return rest === null ? events : [...events, rest];
}

const textOf = (events: readonly SseEvent[]) =>
  Buffer.concat(events.map((event) => event.bytes)).toString();

test("events are cut at blank lines, whichever line ends the server uses", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = [
      "event: a",
      'data: {"n":1}',
      "",
      'data: {"n":',
      "data: 2}",
      "",
      ": ping",
      "",
      "",
    ].join(end);
    const events = cut([bytes(text)]);
    assert.deepEqual(
      events.map(({ data }) => data),
      [{ n: 1 }, { n: 2 }, undefined],
      JSON.stringify(end),
    );
    assert.equal(textOf(events), text);
  }
});

test("an event that is not ended is passed on all the same", () => {
  const events = cut([bytes('data: {"n":1}\n\ndata: {"n":2}')]);
  assert.deepEqual(
    events.map(({ data }) => data),
    [{ n: 1 }, { n: 2 }],
  );
});

test("an oversized event is passed on in parts and not read", () => {
  const text = `data: "${"x".repeat(9_000_000)}"\n\ndata: 1\n\n`;
  const whole = bytes(text);
  const pieces = Array.from({ length: 10 }, (_, index) =>
    whole.subarray(index * 1e6, (index + 1) * 1e6),
  );
  const events = cut(pieces);
  assert.equal(textOf(events), text);
  assert.deepEqual(
    events.map(({ data }) => data),
    [undefined, undefined, 1],
  );
});

test("however a stream is cut into pieces, no byte changes and the same events are seen", () => {
  const event = fc.tuple(fc.json(), fc.constantFrom("\n", "\r\n")).map(([json, end]) => {
    return { data: JSON.parse(json) as unknown, text: `event: x${end}data: ${json}${end}${end}` };
  });
  const property = fc.property(
    fc.array(event, { minLength: 1, maxLength: 6 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
    (events, sizes) => {
      const whole = bytes(events.map(({ text }) => text).join(""));
      const pieces: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < whole.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        pieces.push(whole.subarray(at, at + size));
        at += size;
      }
      const seen = cut(pieces);
      assert.deepEqual(
        seen.map(({ data }) => data),
        events.map(({ data }) => data),
      );
      assert.equal(textOf(seen), new TextDecoder().decode(whole));
    },
  );
  fc.assert(property, { numRuns: process.env.TOLLGATE_TEST_FULL === "1" ? 5000 : 200 });
});
