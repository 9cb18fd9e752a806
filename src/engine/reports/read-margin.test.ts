/** Margin of small books, worked by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import { formatFine, type MarginRow, marginPercent } from "../../domain/margin/margin-table.ts";
import { standingRunId } from "../../domain/run/run.ts";
import {
  allMargin,
  assertCloseChangesNothing,
  assertMarginLaws,
} from "../../store/margin-contract.ts";
import {
  cardOf,
  closed,
  DAY_MS,
  each,
  FACTS,
  money,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  RUNS,
  STEPS,
  step,
  toolCall,
  type World,
} from "../commit/engine-world.test.ts";
import type { MarginQuery } from "./read-margin.ts";

const WS = "w";
const WHO = { id: null, reason: "asked", by: "ann" };

/** A row in words: what it is, revenue − cost = margin, and what to know of it. */
function inWords(row: MarginRow): string {
  const { kind, name, currency, revenue, cost, margin, unpriced, paid } = row;
  const what = kind === "value" ? name : kind === "line" ? `line ${name}` : `no ${name}`;
  const left = margin === null ? "unconverted" : formatFine(margin);
  const notes = [
    ...(unpriced === 0 ? [] : [`${unpriced} unpriced`]),
    ...(paid === null || paid === 0n ? [] : [`${money(paid)} paid by customer`]),
  ];
  const sum = `${what}: ${money(revenue)} ${currency} - ${money(cost)} = ${left}`;
  return [sum, ...notes].join(", ");
}

async function told(
  { engine }: World,
  by: MarginQuery["by"],
  some: Partial<MarginQuery> = {},
): Promise<string[]> {
  return (await allMargin(engine, WS, { by, ...some })).rows.map(inWords);
}

async function lawful({ engine }: World): Promise<void> {
  await assertMarginLaws(engine, WS);
  await assertCloseChangesNothing(engine, WS);
}

test("who loses us most comes first; a failed attempt costs though nobody is charged", async () => {
  const world = await newWorld(cardOf({ runs: [RUNS, each("2")] }));
  const model = { ...FACTS, status: "error" } as const;
  await world.send(
    step({ customer: "acme", run: "a" }),
    step({ customer: "acme", run: "a", id: "e2", ...model, attempt: 1 }),
    step({ customer: "acme", run: "a", id: "e3", attempt: 2 }),
    step({ customer: "globex", run: "g" }),
  );
  assert.deepEqual(await told(world, "customer"), [
    "acme: 2 USD - 3.6 = -1.6",
    "globex: 2 USD - 1.2 = 0.8",
  ]);
  const { rows, totals } = await allMargin(world.engine, WS, { by: "customer" });
  assert.deepEqual(rows.map(marginPercent), ["-80", "40"]);
  assert.deepEqual(totals.map(inWords), ["all: 4 USD - 4.8 = -0.8"]);
  await lawful(world);
});

test("what has no value of a dimension has a named row, and is spread over none", async () => {
  const world = await newWorld();
  await world.send(opened({ agent: "support", customer: "acme" }), step(), toolCall({ id: "t" }));
  await world.send(closed());
  assert.deepEqual(await told(world, "model"), [
    "gpt-5: 1.44 USD - 1.2 = 0.24",
    // The run fee and the tool call.
    "no model: 0.6 USD - 0 = 0.6",
  ]);
  assert.deepEqual(await told(world, "tool"), [
    "search: 0.1 USD - 0 = 0.1",
    "no tool: 1.94 USD - 1.2 = 0.74",
  ]);
  assert.deepEqual(await told(world, "agent"), ["support: 2.04 USD - 1.2 = 0.84"]);
  assert.deepEqual(await told(world, "card"), ["card: 2.04 USD - 1.2 = 0.84"]);
  await lawful(world);
});

test("what a customer pays providers itself costs us nothing and is shown apart", async () => {
  const world = await newWorld();
  await world.send(step(), step({ id: "e2", ...FACTS, payer: "customer" }));
  const [rolled] = (await allMargin(world.engine, WS, { by: "customer" })).rows;
  assert.equal(rolled?.paid, null);
  const by = await told(world, "customer", { readsSteps: true });
  assert.deepEqual(by, ["acme: 1.94 USD - 1.2 = 0.74, 1.2 paid by customer"]);
  await lawful(world);
});

test("a cost that is unknown in part is flagged on every row that it is in", async () => {
  const world = await newWorld(cardOf({ calls: [STEPS, each("1")] }));
  await world.send(step(), step({ id: "e2", ...FACTS, model: "gpt-99" }));
  assert.deepEqual(await told(world, "model"), [
    "gpt-5: 1 USD - 1.2 = -0.2",
    "gpt-99: 1 USD - 0 = 1, 1 unpriced",
  ]);
  assert.deepEqual(await told(world, "run"), ["r1: 2 USD - 1.2 = 0.8, 1 unpriced"]);
  await lawful(world);
});

test("costs meet another currency at the rate in force, and never without one", async () => {
  const euros = cardOf({ calls: [STEPS, each("2")] }, "eu", { currency: "EUR" });
  const world = await newWorld();
  await world.engine.applyRateCard(WS, { ...euros, effectiveFromMs: 0 });
  const settings = { cardKey: "eu" };
  await world.engine.saveCustomer(WS, { id: "acme", settings });
  await world.send(step(), step({ id: "g", customer: "globex", run: "g" }));
  assert.deepEqual(await told(world, "model"), [
    "gpt-5: 2 EUR - 1.2 = unconverted",
    "gpt-5: 1.44 USD - 1.2 = 0.24",
    "no model: 0.5 USD - 0 = 0.5",
  ]);
  assert.deepEqual(await told(world, "customer", { currency: "USD" }), [
    "globex: 1.94 USD - 1.2 = 0.74",
  ]);
  const of = { from: "USD", to: "EUR" };
  await world.engine.importRates(WS, [{ ...of, rate: "0.9", effectiveFromMs: NOW_MS - DAY_MS }]);
  await world.engine.importRates(WS, [{ ...of, rate: "0.7", effectiveFromMs: NOW_MS + DAY_MS }]);
  const { rows } = await allMargin(world.engine, WS, { by: "customer" });
  assert.deepEqual(rows.map(inWords), [
    "acme: 2 EUR - 1.2 = 0.92",
    "globex: 1.94 USD - 1.2 = 0.74",
  ]);
  assert.deepEqual(
    rows[0]?.rates.map(({ rate, effectiveFromMs }) => [rate, effectiveFromMs]),
    [[900_000_000n, NOW_MS - DAY_MS]],
  );
  // A period is converted at one rate: the one in force at its end, or now while it lasts.
  world.clock.now += 2 * DAY_MS;
  assert.deepEqual(await told(world, "run"), [
    "r1: 2 EUR - 1.2 = 1.16",
    "g: 1.94 USD - 1.2 = 0.74",
  ]);
  await lawful(world);
});

test("an outcome stands against the cost of the whole tree that brought it about", async () => {
  const world = await newWorld(cardOf({ done: [OUTCOMES, each("2")], runs: [RUNS, each("0.5")] }));
  await world.send(
    opened({ run: "top", customer: "acme" }),
    opened({ run: "child", id: "open child", parentRun: "top" }),
    step({ run: "top", customer: null }),
    step({ run: "child", id: "e2", customer: null }),
    outcome({ run: "child" }),
    step({ run: "vain", id: "e3" }),
    step({ run: "both", id: "e4" }),
    outcome({ run: "both", outcome: "sold", key: "s" }),
    outcome({ run: "both", outcome: "resolved", key: "r" }),
  );
  assert.deepEqual(await told(world, "outcome"), [
    // Two trees without one outcome, and what three runs were charged as runs.
    "no outcome: 1.5 USD - 2.4 = -0.9",
    "resolved: 4 USD - 2.4 = 1.6",
    "sold: 2 USD - 0 = 2",
  ]);
  assert.deepEqual(await told(world, "tree"), [
    "vain: 0.5 USD - 1.2 = -0.7",
    "top: 2.5 USD - 2.4 = 0.1",
    "both: 4.5 USD - 1.2 = 3.3",
  ]);
  assert.deepEqual(await told(world, "run"), [
    "top: 0.5 USD - 1.2 = -0.7",
    "vain: 0.5 USD - 1.2 = -0.7",
    "child: 2 USD - 1.2 = 0.8",
    "both: 4.5 USD - 1.2 = 3.3",
  ]);
  await lawful(world);
});

test("what a period owes without a run has rows of its own, which make up the bill", async () => {
  const terms = {
    fees: [{ key: "seat", name: "Seat", amount: "3" }],
    discounts: [{ key: "off", name: "Off", percent: "10" }],
    minimum: "20",
  };
  const world = await newWorld(cardOf({ calls: [STEPS, each("2")] }, "card", terms));
  const settings = { startedAtMs: Date.UTC(2026, 10, 1) };
  await world.engine.saveCustomer(WS, { id: "acme", settings });
  const standing = standingRunId("acme", null);
  await world.send(step(), step({ id: "e2", run: "r2" }), step({ id: "e3", run: standing }));
  const goodwill = { ...WHO, customer: "acme", amount: "1.5" };
  await world.engine.giveGoodwill(WS, goodwill);
  const lines = [
    "line goodwill: -1.5 USD - 0 = -1.5",
    "line discount: -0.9 USD - 0 = -0.9",
    "r1: 2 USD - 1.2 = 0.8",
    "r2: 2 USD - 1.2 = 0.8",
    "no run: 2 USD - 1.2 = 0.8",
    "line fee: 3 USD - 0 = 3",
    "line minimum: 11.9 USD - 0 = 11.9",
  ];
  assert.deepEqual(await told(world, "run"), lines);
  assert.deepEqual(await told(world, "customer"), ["acme: 18.5 USD - 3.6 = 14.9"]);
  // A fee is of a card, a discount of the whole bill.
  assert.deepEqual(await told(world, "card"), [
    "line goodwill: -1.5 USD - 0 = -1.5",
    "line discount: -0.9 USD - 0 = -0.9",
    "card: 9 USD - 3.6 = 5.4",
    "line minimum: 11.9 USD - 0 = 11.9",
  ]);
  await lawful(world);
});

test("what comes late is revenue of its run at once, and billed in another period", async () => {
  const world = await newWorld(cardOf({ calls: [STEPS, each("2")] }));
  world.clock.now = Date.UTC(2026, 11, 3);
  await world.send(step({ run: "r1" }));
  await world.close("2026-11");
  await world.send(step({ run: "r1", id: "late" }));
  const month = (from: string) => told(world, "run", { periods: { from, to: from } });
  assert.deepEqual(await month("2026-11"), [
    "line billed_elsewhere: -2 USD - 0 = -2",
    "r1: 4 USD - 2.4 = 1.6",
  ]);
  assert.deepEqual(await month("2026-12"), ["line adjustment: 2 USD - 0 = 2"]);
  assert.deepEqual(await told(world, "period"), [
    "2026-11-01: 2 USD - 2.4 = -0.4",
    "2026-12-01: 2 USD - 0 = 2",
  ]);
  const [statement] = await world.engine.store.listStatements(WS);
  const note = { ...WHO, statement: statement?.id ?? "", lines: [{ line: 1, amount: "0.5" }] };
  await world.engine.issueCreditNote(WS, note);
  assert.deepEqual(await month("2026-11"), [
    "line billed_elsewhere: -2 USD - 0 = -2",
    "line credit_note: -0.5 USD - 0 = -0.5",
    "r1: 4 USD - 2.4 = 1.6",
  ]);
  await lawful(world);
});

test("without a time a report is about the period of each customer that is under way", async () => {
  const world = await newWorld(cardOf({ calls: [STEPS, each("2")] }));
  await world.engine.saveCustomer(WS, { id: "mid", settings: { anchorDay: 24 } });
  const dated = (day: number) => Date.UTC(2026, 10, day, 9);
  const send = (customer: string, id: string, day: number) =>
    world.send(step({ customer, run: `${customer} ${id}`, id, occurredAtMs: dated(day) }));
  await send("acme", "a", 2);
  await send("acme", "b", -2);
  await send("mid", "c", 2);
  await send("mid", "d", -9);
  assert.deepEqual(await told(world, "customer", { periods: null }), [
    "acme: 2 USD - 1.2 = 0.8",
    "mid: 2 USD - 1.2 = 0.8",
  ]);
  assert.deepEqual(await told(world, "period", { periods: null, order: "name" }), [
    "2026-10-24: 2 USD - 1.2 = 0.8",
    "2026-11-01: 2 USD - 1.2 = 0.8",
  ]);
  await lawful(world);
});

test("a report that needs more than it may is refused, and one at the edge is not", async () => {
  const world = await newWorld(cardOf({ calls: [STEPS, each("2")] }));
  await world.send(step(), step({ id: "e2" }), step({ id: "e3", run: "r2", customer: "globex" }));
  const query: MarginQuery = {
    ...{
      by: "card",
      customer: null,
      currency: null,
      periods: null,
      order: "margin",
      limit: 10,
      after: null,
    },
    readsSteps: false,
  };
  // Two runs with three steps, two customers.
  const tooLarge = (error: unknown) =>
    error instanceof TollgateError && error.code === "report.too_large";
  await assert.rejects(world.engine.margin(WS, query, { steps: 4 }), tooLarge);
  assert.equal((await world.engine.margin(WS, query, { steps: 5 })).rowCount, 1);
  const customers = { ...query, by: "customer" } as const;
  await assert.rejects(world.engine.margin(WS, customers, { rows: 1 }), tooLarge);
  assert.equal((await world.engine.margin(WS, customers, { rows: 2 })).rowCount, 2);
  await assert.rejects(world.engine.margin(WS, customers, { bills: 1 }), tooLarge);
  assert.equal((await world.engine.margin(WS, customers, { bills: 2 })).rowCount, 2);
  const nobody = world.engine.margin(WS, { ...query, customer: "no" });
  await assert.rejects(nobody, { code: "customer.not_found" });
});
