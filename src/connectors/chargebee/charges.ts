/**
 * Amounts as unbilled charges, which join the subscription's next invoice, and what is less than
 * nothing as promotional credit of its customer. Neither has an id of ours: the key is a header for
 * half an hour, and stands in the description or reference, where it is found for ever.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { Outcome } from "../../domain/export/capability.ts";
import { EXPORT_SCALE, type ExportLine } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import type { Freezing, LookUp, Session, Theirs } from "../../engine/export/connector-port.ts";
import { isLineKey } from "../own-lines.ts";
import {
  frozenText,
  outcomeOfSent,
  type Post,
  post,
  readFrozen,
  readList,
} from "./chargebee-api.ts";
import { readSettings } from "./chargebee-settings.ts";
import { type FormFields, formBody } from "./form.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
/** charges[description] (create unbilled charges: max chars 250). */
const DESCRIPTION_MAX_CHARS = 250;
export const CHARGES = "/unbilled_charges";
export const CREDITS_LIST = "/promotional_credits";
const CREDITS = "/promotional_credits/add";
/** Where a statement goes (statements.ts). */
export const INVOICE = "/invoices/create_for_charge_items_and_charges";

/** The bytes of a line. Throws `target.invalid` where its currency is not the target's. */
export function freezeCharge(
  line: Freezing,
  { customer, item }: Theirs,
  target: ExportTarget,
): string {
  const { currency } = readSettings(target);
  const subscription = customer.id ?? "";
  const payer = customer.customer ?? subscription;
  const units = minorUnits(line.value, line.unit, currency);
  const description = described(line);
  if (units < 0n) {
    const form = creditForm({ payer, units: -units, currency, description, key: line.key });
    return frozenText({ path: CREDITS, form, subscription, customer: payer });
  }
  const form = chargeForm(line, { subscription, units, currency, description, item });
  return frozenText({ path: CHARGES, form, subscription, customer: payer });
}

/** The key comes last and whole; what it is for is cut where it is too long. */
export function described({ description, key }: Pick<Freezing, "description" | "key">): string {
  const tag = ` [${key}]`;
  return description.slice(0, DESCRIPTION_MAX_CHARS - tag.length) + tag;
}

/** The key that a description ends with; null: it is of nobody's line. */
export function keyIn(description: string): string | null {
  const key = /\[([^[\]]+)\]$/.exec(description)?.[1];
  return isLineKey(key) ? key : null;
}

/** A description without its key. */
export function untagged(description: string): string {
  return description.replace(/ \[[^[\]]+\]$/, "");
}

interface Amount {
  readonly units: bigint;
  readonly currency: string;
  readonly description: string;
}

function chargeForm(
  { window }: Freezing,
  of: Amount & { readonly subscription: string; readonly item: Theirs["item"] },
): string {
  const { units, currency, description, subscription, item } = of;
  const { taxProfile } = item;
  const fields: FormFields = [
    ["subscription_id", subscription],
    ["currency_code", currency],
    ["charges[amount][0]", String(units)],
    ["charges[description][0]", description],
    ...(taxProfile === undefined ? [] : [["charges[tax_profile_id][0]", taxProfile] as const]),
    ["charges[date_from][0]", String(window.startMs / SECOND_MS)],
    ["charges[date_to][0]", String(window.endMs / SECOND_MS - 1)],
  ];
  return formBody(fields);
}

function creditForm(of: Amount & { readonly payer: string; readonly key: string }): string {
  const { units, currency, description, payer, key } = of;
  return formBody([
    ["customer_id", payer],
    ["amount", String(units)],
    ["currency_code", currency],
    ["description", description],
    ["credit_type", "general"],
    ["reference", key],
  ]);
}

/** A value in smallest units. Throws `target.invalid` where it is none, or the currency differs. */
export function minorUnits(value: bigint, unit: string, currency: string): bigint {
  if (unit.toUpperCase() !== currency || currencyDecimals(currency) === undefined) {
    const detail = `This is billed in ${unit}, and the target's currency is ${currency}.`;
    throw new TollgateError("target.invalid", `${detail} Add a target for ${unit}.`);
  }
  const least = smallestUnit(currency);
  if (value % least === 0n) return value / least;
  throw new TollgateError("target.invalid", `${value} is no amount of ${currency}.`);
}

/** The smallest amount of a currency that is known here, as an exported value. */
export function smallestUnit(currency: string): bigint {
  return 10n ** BigInt(EXPORT_SCALE - (currencyDecimals(currency) ?? 0));
}

/** The request for a line. */
export function chargePost({ key, body }: Pick<ExportLine, "key" | "body">): Post {
  const { path, form } = readFrozen(body);
  return { path, body: form, idempotencyKey: key };
}

/** Sends one line. */
export async function sendCharge(line: ExportLine, session: Session): Promise<Outcome> {
  return outcomeOfSent(await post(chargePost(line), session));
}

/** What is described: a charge, or a line of an invoice. */
interface Described {
  readonly description?: string;
}

interface Invoice {
  readonly id: string;
  readonly line_items?: readonly Described[];
}

interface Credit {
  readonly id: string;
  readonly reference?: string;
}

/** Looks for a line among what waits to be billed, then among what is; or among credits. */
export async function lookUpCharge(line: ExportLine, session: Session): Promise<LookUp> {
  const { path, subscription, customer } = readFrozen(line.body);
  if (path === CREDITS) return lookUpCredit(line, customer, session);
  if (path === INVOICE) return lookUpInvoice(line, customer, session);
  const query: FormFields = [["subscription_id[is]", subscription]];
  const name = "unbilled_charge";
  const charges = await readList<Described>(CHARGES, session, { query, name });
  if (charges === null) return { found: "unclear", note: "the charges cannot be read" };
  const isWaiting = charges.some((one) => isOf(line, one));
  if (isWaiting) return { found: "present", note: "waits for the next invoice" };
  // Asked after the charges: one that is invoiced in between is found there.
  return lookUpInvoice(line, customer, session);
}

function isOf({ key }: ExportLine, { description = "" }: Described): boolean {
  return description.includes(`[${key}]`);
}

async function lookUpInvoice(
  line: ExportLine,
  customer: string,
  session: Session,
): Promise<LookUp> {
  const query: FormFields = [
    ["customer_id[is]", customer],
    ["updated_at[after]", sinceSent(line)],
  ];
  const invoices = await readList<Invoice>("/invoices", session, { query, name: "invoice" });
  if (invoices === null) return { found: "unclear", note: "the invoices cannot be read" };
  const found = invoices.find(({ line_items: items = [] }) => items.some((one) => isOf(line, one)));
  if (found === undefined)
    return { found: "absent", note: "no charge, no invoice is of this line" };
  return { found: "present", note: `invoice ${found.id}` };
}

async function lookUpCredit(line: ExportLine, customer: string, session: Session): Promise<LookUp> {
  const query: FormFields = [
    ["created_at[after]", sinceSent(line)],
    ["type[is]", "increment"],
    ["customer_id[is]", customer],
  ];
  const name = "promotional_credit";
  const credits = await readList<Credit>(CREDITS_LIST, session, { query, name });
  if (credits === null) return { found: "unclear", note: "the credits cannot be read" };
  const found = credits.find(({ reference }) => reference === line.key);
  if (found === undefined) return { found: "absent", note: "no credit is of this line" };
  return { found: "present", note: found.id };
}

/** Since a line was first sent, in seconds; clocks differ by less than an hour. */
function sinceSent({ firstSentAtMs }: ExportLine): string {
  return String(Math.floor(((firstSentAtMs ?? HOUR_MS) - HOUR_MS) / SECOND_MS));
}
