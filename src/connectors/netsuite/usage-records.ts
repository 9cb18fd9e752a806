/**
 * Usage of SuiteBilling: a quantity on a day of a line of a subscription. There is no usage of less
 * than nothing, so what was too much is voided, and what is still owed is told anew.
 */
import { TollgateError } from "../../domain/errors.ts";
import { type ExportLine, formatValue } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing, Theirs } from "../../engine/export/connector-port.ts";
import { frozenText, lastDayOf, memoOf, numberOf } from "./frozen-request.ts";
import { readSettings, referenceTo } from "./netsuite-settings.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Begins the memo of what was voided for a line: others who void leave another one. */
export const TAKEN_BACK = "Tollgate took it back: ";

/** The field of a customer's name that says which line of its subscription an item is. */
function lineField(item: string): string {
  return `line.${item}`;
}

/** The bytes of a line. Throws `target.invalid` where it is not known which line it is of. */
export function freezeUsage(line: Freezing, { customer }: Theirs, target: ExportTarget): string {
  const { takesBack } = line;
  if (takesBack !== null) {
    const body = JSON.stringify({ status: { id: "VOIDED" }, memo: `${TAKEN_BACK}${line.key}` });
    return frozenText({ record: "usage", method: "PATCH", externalId: takesBack.key, body });
  }
  const { plan } = customer;
  const day = lastDayOf(line.window, target.timeZone);
  const body = JSON.stringify({
    customer: referenceTo(customer.id ?? line.customer),
    ...(plan === undefined ? {} : { subscriptionPlan: referenceTo(plan) }),
    usageSubscription: referenceTo(fieldOf(line, customer, "subscription")),
    usageSubscriptionLine: referenceTo(fieldOf(line, customer, lineField(line.item))),
    usageQuantity: numberOf(formatValue(line.value)),
    usageDate: day,
    memo: memoOf(line.description, line),
  });
  return frozenText({ record: "usage", method: "PUT", externalId: line.key, body });
}

function fieldOf(
  { customer, item }: Pick<Freezing, "customer" | "item">,
  theirs: Theirs["customer"],
  field: string,
): string {
  const value = theirs[field];
  if (value !== undefined) return value;
  const place = `customers.${customer}.${field}`;
  const detail =
    field === "subscription"
      ? `Say which subscription of theirs customer "${customer}" has.`
      : `Say which line of the subscription of customer "${customer}" the item "${item}" is.`;
  throw new TollgateError("target.invalid", detail, place);
}

/** Usage that is rated already stays: until when it is not, only an operator knows. */
export function canVoid(line: ExportLine, nowMs: number, target: ExportTarget): boolean {
  const { voidDays } = readSettings(target);
  return nowMs - line.window.endMs < voidDays * DAY_MS;
}
