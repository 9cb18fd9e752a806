/** What a family is billed: all that its statements come to, each once, whoever is below whom. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TollgateError } from "../../domain/errors.ts";
import { cardOf, each, newWorld, toolCall, type World } from "../commit/engine-world.test.ts";

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
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

interface Bill {
  readonly id: string;
  readonly total: number;
  readonly pays: number;
}

/** Statements in force, in numbers: a step is 1. */
function bills({ store }: World): Bill[] {
  const found: Bill[] = [];
  for (const customer of MEMBERS) {
    const all = store.listStatements("w", customer);
    const documents = all.map(({ id, document }) => ({ id, ...JSON.parse(document) }));
    const replaced = new Set(documents.map(({ replaces }) => replaces));
    for (const { id, total, amountDue = total, billedTo } of documents) {
      if (replaced.has(id)) continue;
      found.push({
        id,
        total: Number(total),
        pays: billedTo === undefined ? Number(amountDue) : 0,
      });
    }
  }
  return found;
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
  } else {
    const all = bills(world);
    const bill = all[one.no % all.length];
    if (bill !== undefined) await engine.reissueStatement("w", { ...WHO, statement: bill.id });
  }
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
      const [billed, owed] = [all.map(({ pays }) => pays), all.map(({ total }) => total)];
      const calls = history.filter(({ is }) => is === "call").length + 2;
      assert.equal(sum(owed), calls);
      assert.equal(sum(billed), calls);
    }),
    { numRuns: isFull ? 3_000 : 120 },
  );
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
