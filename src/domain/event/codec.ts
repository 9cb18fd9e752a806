/**
 * Steps and events as JSON text, for rows that keep an event whole (suspense, conflicts, journal)
 * and for the text that the hash chain covers. Quantities and amounts are decimal text.
 */

import { present } from "../assert.ts";
import { jsonString } from "../json-string.ts";
import type { Quantity } from "../money/decimal.ts";
import { formatQuantity, parseQuantity } from "../money/decimal.ts";
import type { TollgateEvent } from "./event.ts";
import type { JournalEntry } from "./journal.ts";
import type { Usage } from "./usage.ts";
import { ListedUsage, usageOf } from "./usage.ts";

/** Usage as compact text: `input_uncached=120,output_text=7`. Names hold neither `=` nor `,`. */
export function encodeUsage(usage: Usage): string {
  let text = "";
  for (const [name, quantity] of usage) {
    text += `${text === "" ? "" : ","}${name}=${formatQuantity(quantity)}`;
  }
  return text;
}

/** Usage of a text that `encodeUsage` wrote. */
export function decodeUsage(text: string): Usage {
  if (text === "") return new Map();
  const entries = text.split(",").map((pair): [string, Quantity] => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), present(parseQuantity(pair.slice(at + 1)), `quantity in "${pair}"`)];
  });
  return usageOf(entries);
}

/**
 * An event as JSON text; `decodeEvent` gives it back. Every hold keeps one, so fields of a step are
 * written one by one: the general way takes three times as long.
 */
export function encodeEvent(event: TollgateEvent): string {
  if (event.type !== "step") return encodeWhole(event);
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  let text = "";
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    text += `${text === "" ? "{" : ","}"${name}":${fieldText(value)}`;
  }
  return `${text}}`;
}

function fieldText(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return jsonString(value);
  if (typeof value === "number") return String(value);
  const isUsage = value instanceof Map || value instanceof ListedUsage;
  return isUsage ? `"${encodeUsage(value as Usage)}"` : encodeWhole(value);
}

function encodeWhole(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Map ? encodeUsage(part as Usage) : part,
  );
}

/** The event of a text that `encodeEvent` wrote. */
export function decodeEvent(text: string): TollgateEvent {
  const event = JSON.parse(text);
  // By place, not by name: a label may be called usage as well.
  if (event.type === "step") return { ...event, usage: decodeUsage(event.usage) };
  if (event.type !== "step.amended") return event;
  return { ...event, facts: { ...event.facts, usage: decodeUsage(event.facts.usage) } };
}

const FIELD_END = "\u001f";

/** The text of a journal entry that its checksum and the hash chain cover. */
export function journalText(entry: JournalEntry): string {
  return [
    "j1",
    entry.seq,
    entry.kind,
    entry.run,
    entry.source,
    entry.id,
    entry.contentHash,
    entry.receivedAtMs,
    entry.document,
  ].join(FIELD_END);
}
