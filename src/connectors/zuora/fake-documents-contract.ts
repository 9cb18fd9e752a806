/** Standalone invoices and credit memos of the fake (reference, "Invoices", "Credit Memos"). */
import { parseValue } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import { answer, failedReasons, idOf } from "./fake-answers-contract.ts";

const DAY_MS = 24 * 3_600_000;
/** Accounting periods are closed so long after their days. */
const CLOSED_AFTER_MS = 45 * DAY_MS;
const CENTS = 2;

interface Item {
  readonly amount: number;
  readonly productRatePlanChargeId: string;
}

interface Document {
  readonly number: string;
  readonly status: string;
  readonly accountId: string;
  readonly items: readonly Item[];
  /** 1: an invoice; -1: a credit memo. */
  readonly sign: bigint;
}

/** Documents of a tenant. */
export class FakeDocuments {
  readonly #world: FakeWorld;
  readonly #documents: Document[] = [];

  constructor(world: FakeWorld) {
    this.#world = world;
  }

  answer(method: string, path: string, body: Readonly<Record<string, unknown>>): OutgoingAnswer {
    const [, , collection, number] = path.split("/");
    const sign = collection === "invoices" ? 1n : -1n;
    if (method !== "GET") return this.#create(body, sign);
    const found = this.#documents.find((one) => one.number === number && one.sign === sign);
    // "Error codes": what is not found is category 40, and its status may be 200.
    if (found === undefined) return failedReasons(200, "50000040", "Cannot find entity by key");
    const amount = found.items.reduce((sum, item) => sum + item.amount, 0);
    return answer(200, { success: true, ...found, sign: undefined, items: undefined, amount });
  }

  #create(body: Readonly<Record<string, unknown>>, sign: bigint): OutgoingAnswer {
    const { accountId, invoiceDate, effectiveDate, invoiceItems, charges, status, autoPost } = body;
    const items = (sign === 1n ? invoiceItems : charges) as readonly Item[];
    const day = String(sign === 1n ? invoiceDate : effectiveDate);
    // "The value cannot fall in a closed accounting period."
    if (this.#world.nowMs() - Date.parse(day) > CLOSED_AFTER_MS) {
      return failedReasons(200, "50000030", `${day} is in a closed accounting period`);
    }
    if (!CUSTOMERS.some((customer) => idOf(customer) === accountId)) {
      return failedReasons(200, "50000040", "Cannot find the account");
    }
    for (const { amount, productRatePlanChargeId } of items) {
      const isCharge = ITEMS.some((item) => chargeIdOf(item) === productRatePlanChargeId);
      if (!isCharge) return failedReasons(200, "50000040", "Cannot find the charge");
      // "The specified amount is validated based on the decimal places supported by each currency."
      if (amount <= 0 || Number(amount.toFixed(CENTS)) !== amount) {
        return failedReasons(200, "50000020", `${amount} is no amount`);
      }
    }
    const number = String(body.invoiceNumber ?? body.number);
    const isPosted = status === "Posted" || autoPost === true;
    const kept = { number, accountId: String(accountId), status: isPosted ? "Posted" : "Draft" };
    // "The value must be unique in the system": nothing says that it is refused.
    this.#documents.push({ ...kept, items, sign });
    return answer(200, { success: true, id: idOf(number), invoiceNumber: number });
  }

  total(customer: string, item: string): bigint {
    const own = this.#documents.filter(({ accountId }) => accountId === idOf(customer));
    return own.reduce((sum, { items, sign }) => {
      const billed = items.filter((one) => one.productRatePlanChargeId === chargeIdOf(item));
      return billed.reduce((all, one) => all + sign * asValue(one.amount), sum);
    }, 0n);
  }
}

export const CUSTOMERS = ["acme", "globex", "initech"];
export const ITEMS = ["tokens", "searches"];

/** Product rate plan charge of an item. */
export function chargeIdOf(item: string): string {
  return idOf(`charge ${item}`);
}

/** The digits that a double keeps. */
const DOUBLE = { useGrouping: false, maximumSignificantDigits: 15 };

/** A number of theirs as a value. */
export function asValue(number: number): bigint {
  return parseValue(number.toLocaleString("en", DOUBLE)) ?? 0n;
}
