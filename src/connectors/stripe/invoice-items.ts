/**
 * Amounts as invoice items, which wait for the customer's next invoice. The amount is ours, whole
 * and rounded, and no discount of theirs applies, so that their total is ours to the last unit.
 */
import type { Outcome } from "../../domain/export/capability.ts";
import type { ExportLine, LineContent, LineIdentity } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing, LookUp, Session, Theirs } from "../../engine/export/connector-port.ts";
import { type FormFields, fieldOf, formBody } from "./form.ts";
import { outcomeOfSent, type Post, post, readList } from "./stripe-api.ts";
import { minorUnits } from "./stripe-money.ts";
import { readSettings } from "./stripe-settings.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
/** API reference, "Metadata": a value has at most 500 characters. */
const METADATA_MAX_CHARS = 500;
const PATH = "/v1/invoiceitems";
/** Metadata that a line is found by, and its part of a bill; which books it is of; what for. */
export const LINE_FIELD = "tollgate_line";
export const PART_FIELD = "tollgate_part";
export const BOOKS_FIELD = "tollgate_books";
export const ITEM_FIELD = "tollgate_item";

/** An invoice item or invoice of theirs, as far as it matters here. */
export interface Tagged {
  readonly id: string;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** The bytes of a line. Throws `target.invalid` where its currency is not the target's. */
export function freezeItem(
  line: Freezing,
  { customer, item }: Theirs,
  target: ExportTarget,
): string {
  const { currency } = readSettings(target);
  const { subscription } = customer;
  const { taxCode } = item;
  const fields: FormFields = [
    ...([["customer", customer.id ?? ""]] as const),
    ...(subscription === undefined ? [] : ([["subscription", subscription]] as const)),
    ...amountFields(minorUnits(line.value, line.unit, currency), currency),
    ...([["description", line.description]] as const),
    ...periodFields(line),
    ...([[`metadata[${LINE_FIELD}]`, line.key]] as const),
    ...metadata({ item: item.id ?? "", period: line.period, source: line.evidence.source }),
    [`metadata[${BOOKS_FIELD}]`, booksOf({ ...target, ...line })],
    ...(taxCode === undefined ? [] : ([["tax_code", taxCode]] as const)),
  ];
  return formBody(fields);
}

/** An amount in smallest units that no discount changes. */
export function amountFields(units: bigint, currency: string): FormFields {
  return [
    ["currency", currency.toLowerCase()],
    ["amount", String(units)],
    ["discountable", "false"],
  ];
}

/** The time that an amount is for; its end is the last second of it. */
export function periodFields({ window }: Pick<LineContent, "window">): FormFields {
  return [
    ["period[start]", String(window.startMs / SECOND_MS)],
    ["period[end]", String(window.endMs / SECOND_MS - 1)],
  ];
}

/** Our names of an amount, for those who look at it there. */
export function metadata(values: Readonly<Record<string, string>>): FormFields {
  return Object.entries(values).map(([name, text]) => {
    return [`metadata[tollgate_${name}]`, text.slice(0, METADATA_MAX_CHARS)] as const;
  });
}

/** Which books a line is of: several workspaces may bill into one account. */
export function booksOf({
  workspace,
  account,
}: Pick<LineIdentity, "workspace" | "account">): string {
  return JSON.stringify([workspace, account]).slice(0, METADATA_MAX_CHARS);
}

/** The request for a line. */
export function itemPost({ key, body }: Pick<ExportLine, "key" | "body">): Post {
  return { path: PATH, body, idempotencyKey: key };
}

/** Sends one line. */
export async function sendItem(line: ExportLine, session: Session): Promise<Outcome> {
  return outcomeOfSent(await post(itemPost(line), session));
}

/** Looks for a line among the items of its customer, also those that are invoiced by now. */
export async function lookUpItem(line: ExportLine, session: Session): Promise<LookUp> {
  const isIt = ({ metadata: tags }: Tagged) => tags?.[LINE_FIELD] === line.key;
  const query = sinceSent(line, fieldOf(line.body, "customer"));
  const items = await readList<Tagged>(PATH, session, { query, until: isIt });
  if (items === null) return { found: "unclear", note: "the customer's items cannot be read" };
  const found = items.find(isIt);
  if (found === undefined) return { found: "absent", note: "no item is of this line" };
  return { found: "present", note: found.id };
}

/** What of a customer was made since a line was first sent; clocks differ by less than an hour. */
export function sinceSent({ firstSentAtMs }: ExportLine, customer: string): FormFields {
  const sinceS = Math.floor(((firstSentAtMs ?? HOUR_MS) - HOUR_MS) / SECOND_MS);
  return [
    ["customer", customer],
    ["created[gte]", String(sinceS)],
  ];
}
