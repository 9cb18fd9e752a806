/**
 * A statement as an invoice: a draft, an item for each of its parts, and if it is wanted, the
 * finalizing. These are several requests, and any of them may get lost. What is there already is
 * looked for first, and only what is missing is sent, so it does not matter how often it is begun.
 * A bill that was issued again comes as an invoice of the difference; one below nothing becomes
 * credit on the customer's balance when it is finalized.
 */

import { billedParts } from "../../domain/export/billed-parts.ts";
import type { Outcome } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing, LookUp, Session, Theirs } from "../../engine/export/connector-port.ts";
import { outcome } from "../outcome-of-status.ts";
import { type FormFields, fieldOf, formBody } from "./form.ts";
import {
  amountFields,
  BOOKS_FIELD,
  booksOf,
  LINE_FIELD,
  metadata,
  PART_FIELD,
  periodFields,
  sinceSent,
  type Tagged,
} from "./invoice-items.ts";
import { outcomeOfSent, type Post, parsed, post, readList, remove } from "./stripe-api.ts";
import { billedForm, minorUnits } from "./stripe-money.ts";
import { readSettings } from "./stripe-settings.ts";

/** An invoice holds at most 250 items (docs.stripe.com/invoicing, limits). */
const ITEMS_MAX_COUNT = 250;

/** What a frozen body holds: forms, each as it is sent. */
interface FrozenInvoice {
  readonly invoice: string;
  /** Forms of items, to which the invoice's id is added. */
  readonly items: readonly string[];
  readonly finalize: string | null;
}

/** The bytes of a line. Throws `target.invalid` where its currency is not the target's. */
export function freezeInvoice(
  line: Freezing,
  { customer, item }: Theirs,
  target: ExportTarget,
): string {
  const { currency, isFinalizing, daysUntilDue } = readSettings(target);
  // A bill in another currency is refused whole.
  minorUnits(line.value, line.unit, currency);
  const collection: FormFields =
    daysUntilDue === null
      ? [["collection_method", "charge_automatically"]]
      : [
          ["collection_method", "send_invoice"],
          ["days_until_due", String(daysUntilDue)],
        ];
  const tags = { item: item.id ?? "", period: line.period, source: line.evidence.source };
  const head: FormFields = [
    ["customer", customer.id ?? ""],
    ["currency", currency.toLowerCase()],
    // Only what is of this line: other pending items are none of ours.
    ["pending_invoice_items_behavior", "exclude"],
    ["auto_advance", "false"],
    ...collection,
    ["description", line.description],
    [`metadata[${LINE_FIELD}]`, line.key],
    ...metadata(tags),
    [`metadata[${BOOKS_FIELD}]`, booksOf({ ...target, ...line })],
  ];
  const scale = billedForm(currency)?.scale ?? 0;
  const parts = billedParts(line.parts, { value: line.value, scale, maxCount: ITEMS_MAX_COUNT });
  const items = parts.map(({ item: ours, description, value }, at) =>
    formBody([
      ["customer", customer.id ?? ""],
      ...amountFields(minorUnits(value, currency, currency), currency),
      ["description", description],
      ...periodFields(line),
      [`metadata[${LINE_FIELD}]`, line.key],
      [`metadata[${PART_FIELD}]`, String(at)],
      ...metadata({ item: ours }),
    ]),
  );
  const finalize = isFinalizing ? formBody([["auto_advance", "true"]]) : null;
  return JSON.stringify({ invoice: formBody(head), items, finalize } satisfies FrozenInvoice);
}

function readFrozen({ body }: Pick<ExportLine, "body">): FrozenInvoice {
  return JSON.parse(body);
}

/** Stands for an id that is known once the invoice is there. */
const INVOICE = "{invoice}";

/** The requests for a line. */
export function invoicePosts(line: Pick<ExportLine, "key" | "body">, invoice = INVOICE): Post[] {
  const { items, finalize } = readFrozen(line);
  return [
    draftPost(line),
    ...items.map((_, at) => partPost(line, { at, invoice })),
    ...(finalize === null ? [] : [finalizePost(line, invoice)]),
  ];
}

function draftPost(line: Pick<ExportLine, "key" | "body">): Post {
  const { invoice } = readFrozen(line);
  return { path: "/v1/invoices", body: invoice, idempotencyKey: `${line.key}/invoice` };
}

function partPost(
  line: Pick<ExportLine, "key" | "body">,
  { at, invoice }: { readonly at: number; readonly invoice: string },
): Post {
  const form = readFrozen(line).items[at] ?? "";
  const body = `${form}&invoice=${invoice}`;
  return { path: "/v1/invoiceitems", body, idempotencyKey: `${line.key}/${at}` };
}

function finalizePost(line: Pick<ExportLine, "key" | "body">, invoice: string): Post {
  const body = readFrozen(line).finalize ?? "";
  const path = `/v1/invoices/${invoice}/finalize`;
  return { path, body, idempotencyKey: `${line.key}/finalize` };
}

interface Invoice extends Tagged {
  readonly status: string;
}

/** What is there of a line. */
interface Begun {
  readonly invoice: Invoice;
  readonly parts: ReadonlySet<string>;
}

/** The invoice of a line with its parts; `none`: there is none; null: nobody knows. */
async function findInvoice(line: ExportLine, session: Session): Promise<Begun | "none" | null> {
  const isIt = ({ metadata: tags }: Tagged) => tags?.[LINE_FIELD] === line.key;
  const query = sinceSent(line, fieldOf(readFrozen(line).invoice, "customer"));
  const invoices = await readList<Invoice>("/v1/invoices", session, { query, until: isIt });
  if (invoices === null) return null;
  const invoice = invoices.find(isIt);
  if (invoice === undefined) return "none";
  const of: FormFields = [["invoice", invoice.id]];
  const items = await readList<Tagged>("/v1/invoiceitems", session, { query: of });
  if (items === null) return null;
  return { invoice, parts: new Set(items.map(({ metadata: tags }) => tags?.[PART_FIELD] ?? "")) };
}

function missingParts(line: ExportLine, { parts }: Pick<Begun, "parts">): number[] {
  return readFrozen(line).items.flatMap((_, at) => (parts.has(String(at)) ? [] : [at]));
}

function isWhole(line: ExportLine, begun: Begun): boolean {
  const isFinal = readFrozen(line).finalize === null || begun.invoice.status !== "draft";
  return isFinal && missingParts(line, begun).length === 0;
}

/** Looks for a line's invoice. One that is not whole is absent: sending goes on with it. */
export async function lookUpInvoice(line: ExportLine, session: Session): Promise<LookUp> {
  const begun = await findInvoice(line, session);
  if (begun === null) return { found: "unclear", note: "the customer's invoices cannot be read" };
  if (begun === "none") return { found: "absent", note: "no invoice is of this line" };
  const { id, status } = begun.invoice;
  if (status === "void") return { found: "refused", note: `${id} was voided there` };
  if (isWhole(line, begun)) return { found: "present", note: `${id} ${status}` };
  const count = missingParts(line, begun).length;
  return { found: "absent", note: `${id} is ${status}, ${count} of its parts are missing` };
}

/** Makes a line's invoice, or goes on with what was begun. */
export async function sendInvoice(line: ExportLine, session: Session): Promise<Outcome> {
  const begun = line.attempts > 1 ? await findInvoice(line, session) : "none";
  if (begun === null) return outcome("retry_same_bytes", "what was begun cannot be read");
  if (begun !== "none") return completed(line, begun, session);
  const sent = await post(draftPost(line), session);
  const became = outcomeOfSent(sent);
  if (sent.kind !== "answered" || became.class !== "accepted") return became;
  const made = parsed(sent.answer.body) as { id?: string; status?: string } | null;
  if (made?.id === undefined) return outcome("unknown_outcome", "the answer names no invoice");
  const invoice = { id: made.id, status: made.status ?? "draft", metadata: null };
  return completed(line, { invoice, parts: new Set() }, session);
}

async function completed(line: ExportLine, begun: Begun, session: Session): Promise<Outcome> {
  const { id, status } = begun.invoice;
  if (status === "void") return outcome("permanent_data", `${id} was voided there`);
  for (const at of missingParts(line, begun)) {
    const became = outcomeOfSent(await post(partPost(line, { at, invoice: id }), session));
    if (became.class !== "accepted") return halfDone(became, id, session);
  }
  if (readFrozen(line).finalize !== null && status === "draft") {
    const became = outcomeOfSent(await post(finalizePost(line, id), session));
    if (became.class !== "accepted") return halfDone(became, id, session);
  }
  return outcome("accepted", id);
}

const REFUSALS: readonly string[] = ["permanent_data", "permanent_config", "closed_period"];

/**
 * Something is there, so the line is in doubt. One of whose parts is refused for good goes away
 * first: nobody shall finalize half of a bill while another one is made for it.
 */
async function halfDone(became: Outcome, invoice: string, session: Session): Promise<Outcome> {
  if (!REFUSALS.includes(became.class)) return { ...became, class: "unknown_outcome" };
  const removed = outcomeOfSent(await remove(`/v1/invoices/${invoice}`, session));
  if (removed.class === "accepted") return became;
  return { ...became, class: "unknown_outcome", note: `${invoice} is half done: ${became.note}` };
}
