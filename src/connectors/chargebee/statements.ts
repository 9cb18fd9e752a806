/**
 * Bills as invoices of their own: a charge for each part. Chargebee's charges are whole smallest
 * units and never less than nothing, so a bill with another part is one charge of its total, and a
 * bill that is less than nothing is promotional credit.
 */
import { type DocumentPart, parseValue } from "../../domain/export/export-line.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type { Freezing, Theirs } from "../../engine/export/connector-port.ts";
import { frozenText } from "./chargebee-api.ts";
import { readSettings } from "./chargebee-settings.ts";
import { described, freezeCharge, INVOICE, minorUnits, smallestUnit } from "./charges.ts";
import { type FormFields, formBody } from "./form.ts";

const SECOND_MS = 1_000;
/** More parts than these are one charge; how many an invoice may have is not documented. */
const CHARGES_MAX_COUNT = 100;

/** The bytes of a bill. Throws `target.invalid` where its currency is not the target's. */
export function freezeStatement(line: Freezing, theirs: Theirs, target: ExportTarget): string {
  if (line.value < 0n) return freezeCharge(line, theirs, target);
  const { currency, isCollecting } = readSettings(target);
  const { customer } = theirs;
  const subscription = customer.id ?? "";
  const parts = chargesOf(line, currency);
  const period = [line.window.startMs / SECOND_MS, line.window.endMs / SECOND_MS - 1];
  const [from, to] = period.map(String) as [string, string];
  const each = (name: string, value: (part: Charge) => string): FormFields =>
    parts.map((part, at) => [`charges[${name}][${at}]`, value(part)] as const);
  const fields: FormFields = [
    ["subscription_id", subscription],
    ["currency_code", currency],
    ["auto_collection", isCollecting ? "on" : "off"],
    ...(isCollecting ? [] : [["create_pending_invoice", "true"] as const]),
    ...interleaved(parts.length, [
      ...[each("amount", ({ units }) => String(units)), each("description", ({ text }) => text)],
      ...[each("date_from", () => from), each("date_to", () => to)],
    ]),
  ];
  const payer = customer.customer ?? subscription;
  return frozenText({ path: INVOICE, form: formBody(fields), subscription, customer: payer });
}

/** Fields charge by charge, as the SDK writes them. */
function interleaved(count: number, columns: readonly FormFields[]): FormFields {
  return Array.from({ length: count }, (_, at) =>
    columns.flatMap((column) => column.slice(at, at + 1)),
  ).flat();
}

interface Charge {
  readonly units: bigint;
  readonly text: string;
}

/** The bill's parts, of which the first names the line; or its total, where they are no charges. */
function chargesOf(line: Freezing, currency: string): readonly Charge[] {
  const { key, value, unit, description, parts } = line;
  const amountOf = ({ amount }: DocumentPart) => parseValue(amount) ?? 0n;
  const own = parts.filter((part) => amountOf(part) !== 0n);
  const isWhole = own.reduce((sum, part) => sum + amountOf(part), 0n) === value;
  const least = smallestUnit(currency);
  const areCharges = own.every((part) => amountOf(part) > 0n && amountOf(part) % least === 0n);
  const isFew = own.length > 0 && own.length <= CHARGES_MAX_COUNT;
  if (!isWhole || !areCharges || !isFew) {
    return [{ units: minorUnits(value, unit, currency), text: described({ description, key }) }];
  }
  return own.map((part, at) => ({
    units: minorUnits(amountOf(part), unit, currency),
    text: at === 0 ? described({ description: part.description, key }) : shortened(part),
  }));
}

/** charges[description]: max chars 250. */
const DESCRIPTION_MAX_CHARS = 250;

function shortened({ description }: DocumentPart): string {
  return description.slice(0, DESCRIPTION_MAX_CHARS);
}
