/** Steps of several charges against grants that may pay some of them alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cardOf, each, newWorld, step, usage } from "../commit/engine-world.test.ts";
import { ask, budget, budgetsOf, holdOn, words } from "../limits/holds-world.test.ts";

/** A dollar a call, and a cent a token that it writes. */
const CARD = cardOf({
  calls: [{ count: "steps" }, each("1")],
  written: [{ sum: "output_text" }, each("0.01")],
});
const TERMS = { currency: null, name: null, expiresAtMs: null, cost: null, costCurrency: null };
const WHO = { customer: "acme", rollover: null, reason: "agreed", by: "anna" };

const anyWorld = fc.record({
  grants: fc.array(
    fc.record({
      cents: fc.integer({ min: 1, max: 400 }),
      priority: fc.integer({ min: 1, max: 2 }),
      charges: fc.constantFrom(null, ["calls"], ["written"]),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  asks: fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 6 }),
});

type AnyWorld = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never;

async function check({ grants, asks }: AnyWorld): Promise<void> {
  const { engine, send } = await newWorld(CARD);
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  for (const [at, { cents, priority, charges }] of grants.entries()) {
    const gift = { id: `g${at}`, amount: (cents / 100).toFixed(2), priority, charges };
    await engine.credits.grant("w", { ...TERMS, ...WHO, ...gift });
  }
  const owed = async () => (await engine.credits.of("w", "acme")).wallets[0]?.owed ?? 0n;
  // The run is there by a call that no hold was asked for.
  await send(step({ id: "first", usage: usage({ seconds: 1 }) }));
  await budget(engine, "credit", { each: "customer", measure: "prepaid" });
  const owedBefore = await owed();
  const stepOf = (at: number, tokens: number) =>
    step({ id: `s${at}`, usage: usage(tokens === 0 ? { seconds: 1 } : { output_text: tokens }) });
  const hold = async (at: number, tokens: number) => {
    const [decided] = await holdOn(engine, "r1", ask(`s${at}`, { step: stepOf(at, tokens) }));
    return decided?.decision === "allow";
  };
  const granted: number[] = [];
  for (const [at, tokens] of asks.entries()) if (await hold(at, tokens)) granted.push(at);
  for (const at of granted) await send(stepOf(at, asks[at] ?? 0));
  assert.equal(await owed(), owedBefore, "what was held is paid by credit");
  for (const [at, tokens] of asks.entries()) {
    if (granted.includes(at)) continue;
    const isGranted = await hold(at, tokens);
    const before = await owed();
    await send(stepOf(at, tokens));
    assert.equal((await owed()) === before, isGranted, `refused only where it is owed: s${at}`);
    if (!isGranted) return;
  }
}

test("a step of two charges is held where credit pays both, and nowhere else", async () => {
  const isFull = process.env.TOLLGATE_TEST_FULL === "1";
  await fc.assert(fc.asyncProperty(anyWorld, check), { numRuns: isFull ? 3_000 : 150 });
});

test("credit that went to what nobody held is not waited for", async () => {
  const { engine, send } = await newWorld(CARD);
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  const gift = { id: "gift", amount: "2.5", priority: 1, charges: null };
  await engine.credits.grant("w", { ...TERMS, ...WHO, ...gift });
  await budget(engine, "credit", { each: "customer", measure: "prepaid" });
  const call = (id: string) => step({ id, customer: "acme", usage: usage({ seconds: 1 }) });
  const hold = async (id: string) => words(await holdOn(engine, "r1", ask(id, { step: call(id) })));
  await send(call("first"));
  assert.deepEqual(await hold("held"), ["allow"]);
  assert.deepEqual(await hold("more"), ["throttle: held_by_others"]);
  await send(call("unheld"));
  // 0.5 are left for the one that holds 1: no settlement of it leaves room for another.
  assert.deepEqual(await budgetsOf(engine, "r1"), ["credit(acme) 0 + 1 of 0.5"]);
  assert.deepEqual(await hold("more"), ["block: budget"]);
});
