/** What credit has paid of bills, and what it would have paid by each contender. */
import { type Amount, parseAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { Opened } from "../../domain/period/booking.ts";
import { epochOf } from "../../domain/simulation/step-sums.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { EngineContext } from "../context.ts";
import type { CounterKey, Customer } from "../ports.ts";
import {
  type Counting,
  type RecordedOpening,
  simulatedOpenings,
} from "../simulation/count-history.ts";
import { addDated } from "../simulation/dated-counts.ts";
import type { CreditFamily } from "./credit-family.ts";
import { CreditRoom } from "./credit-room.ts";
import { DatedLedger } from "./dated-ledger.ts";
import { FamilyDating } from "./dated-rows.ts";
import { FamilyFacts } from "./family-facts.ts";
import { LedgerRows } from "./ledger-rows.ts";
import { boundsBy } from "./past-runs.ts";
import { CreditReplay, closeOpen, endDue, type FamilyPaid } from "./replay-credit.ts";

/** What credit pays of each period of a customer: by the ledger, and by each contender. */
export interface CustomerPaid {
  readonly charged: ReadonlyMap<string, Amount>;
  readonly contenders: readonly ReadonlyMap<string, Amount>[];
}

/** What it takes to replay credit. */
export interface CreditOf {
  readonly context: EngineContext;
  readonly workspace: string;
  readonly recorded: Tariff;
  readonly nowMs: number;
  readonly countings: readonly Counting[];
  readonly families: readonly CreditFamily[];
  /** Counts that were taken over, by customer. */
  readonly openings: ReadonlyMap<string, readonly RecordedOpening[]>;
  /** Periods of a customer that may owe anything. */
  periodsOf(customer: Customer): Promise<readonly string[]>;
}

const NOTHING: CustomerPaid = { charged: new Map(), contenders: [] };

/** Works families out, each when the first of its members is asked for. */
export class SimulatedCredit {
  readonly #of: CreditOf;
  readonly #familyOf: ReadonlyMap<string, CreditFamily>;
  readonly #known = new Map<string, CustomerPaid>();

  constructor(of: CreditOf) {
    this.#of = of;
    this.#familyOf = new Map(
      of.families.flatMap((family) => family.members.map((id) => [id, family] as const)),
    );
  }

  /** What credit pays of a customer's periods. Each is asked for once. */
  async paidOf(id: string): Promise<CustomerPaid> {
    const family = this.#familyOf.get(id);
    if (family === undefined) return NOTHING;
    if (!this.#known.has(id)) await this.#workOut(family);
    const paid = this.#known.get(id) ?? NOTHING;
    this.#known.delete(id);
    return paid;
  }

  async #workOut(family: CreditFamily): Promise<void> {
    const { context, workspace, countings, recorded } = this.#of;
    const { store } = context;
    const customers = new Map<string, Customer>();
    for (const id of family.members) {
      const customer = await store.customer(workspace, id);
      if (customer !== undefined) customers.set(id, customer);
    }
    const keys: CounterKey[] = [];
    for (const customer of customers.values()) {
      for (const period of await this.#of.periodsOf(customer)) {
        keys.push({ customer: customer.id, period });
      }
    }
    const facts = new FamilyFacts({ store, workspace }, family);
    await facts.open();
    await new FamilyDating({ store, workspace, recorded, customers }, family, countings).date();
    const charged = await this.#byLedger(family, keys);
    const contenders: FamilyPaid[] = [];
    for (const counting of countings) {
      contenders.push(await this.#byContender({ family, facts, counting, keys }));
    }
    const none = new Map<string, Amount>();
    for (const id of family.members) {
      this.#known.set(id, {
        charged: charged.get(id) ?? none,
        contenders: contenders.map((paid) => paid.get(id) ?? none),
      });
    }
  }

  /** Of closed periods, what their statements say. */
  async #byLedger(family: CreditFamily, keys: readonly CounterKey[]): Promise<FamilyPaid> {
    const { context, workspace, recorded, nowMs } = this.#of;
    const { store } = context;
    const paid: FamilyPaid = new Map();
    for (const id of family.members) {
      const closed = await store.periodsOf(workspace, id);
      const inForce = new Set(closed.map(({ statementId }) => statementId));
      const own = new Map<string, Amount>();
      for (const record of await store.listStatements(workspace, id)) {
        if (!inForce.has(record.id)) continue;
        const { paidByCredit } = JSON.parse(record.document) as { readonly paidByCredit?: string };
        own.set(record.period, parseAmount(paidByCredit ?? "0") ?? ZERO_AMOUNT);
      }
      paid.set(id, own);
    }
    const view = new LedgerRows({ store, workspace }, recorded);
    const room = new CreditRoom(view);
    for (const { happened, atMs } of family.moments) {
      if (happened.is === "ended") await endDue(room, family.members, atMs);
    }
    await closeOpen({ view, room, paid }, { keys, nowMs });
    return paid;
  }

  async #byContender(of: {
    readonly family: CreditFamily;
    readonly facts: FamilyFacts;
    readonly counting: Counting;
    readonly keys: readonly CounterKey[];
  }): Promise<FamilyPaid> {
    const { family, facts, counting, keys } = of;
    const { context, workspace, recorded } = this.#of;
    const past = { context, workspace, recorded, facts };
    const boundsAt = counting.tariff.boundsRuns ? boundsBy(past, counting) : null;
    const openings = this.#openingsBy(family, counting);
    const ledger = new DatedLedger({ counting, family, facts, boundsAt, openings });
    const paid = await new CreditReplay({ family, facts, ledger }).replay(keys);
    for (const id of family.members) counting.dated.delete(id);
    return paid;
  }

  /** Counts what was taken over from its act on; returns what that comes to. */
  #openingsBy(family: CreditFamily, counting: Counting): ReadonlyMap<string, Opened> {
    const { openings, recorded } = this.#of;
    const seqs = family.moments.map(({ seq }) => seq);
    const opened = new Map<string, Opened>();
    for (const customer of family.members) {
      const parts = openings.get(customer) ?? [];
      for (const { id } of parts) opened.set(id, { amount: ZERO_AMOUNT });
      for (const one of simulatedOpenings(counting, parts, recorded)) {
        const { part, cardVersionId, item } = one;
        const at = { customer, period: part.period, epoch: epochOf(seqs, part.seq) };
        addDated(counting.dated, { ...at, cardVersionId, ...item });
        opened.set(part.id, one);
      }
    }
    return opened;
  }
}
