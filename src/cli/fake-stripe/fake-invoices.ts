/** Invoice items and invoices as the API reference describes them, in whole cents. */
import { EXPORT_SCALE } from "../../domain/export/export-line.ts";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import {
  type FakeClock,
  type FakeRequest,
  given,
  invalid,
  listed,
  metadataOf,
  refused,
} from "./fake-answers.ts";
import type { TheirIds } from "./their-ids.ts";

const SECOND_MS = 1_000;
/** "An invoice can have up to 250 invoice items". */
const ITEMS_MAX_COUNT = 250;
const CENT = 10n ** BigInt(EXPORT_SCALE - 2);
const ID_DIGITS = 4;
/** How often their own billing takes pending items along. */
const BILLED_PART = 0.1;

interface Item {
  readonly id: string;
  readonly object: "invoiceitem";
  readonly customer: string;
  readonly amount: number;
  readonly currency: string;
  readonly description: string;
  readonly date: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly discountable: boolean;
  invoice: string | null;
}

interface Invoice {
  readonly id: string;
  readonly object: "invoice";
  readonly customer: string;
  readonly currency: string;
  readonly created: number;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  status: "draft" | "open" | "void";
}

/** Items and invoices of an account. */
export class FakeInvoices {
  readonly #clock: FakeClock;
  readonly #customers: TheirIds;
  readonly #items: Item[] = [];
  readonly #invoices: Invoice[] = [];
  #no = 0;

  constructor(clock: FakeClock, customers: TheirIds) {
    this.#clock = clock;
    this.#customers = customers;
  }

  /** `POST /v1/invoiceitems`. */
  createItem({ fields }: FakeRequest): OutgoingAnswer {
    const customer = fields.get("customer") ?? "";
    const missing = this.#missingCustomer(customer);
    if (missing !== null) return missing;
    const amount = Number(fields.get("amount"));
    if (!Number.isSafeInteger(amount)) return invalid("Invalid integer: amount");
    const invoice = fields.get("invoice");
    const problem = invoice === null ? null : this.#notDraft(invoice);
    if (problem !== null) return problem;
    const item: Item = {
      ...{ id: this.#newId("ii"), object: "invoiceitem", customer, amount, invoice },
      ...{ currency: fields.get("currency") ?? "", description: fields.get("description") ?? "" },
      ...{ date: this.#nowS(), metadata: metadataOf(fields) },
      discountable: fields.get("discountable") !== "false",
    };
    this.#items.unshift(item);
    return given(item);
  }

  #missingCustomer(customer: string): OutgoingAnswer | null {
    if (this.#customers.isActive(customer)) return null;
    return invalid(`No such customer: '${customer}'`, "resource_missing");
  }

  /** "You can only add items to draft invoices". */
  #notDraft(id: string): OutgoingAnswer | null {
    const invoice = this.#invoices.find((one) => one.id === id);
    if (invoice === undefined) return invalid(`No such invoice: '${id}'`, "resource_missing");
    if (invoice.status !== "draft") return invalid("This invoice is no longer editable");
    const count = this.#items.filter((one) => one.invoice === id).length;
    return count < ITEMS_MAX_COUNT ? null : invalid("The invoice has 250 items already");
  }

  /** `GET /v1/invoiceitems`: newest first; also items that are invoiced. */
  listItems(request: FakeRequest): OutgoingAnswer {
    const { fields } = request;
    const rows = this.#items
      .filter(({ customer }) => [null, customer].includes(fields.get("customer")))
      .filter(({ invoice }) => [null, invoice].includes(fields.get("invoice")))
      .filter(({ date }) => date >= Number(fields.get("created[gte]") ?? "0"));
    return listed(rows, request);
  }

  /** `POST /v1/invoices`: empty, for pending items are left out. */
  createInvoice({ fields }: FakeRequest): OutgoingAnswer {
    const customer = fields.get("customer") ?? "";
    const missing = this.#missingCustomer(customer);
    if (missing !== null) return missing;
    if (fields.get("pending_invoice_items_behavior") !== "exclude") {
      return invalid("other pending items would be on it");
    }
    const invoice: Invoice = {
      ...{ id: this.#newId("in"), object: "invoice", customer, created: this.#nowS() },
      ...{ currency: fields.get("currency") ?? "", description: fields.get("description") ?? "" },
      ...{ metadata: metadataOf(fields), status: "draft" },
    };
    this.#invoices.unshift(invoice);
    return given(invoice);
  }

  /** `GET /v1/invoices`. */
  listInvoices(request: FakeRequest): OutgoingAnswer {
    const { fields } = request;
    const rows = this.#invoices
      .filter(({ customer }) => [null, customer].includes(fields.get("customer")))
      .filter(({ created }) => created >= Number(fields.get("created[gte]") ?? "0"))
      .map((invoice) => ({ ...invoice, subtotal: this.#subtotal(invoice) }));
    return listed(rows, request);
  }

  /** "Total of all subscriptions, invoice items, and prorations", before taxes. */
  #subtotal({ id }: Invoice): number {
    const own = this.#items.filter((one) => one.invoice === id);
    return own.reduce((sum, { amount }) => sum + amount, 0);
  }

  /** `POST /v1/invoices/{id}/finalize`: only drafts can be. */
  finalize(id: string): OutgoingAnswer {
    const invoice = this.#invoices.find((one) => one.id === id);
    if (invoice === undefined) return missingInvoice(id);
    if (invoice.status !== "draft") return invalid("This invoice is already finalized");
    invoice.status = "open";
    return given(invoice);
  }

  /** `DELETE /v1/invoices/{id}`: only drafts can be; their items go with them. */
  remove(id: string): OutgoingAnswer {
    const at = this.#invoices.findIndex((one) => one.id === id);
    const invoice = this.#invoices[at];
    if (invoice === undefined) return missingInvoice(id);
    if (invoice.status !== "draft") return invalid("Only drafts can be deleted");
    this.#invoices.splice(at, 1);
    for (const item of this.#items.filter((one) => one.invoice === id)) {
      this.#items.splice(this.#items.indexOf(item), 1);
    }
    return given({ id, object: "invoice", deleted: true });
  }

  /** Now and then their own billing puts what is pending on an invoice, which is final then. */
  tick(): void {
    for (const item of this.#items) {
      if (item.invoice !== null || this.#clock.chance() >= BILLED_PART) continue;
      const invoice: Invoice = {
        ...{ id: this.#newId("in"), object: "invoice", customer: item.customer, metadata: {} },
        ...{ currency: item.currency, created: this.#nowS(), description: "", status: "open" },
      };
      this.#invoices.unshift(invoice);
      item.invoice = invoice.id;
    }
  }

  /** What is billed or will be, in our names: by what the item, or its invoice, says it is for. */
  total(customer: string, item: string): bigint {
    return this.#items
      .filter((one) => this.#customers.ours(one.customer) === customer)
      .filter((one) => this.#itemOf(one) === item)
      .reduce((sum, { amount }) => sum + BigInt(amount) * CENT, 0n);
  }

  #itemOf({ invoice, metadata }: Item): string {
    const of = this.#invoices.find(({ id }) => id === invoice)?.metadata.tollgate_item;
    return of ?? metadata.tollgate_item ?? "";
  }

  /** All invoices with their items, for those who look at them. */
  invoices(): readonly (Invoice & { readonly items: readonly Item[] })[] {
    return this.#invoices.map((invoice) => {
      return { ...invoice, items: this.#items.filter((one) => one.invoice === invoice.id) };
    });
  }

  #newId(kind: string): string {
    this.#no += 1;
    return `${kind}_fake${String(this.#no).padStart(ID_DIGITS, "0")}`;
  }

  #nowS(): number {
    return Math.floor(this.#clock.nowMs() / SECOND_MS);
  }
}

function missingInvoice(id: string): OutgoingAnswer {
  return refused({ status: 404, code: "resource_missing", message: `No such invoice: '${id}'` });
}
