/**
 * Random orders of usage, grants, goodwill, notes, disputes and a close that comes in the grace of
 * its month, for a customer and for a family that shares a parent's credit: credit never pays more
 * than a bill's total, so nothing that a closed statement billed in money, and it is the same
 * whether goodwill comes before the close or behind it. A call is 1.10.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../compose.ts";
import { present } from "../domain/assert.ts";
import { TollgateError } from "../domain/errors.ts";
import { formatAmount, parseAmount } from "../domain/money/decimal.ts";
import {
  cardOf,
  each,
  opened,
  PRICES,
  STEPS,
  toolCall,
  voided,
} from "../engine/commit/engine-world.test.ts";
import type { Engine } from "../engine/engine.ts";
import type { Store } from "../engine/ports.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { threeStores } from "./three-stores-contract.ts";
import { verifyDataFolder } from "./verify/verify-data-folder.ts";

const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 25;
const stores = threeStores();
const CARD = cardOf({ calls: [STEPS, each("1.10")] });
const MONTHS = ["2027-01", "2027-02", "2027-03"];
let count = 0;

const CUSTOMERS = ["group", "kid", "sole"] as const;
const customer = fc.constantFrom(...CUSTOMERS);
const cents = fc.constantFrom(50, 110, 300, 500);

type Doing =
  | { readonly is: "use"; readonly of: string; readonly month: 1 | 2; readonly calls: number }
  | { readonly is: "void" | "note" | "dispute"; readonly nth: number; readonly cents: number }
  | { readonly is: "grant" | "goodwill"; readonly of: string; readonly cents: number }
  | { readonly is: "refund"; readonly nth: number; readonly cents: number }
  | { readonly is: "close"; readonly month: number };

const doing: fc.Arbitrary<Doing> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant("use" as const),
      of: customer,
      month: fc.constantFrom<1 | 2>(1, 2),
      calls: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constantFrom("void" as const, "note" as const, "dispute" as const),
      nth: fc.nat(20),
      cents,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      is: fc.constantFrom("grant" as const, "goodwill" as const),
      of: customer,
      cents,
    }),
  },
  fc.record({ is: fc.constant("refund" as const), nth: fc.nat(5), cents }),
);

const anyCase = fc.record({
  share: fc.constantFrom("own" as const, "own_first" as const, "parent_first" as const),
  before: fc.array(doing, { maxLength: 7 }),
  goodwill: fc.record({ is: fc.constant("goodwill" as const), of: customer, cents }),
  behind: fc.array(doing, { maxLength: 9 }),
});
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

/** Plays in February, from the fourth day on; then every month is closed. */
class Player {
  readonly engine: Engine;
  readonly #store: Store;
  readonly #ws: string;
  readonly #clock = { now: Date.parse("2027-01-01T00:00:00Z") };
  readonly #sent: { readonly id: string; readonly run: string }[] = [];
  readonly #grants: { readonly id: string; readonly of: string }[] = [];
  #ids = 0;

  constructor(store: Store) {
    count += 1;
    this.#ws = `w${count}`;
    this.#store = store;
    this.engine = composeEngine(store, { clock: { nowMs: () => this.#clock.now } });
  }

  async play(share: Case["share"], acts: readonly Doing[]): Promise<object> {
    const { engine } = this;
    const ws = this.#ws;
    await this.#store.createWorkspace(ws);
    await engine.importPrices(ws, { source: "test", entries: PRICES, effectiveFromMs: null });
    await engine.applyRateCard(ws, { ...CARD, effectiveFromMs: 0 });
    await engine.saveWorkspace(ws, { graceHours: 72 });
    for (const id of CUSTOMERS) {
      const parent = { id: "group", pays: true, credit: share };
      await engine.saveCustomer(ws, { id, settings: id === "kid" ? { parent } : {} });
      await engine.ingest(ws, [opened({ run: id, customer: id })]);
    }
    this.#clock.now = Date.parse("2027-02-04T00:00:00Z");
    for (const one of acts) {
      this.#clock.now += 60_000;
      await this.#does(one).catch(ignoreRefusals);
      for (const id of CUSTOMERS)
        checkPaid((await engine.bill(ws, { customer: id, period: null })).document);
    }
    for (const at of ["2027-02-05", "2027-03-05", "2027-04-05"].entries()) {
      this.#clock.now = Math.max(this.#clock.now, Date.parse(`${at[1]}T00:00:00Z`));
      await this.#close(at[0]);
    }
    return this.#standing();
  }

  async #does(one: Doing): Promise<unknown> {
    const { engine } = this;
    const ws = this.#ws;
    this.#ids += 1;
    const about = { id: `i${this.#ids}`, reason: "agreed", by: "anna" };
    switch (one.is) {
      case "use": {
        const occurredAtMs = Date.parse(one.month === 1 ? "2027-01-20" : "2027-02-03");
        const steps = Array.from({ length: one.calls }, (_, at) => {
          return { id: `s${this.#ids} ${at}`, run: one.of };
        });
        this.#sent.push(...steps);
        const events = steps.map((step) => toolCall({ ...step, customer: one.of, occurredAtMs }));
        const { results } = await engine.ingest(ws, events);
        assert.ok(results.every(({ status }) => status === "accepted"));
        return;
      }
      case "void": {
        const step = this.#sent[one.nth % Math.max(1, this.#sent.length)];
        if (step === undefined) return;
        const target = { source: "sdk", id: step.id };
        const { id } = about;
        const occurredAtMs = this.#clock.now;
        return engine.ingest(ws, [voided({ id, run: step.run, target, occurredAtMs })]);
      }
      case "goodwill":
        return engine.giveGoodwill(ws, {
          ...about,
          customer: one.of,
          amount: `${one.cents / 100}`,
        });
      case "grant": {
        const [{ of }, amount] = [one, `${one.cents / 100}`];
        this.#grants.push({ id: about.id, of });
        const terms = {
          name: null,
          priority: 1,
          expiresAtMs: null,
          charges: null,
          currency: "USD",
        };
        const none = { cost: null, costCurrency: null, rollover: null };
        return engine.credits.grant(ws, { ...about, customer: of, amount, ...terms, ...none });
      }
      case "refund": {
        const grant = this.#grants[one.nth % Math.max(1, this.#grants.length)];
        if (grant === undefined) return;
        const of = { customer: grant.of, grant: grant.id, amount: `${one.cents / 100}` };
        return engine.credits.refund(ws, { ...about, ...of });
      }
      case "close":
        return this.#close(one.month);
      case "note":
      case "dispute": {
        const all = await Promise.all(CUSTOMERS.map((id) => this.#store.listStatements(ws, id)));
        const billed = all.flat();
        const statement = billed[one.nth % Math.max(1, billed.length)]?.id;
        if (statement === undefined) return;
        const amount = `${one.cents / 100}`;
        if (one.is === "note") {
          return engine.issueCreditNote(ws, { ...about, statement, lines: [{ line: 1, amount }] });
        }
        const target = { kind: "line", statement, line: 1 } as const;
        return engine.openDispute(ws, { ...about, target, amount });
      }
    }
  }

  async #close(month: number): Promise<void> {
    const period = present(MONTHS[month], "a month");
    // What children are billed, parents carry with the second one.
    for (const _ of ["children", "parents"]) {
      await this.engine.closePeriod(this.#ws, { customer: null, period, early: false });
    }
  }

  async #standing(): Promise<object> {
    const standing: unknown[] = [];
    for (const id of CUSTOMERS) {
      for (const { document } of await this.#store.listStatements(this.#ws, id)) {
        const {
          customer,
          period,
          total,
          paidByCredit = "0",
          amountDue = total,
        } = JSON.parse(document);
        checkPaid(document);
        standing.push([customer, period, total, paidByCredit, amountDue]);
      }
      const { wallets } = await this.engine.credits.of(this.#ws, id);
      standing.push(wallets.map(({ balance }) => formatAmount(balance)));
    }
    return standing;
  }
}

/** Credit pays no more than the total, nor of one that is below nothing. */
function checkPaid(document: string): void {
  const { total, paidByCredit = "0" } = JSON.parse(document);
  const [all, paid] = [present(parseAmount(total), total), parseAmount(paidByCredit) ?? 0n];
  assert.ok(paid <= (all > 0n ? all : 0n), `of ${total} credit pays ${paidByCredit}`);
}

/** A history may ask for what is not there. */
function ignoreRefusals(error: unknown): void {
  if (!(error instanceof TollgateError)) throw error;
}

const CLOSE = { is: "close", month: 0 } as const;

/** Jan's five calls are billed in money; what pays for them later is goodwill, not credit. */
const FOUND: Case = {
  share: "own",
  before: [
    { is: "use", of: "sole", month: 1, calls: 5 },
    { is: "grant", of: "sole", cents: 500 },
  ],
  goodwill: { is: "goodwill", of: "sole", cents: 300 },
  behind: [{ is: "use", of: "sole", month: 2, calls: 6 }],
};

test("goodwill may come before the close or behind it", async () => {
  const property = fc.asyncProperty(anyCase, async ({ share, before, goodwill, behind }) => {
    const wanted = await new Player(stores.memory).play(share, [
      ...before,
      CLOSE,
      goodwill,
      ...behind,
    ]);
    const first = [...before, goodwill, CLOSE, ...behind];
    assert.deepEqual(await new Player(stores.memory).play(share, first), wanted);
  });
  await fc.assert(property, { numRuns: 60 * full, examples: [[FOUND]] });
});

test("it is the same on every store, and verification agrees", async () => {
  const property = fc.asyncProperty(anyCase, async ({ share, before, goodwill, behind }) => {
    const acts = [...before, goodwill, CLOSE, ...behind];
    const wanted = await new Player(stores.memory).play(share, acts);
    assert.deepEqual(await new Player(stores.postgres).play(share, acts), wanted, "PostgreSQL");
    const folder = join(stores.dataDir, `orders ${count}`);
    const sqlite = openSqliteStore({ dataDir: folder, digest: nodeDigest });
    const player = new Player(sqlite);
    assert.deepEqual(await player.play(share, acts), wanted, "SQLite");
    await sqlite.settle(`w${count}`);
    await sqlite.close();
    assert.deepEqual(verifyDataFolder(folder).findings, []);
    rmSync(folder, { recursive: true });
  });
  await fc.assert(property, { numRuns: 8 * full, examples: [[FOUND]] });
});
