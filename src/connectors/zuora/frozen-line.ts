/**
 * What is kept of a line: the text that is sent, and how it is found again. Nothing else is needed
 * later, so names and settings may change. Numbers are written as the decimals that they are, for
 * JavaScript would write some with exponents.
 */
import { TollgateError } from "../../domain/errors.ts";
import {
  type DocumentPart,
  EXPORT_SCALE,
  formatValue,
  parseValue,
} from "../../domain/export/export-line.ts";
import { type ExportTarget, type TheirName, theirName } from "../../domain/export/target.ts";
import type { Freezing, Theirs } from "../../engine/export/connector-port.ts";
import { rowOf } from "./usage-file.ts";
import { type ZuoraSettings, zuoraSettings } from "./zuora-settings.ts";

interface Found {
  readonly host: string;
  /** Field of usage that holds the key, and the key that it holds. */
  readonly field: string;
  readonly key: string;
}

/** A line's bytes, by what it becomes there. */
export type FrozenLine =
  /** `text` is the body of a usage record; `quantity` is what it must still say later. */
  | (Found & { readonly kind: "record"; readonly text: string; readonly quantity: string })
  /** The usage record of another line's `key` is deleted. */
  | (Found & { readonly kind: "take_back" })
  /** `text` is a row of a file. */
  | (Found & { readonly kind: "row"; readonly text: string; readonly quantity: string })
  /** `text` is an event for a meter. */
  | (Found & {
      readonly kind: "event";
      readonly text: string;
      readonly quantity: string;
      readonly meter: string;
      readonly meterId: string;
    })
  /** `text` is the body of a document whose number is ours. */
  | {
      readonly kind: "invoice" | "credit_memo";
      readonly host: string;
      readonly number: string;
      readonly text: string;
    };

/** A line as it was frozen. */
export function frozenOf({ body }: { readonly body: string }): FrozenLine {
  return JSON.parse(body);
}

/** Freezes a line. Throws `target.invalid` where it cannot be told there. */
export function freezeLine(line: Freezing, theirs: Theirs, target: ExportTarget): string {
  const settings = zuoraSettings(target);
  const frozen =
    target.mode === "usage"
      ? frozenUsage(line, theirs, { target, settings })
      : frozenDocument(line, theirs, { target, settings });
  return JSON.stringify(frozen);
}

interface Setup {
  readonly target: ExportTarget;
  readonly settings: ZuoraSettings;
}

function frozenUsage(line: Freezing, theirs: Theirs, { target, settings }: Setup): FrozenLine {
  const { host, way } = settings;
  if (line.takesBack !== null) {
    const { host: itsHost, ...taken } = frozenOf(line.takesBack);
    if (!("field" in taken)) throw cannot(line, "what it takes back is no usage");
    return { kind: "take_back", host: itsHost, field: taken.field, key: taken.key };
  }
  if (line.value < 0n) throw cannot(line, "usage there is never less than nothing");
  const { timeZone } = target;
  const usage: UsageNames = { ...usageNames(line, theirs), quantity: formatValue(line.value) };
  const { quantity } = usage;
  const at = { start: atIn(line.window.startMs, timeZone), end: atIn(line.window.endMs, timeZone) };
  // A file has no column for a field of somebody's own.
  const field = way === "file" ? "Description" : (settings.keyField ?? "Description");
  const found = { host, field, key: line.key, quantity };
  if (way === "file") {
    const days = [line.window.startMs, line.window.endMs - 1].map((ms) => dayIn(ms, timeZone));
    const text = rowOf({ ...usage, days, description: line.key }, settings.dateFormat);
    return { kind: "row", ...found, text };
  }
  if (way === "mediation") {
    const { meter, meterId } = settings;
    return { kind: "event", ...found, text: eventText(line.key, usage, at), meter, meterId };
  }
  return { kind: "record", ...found, text: recordText(line, usage, { ...at, field }) };
}

/** What a usage record is of. */
export interface UsageNames {
  readonly account: string;
  readonly subscription: string;
  readonly charge: string;
  readonly uom: string;
  readonly quantity: string;
}

/**
 * A charge's number is that of one subscription, so it stands with the customer, by our item.
 * Without subscription and charge, every charge of the account with the same unit would be billed.
 */
function usageNames(line: Freezing, { customer, item }: Theirs): Omit<UsageNames, "quantity"> {
  const { id: account = "", subscription } = customer;
  const charge = customer[`charge.${line.item}`];
  if (subscription === undefined) throw cannot(line, "set `subscription`, its number");
  if (charge === undefined) {
    throw cannot(line, `set \`charge.${line.item}\`, the number of its charge (C-00000001)`);
  }
  return { account, subscription, charge, uom: item.id ?? line.item };
}

const DESCRIPTION_MAX_CHARS = 200;

function recordText(
  line: Freezing,
  { account, subscription, charge, uom, quantity }: UsageNames,
  { start, end, field }: { readonly start: string; readonly end: string; readonly field: string },
): string {
  const told = line.description.slice(0, DESCRIPTION_MAX_CHARS);
  const marked =
    field === "Description" ? { Description: line.key } : { Description: told, [field]: line.key };
  const fields = {
    ...{ AccountNumber: account, SubscriptionNumber: subscription, ChargeNumber: charge },
    ...{ UOM: uom, StartDateTime: start, EndDateTime: end, ...marked },
  };
  return withNumbers(fields, { Quantity: quantity });
}

/** The schema that the meter's event definition must have (README.md). */
function eventText(
  key: string,
  { account, subscription, charge, uom, quantity }: UsageNames,
  { start, end }: { readonly start: string; readonly end: string },
): string {
  const names = { accountNumber: account, subscriptionNumber: subscription, chargeNumber: charge };
  const fields = { eventId: key, ...names, uom, startTime: start, endTime: end };
  return withNumbers(fields, { quantity });
}

const COMMENT_MAX_CHARS = 255;

/** More is an invoice, less a credit memo: neither may be below nothing. */
function frozenDocument(line: Freezing, theirs: Theirs, { target, settings }: Setup): FrozenLine {
  const { accountId } = theirs.customer;
  if (accountId === undefined) throw cannot(line, "set `accountId`, the id of its account");
  if (line.unit !== settings.currency) {
    throw cannot(line, `its bills are in ${line.unit}, the target's in ${settings.currency}`);
  }
  const { timeZone } = target;
  const { host, isPosted } = settings;
  // A key without its hyphens has the 32 characters that a number of theirs may have.
  const number = line.key.replaceAll("-", "");
  const service = {
    serviceStartDate: dayIn(line.window.startMs, timeZone),
    serviceEndDate: dayIn(line.window.endMs - 1, timeZone),
  };
  const parts = partsOf(line, settings.decimals).map((part) => {
    const description = part.description.slice(0, COMMENT_MAX_CHARS);
    const productRatePlanChargeId = chargeIdOf(line, part.item, { theirs, target });
    const fields = { productRatePlanChargeId, description, ...service };
    return withNumbers(fields, { amount: part.amount, quantity: "1" });
  });
  // Not the period's: its accounting period may be closed, and a bill has the date of its making.
  const day = dayIn(line.plannedAtMs, timeZone);
  const comment = `${line.description} (${line.period}), ${line.key}`.slice(-COMMENT_MAX_CHARS);
  if (line.value < 0n) {
    const head = { accountId, number, effectiveDate: day, autoPost: isPosted, comment };
    const text = withNumbers(head, { charges: `[${parts.join(",")}]` });
    return { kind: "credit_memo", host, number, text };
  }
  const status = isPosted ? "Posted" : "Draft";
  const head = { accountId, invoiceNumber: number, invoiceDate: day, status, autoPay: false };
  const invoice = withNumbers(
    { ...head, comments: comment },
    { invoiceItems: `[${parts.join(",")}]` },
  );
  return { kind: "invoice", host, number, text: invoice };
}

/** Items of an invoice, and charges of a credit memo (reference). */
const ITEMS_MAX_COUNT = 1_000;

/** An item of a document, its amount above nothing. */
type Billed = Pick<DocumentPart, "item" | "description" | "amount">;

/**
 * A bill's lines, where each is more than nothing and a number of the currency; otherwise the whole
 * as one: an invoice takes no item below nothing, and what is told must add up.
 */
function partsOf({ value, item, description, parts }: Freezing, decimals: number): Billed[] {
  const sign = value < 0n ? -1n : 1n;
  const unit = 10n ** BigInt(EXPORT_SCALE - decimals);
  const amounts = parts.map((part) => sign * (parseValue(part.amount) ?? 0n));
  const isWhole = amounts.every((amount) => amount > 0n && amount % unit === 0n);
  const sum = amounts.reduce((total, amount) => total + amount, 0n);
  if (!isWhole || sum !== sign * value || parts.length > ITEMS_MAX_COUNT) {
    return [{ item, description, amount: formatValue(sign * value) }];
  }
  return parts.map((part, at) => ({ ...part, amount: formatValue(amounts[at] ?? 0n) }));
}

function chargeIdOf(
  line: Freezing,
  item: string,
  { theirs, target }: { readonly theirs: Theirs; readonly target: ExportTarget },
): string {
  const own: TheirName | null = theirName(target.items, item);
  const id = own?.chargeId ?? theirs.item.chargeId;
  if (id !== undefined) return id;
  throw cannot(line, `set \`chargeId\` of the item "${item}", its product rate plan charge`);
}

function cannot({ customer, item }: Freezing, why: string): TollgateError {
  const detail = `"${item}" of "${customer}" cannot be told to Zuora: ${why}.`;
  return new TollgateError("target.invalid", detail);
}

/** JSON of an object with some members written as they are. */
function withNumbers(
  fields: Readonly<Record<string, unknown>>,
  written: Readonly<Record<string, string>>,
): string {
  const members = Object.entries(written).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return `${JSON.stringify(fields).slice(0, -1)},${members.join(",")}}`;
}

/** An instant as a date and time of 29 characters, the most that a field of theirs holds. */
function atIn(ms: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(ms).toString({
    timeZone,
    fractionalSecondDigits: 3,
  });
}

/** The day of an instant, `2026-11-01`. */
function dayIn(ms: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(ms)
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString();
}
