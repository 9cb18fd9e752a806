/**
 * The bill of a customer and period as margin needs it: its currency, the rate that converts its
 * costs, and its lines; of the statement where it is closed, else as if it were closed now.
 */
import { present } from "../../domain/assert.ts";
import type { BillLine, BillParts } from "../../domain/margin/bill-lines.ts";
import type { MarginPlace } from "../../domain/margin/margin-entry.ts";
import { type ConversionRate, rateAt } from "../../domain/money/conversion.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { Adjustment } from "../../domain/period/records.ts";
import { buildStatement } from "../../domain/period/statement.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import { recordedAct } from "../acts/recorded-acts.ts";
import { readRates } from "../cards/conversion-rates.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { BillContext } from "../context.ts";
import { periodOfKey } from "../periods/bill.ts";
import { bookedIn } from "../periods/booked-rows.ts";
import { commitmentInput } from "../periods/commitments.ts";
import { readCreditNotes, recordedAmount } from "../periods/credited.ts";
import { drawnWithOpen, openBill } from "../periods/read-drawdown.ts";
import type { OpeningPart } from "../periods/set-opening.ts";
import { findStatement } from "../periods/statement-lines.ts";
import type { CounterKey, Customer } from "../ports.ts";

/** A bill, and what it is made of. */
export interface MarginBill {
  readonly at: MarginPlace;
  readonly startMs: number;
  readonly rollups: readonly RollupRow[];
  readonly parts: BillParts;
  /** Whether commitments have a part in it. */
  readonly isCommitted: boolean;
}

interface Known {
  readonly tariff: Tariff;
  readonly nowMs: number;
  readonly rates: readonly ConversionRate[];
}

interface Lines {
  readonly currency: string;
  readonly lines: readonly BillLine[];
  readonly isCommitted: boolean;
}

/** A period that is open, with what is booked in it. */
interface Opened {
  readonly customer: Customer;
  readonly period: BillingPeriod;
  readonly booked: readonly Adjustment[];
}

/** Reads bills, one at a time. */
export class MarginBills {
  readonly #context: BillContext;
  readonly #workspace: string;
  readonly #of: Known;

  private constructor(context: BillContext, workspace: string, of: Known) {
    this.#context = context;
    this.#workspace = workspace;
    this.#of = of;
  }

  /** A reader of a workspace's bills as they are at an instant. */
  static async open(context: BillContext, workspace: string, nowMs: number): Promise<MarginBills> {
    const { store, tariffs } = context;
    const tariff = await tariffs.of(workspace);
    const rates = await readRates(store, workspace);
    return new MarginBills(context, workspace, { tariff, nowMs, rates });
  }

  async read(key: CounterKey): Promise<MarginBill> {
    const { store } = this.#context;
    const { tariff, nowMs } = this.#of;
    const known = await store.customer(this.#workspace, key.customer);
    const customer = present(known, `customer "${key.customer}"`);
    const period = periodOfKey(tariff, customer, key.period);
    const rollups = await store.rollups(this.#workspace, key);
    const closed = await store.periodsOf(this.#workspace, key.customer);
    const statement = closed.find((one) => one.period === key.period)?.statementId ?? null;
    const booked = await bookedIn(store, this.#workspace, key);
    const bill =
      statement === null
        ? await this.#open({ customer, period, booked })
        : await this.#closed(statement);
    const { currency, isCommitted } = bill;
    const pair = { from: COST_CURRENCY, to: currency };
    const rate = rateAt(this.#of.rates, pair, Math.min(period.endMs - 1, nowMs));
    const at: MarginPlace = { ...key, currency, rate, isOpen: statement === null };
    const credited = statement === null ? ZERO_AMOUNT : await this.#credited(statement);
    const ofRuns = rollups.reduce((sum, { charge }) => sum + charge, 0n) as Amount;
    const countedBefore = await this.#countedBefore(booked);
    const parts = { lines: bill.lines, ofRuns, countedBefore, credited };
    return { at, startMs: period.startMs, rollups, parts, isCommitted };
  }

  async #open({ customer, period, booked }: Opened): Promise<Lines> {
    const { tariff, nowMs } = this.#of;
    const wanted = { customer, replaces: null };
    const input = await commitmentInput(this.#context.store, this.#workspace, wanted);
    const at = { customer, tariff, nowMs };
    const drawn = { ...at, input, until: period.key };
    const before = await drawnWithOpen(this.#context, this.#workspace, drawn);
    const commitments = { ...input, before };
    const underWay = { ...at, period, commitments, booked, tellsBookings: false };
    const { currency, lines } = buildStatement(
      await openBill(this.#context, this.#workspace, underWay),
    );
    return { currency, lines, isCommitted: input.commitments.length > 0 };
  }

  async #closed(id: string): Promise<Lines> {
    const { currency, document } = await findStatement(this.#context.store, this.#workspace, id);
    const { lines } = JSON.parse(document) as {
      readonly lines: readonly (Omit<BillLine, "amountExact"> & { amountExact: string })[];
    };
    return {
      currency,
      isCommitted: true,
      lines: lines.map((line) => {
        return { ...line, amountExact: recordedAmount(line.amountExact) };
      }),
    };
  }

  /** What credit notes give back of a statement. */
  async #credited(statement: string): Promise<Amount> {
    const notes = await readCreditNotes(this.#context.store, this.#workspace, statement);
    return notes.reduce((sum, { total }) => sum + recordedAmount(total), 0n) as Amount;
  }

  /** What the period's charges counted elsewhere before the customer moved here. */
  async #countedBefore(booked: readonly Adjustment[]): Promise<Amount> {
    const { store } = this.#context;
    let sum = 0n;
    for (const { id, reason } of booked) {
      if (reason !== "opening") continue;
      const of = { kind: "opening.set", subject: id } as const;
      const part = await recordedAct<OpeningPart>(store, this.#workspace, of);
      const counter = part?.counter ?? null;
      if (counter !== null) sum += recordedAmount(counter.share);
    }
    return sum as Amount;
  }
}
