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

const PERIODS = ["p1", "p2", "p3"];
const CHARGES = ["a", "b"];
const DAY = 100;
const startOf = (period: string) => (PERIODS.indexOf(period) + 1) * DAY;
const FULL = process.env.TOLLGATE_TEST_FULL === "1";
const RUNS = { numRuns: FULL ? 20_000 : 1_500 };

interface OracleGrant {
  readonly id: string;
  readonly amount: number;
  readonly priority: number;
  readonly expires: number | null;
  readonly charges: readonly string[] | null;
  readonly order: number;
  taken: number;
  ended: boolean;
}

/** Cells by charge, period by period; closed ones first. */
class Oracle {
  readonly grants: OracleGrant[] = [];
  /** What each lane is charged, by `period charge`. */
  readonly charged = new Map<string, number>();
  readonly open = new Set(PERIODS);
  #cells = new Map<string, (string | null)[]>();
  /** Cells of closed lanes that open periods lower these by. They come back as they were. */
  #lowered = new Map<string, (string | null)[]>();

  levels(): [string, number][] {
    const levels = CHARGES.map((charge): [string, number] => {
      return [` ${charge}`, this.charged.get(` ${charge}`) ?? 0];
    });
    for (const period of PERIODS) {
      if (!this.open.has(period)) continue;
      const own = CHARGES.map((charge) => this.charged.get(`${period} ${charge}`) ?? 0);
      let debt = own.reduce((sum, amount) => sum + Math.max(0, -amount), 0);
      const net = own.map((amount) => Math.max(0, amount));
      for (let at = net.length - 1; at >= 0; at -= 1) {
        while (debt > 0 && (net[at] ?? 0) > 0) {
          net[at] = (net[at] ?? 0) - 1;
          debt -= 1;
        }
      }
      for (const [at, charge] of CHARGES.entries())
        levels.push([`${period} ${charge}`, net[at] ?? 0]);
      const negativeFirst = [0, 1].sort(
        (a, b) => Number((own[b] ?? 0) < 0) - Number((own[a] ?? 0) < 0),
      );
      for (const at of negativeFirst) {
        const lane = levels[at];
        while (lane !== undefined && debt > 0 && lane[1] > 0) {
          lane[1] -= 1;
          debt -= 1;
        }
      }
    }
    return levels;
  }

  cellsNow(): Map<string, (string | null)[]> {
    const cells = new Map<string, (string | null)[]>();
    for (const [lane, level] of this.levels()) {
      cells.set(lane, (this.#cells.get(lane) ?? []).slice(0, level));
    }
    for (const [lane, level] of this.inServiceOrder()) {
      const own = cells.get(lane) ?? [];
      const whole = [...(this.#cells.get(lane) ?? []), ...(this.#lowered.get(lane) ?? [])];
      while (own.length < level) {
        // What a closed period was billed in money, no grant pays.
        own.push(whole[own.length] === null ? null : this.#payer(cells, lane));
      }
    }
    return cells;
  }

  /** Period by period; of a period, what fewer grants may pay comes first. */
  inServiceOrder(): [string, number][] {
    const levels = this.levels();
    const place = ([lane]: [string, number]) => PERIODS.indexOf(lane.split(" ")[0] ?? "");
    return levels.sort(
      (a, b) => place(a) - place(b) || this.able(a[0]).length - this.able(b[0]).length,
    );
  }

  able(lane: string): OracleGrant[] {
    const [period = "", charge = ""] = lane.split(" ");
    const start = period === "" ? 0 : startOf(period);
    return this.grants.filter(
      (grant) =>
        !grant.ended &&
        (grant.expires === null || start < grant.expires) &&
        (grant.charges === null || grant.charges.includes(charge)),
    );
  }

  #payer(cells: Map<string, (string | null)[]>, lane: string): string | null {
    const able = this.able(lane).filter((grant) => this.left(grant, cells) > 0);
    able.sort(
      (a, b) =>
        a.priority - b.priority || (a.expires ?? 1e9) - (b.expires ?? 1e9) || a.order - b.order,
    );
    return able[0]?.id ?? null;
  }

  left(grant: OracleGrant, cells: Map<string, (string | null)[]>): number {
    const used = [...cells.values()].flat().filter((payer) => payer === grant.id).length;
    return grant.amount - grant.taken - used;
  }

  /** Every entry fixes who paid; what came back to an ended grant is lost. */
  fix(): void {
    const cells = this.cellsNow();
    for (const charge of CHARGES) {
      const lane = ` ${charge}`;
      const whole = [...(this.#cells.get(lane) ?? []), ...(this.#lowered.get(lane) ?? [])];
      this.#lowered.set(lane, whole.slice(cells.get(lane)?.length ?? 0));
    }
    this.#cells = cells;
    this.loseEnded();
  }

  loseEnded(): void {
    for (const grant of this.grants) {
      if (grant.ended) grant.taken += this.left(grant, this.#cells);
    }
  }

  close(period: string): number {
    const paidBefore = this.#paidClosed;
    const others = new Map<string, number>();
    // What other open periods lower closed ones by is not this statement's.
    for (const other of this.open) {
      if (other === period) continue;
      for (const charge of CHARGES)
        others.set(`${other} ${charge}`, this.charged.get(`${other} ${charge}`) ?? 0);
    }
    const kept = this.levels();
    for (const other of this.open) {
      if (other === period) continue;
      for (const charge of CHARGES) {
        const level = kept.find(([lane]) => lane === `${other} ${charge}`)?.[1] ?? 0;
        this.charged.set(`${other} ${charge}`, level);
      }
    }
    this.#cells = this.cellsNow();
    for (const charge of CHARGES) {
      const merged = [
        ...(this.#cells.get(` ${charge}`) ?? []),
        ...(this.#cells.get(`${period} ${charge}`) ?? []),
      ];
      this.#cells.set(` ${charge}`, merged);
      this.#lowered.delete(` ${charge}`);
      this.#cells.delete(`${period} ${charge}`);
      this.charged.set(` ${charge}`, merged.length);
      this.charged.delete(`${period} ${charge}`);
    }
    this.open.delete(period);
    const closed = CHARGES.flatMap((charge) => this.#cells.get(` ${charge}`) ?? []);
    this.#paidClosed = closed.filter((payer) => payer !== null).length;
    for (const [lane, amount] of others) this.charged.set(lane, amount);
    this.fix();
    return this.#paidClosed - paidBefore;
  }
  #paidClosed = 0;

  balances(): Record<string, number> {
    const cells = this.cellsNow();
    const left = this.grants.map((grant) => [grant.id, this.left(grant, cells)] as const);
    return Object.fromEntries(left.filter(([, amount]) => amount > 0));
  }
}

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

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant("charge" as const),
      period: fc.constantFrom(...PERIODS),
      charge: fc.constantFrom(...CHARGES),
      by: fc.integer({ min: -6, max: 9 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant("grant" as const),
      amount: fc.integer({ min: 1, max: 15 }),
      priority: fc.integer({ min: 0, max: 1 }),
      expires: fc.constantFrom(null, 150, 250, 350),
      charges: fc.constantFrom(null, ["a"], ["b"], ["a", "b"]),
    }),
  },
  fc.record({
    is: fc.constant("refund" as const),
    nth: fc.nat(5),
    amount: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ is: fc.constant("expire" as const), at: fc.constantFrom(150, 250, 350) }),
  fc.record({ is: fc.constant("close" as const), period: fc.constantFrom(...PERIODS) }),
);

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
      fc.property(fc.array(command, { maxLength: 25 }), (steps) => {
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
        fc.array(command, { maxLength: 15 }),
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
