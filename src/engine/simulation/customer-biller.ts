/** Bills one customer after the other, by the ledger and by every contender. */
import { present } from "../../domain/assert.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import { datedCommitment } from "../../domain/period/commitment.ts";
import type { CommitmentInput } from "../../domain/period/commitment-draw.ts";
import { NO_COMMITMENTS } from "../../domain/period/commitment-draw.ts";
import type { Statement } from "../../domain/period/statement.ts";
import { measureOf } from "../../domain/rating/meter-fields.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import { commitmentsIn, type SavedCommitments } from "../commitments.ts";
import type { EngineContext } from "../context.ts";
import type { PostedEntry } from "../credit-desk.ts";
import { recordedAmount } from "../credited.ts";
import type { Customer, StoredCounter } from "../ports.ts";
import { recordedActs } from "../recorded-acts.ts";
import type { OpeningPart } from "../set-opening.ts";
import type { Tariff } from "../tariff.ts";
import {
  addBills,
  type Billed,
  type BillSum,
  billOfStatement,
  billsOf,
  boundCounters,
  NO_BILL,
  type Opening,
  periodsUntilNow,
} from "./bill-customer.ts";
import { type Counting, countOpenings, type SimulatedOpening } from "./count-history.ts";
import { paidByCredit } from "./paid-by-credit.ts";
import { replayCustomer } from "./replay-customer.ts";
import type { SimulatedCustomer, SimulationRequest } from "./simulation.ts";

interface CreditPosted {
  readonly entries: readonly PostedEntry[];
}

/** What customers are billed by. */
export interface BillingBy {
  readonly countings: readonly Counting[];
  readonly nowMs: number;
  readonly currency: string;
  readonly request: Pick<SimulationRequest, "from" | "to">;
}

/** A customer's statements: by the ledger, and by each contender. */
export interface CustomerStatements {
  readonly charged: readonly Statement[];
  readonly contenders: readonly (readonly Statement[])[];
  readonly usage: readonly RollupRow[];
}

/** Bills customers of one workspace. */
export class CustomerBiller {
  readonly #context: EngineContext;
  readonly #workspace: string;
  readonly #by: BillingBy;
  readonly #commitments = new Map<string, SavedCommitments>();
  readonly #openings = new Map<string, OpeningPart[]>();
  #recorded: Tariff | undefined;

  constructor(context: EngineContext, workspace: string, by: BillingBy) {
    this.#context = context;
    this.#workspace = workspace;
    this.#by = by;
  }

  /** Reads what people recorded, which is little. */
  async open(): Promise<void> {
    const { store, tariffs } = this.#context;
    this.#recorded = await tariffs.of(this.#workspace);
    const saved = { kind: "commitments.saved" } as const;
    for (const act of await recordedActs<SavedCommitments>(store, this.#workspace, saved)) {
      this.#commitments.set(act.customer, act);
    }
    const set = { kind: "opening.set" } as const;
    for (const part of await recordedActs<OpeningPart>(store, this.#workspace, set)) {
      if (part.counter === null) continue;
      this.#openings.set(part.customer, [...(this.#openings.get(part.customer) ?? []), part]);
    }
  }

  /** Null: nothing was used or owed. */
  async bill(customer: Customer): Promise<SimulatedCustomer | "passed over" | null> {
    const { currency } = this.#by;
    const { charged, contenders, usage } = await this.statements(customer);
    const isOther = charged.some((one) => one.lines.length > 0 && one.currency !== currency);
    if (isOther) return "passed over";
    const all = [charged, ...contenders].flat();
    if (usage.length === 0 && all.every(({ lines }) => lines.length === 0)) return null;
    const told = usage.filter(({ period }) => this.#isAsked(period));
    const entries = await this.#entriesOf(customer);
    const sumOf = (statements: readonly Statement[]) => this.#sumOf(statements, entries);
    return {
      customer: customer.id,
      currency,
      steps: told.reduce((sum, row) => sum + row.steps, 0),
      unpriced: told.reduce((sum, row) => sum + row.unpriced, 0),
      cost: told.reduce((sum, row) => (sum + row.cost) as Amount, ZERO_AMOUNT),
      charged: sumOf(charged),
      cards: contenders.map(sumOf),
    };
  }

  /** Credit is used up from the first period on, whichever are asked for. */
  #sumOf(statements: readonly Statement[], entries: readonly PostedEntry[]): BillSum {
    const paid = paidByCredit(entries, statements, this.#by.nowMs);
    const bills = statements.map((one, at) => billOfStatement(one, paid[at] ?? ZERO_AMOUNT));
    return bills
      .filter((_, at) => this.#isAsked(statements[at]?.period.key ?? ""))
      .reduce(addBills, NO_BILL);
  }

  /** What was ever done to the customer's wallets; nearly always there are none. */
  async #entriesOf({ id }: Customer): Promise<readonly PostedEntry[]> {
    const { store } = this.#context;
    if ((await store.credit.book(this.#workspace, id)) === undefined) return [];
    const of = { kind: "credit.posted", subject: id } as const;
    const acts = await recordedActs<CreditPosted>(store, this.#workspace, of);
    return acts.flatMap(({ entries }) => entries);
  }

  #isAsked(period: string): boolean {
    const { from, to } = this.#by.request;
    return (
      (from === null || period >= from) && (to === null || period <= to || period.startsWith(to))
    );
  }

  /** Every statement of a customer. What was counted for it is forgotten: each is billed once. */
  async statements(customer: Customer): Promise<CustomerStatements> {
    const { store } = this.#context;
    const { countings, nowMs } = this.#by;
    const recorded = this.#tariff;
    const usage = await store.rollups(this.#workspace, { customer: customer.id });
    const used = new Set(usage.map(({ period }) => period));
    const all = periodsUntilNow(recorded, customer, { used, nowMs });
    const openings = this.#openings.get(customer.id) ?? [];
    const periods = [...new Set([...all, ...openings.map(({ period }) => period)])].sort();
    const commitments = this.#commitmentsOf(customer);
    const shared = { periods, nowMs, used, commitments };
    const countersOf = async (period: string) => {
      return store.countersOf(this.#workspace, { customer: customer.id, period });
    };
    const booked = openings.map((part) => openingOf({ part, amount: recordedAmount(part.amount) }));
    const own = { ...shared, tariff: recorded, customer, countersOf, openings: booked };
    const charged = await this.#billsOf(own);
    const contenders: Statement[][] = [];
    for (const counting of countings) {
      contenders.push(await this.#statementsBy(counting, customer, { shared, openings }));
      counting.counters.forget(customer.id);
    }
    return { charged, contenders, usage };
  }

  get #tariff(): Tariff {
    return present(this.#recorded, "the tariff of a biller that was opened");
  }

  /** Nearly every period without usage owes nothing: none is looked at where none can. */
  #billsOf(billed: Billed): Promise<Statement[]> {
    const { tariff, used, openings, commitments } = billed;
    const mayOwe = tariff.hasStandingTerms || commitments.commitments.length > 0;
    const held = new Set([...used, ...openings.map(({ period }) => period)]);
    const periods = mayOwe ? billed.periods : billed.periods.filter((key) => held.has(key));
    return billsOf({ ...billed, periods });
  }

  #commitmentsOf(customer: Customer): CommitmentInput {
    const saved = this.#commitments.get(customer.id);
    if (saved === undefined) return NO_COMMITMENTS;
    const commitments = commitmentsIn(saved).map((one) => datedCommitment(one, customer));
    return { ...NO_COMMITMENTS, commitments };
  }

  async #statementsBy(
    counting: Counting,
    customer: Customer,
    of: {
      readonly shared: Pick<Billed, "periods" | "nowMs" | "used" | "commitments">;
      readonly openings: readonly OpeningPart[];
    },
  ): Promise<Statement[]> {
    const { tariff, counters, customerAs } = counting;
    const openings = countOpenings(counting, of.openings, (part) => this.#measureThen(part));
    const bounds = await this.#boundsBy(counting, customer);
    const held = new Map<string, readonly StoredCounter[]>();
    for (const period of new Set([...counters.periodsOf(customer.id), ...bounds.keys()])) {
      const counted = counters.countersOf({ customer: customer.id, period });
      held.set(period, [...counted, ...(bounds.get(period) ?? [])]);
    }
    // A period counts as used by what was charged in it, as roll-ups have it.
    const charged = [...held].filter(([, own]) => own.some(({ counter }) => counter.amount !== 0n));
    const { shared } = of;
    return this.#billsOf({
      ...{ tariff, customer: customerAs(customer), nowMs: shared.nowMs },
      periods: [...new Set([...shared.periods, ...held.keys()])].sort(),
      used: new Set([...shared.used, ...charged.map(([period]) => period)]),
      commitments: shared.commitments,
      countersOf: async (period) => held.get(period) ?? [],
      openings: openings.map(openingOf),
    });
  }

  #measureThen({ counter }: OpeningPart): string | null {
    if (counter === null) return null;
    const { charges } = this.#tariff.cardById(counter.cardVersion);
    const charge = charges.find(({ key }) => key === counter.charge);
    return charge === undefined ? null : measureOf(charge.meter);
  }

  /** Nothing is replayed for cards without bounds of runs, which most are. */
  async #boundsBy(
    counting: Counting,
    customer: Customer,
  ): Promise<ReadonlyMap<string, StoredCounter[]>> {
    const { tariff } = counting;
    if (!tariff.boundsRuns) return new Map();
    const { store } = this.#context;
    const by = { recorded: this.#tariff, nowMs: this.#by.nowMs };
    const of = { store, workspace: this.#workspace, customer, counting, ...by };
    const runs = await replayCustomer(of);
    return boundCounters(tariff, customer.id, runs.values());
  }
}

function openingOf({ part, amount }: SimulatedOpening): Opening {
  const at = { cardKey: "", chargeKey: "opening", cell: part.id };
  const { period, description } = part;
  const booking = { kind: "opening", ...at, description, originPeriod: null, amount } as const;
  return { period, booking };
}
