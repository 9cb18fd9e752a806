/** The last steps of a run, held against a list of plain objects. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { LastSteps, type RecentStep } from "./last-steps.ts";

/** A list that says the same in the plainest way. */
class PlainSteps {
  readonly #most: number;
  list: RecentStep[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  put(step: RecentStep): void {
    const sorted = [...this.list, step].sort((a, b) => {
      return a.occurredAtMs - b.occurredAtMs || a.seq - b.seq;
    });
    this.list = sorted.slice(-this.#most);
  }

  remove(seq: number): boolean {
    const before = this.list.length;
    this.list = this.list.filter((step) => step.seq !== seq);
    return this.list.length < before;
  }
}

/** Digests as ingest makes them, some of them alike in one part, and texts that are none. */
const CALLS = [
  ...["AAAAAAAAAAA", "AAAAAAAAAAB", "BAAAAAAAAAA", "-_-_-_-_-_-", "zz9876543_-", "aAbBcCdDeEf"],
  ...["", "x", "search", "AAAAAAAAAA", "AAAAAAAAAAAA", "AAAAAAAAAA ", " AAAAAAAAAA", "ÄÄÄÄÄÄÄÄÄÄÄ"],
];
const NAMES = ["", "search", "wait", "Ünïcode", "AAAAAAAAAAA", "x"];

const text = (names: readonly string[]) =>
  fc.oneof(fc.constant(null), fc.constantFrom(...names), fc.string({ maxLength: 12 }));
const step = fc.record({
  occurredAtMs: fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 8.64e15 })),
  callHash: text(CALLS),
  tool: text(NAMES),
  isError: fc.boolean(),
  model: text(NAMES),
  inputTokens: fc.oneof(fc.nat(5), fc.constant(1e15), fc.constant(1.5e300)),
});
const moves = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ put: step }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.nat(60) }) },
  ),
  { maxLength: 120, size: "max" },
);

/** Where the same text stands first: a text by its place, whatever it is called. */
function firsts(texts: readonly unknown[]): readonly (number | null)[] {
  return texts.map((one) => (one === null || one === 0 ? null : texts.indexOf(one)));
}

function assertSame(last: LastSteps, { list }: PlainSteps): void {
  const places = Array.from({ length: last.count }, (_, at) => at);
  assert.deepEqual(
    places.map((at) => [last.occurredAtMsAt(at), last.seqAt(at), last.inputTokensAt(at)]),
    list.map(({ occurredAtMs, seq, inputTokens }) => [occurredAtMs, seq, inputTokens]),
  );
  assert.deepEqual(
    places.map((at) => last.isErrorAt(at)),
    list.map(({ isError }) => isError),
  );
  const same = (numbers: readonly number[], texts: readonly (string | null)[]) =>
    assert.deepEqual(firsts(numbers), firsts(texts));
  same(
    places.map((at) => last.callAt(at)),
    list.map(({ callHash }) => callHash),
  );
  same(
    places.map((at) => last.toolAt(at)),
    list.map(({ tool }) => tool),
  );
  same(
    places.map((at) => last.modelAt(at)),
    list.map(({ model }) => model),
  );
  for (const [at, { callHash, tool }] of list.entries()) {
    if (callHash !== null) assert.equal(last.numberOfCall(callHash), last.callAt(at));
    if (tool !== null) assert.equal(last.numberOfName(tool), last.toolAt(at));
  }
  for (const call of CALLS) {
    const isKnown = list.some(({ callHash }) => callHash === call);
    assert.equal(last.numberOfCall(call) > 0, isKnown, call);
  }
}

describe("The last steps of a run", () => {
  it("are those of the latest times, in whatever order they arrive and are taken out", () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 20 }), (all, most) => {
        const [last, plain] = [new LastSteps(most), new PlainSteps(most)];
        for (const [seq, move] of all.entries()) {
          if ("put" in move) for (const one of [last, plain]) one.put({ ...move.put, seq });
          else assert.equal(last.remove(move.remove), plain.remove(move.remove));
          assert.equal(last.isFull, plain.list.length === most);
          assertSame(last, plain);
        }
      }),
    );
  });

  it("take up 56 bytes each, however many went by and whatever they were called", () => {
    const last = new LastSteps(100);
    let most = 0;
    for (let seq = 0; seq < 5_000; seq += 1) {
      const callHash = `hash${String(seq).padStart(7, "0")}`;
      last.put({
        ...{ seq, occurredAtMs: seq, callHash, tool: "search", isError: false },
        ...{ model: null, inputTokens: 0 },
      });
      most = Math.max(most, last.bytes);
    }
    assert.ok(most <= 100 * 56 + 300, `${most} bytes`);
    for (let seq = 5_000; seq < 10_000; seq += 1) {
      last.put({
        ...{ seq, occurredAtMs: seq, callHash: `call ${seq}`, tool: `tool ${seq}`, isError: false },
        ...{ model: `model ${seq}`, inputTokens: 0 },
      });
      most = Math.max(most, last.bytes);
    }
    assert.ok(most <= 100 * (56 + 6 * 60) + 2_000, `${most} bytes`);
  });
});
