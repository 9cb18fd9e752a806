/**
 * Random histories of a wallet against an oracle that keeps one cell for each unit charged. It
 * knows the rules and nothing of the code: who pays is looked for unit by unit.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import { availableFor } from "./available.ts";
import { burn, owedIn } from "./burn.ts";
import type { Charged } from "./charged.ts";
import { closeLanes } from "./close-lanes.ts";
import { addGrant, bringUp, endGrants, takeFrom } from "./entry.ts";
import type { Posting } from "./posting.ts";
import { balancesOf, emptyWallet, type Wallet } from "./wallet.ts";
import { CHARGES, DAY, Oracle, PERIODS, startOf } from "./wallet-cells.test.ts";

const FULL = process.env.TOLLGATE_TEST_FULL === "1";
const RUNS = { numRuns: FULL ? 20_000 : 1_500 };

type Command =
  | { readonly is: "charge"; readonly period: string; readonly charge: string; readonly by: number }
  | {
      readonly is: "grant";
      readonly amount: number;
      readonly priority: number;
      readonly expires: number | null;
      readonly charges: readonly string[] | null;
    }
  | { readonly is: "refund"; readonly nth: number; readonly amount: number }
  | { readonly is: "expire"; readonly at: number }
  | { readonly is: "close"; readonly period: string };

const chargeIn = (periods: readonly string[], min: number, max: number) =>
  fc.record({
    is: fc.constant("charge" as const),
    period: fc.constantFrom(...periods),
    charge: fc.constantFrom(...CHARGES),
    by: fc.integer({ min, max }),
  });

const grant = fc.record({
  is: fc.constant("grant" as const),
  amount: fc.integer({ min: 1, max: 15 }),
  priority: fc.integer({ min: 0, max: 1 }),
  expires: fc.constantFrom(null, 150, 250, 350),
  charges: fc.constantFrom(null, ["a"], ["b"], ["a", "b"]),
});

const leaving: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    is: fc.constant("refund" as const),
    nth: fc.nat(5),
    amount: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ is: fc.constant("expire" as const), at: fc.constantFrom(150, 250, 350) }),
);

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: chargeIn(PERIODS, -6, 9) },
  { weight: 3, arbitrary: grant },
  { weight: 2, arbitrary: leaving },
  fc.record({ is: fc.constant("close" as const), period: fc.constantFrom(...PERIODS) }),
);

/** Credit paid of a closed period, is given back by open ones, and leaves. */
const begun = fc
  .tuple(
    fc.array(grant, { minLength: 1, maxLength: 2 }),
    fc.array(chargeIn(["p1"], 1, 9), { minLength: 1, maxLength: 3 }),
    fc.constant([{ is: "close", period: "p1" } as const]),
    fc.array(chargeIn(["p2", "p3"], -6, 2), { minLength: 1, maxLength: 3 }),
    fc.array(fc.oneof(leaving, grant), { minLength: 1, maxLength: 3 }),
  )
  .map((parts): Command[] => parts.flat());

const history = (maxLength: number) =>
  fc
    .tuple(fc.oneof(fc.constant([]), begun), fc.array(command, { maxLength }))
    .map((parts) => parts.flat());

class World {
  readonly oracle = new Oracle();
  wallet: Wallet = emptyWallet("USD");
  readonly posted = new Map<string, bigint>();

  charged(without = ""): Charged[] {
    return [...this.oracle.open]
      .filter((period) => period !== without)
      .flatMap((period) => this.of(period));
  }

  of(period: string): Charged[] {
    return CHARGES.map((charge) => ({
      customer: "",
      period,
      charge,
      startMs: startOf(period),
      amount: BigInt(this.oracle.charged.get(`${period} ${charge}`) ?? 0) as Amount,
    }));
  }

  run(step: Command): void {
    const { oracle } = this;
    if (step.is === "charge") {
      if (!oracle.open.has(step.period)) return;
      const lane = `${step.period} ${step.charge}`;
      oracle.charged.set(lane, (oracle.charged.get(lane) ?? 0) + step.by);
      return;
    }
    const entry = bringUp(this.wallet, this.charged());
    if (step.is === "close") {
      if (!oracle.open.has(step.period)) return;
      const others = this.charged(step.period);
      const closing = { customer: "", period: step.period, billed: this.of(step.period), others };
      const when = { endMs: startOf(step.period) + DAY, nowMs: 0, unit: 1n, replaced: null };
      const closed = closeLanes(this.wallet, { ...closing, ...when });
      const paid = oracle.close(step.period);
      this.#post(closed.postings);
      const settled = bringUp(closed.wallet, others);
      this.#post(settled.postings);
      this.wallet = settled.wallet;
      assert.equal(closed.paid, BigInt(paid), "what the statement says that credit paid");
      const total = sum(closing.billed.map((one) => one.amount));
      assert.ok(closed.paid <= (total > 0n ? total : 0n), "credit pays no more than the total");
      const owed = sum(closed.owed.map((one) => one.amount));
      assert.equal(closed.paid + owed, total, "what it leaves to others is the rest");
      const least = (total < 0n ? total : 0n) - BigInt(oracle.debts);
      assert.ok(closed.paid >= least, "credit is given back by the period that lowers");
      oracle.debts = 0;
      return;
    }
    oracle.fix();
    this.wallet = entry.wallet;
    this.#post(entry.postings);
    const next = this.#entryOf(step);
    this.#post(next.postings);
    this.wallet = next.wallet;
  }

  #entryOf(step: Exclude<Command, { is: "charge" | "close" }>) {
    const { oracle } = this;
    const here = { wallet: this.wallet, postings: [] };
    if (step.is === "grant") {
      const order = oracle.grants.length + 1;
      const { amount, priority, expires, charges } = step;
      oracle.grants.push({
        id: `g${order}`,
        amount,
        priority,
        expires,
        charges,
        order,
        taken: 0,
        ended: false,
      });
      const grant = {
        id: `g${order}`,
        kind: "grant",
        name: null,
        amount: BigInt(amount) as Amount,
        priority,
      } as const;
      const dates = { grantedAtMs: order, expiresAtMs: expires, finalAtMs: expires };
      const rest = { charges, cost: null, costCurrency: null, rollover: null };
      return addGrant(here, { ...grant, ...dates, ...rest }, "issued");
    }
    if (step.is === "expire") {
      const isOver = (end: number | null) => end !== null && end <= step.at;
      for (const grant of oracle.grants) if (isOver(grant.expires)) grant.ended = true;
      oracle.loseEnded();
      return endGrants(here, ({ expiresAtMs }) => isOver(expiresAtMs), step.at);
    }
    const grant = oracle.grants[step.nth];
    const left = balancesOf(this.wallet).get(grant?.id ?? "") ?? 0n;
    if (grant === undefined || left === 0n) return here;
    const amount = left < BigInt(step.amount) ? left : BigInt(step.amount);
    grant.taken += Number(amount);
    return takeFrom(here, { id: grant.id, amount: amount as Amount }, "refunded");
  }

  #post(postings: readonly Posting[]): void {
    assert.equal(sum(postings.map(({ amount }) => amount)), 0n, "postings add up to zero");
    for (const { account, amount } of postings) {
      this.posted.set(account, (this.posted.get(account) ?? 0n) + amount);
    }
  }

  check(): void {
    const now = burn(this.wallet, this.charged());
    const left = [...balancesOf(now)].filter(([, amount]) => amount > 0n);
    for (const [, amount] of balancesOf(now)) assert.ok(amount >= 0n, "no grant is negative");
    const ours = Object.fromEntries(left.map(([id, amount]) => [id, Number(amount)]));
    assert.deepEqual(ours, this.oracle.balances());
    for (const [id, amount] of balancesOf(this.wallet)) {
      assert.equal(this.posted.get(`grant:${id}`) ?? 0n, amount, "a balance is what was posted");
    }
  }
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

describe("A wallet against an oracle that pays unit by unit", () => {
  it("holds what the oracle says after every step, and posts all that moves", () => {
    fc.assert(
      fc.property(history(25), (steps) => {
        const world = new World();
        for (const step of steps) {
          world.run(step);
          world.check();
        }
      }),
      RUNS,
    );
  });

  it("lets be spent what its grants hold, no less and no more", () => {
    fc.assert(
      fc.property(
        history(15),
        fc.constantFrom(...CHARGES),
        fc.integer({ min: 0, max: 20 }),
        (steps, charge, reserved) => {
          const world = new World();
          for (const step of steps) world.run(step);
          const period = PERIODS[2] ?? "";
          if (!world.oracle.open.has(period)) return;
          const charged = world.charged().map((one) => {
            const amount = one.amount < 0n ? 0n : one.amount;
            return { ...one, amount: amount as Amount };
          });
          const lane = { customer: "", period, charge, startMs: startOf(period) };
          const held = [{ ...lane, amount: BigInt(reserved) as Amount }];
          const spending = { charged, charge, period, startMs: startOf(period) };
          const free = availableFor(world.wallet, { ...spending, reserved: held });
          const owed = (extra: bigint) => {
            const spent = { ...lane, amount: (BigInt(reserved) + extra) as Amount };
            return owedIn(burn(world.wallet, [...charged, spent]));
          };
          assert.equal(owed(free), owed(0n), "nothing that it spends is owed");
          assert.ok(owed(free + 1n) > owed(0n), "and one unit more is");
        },
      ),
      RUNS,
    );
  });
});
