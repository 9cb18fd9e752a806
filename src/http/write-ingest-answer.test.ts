import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { anyCodePoint } from "../domain/code-points-contract.ts";
import { type Amount, formatAmount } from "../domain/money/decimal.ts";
import type { Totals } from "../domain/run/run.ts";
import type { EventResult } from "../engine/commit/result.ts";
import type { IngestedEvent } from "./http-parts.ts";
import { ingestAnswerBytes } from "./ingest-answer-bytes.ts";
import { resultView, writeIngestAnswer } from "./write-ingest-answer.ts";

const amount = fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }) as fc.Arbitrary<Amount>;
const text = fc.string({ unit: anyCodePoint, minLength: 1, maxLength: 12 });
const result: fc.Arbitrary<EventResult> = fc.record(
  {
    status: fc.constantFrom("accepted" as const, "conflict" as const, "duplicate_call" as const),
    run: text,
    seq: fc.nat(),
    cost: amount,
    costStatus: fc.constantFrom("priced" as const, "none" as const),
    charge: amount,
    linkedTo: fc.record({ run: text, source: text, id: text }),
    timeDiffers: fc.constant(true),
    ratedAtReceipt: fc.constant(true),
    error: fc.record({ code: fc.constant("event.conflict" as const), detail: text, field: text }),
  },
  { requiredKeys: ["status"] },
) as fc.Arbitrary<EventResult>;

/** What the text must say: the slow and obvious way. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, field: unknown) =>
      typeof field === "bigint" ? formatAmount(field as Amount) : field,
    ),
  );

const event = (one: EventResult, id: string | null = "e"): IngestedEvent => ({
  ...{ id, result: one, extra: [] },
});

const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString("latin1");
const TOTALS: Totals = { steps: 2, unpriced: 1, cost: 5n as Amount, charge: 0n as Amount };

describe("the answer to a request of events", () => {
  test("the text is JSON that says every field of every result, exactly", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, result)), (items) => {
        const results = items.map(([id, one]) => event(one, id));
        const written = JSON.parse(writeIngestAnswer({ results, runs: new Map() }));
        const expected = items.map(([id, one], index) => ({
          index,
          id,
          ...(plain(one) as object),
        }));
        assert.deepEqual(written, { results: expected, runs: {} });
      }),
    );
  });

  test("one result as a value says the same", () => {
    fc.assert(fc.property(result, (one) => assert.deepEqual(resultView(one), plain(one))));
  });

  test("a refusal has its problem, and further steps stand with the first", () => {
    const error = { code: "field.invalid", detail: 'a "b"', field: "events[0].id" } as const;
    const refused = event({ status: "rejected", error }, null);
    const extra = [{ id: "e#advisor-1", result: { status: "accepted" } as const }];
    const several = { ...event({ status: "accepted" }), extra };
    const unread = ['providerUsage.usage."n"'];
    const partly = { ...event({ status: "accepted" }), unread };
    const answer = { results: [refused, several, partly], runs: new Map() };
    const written = JSON.parse(writeIngestAnswer(answer));
    assert.deepEqual(written.results, [
      { index: 0, id: null, status: "rejected", error },
      { index: 1, id: "e", status: "accepted", extra: [{ id: "e#advisor-1", status: "accepted" }] },
      { index: 2, id: "e", status: "accepted", unreadUsage: unread },
    ]);
  });

  test("only runs that the request names are told, with their trees' totals", () => {
    const own = { ...TOTALS, steps: 1 };
    const runs = new Map(["r1", 'r"2', "other"].map((run) => [run, { own, tree: TOTALS }]));
    const results = ["r1", 'r"2', "r1", "gone"].map((run) => event({ status: "accepted", run }));
    const written = JSON.parse(writeIngestAnswer({ results, runs }));
    const told = {
      steps: 2,
      unpriced: 1,
      cost: "0.000000000000000000000000000000005",
      charge: "0",
    };
    assert.deepEqual(written.runs, { r1: told, 'r"2': told });
  });
});

/** Nearly all events, and what is rare, so that both ways are taken. */
const usualAmount = fc.bigInt({ min: 0n, max: 10n ** 15n }).map((n) => (n * 10n ** 21n) as Amount);
const usualResult = fc.record(
  {
    status: fc.constantFrom("accepted" as const, "duplicate" as const),
    run: fc.constantFrom("run-1", 'run "2"', "run\\3", "run\n4", "gone"),
    seq: fc.nat(),
    cost: usualAmount,
    costStatus: fc.constantFrom("priced" as const, "none" as const),
    charge: usualAmount,
  },
  { requiredKeys: ["status", "run"] },
) as fc.Arbitrary<EventResult>;
const usualTotals = fc.record({
  ...{ steps: fc.nat(), unpriced: fc.nat(9), cost: usualAmount, charge: usualAmount },
}) as fc.Arbitrary<Totals>;

describe("the answer as bytes", () => {
  test("is the text of the same answer", () => {
    const ids = fc.string({ minLength: 1, maxLength: 40 });
    const items = fc.array(fc.tuple(ids, usualResult), { maxLength: 300 });
    const totals = fc.array(usualTotals, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(items, totals, (sent, [one, two, three, four]) => {
        const results = sent.map(([id, result]) => event(result, id));
        const named = Object.entries({
          "run-1": one,
          'run "2"': two,
          "run\\3": three,
          other: four,
        });
        const runs = new Map(
          named.flatMap(([run, tree]) => (tree === undefined ? [] : [[run, { own: tree, tree }]])),
        );
        const bytes = ingestAnswerBytes({ results, runs });
        assert.equal(textOf(bytes), writeIngestAnswer({ results, runs }));
      }),
    );
  });

  test("is the text wherever the room for it ends", () => {
    const filling = (chars: number) => [event({ status: "accepted", run: "r" }, "x".repeat(chars))];
    const runs = new Map([["r", { own: TOTALS, tree: TOTALS }]]);
    for (let chars = 65_200; chars < 65_600; chars += 1) {
      const answer = { results: filling(chars), runs };
      assert.equal(textOf(ingestAnswerBytes(answer)), writeIngestAnswer(answer));
    }
  });

  test("of a large answer is the text, and so is that of the next one", () => {
    for (const count of [20_000, 1]) {
      const results = Array.from({ length: count }, (_, n) => {
        return event({ status: "accepted", run: `run-${n}`, seq: n }, "y".repeat(100));
      });
      const answer = { results, runs: new Map() };
      assert.equal(textOf(ingestAnswerBytes(answer)), writeIngestAnswer(answer));
    }
  });

  test("there is none of what is rare, which is written as text", () => {
    const error = { code: "field.invalid", detail: "bad" } as const;
    const linkedTo = { run: "r", source: "s", id: "i" };
    const rare: IngestedEvent[] = [
      event({ status: "rejected", error }),
      event({ status: "duplicate_call", linkedTo }),
      event({ status: "duplicate", timeDiffers: true }),
      event({ status: "accepted", ratedAtReceipt: true }),
      event({ status: "accepted" }, null),
      event({ status: "accepted" }, "café"),
      event({ status: "accepted", run: "rün" }),
      { ...event({ status: "accepted" }), extra: [{ id: "e", result: { status: "accepted" } }] },
      { ...event({ status: "accepted" }), unread: ["providerUsage.usage.n"] },
    ];
    for (const one of rare) {
      assert.equal(
        ingestAnswerBytes({ results: [event({ status: "accepted" }), one], runs: new Map() }),
        null,
      );
    }
    const hit = { own: TOTALS, tree: TOTALS, policies: [] };
    const results = [event({ status: "accepted", run: "r" })];
    assert.equal(ingestAnswerBytes({ results, runs: new Map([["r", hit]]) }), null);
  });
});
