/** Unbilled charges, the invoices that take them along, and promotional credits. */
import { EXPORT_SCALE } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import type { FakeWorld } from "../fake-target-contract.ts";
import { type FakeRequest, given, invalid, listed, notFound } from "./fake-answers-contract.ts";
import type { FakeSubscriptions } from "./fake-subscriptions-contract.ts";

const SECOND_MS = 1_000;
const CENT = 10n ** BigInt(EXPORT_SCALE - 2);
/** charges[description]: max chars 250; reference: 500. */
const DESCRIPTION_MAX_CHARS = 250;
/** How often their own billing takes a charge along. */
const BILLED_PART = 0.1;

interface Charge {
  readonly id: string;
  readonly subscription_id: string;
  readonly customer_id: string;
  readonly amount: number;
  readonly currency_code: string;
  readonly description: string;
  readonly updated_at: number;
  invoice: string | null;
}

interface Credit {
  readonly id: string;
  readonly customer_id: string;
  readonly type: "increment";
  readonly amount: number;
  readonly currency_code: string;
  readonly description: string;
  readonly reference: string;
  readonly created_at: number;
}

interface Invoice {
  readonly id: string;
  readonly customer_id: string;
  readonly updated_at: number;
}

/** Charges and credits of a site. */
export class FakeCharges {
  readonly #world: FakeWorld;
  readonly #subscriptions: FakeSubscriptions;
  readonly #charges: Charge[] = [];
  readonly #invoices: Invoice[] = [];
  readonly #credits: Credit[] = [];
  #no = 0;

  constructor(world: FakeWorld, subscriptions: FakeSubscriptions) {
    this.#world = world;
    this.#subscriptions = subscriptions;
  }

  /** `POST /unbilled_charges`: amounts are whole smallest units of 1 or more. */
  create({ fields }: FakeRequest): OutgoingAnswer {
    const subscription = fields.get("subscription_id") ?? "";
    if (!this.#subscriptions.isActive(subscription)) return notFound(subscription);
    const amount = Number(fields.get("charges[amount][0]"));
    if (!Number.isSafeInteger(amount) || amount < 1) return invalid("charges[amount][0]");
    const description = fields.get("charges[description][0]") ?? "";
    if (description.length > DESCRIPTION_MAX_CHARS) return invalid("charges[description][0]");
    const payer = this.#subscriptions.payer(this.#subscriptions.ours(subscription));
    const charge: Charge = {
      ...{ id: this.#newId("li"), subscription_id: subscription, customer_id: payer, amount },
      ...{ currency_code: fields.get("currency_code") ?? "", description },
      ...{ updated_at: this.#nowS(), invoice: null },
    };
    this.#charges.push(charge);
    return given({ unbilled_charges: [shown(charge)] });
  }

  /** `POST /invoices/create_for_charge_items_and_charges`: an invoice of nothing else. */
  invoice({ fields }: FakeRequest): OutgoingAnswer {
    const subscription = fields.get("subscription_id") ?? "";
    if (!this.#subscriptions.isActive(subscription)) return notFound(subscription);
    const payer = this.#subscriptions.payer(this.#subscriptions.ours(subscription));
    const amounts = [...fields].filter(([name]) => name.startsWith("charges[amount]"));
    if (amounts.length === 0) return invalid("charges");
    if (amounts.some(([, text]) => !/^[1-9][0-9]*$/.test(text))) return invalid("charges[amount]");
    const id = this.#newId("inv");
    this.#invoices.push({ id, customer_id: payer, updated_at: this.#nowS() });
    amounts.forEach(([, text], at) => {
      this.#charges.push({
        ...{ id: this.#newId("li"), subscription_id: subscription, customer_id: payer },
        ...{ amount: Number(text), currency_code: fields.get("currency_code") ?? "" },
        description: fields.get(`charges[description][${at}]`) ?? "",
        ...{ updated_at: this.#nowS(), invoice: id },
      });
    });
    const status = fields.get("create_pending_invoice") === "true" ? "pending" : "payment_due";
    return given({ invoice: { id, status, customer_id: payer } });
  }

  /** `GET /unbilled_charges`: what is invoiced is no longer there. */
  list(request: FakeRequest): OutgoingAnswer {
    const of = request.fields.get("subscription_id[is]");
    const rows = this.#charges
      .filter(({ invoice }) => invoice === null)
      .filter((one) => [null, one.subscription_id].includes(of));
    return listed("unbilled_charge", rows.map(shown), request);
  }

  /** `GET /invoices`: their line items have the charges' descriptions. */
  invoices(request: FakeRequest): OutgoingAnswer {
    const { fields } = request;
    const rows = this.#invoices
      .filter((one) => [null, one.customer_id].includes(fields.get("customer_id[is]")))
      .filter((one) => one.updated_at > Number(fields.get("updated_at[after]") ?? "0"))
      .map((invoice) => {
        const own = this.#charges.filter((one) => one.invoice === invoice.id);
        const items = own.map(({ id, amount, description }) => {
          return { id, amount, description, entity_type: "adhoc", quantity: 1 };
        });
        return { ...invoice, line_items: items, object: "invoice" };
      });
    return listed("invoice", rows, request);
  }

  /** `POST /promotional_credits/add`. */
  credit({ fields }: FakeRequest): OutgoingAnswer {
    const customer = fields.get("customer_id") ?? "";
    if (this.#ours(customer) === undefined) return notFound(customer);
    const amount = Number(fields.get("amount"));
    if (!Number.isSafeInteger(amount) || amount < 1) return invalid("amount");
    const description = fields.get("description") ?? "";
    if (description === "") return invalid("description");
    const credit: Credit = {
      ...{ id: this.#newId("pc"), customer_id: customer, type: "increment", amount, description },
      ...{ currency_code: fields.get("currency_code") ?? "", created_at: this.#nowS() },
      reference: fields.get("reference") ?? "",
    };
    this.#credits.push(credit);
    return given({ promotional_credit: credit, customer: { id: customer } });
  }

  /** `GET /promotional_credits`. */
  credits(request: FakeRequest): OutgoingAnswer {
    const { fields } = request;
    const rows = this.#credits
      .filter((one) => [null, one.customer_id].includes(fields.get("customer_id[is]")))
      .filter(({ type }) => (fields.get("type[is]") ?? type) === type)
      .filter((one) => one.created_at > Number(fields.get("created_at[after]") ?? "0"));
    return listed("promotional_credit", rows, request);
  }

  #ours(payer: string): string | undefined {
    const ours = payer.replace(/^cb_/, "");
    return this.#subscriptions.payer(ours) === payer ? ours : undefined;
  }

  /** Now and then their own billing puts what is unbilled on an invoice. */
  tick(): void {
    for (const charge of this.#charges) {
      if (charge.invoice !== null || this.#world.chance() >= BILLED_PART) continue;
      const { customer_id: customer } = charge;
      const id = this.#newId("inv");
      this.#invoices.push({ id, customer_id: customer, updated_at: this.#nowS() });
      charge.invoice = id;
    }
  }

  /** What is or will be charged less what is credited, in our names. */
  total(customer: string, item: string): bigint {
    const isOf = ({ customer_id: payer, description }: Charge | Credit) =>
      this.#ours(payer) === customer &&
      [`${item} of `, `${item} [`].some((text) => description.startsWith(text));
    const sum = (rows: readonly (Charge | Credit)[]) =>
      rows.filter(isOf).reduce((total, { amount }) => total + BigInt(amount) * CENT, 0n);
    return sum(this.#charges) - sum(this.#credits);
  }

  #newId(kind: string): string {
    this.#no += 1;
    return `${kind}_fake${this.#no}`;
  }

  #nowS(): number {
    return Math.floor(this.#world.nowMs() / SECOND_MS);
  }
}

function shown({ invoice: _, ...charge }: Charge): object {
  const object = "unbilled_charge";
  return { ...charge, entity_type: "adhoc", is_voided: false, deleted: false, object };
}
