/** What a family is billed: all that its statements come to, each once, whoever is below whom. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TollgateError } from "../../domain/errors.ts";
import { formatValue } from "../../domain/export/export-line.ts";
import { cardOf, each, newWorld, toolCall, type World } from "../commit/engine-world.test.ts";
import { readPayable } from "../export/payable.ts";
import type { CreditNote } from "./correction-records.ts";

const CARD = cardOf({ tools: [{ count: "steps" }, each("1")] });
const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;
const WHO = { reason: "a test", by: "anna" };
const MEMBERS = ["group", "a", "b"] as const;
const MONTHS = ["2026-11", "2026-12", "2027-01"];
/** More than a family is deep: what is due goes up one level with each. */
const LATER = ["2027-02", "2027-03", "2027-04", "2027-05"];

const member = fc.constantFrom(...MEMBERS);
const child = fc.constantFrom("a" as const, "b" as const);
const happening = fc.oneof(
  fc.record({ is: fc.constant("call" as const), who: member }),
  fc.record({
    ...{ is: fc.constant("move" as const), who: child },
    parent: fc.option(fc.record({ id: member, pays: fc.boolean() })),
  }),
  fc.record({ is: fc.constant("close" as const), who: member, month: fc.nat(MONTHS.length - 1) }),
  fc.record({ is: fc.constant("reissue" as const), no: fc.nat(9) }),
  fc.record({ is: fc.constant("credit" as const), no: fc.nat(9), amount: fc.nat(2) }),
  fc.record({ is: fc.constant("take back" as const), no: fc.nat(9) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

interface Bill {
  readonly id: string;
  readonly total: number;
}

/** Statements in force, in numbers: a step is 1. */
function bills({ store }: World): Bill[] {
  const found: Bill[] = [];
  for (const customer of MEMBERS) {
    const all = store.listStatements("w", customer);
    const documents = all.map(({ id, document }) => ({ id, ...JSON.parse(document) }));
    const replaced = new Set(documents.map(({ replaces }) => replaces));
    for (const { id, total } of documents) {
      if (!replaced.has(id)) found.push({ id, total: Number(total) });
    }
  }
  return found;
}

/** What billing systems are told of a customer; of what its parent was billed for, nothing. */
async function billedTo({ store }: World, customer: string): Promise<number[]> {
  const periods = await readPayable(store, "w", customer);
  const states = store.periodsOf("w", customer);
  return periods.map(({ period, whole }) => {
    const { value } = whole({ key: period, startMs: 0, endMs: 0 });
    const { statementId = "" } = states.find((one) => one.period === period) ?? {};
    const inForce = store.statement("w", statementId);
    if (inForce?.document.includes('"billedTo"')) assert.equal(value, 0n);
    return Number(formatValue(value));
  });
}

async function happen(world: World, one: Happening, no: number): Promise<void> {
  const { engine } = world;
  if (one.is === "call") {
    await world.send(toolCall({ id: `c${no}`, run: `r ${one.who}`, customer: one.who }));
  } else if (one.is === "move") {
    const parent = one.parent && { ...one.parent, credit: "own" as const };
    await engine.saveCustomer("w", { id: one.who, settings: { parent } });
  } else if (one.is === "close") {
    const period = MONTHS[one.month] ?? "";
    await engine.closePeriod("w", { customer: one.who, period, early: true });
  } else if (one.is === "take back") {
    const note = notes(world)[one.no];
    if (note !== undefined) await engine.issueCreditNote("w", { ...WHO, id: null, note: note.id });
  } else {
    const all = bills(world);
    const statement = all[one.no % all.length]?.id;
    if (statement === undefined) return;
    if (one.is === "reissue") await engine.reissueStatement("w", { ...WHO, statement });
    else {
      const amount = one.amount === 0 ? null : String(one.amount);
      const lines = [{ line: 1, amount }];
      await engine.issueCreditNote("w", { ...WHO, id: `n${no}`, statement, lines });
    }
  }
}

/** Credit notes, and those that take them back. */
function notes({ store }: World): CreditNote[] {
  const acts = store.acts("w", { kind: "credit_note.issued", afterSeq: 0, limit: 1_000 });
  return acts.map(({ document }) => JSON.parse(document) as CreditNote);
}

test("what a family is billed is what its statements come to", async () => {
  const histories = fc.array(happening, { minLength: 1, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const world = await newWorld(CARD);
      for (const id of MEMBERS) await world.engine.saveCustomer("w", { id, settings: {} });
      for (const who of ["a", "b"] as const) {
        await happen(world, { is: "move", who, parent: { id: "group", pays: true } }, 0);
        await happen(world, { is: "call", who }, -MEMBERS.indexOf(who));
      }
      for (const [no, one] of history.entries()) {
        await happen(world, one, no).catch((error) => {
          if (!(error instanceof TollgateError) || error.code === "internal") throw error;
        });
      }
      for (const period of [...MONTHS, ...LATER]) {
        await world.engine.closePeriod("w", { customer: null, period, early: true });
      }
      const all = bills(world);
      const owed = all.map(({ total }) => total);
      const billed = (await Promise.all(MEMBERS.map((one) => billedTo(world, one)))).flat();
      const calls = history.filter(({ is }) => is === "call").length + 2;
      assert.equal(sum(owed), calls);
      const given = sum(notes(world).map(({ total }) => Number(total)));
      assert.equal(sum(billed), calls - given);
    }),
    { numRuns: isFull ? 3_000 : 120 },
  );
});

test("children that are closed first are on their parent's bill of that month", async () => {
  // One command closes by the ids of customers, so "z" carries what "a" does not.
  for (const [parent, id] of [
    ["a", "b"],
    ["z", "b"],
  ] as const) {
    const world = await newWorld(CARD);
    await world.engine.saveCustomer("w", { id: parent, settings: {} });
    const above = { id: parent, pays: true, credit: "own" as const };
    await world.engine.saveCustomer("w", { id, settings: { parent: above } });
    await world.send(toolCall({ id: "c1", run: "r", customer: id }));
    await world.send(toolCall({ id: "c2", run: "s", customer: parent }));
    const month = { period: "2026-11", early: true };
    await world.engine.closePeriod("w", { customer: id, ...month });
    await world.engine.closePeriod("w", { customer: null, ...month });
    const [bill] = world.store.listStatements("w", parent);
    const { total, amountDue, children } = JSON.parse(bill?.document ?? "");
    assert.deepEqual([total, amountDue], ["1", "2"]);
    assert.deepEqual([children[0].customer, children[0].period], [id, "2026-11-01"]);
  }
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
