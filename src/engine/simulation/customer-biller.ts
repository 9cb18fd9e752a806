/** Bills one customer after the other, by the ledger and by every contender. */
import { present } from "../../domain/assert.ts";
import { sumAmounts } from "../../domain/credit/charged.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import { atClose, type Opened } from "../../domain/period/booking.ts";
import { datedCommitment } from "../../domain/period/commitment.ts";
import type { CommitmentInput } from "../../domain/period/commitment-draw.ts";
import { NO_COMMITMENTS } from "../../domain/period/commitment-draw.ts";
import type { Statement } from "../../domain/period/statement.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { EngineContext } from "../context.ts";
import { commitmentsIn, type SavedCommitments } from "../periods/commitments.ts";
import { openedBy } from "../periods/opened-counts.ts";
import type { OpeningPart } from "../periods/set-opening.ts";
import type { Customer, StoredCounter } from "../ports.ts";
import { actsOf, type CreditFamily, type PaidByPeriod } from "../simulated-credit/credit-family.ts";
import { SimulatedCredit } from "../simulated-credit/simulated-credit.ts";
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
import {
  type Counting,
  type RecordedOpening,
  type SimulatedOpening,
  simulatedOpenings,
} from "./count-history.ts";
import { replayCustomer } from "./replay-customer.ts";
import type { SimulatedCustomer, SimulationRequest } from "./simulation.ts";

/** What customers are billed by. */
export interface BillingBy {
  readonly countings: readonly Counting[];
  readonly nowMs: number;
  readonly currency: string;
  readonly request: Pick<SimulationRequest, "from" | "to">;
  /** Whose credit belongs together. (Default: nobody has any.) */
  readonly families?: readonly CreditFamily[];
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
  readonly #openings = new Map<string, RecordedOpening[]>();
  #recorded: Tariff | undefined;
  #credit: SimulatedCredit | undefined;

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
    const workspace = this.#workspace;
    for await (const { seq, document } of actsOf({ store, workspace }, "opening.set")) {
      const part = { ...(JSON.parse(document) as OpeningPart), seq };
      if (part.counter === null) continue;
      this.#openings.set(part.customer, [...(this.#openings.get(part.customer) ?? []), part]);
    }
    const { countings, nowMs, families = [] } = this.#by;
    const of = { context: this.#context, workspace, recorded: this.#recorded, nowMs, countings };
    const periodsOf = async (customer: Customer) => (await this.#periodsOf(customer)).periods;
    this.#credit = new SimulatedCredit({ ...of, families, openings: this.#openings, periodsOf });
  }

  /** Null: nothing was used or owed. */
  async bill(customer: Customer): Promise<SimulatedCustomer | "passed over" | null> {
    const { currency } = this.#by;
    // Before anything that was counted is forgotten.
    const paid = await present(this.#credit, "the credit of a biller").paidOf(customer.id);
    const { charged, contenders, usage } = await this.statements(customer);
    const isOther = charged.some((one) => one.lines.length > 0 && one.currency !== currency);
    if (isOther) return "passed over";
    const all = [charged, ...contenders].flat();
    if (usage.length === 0 && all.every(({ lines }) => lines.length === 0)) return null;
    const told = usage.filter(({ period }) => this.#isAsked(period));
    return {
      customer: customer.id,
      currency,
      steps: told.reduce((sum, row) => sum + row.steps, 0),
      unpriced: told.reduce((sum, row) => sum + row.unpriced, 0),
      cost: told.reduce((sum, row) => (sum + row.cost) as Amount, ZERO_AMOUNT),
      charged: this.#sumOf(charged, paid.charged),
      cards: contenders.map((own, at) => this.#sumOf(own, paid.contenders[at])),
    };
  }

  /** Credit is used up from the first period on, whichever are asked for. */
  #sumOf(statements: readonly Statement[], paid: PaidByPeriod = new Map()): BillSum {
    const asked = statements.filter(({ period }) => this.#isAsked(period.key));
    const bill = asked.map(billOfStatement).reduce(addBills, NO_BILL);
    const ofAsked = [...paid].filter(([period]) => this.#isAsked(period));
    return { ...bill, paidByCredit: sumAmounts(ofAsked.map(([, amount]) => amount)) };
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
    const { usage, used, periods, openings } = await this.#periodsOf(customer);
    const commitments = this.#commitmentsOf(customer);
    const shared = { periods, nowMs, used, commitments };
    const countersOf = async (period: string) => {
      return store.countersOf(this.#workspace, { customer: customer.id, period });
    };
    const booked = openings.map((part) => openingOf({ part, ...openedBy(part) }));
    const own = { ...shared, tariff: recorded, customer, countersOf, openings: booked };
    const charged = await this.#billsOf(own);
    const contenders: Statement[][] = [];
    for (const counting of countings) {
      contenders.push(await this.#statementsBy(counting, customer, { shared, openings }));
      counting.counters.forget(customer.id);
    }
    return { charged, contenders, usage };
  }

  async #periodsOf(customer: Customer) {
    const usage = await this.#context.store.rollups(this.#workspace, { customer: customer.id });
    const used = new Set(usage.map(({ period }) => period));
    const all = periodsUntilNow(this.#tariff, customer, { used, nowMs: this.#by.nowMs });
    const openings = this.#openings.get(customer.id) ?? [];
    const periods = [...new Set([...all, ...openings.map(({ period }) => period)])].sort();
    return { usage, used, periods, openings };
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
      readonly openings: readonly RecordedOpening[];
    },
  ): Promise<Statement[]> {
    const { tariff, counters, customerAs } = counting;
    const openings = simulatedOpenings(counting, of.openings, this.#tariff);
    for (const { part, cardVersionId, item } of openings) {
      counters.addMetered({ customer: customer.id, period: part.period }, cardVersionId, [item]);
    }
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

/** As a close would bill it. */
function openingOf({ part, ...opened }: Opened & Pick<SimulatedOpening, "part">): Opening {
  const { amount, credits = null } = atClose(opened);
  const at = { cardKey: "", chargeKey: "opening", cell: part.id, originPeriod: null };
  const { period, description } = part;
  const booking = { kind: "opening", ...at, description, amount, inCredits: credits } as const;
  return { period, booking };
}
