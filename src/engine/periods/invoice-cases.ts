/** Use cases of providers' own invoices: what they bill us, held against what steps cost. */
import type { EngineContext } from "../context.ts";
import { type Invoice, importInvoice, type NewInvoice } from "./import-invoice.ts";
import { bookTrueUp, type Reconciliation, reconcileInvoice } from "./reconcile-invoice.ts";

/** What can be done with invoices, and asked of them. */
export class InvoiceCases {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  import(workspace: string, invoice: NewInvoice): Promise<Invoice> {
    return importInvoice(this.#context, workspace, invoice);
  }

  /** Holds one against recorded cost. Throws `invoice.not_found`. */
  reconcile(workspace: string, id: string): Promise<Reconciliation> {
    return reconcileInvoice(this.#context, workspace, id);
  }

  /** Books the difference as cost that names the invoice. */
  bookTrueUp(
    workspace: string,
    request: { readonly invoice: string; readonly reason: string; readonly by: string },
  ): ReturnType<typeof bookTrueUp> {
    return bookTrueUp(this.#context, workspace, request);
  }
}
