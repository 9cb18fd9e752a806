/**
 * Amounts as transactions: an invoice or a sales order with a line for each part of the bill, or a
 * credit memo where there is less to bill than was billed, for an invoice is never of less than
 * nothing. Amounts are in whole units of the currency, as its people read them.
 */
import { TollgateError } from "../../domain/errors.ts";
import { type BilledPart, billedParts } from "../../domain/export/billed-parts.ts";
import { formatValue } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import type { Freezing, Theirs } from "../../engine/export/connector-port.ts";
import {
  dayAt,
  frozenText,
  lastDayOf,
  memoOf,
  numberOf,
  type RecordName,
} from "./frozen-request.ts";
import { DOCUMENT_REFERENCES, readSettings, referenceTo } from "./netsuite-settings.ts";

/** A transaction of many lines is slow for their people to open; beyond, the rest is one line. */
const LINES_MAX_COUNT = 500;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Price level "Custom" in every account: without it, an item's own price stands above the rate. */
const CUSTOM_PRICE = { id: "-1" };

/** The bytes of a line. Throws `target.invalid` where its currency is not the target's. */
export function freezeDocument(line: Freezing, theirs: Theirs, target: ExportTarget): string {
  const { currency, document } = readSettings(target);
  const scale = currencyDecimals(currency);
  if (scale === undefined || line.unit.toUpperCase() !== currency) {
    const detail = `This is billed in ${line.unit}, and the target's currency is ${currency}.`;
    throw new TollgateError("target.invalid", `${detail} Add a target for ${line.unit}.`);
  }
  const isCredit = line.value < 0n;
  const record: RecordName = isCredit ? "creditMemo" : document;
  const form = { value: line.value, scale, maxCount: LINES_MAX_COUNT };
  const { item, description, value } = line;
  const parts = line.mode === "statement" ? billedParts(line.parts, form) : [];
  const lines = parts.length === 0 ? [{ item, description, value }] : parts;
  const body = JSON.stringify({
    entity: referenceTo(theirs.customer.id ?? line.customer),
    tranDate: dateOf(line, target),
    memo: memoOf(`${line.description}, ${line.period}`, line),
    ...referencesOf(target),
    item: { items: lines.map((part) => itemLine(part, { isCredit, theirs, target })) },
  });
  return frozenText({ record, method: "PUT", externalId: line.key, body });
}

/**
 * The last day of what is billed; once posting periods of that time are closed, as the setting
 * says, the day on which it is told.
 */
function dateOf({ window, plannedAtMs }: Freezing, target: ExportTarget): string {
  const { openDays } = readSettings(target);
  const isClosed = openDays !== null && plannedAtMs - window.endMs > openDays * DAY_MS;
  return isClosed ? dayAt(plannedAtMs, target.timeZone) : lastDayOf(window, target.timeZone);
}

/** Fields that the account wants of every transaction, such as a location. */
function referencesOf({ settings }: ExportTarget): Record<string, object> {
  const given = Object.entries(DOCUMENT_REFERENCES).filter(([name]) => name in settings);
  return Object.fromEntries(
    given.map(([name, field]) => [field, referenceTo(settings[name] ?? "")]),
  );
}

interface LineOf {
  readonly isCredit: boolean;
  readonly theirs: Theirs;
  readonly target: ExportTarget;
}

function itemLine({ item, description, value }: BilledPart, { isCredit, theirs, target }: LineOf) {
  const amount = numberOf(formatValue(isCredit ? -value : value));
  return {
    item: referenceTo(itemName(item, theirs, target)),
    ...{ quantity: 1, price: CUSTOM_PRICE, rate: amount, amount, description },
  };
}

/** What is not listed, such as what rounding left, is billed as the line's own item. */
function itemName(item: string, theirs: Theirs, { items }: ExportTarget): string {
  const listed = Object.hasOwn(items.names, item) ? items.names[item]?.id : undefined;
  if (listed !== undefined) return listed;
  return items.others === "same" && !isOurOwn(item) ? item : (theirs.item.id ?? item);
}

const OWN_PARTS: ReadonlySet<string> = new Set(["rounding", "others"]);

/** Parts that are of no charge: nobody has an item of that name unless it is listed. */
function isOurOwn(item: string): boolean {
  return OWN_PARTS.has(item);
}
