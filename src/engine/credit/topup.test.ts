/** Payments of credit: asked for once, told until they are taken, credited when confirmed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAmount } from "../../domain/money/decimal.ts";
import {
  cardOf,
  DAY_MS,
  each,
  NOW_MS,
  newWorld,
  toolCall,
  type World,
} from "../commit/engine-world.test.ts";
import type { PaymentMessage } from "./deliver-topups.ts";

const TERMS = { currency: null, priority: 5, expiresAfterDays: null, charges: null };
const TOPUP = { ...TERMS, id: "t", reason: "plan", by: "anna", customer: "acme", amount: "10" };

async function newCustomer(): Promise<World> {
  const world = await newWorld(cardOf({ tools: [{ count: "steps" }, each("1")] }));
  await world.engine.saveCustomer("w", { id: "acme", settings: {} });
  return world;
}

async function balance({ engine }: World): Promise<string> {
  const { wallets } = await engine.credits.of("w", "acme");
  return formatAmount(wallets[0]?.balance ?? (0n as never));
}

test("a payment becomes credit when it is confirmed, once", async () => {
  const world = await newCustomer();
  const { engine } = world;
  assert.equal((await engine.credits.requestTopup("w", TOPUP)).status, "requested");
  assert.equal(await balance(world), "0");
  const other = engine.credits.requestTopup("w", { ...TOPUP, amount: "11" });
  await assert.rejects(other, { code: "booking.conflict" });
  const end = { id: "t", status: "confirmed", reference: "pay-1", by: "bank" } as const;
  for (let times = 0; times < 2; times += 1) {
    assert.equal((await engine.credits.settleTopup("w", end)).status, "confirmed");
    assert.equal(await balance(world), "10");
  }
  const refused = engine.credits.settleTopup("w", { ...end, status: "refused" });
  await assert.rejects(refused, { code: "topup.settled" });
  assert.equal((await engine.credits.topup("w", "t")).end?.reference, "pay-1");
  await assert.rejects(engine.credits.topup("w", "none"), { code: "topup.not_found" });
});

test("a refused payment is recorded and gives nothing", async () => {
  const world = await newCustomer();
  await world.engine.credits.requestTopup("w", TOPUP);
  const end = { id: "t", status: "refused", reference: "no funds", by: "bank" } as const;
  assert.equal((await world.engine.credits.settleTopup("w", end)).status, "refused");
  const late = world.engine.credits.settleTopup("w", { ...end, status: "confirmed" });
  await assert.rejects(late, { code: "topup.settled" });
  assert.equal(await balance(world), "0");
});

test("a rule asks below its threshold, one payment at a time, up to its cap", async () => {
  const world = await newCustomer();
  const { engine } = world;
  const rule = { ...TERMS, customer: "acme", threshold: "5", amount: "10", cap: "25" };
  await engine.credits.saveTopupRule("w", rule);
  const confirm = (id: string) =>
    engine.credits.settleTopup("w", { id, status: "confirmed", reference: "p", by: "bank" });
  const [first] = await engine.credits.runTopupRules("w");
  assert.ok(first?.isAutomatic);
  assert.deepEqual(await engine.credits.runTopupRules("w"), [], "one is awaited");
  await confirm(first.id);
  assert.deepEqual(await engine.credits.runTopupRules("w"), [], "there is enough");
  const calls = Array.from({ length: 6 }, (_, at) => toolCall({ id: `c${at}` }));
  await world.send(...calls);
  const [second] = await engine.credits.runTopupRules("w");
  await engine.credits.settleTopup("w", { ...END, id: second?.id ?? "" });
  assert.deepEqual(await engine.credits.runTopupRules("w"), [], "30 would be above the cap");
  world.clock.now = NOW_MS + 10 * DAY_MS;
  assert.equal(
    (await engine.credits.runTopupRules("w")).length,
    1,
    "a new period has a cap of its own",
  );
  await engine.credits.removeTopupRule("w", { customer: "acme", currency: "USD" });
  assert.deepEqual((await engine.credits.of("w", "acme")).book.rules, []);
});

const END = { status: "refused", reference: "no funds", by: "bank" } as const;

test("a request is told again until it is taken, at growing intervals, under one id", async () => {
  const world = await newCustomer();
  await world.engine.saveWorkspace("w", { paymentUrl: "https://pay.example/hook" });
  await world.engine.credits.requestTopup("w", TOPUP);
  const told: (readonly [number, string, PaymentMessage])[] = [];
  let isTaken = false;
  const port = {
    ask: async (_workspace: string, url: string, message: PaymentMessage) => {
      told.push([world.clock.now - NOW_MS, url, message]);
      return isTaken;
    },
  };
  const delivery = world.engine.credits.delivery(port);
  for (let second = 0; second < 60; second += 1) {
    world.clock.now = NOW_MS + second * 1_000;
    isTaken = second >= 30;
    await delivery.run("w");
  }
  assert.deepEqual(
    told.map(([atMs, url, { id }]) => [atMs / 1_000, url, id]),
    [0, 5, 15, 35].map((second) => [second, "https://pay.example/hook", "t"]),
  );
  const { type, data } = JSON.parse(told[0]?.[2].body ?? "{}");
  assert.equal(type, "topup.requested");
  assert.deepEqual(
    [data.id, data.customer, data.amount, data.currency],
    ["t", "acme", "10", "USD"],
  );
  await world.engine.credits.delivery(port).run("w");
  assert.equal(told.length, 5, "once more after a restart");
  await world.engine.credits.settleTopup("w", { ...END, id: "t" });
  await world.engine.credits.delivery(port).run("w");
  assert.equal(told.length, 5, "not when it has ended");
});
