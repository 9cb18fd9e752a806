/** Providers' own invoices, held against recorded cost. */
import { INVOICE_ROWS_MAX_COUNT } from "../../domain/limits.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { actPage } from "../../engine/acts/act-page.ts";
import type { Invoice, NewInvoice } from "../../engine/periods/import-invoice.ts";
import type { Reconciliation, TrueUp } from "../../engine/periods/reconcile-invoice.ts";
import { timeText } from "../instant.ts";
import { json, ok, route } from "../route.ts";
import {
  CURSOR,
  closed,
  described,
  ID,
  type JsonSchema,
  LIMIT,
  listOf,
  named,
  TEXT,
} from "../schema.ts";
import { FORMS } from "../text-forms.ts";

const INVOICE_PARAM = closed({ invoice: ID });
const DAY: JsonSchema = {
  type: "string",
  format: "date",
  description: "Day in UTC.",
};
const SIGNED: JsonSchema = {
  type: "string",
  pattern: FORMS.shortDecimal.pattern,
  description: "Decimal text; negative for a credit.",
};

const importInvoice = route<unknown, unknown, NewInvoice>({
  method: "POST",
  path: "/v1/invoices",
  operationId: "importInvoice",
  summary: "Import the totals of a provider's invoice; importing it again changes nothing.",
  scope: "admin",
  body: {
    schema: closed({
      id: described(ID, "As the provider numbers it."),
      currency: { type: "string", enum: [COST_CURRENCY], description: "That of the price book." },
      rows: {
        ...listOf(
          closed({
            provider: ID,
            model: described(TEXT, "Model, tool or service, as steps name it."),
            day: DAY,
            amount: SIGNED,
          }),
        ),
        minItems: 1,
        maxItems: INVOICE_ROWS_MAX_COUNT,
      },
    }),
  },
  answers: { 200: json("The invoice.", named("Invoice")) },
  errors: ["booking.conflict"],
  handle: async ({ engine }, { workspace, body }) =>
    ok(invoiceView(await engine.invoices.import(workspace, body))),
});

interface ListQuery {
  readonly limit: number;
  readonly cursor?: number;
}

/** Invoices that are read at a time: each has all its rows. */
const INVOICES_AT_A_TIME = 10;

const listInvoices = route<unknown, ListQuery>({
  method: "GET",
  path: "/v1/invoices",
  operationId: "listInvoices",
  summary: "List imported invoices, oldest first.",
  scope: "read",
  query: closed({ "limit?": LIMIT, "cursor?": CURSOR }),
  answers: { 200: json("A page of invoices.", named("InvoiceList")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query: { limit, cursor = 0 } }) => {
    const of = { kind: "invoice.imported", afterSeq: cursor, limit } as const;
    const { found, next } = await actPage(engine.store, workspace, {
      ...of,
      atATime: INVOICES_AT_A_TIME,
      shown: (document) => invoiceView(JSON.parse(document) as Invoice),
    });
    return ok({ invoices: found, next });
  },
});

const reconcile = route<{ readonly invoice: string }>({
  method: "GET",
  path: "/v1/invoices/{invoice}/reconciliation",
  operationId: "reconcileInvoice",
  summary: "Compare an invoice with recorded cost by provider, model and day.",
  scope: "read",
  params: INVOICE_PARAM,
  answers: { 200: json("Both sides.", named("Reconciliation")) },
  errors: ["invoice.not_found", "steps.removed"],
  handle: async ({ engine }, { workspace, params }) =>
    ok(reconciliationView(await engine.invoices.reconcile(workspace, params.invoice))),
});

interface TrueUpBody {
  readonly reason: string;
  readonly by: string;
}

const bookTrueUp = route<{ readonly invoice: string }, unknown, TrueUpBody>({
  method: "POST",
  path: "/v1/invoices/{invoice}/true-up",
  operationId: "bookTrueUp",
  summary: "Book the difference between an invoice and recorded cost.",
  scope: "admin",
  params: INVOICE_PARAM,
  body: {
    schema: closed({ reason: { ...TEXT, minLength: 1 }, by: described(ID, "Who decided it.") }),
  },
  answers: { 200: json("Both sides, with what was booked.", named("Reconciliation")) },
  errors: ["invoice.not_found", "steps.removed"],
  handle: async ({ engine }, { workspace, params: { invoice }, body }) => {
    await engine.invoices.bookTrueUp(workspace, { invoice, ...body });
    return ok(reconciliationView(await engine.invoices.reconcile(workspace, invoice)));
  },
});

function invoiceView({ id, currency, total, rows, importedAtMs }: Invoice): object {
  return { id, currency, total, rows: rows.length, importedAt: timeText(importedAtMs) };
}

function reconciliationView({ invoice, rows, trueUps }: Reconciliation): object {
  type Column = "recorded" | "truedUp" | "invoiced" | "invoicedElsewhere" | "difference";
  const sum = (column: Column): string =>
    formatAmount(rows.reduce((total, row) => total + row[column], 0n) as Amount);
  return {
    invoice: invoiceView(invoice),
    rows: rows.map(({ provider, model, day, ...sides }) => ({
      ...{ provider, model, day },
      recorded: formatAmount(sides.recorded),
      truedUp: formatAmount(sides.truedUp),
      invoiced: formatAmount(sides.invoiced),
      invoicedElsewhere: formatAmount(sides.invoicedElsewhere),
      difference: formatAmount(sides.difference),
    })),
    recorded: sum("recorded"),
    truedUp: sum("truedUp"),
    invoiced: sum("invoiced"),
    invoicedElsewhere: sum("invoicedElsewhere"),
    difference: sum("difference"),
    trueUps: trueUps.map(trueUpView),
  };
}

function trueUpView({ bookedAtMs, rows, ...trueUp }: TrueUp): object {
  return { ...trueUp, rows, bookedAt: timeText(bookedAtMs) };
}

/** Invoices of providers. */
export const INVOICE_ROUTES = [importInvoice, listInvoices, reconcile, bookTrueUp];
