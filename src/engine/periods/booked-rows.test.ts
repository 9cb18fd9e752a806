import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { Amount, Factor } from "../../domain/money/decimal.ts";
import { bookingsOf } from "../../domain/period/booking.ts";
import type { LineOrder } from "../../domain/period/line-order.ts";
import type { Adjustment } from "../../domain/period/records.ts";
import { adjustmentLines } from "../../domain/period/statement-lines.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { write } from "../../store/round-trip-contract.ts";
import { adjustmentRow } from "../../store/sample-rows-contract.ts";
import { ReadTurns } from "../commit/others-turn.ts";
import { BookedRows, bookedIn } from "./booked-rows.ts";

const KEY = { customer: "acme", period: "2026-11-01" };
const byCharge: LineOrder = ({ chargeKey: a = "" }, { chargeKey: b = "" }) =>
  a < b ? -1 : a > b ? 1 : 0;
const linesOf = (rows: readonly Adjustment[]) =>
  adjustmentLines(
    rows.filter(({ run }) => run !== ""),
    ({ chargeKey }) => chargeKey,
    byCharge,
  );
const bookingsIn = (rows: readonly Adjustment[]) =>
  bookingsOf(rows, { describe: (_kind, id) => id });

const creditsIn = (name: string, units: bigint): Adjustment["credits"] => {
  return { name, price: 100_000n as Factor, amount: units as Amount };
};

const anyRow = fc.record({
  originPeriod: fc.constantFrom("2026-09-01", "2026-10-01"),
  chargeKey: fc.constantFrom("calls", "done"),
  cell: fc.constantFrom("", "fast"),
  amount: fc.bigInt({ min: -5n, max: 5n }),
  byHand: fc.boolean(),
  units: fc.option(fc.bigInt({ min: -5n, max: 5n })),
  name: fc.constantFrom("AI credits", "tokens"),
});

test("sums of what came late make the lines that the rows make", () => {
  const law = fc.property(fc.array(anyRow, { maxLength: 40 }), (some) => {
    const rows = some.map(({ byHand, amount, chargeKey, units, name, ...row }, index) =>
      adjustmentRow({
        credits: byHand || units === null ? null : creditsIn(name, units),
        ...{ ...row, seq: index + 1, amount: amount as Adjustment["amount"], id: `e${index}` },
        ...(byHand
          ? { run: "", reason: "goodwill", chargeKey: "goodwill", cell: `g${index % 3}` }
          : { run: "r", reason: "late_event", chargeKey }),
      }),
    );
    const booked = new BookedRows();
    const half = Math.floor(rows.length / 2);
    booked.add(rows.slice(0, half));
    booked.add(rows.slice(half));
    assert.deepEqual(linesOf(booked.rows), linesOf(rows));
    assert.deepEqual(bookingsIn(booked.rows), bookingsIn(rows));
  });
  fc.assert(law, { numRuns: process.env.TOLLGATE_TEST_FULL ? 100_000 : 500 });
});

test("many rows are read by pages, with turns for others between", async () => {
  const store = new MemoryStore();
  await store.createWorkspace("w");
  const count = 3 * PAGE_MAX_ROWS + 7;
  const of = { customer: "acme", bookedPeriod: KEY.period, amount: 2n as Adjustment["amount"] };
  const adjustments = Array.from({ length: count }, (_, at) =>
    adjustmentRow({ ...of, seq: at + 1 }),
  );
  await write(store, "w", { adjustments });
  let [pages, turns] = [0, 0];
  const { adjustmentPage } = store;
  store.adjustmentPage = (...asked) => {
    pages += 1;
    setImmediate(() => {
      turns += 1;
    });
    return adjustmentPage.apply(store, asked);
  };
  const rows = await bookedIn(store, "w", KEY);
  assert.deepEqual([rows.length, rows[0]?.amount], [1, 2n * BigInt(count)]);
  assert.deepEqual([pages, turns], [4, 3]);
  const again = new BookedRows();
  const late = { store, workspace: "w", key: KEY };
  await again.read(late, new ReadTurns());
  await write(store, "w", { adjustments: [adjustmentRow({ ...of, seq: count + 1 })] });
  await again.read(late, null);
  assert.deepEqual(again.rows[0]?.amount, 2n * BigInt(count + 1), "what came meanwhile, once");
});
