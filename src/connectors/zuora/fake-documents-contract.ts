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
  readonly createdMs: number;
  readonly comment: string;
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
    const { status, accountId } = found;
    return answer(200, { success: true, number, status, accountId, amount: amountOf(found) });
  }

  /** ZOQL, object Invoice. */
  invoicesBetween(startMs: number, endMs: number): readonly Readonly<Record<string, unknown>>[] {
    return this.#documents
      .filter(({ sign, createdMs: at }) => sign === 1n && at >= startMs && at < endMs)
      .map((one) => ({
        ...{ Id: idOf(one.number), AccountId: one.accountId, InvoiceNumber: one.number },
        ...{ Amount: amountOf(one), Status: one.status, Comments: one.comment },
      }));
  }

  /** Reference, "List credit memos": pages of up to 40, by account. */
  memos(search: URLSearchParams): OutgoingAnswer {
    const [size, page] = ["pageSize", "page"].map((name) => Number(search.get(name)));
    const own = this.#documents.filter(({ sign, accountId }) => {
      return sign === -1n && accountId === search.get("accountId");
    });
    const from = (Number(page) - 1) * Number(size);
    const creditmemos = own.slice(from, from + Number(size)).map((one) => {
      const { number, accountId, status, comment } = one;
      return { id: idOf(number), number, accountId, status, comment, amount: amountOf(one) };
    });
    const more = from + Number(size) < own.length ? { nextPage: "https://…" } : {};
    return answer(200, { success: true, creditmemos, ...more });
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
    const comment = String(body.comments ?? body.comment);
    this.#documents.push({ ...kept, items, sign, createdMs: this.#world.nowMs(), comment });
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

function amountOf({ items }: Document): number {
  return items.reduce((sum, item) => sum + item.amount, 0);
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
