/** Rows of prepaid credit, and who stands below whom. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { CreditBookRow } from "../engine/ports.ts";
import { anyId } from "./arbitrary-rows-contract.ts";
import type { Clause, Scene } from "./clause-contract.ts";
import { forgetRows, read, write } from "./round-trip-contract.ts";
import { adjustmentRow, customerRow, rollupRow } from "./sample-rows-contract.ts";

const anyBook: fc.Arbitrary<CreditBookRow> = fc.record(
  {
    customer: anyId,
    dueAtMs: fc.option(fc.nat(3)),
    isWatched: fc.boolean(),
    document: fc.json(),
  },
  { noNullPrototype: true },
);

const byteOrder = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function checkBooks(scene: Scene): Promise<void> {
  const some = fc.uniqueArray(anyBook, { maxLength: 6, selector: ({ customer }) => customer });
  const property = fc.asyncProperty(some, fc.nat(3), async (books, atMs) => {
    const [workspace, other] = [await scene.anotherWorkspace(), await scene.anotherWorkspace()];
    const store = scene.store();
    await write(store, workspace, { creditBooks: books.map((one) => ({ ...one, document: "" })) });
    await write(store, workspace, { creditBooks: books });
    await forgetRows(store, workspace);
    const inOrder = books.toSorted((a, b) => byteOrder(a.customer, b.customer));
    for (const book of books) {
      assert.deepEqual(await store.credit.book(workspace, book.customer), book);
      assert.equal(await store.credit.book(other, book.customer), undefined);
      const found = await read(store, workspace, (unit) => unit.creditBooks([book.customer]));
      assert.deepEqual(found, [book]);
    }
    const due = inOrder.filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= atMs);
    due.sort((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0));
    assert.deepEqual(await store.credit.booksDue(workspace, atMs, 2), due.slice(0, 2));
    const watched = inOrder.filter(({ isWatched }) => isWatched);
    assert.deepEqual(await store.credit.booksWatched(workspace, 9), watched);
    const after = watched[0]?.customer ?? "";
    assert.deepEqual(await store.credit.booksWatched(workspace, 1, after), watched.slice(1, 2));
  });
  await fc.assert(property, { numRuns: 15 });
}

async function checkParents({ store, workspace }: Scene): Promise<void> {
  const parent = { id: "group", pays: true, credit: "own_first" } as const;
  const below = ["b", "a"].map((id) => customerRow({ id, parent }));
  const others = [customerRow({ id: "group" }), customerRow({ id: "c" })];
  await write(store(), workspace, { customers: [...below, ...others] });
  await forgetRows(store(), workspace);
  assert.deepEqual(await store().credit.customersBelow(workspace, "group"), below.toReversed());
  assert.deepEqual(await store().credit.customersBelow(workspace, "c"), []);
}

async function checkChargedPeriods({ store, workspace }: Scene): Promise<void> {
  const rollups = [
    rollupRow({ customer: "acme", period: "2026-10-01" }),
    rollupRow({ customer: "acme", period: "2026-11-01" }),
    rollupRow({ customer: "acme", period: "2026-11-01", agent: "other" }),
    rollupRow({ customer: "globex", period: "2026-12-01" }),
  ];
  const adjustments = [
    ...["2026-11-01", "2026-12-01", "2026-12-01", "2027-02-01"].map((bookedPeriod, seq) => {
      return adjustmentRow({ customer: "acme", bookedPeriod, seq });
    }),
    adjustmentRow({ customer: "globex", bookedPeriod: "2027-01-01", seq: 9 }),
  ];
  await write(store(), workspace, { rollups, adjustments });
  const charged = () => read(store(), workspace, async (unit) => unit.chargedPeriods("acme"));
  const periods = ["2026-10-01", "2026-11-01", "2026-12-01", "2027-02-01"];
  assert.deepEqual([...(await charged())].sort(), periods);
  await forgetRows(store(), workspace);
  assert.deepEqual([...(await charged())].sort(), periods);
  assert.deepEqual(
    (await store().periodsToBill(workspace, "", "acme")).map(({ period }) => period),
    periods,
  );
}

async function checkUnitRollups({ store, workspace }: Scene): Promise<void> {
  const key = { customer: "acme", period: "2026-11-01" };
  const rollups = [
    rollupRow({ ...key, agent: "a" }),
    rollupRow({ ...key, agent: "b" }),
    rollupRow({ ...key, period: "2026-10-01" }),
    rollupRow({ ...key, customer: "globex" }),
  ];
  await write(store(), workspace, { rollups });
  const agents = async () => {
    const rows = await read(store(), workspace, async (unit) => unit.rollups(key));
    return rows.map(({ agent, steps }) => `${agent}${steps}`).sort();
  };
  const [{ steps = 0 } = {}] = rollups;
  assert.deepEqual(await agents(), [`a${steps}`, `b${steps}`]);
  await write(store(), workspace, { rollups: rollups.slice(0, 1) });
  assert.deepEqual(await agents(), [`a${2 * steps}`, `b${steps}`], "what waits counts");
  await forgetRows(store(), workspace);
  assert.deepEqual(await agents(), [`a${2 * steps}`, `b${steps}`]);
}

/** Prepaid credit. */
export const CREDIT: readonly Clause[] = [
  { name: "books of credit come back, and are found when they are due", check: checkBooks },
  { name: "customers are found by who stands above them", check: checkParents },
  {
    name: "a unit finds the periods in which a customer is charged, used or booked",
    check: checkChargedPeriods,
  },
  { name: "a unit finds what a customer's period came to", check: checkUnitRollups },
];
