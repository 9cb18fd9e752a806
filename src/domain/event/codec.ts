/**
 * Steps and events as JSON text, for rows that keep an event whole (suspense, conflicts, journal)
 * and for the text that the hash chain covers. Quantities and amounts are decimal text.
 */

import { present } from "../assert.ts";
import { jsonString } from "../json-string.ts";
import type { Quantity } from "../money/decimal.ts";
import { formatQuantity, parseQuantity } from "../money/decimal.ts";
import type { StepEvent, TollgateEvent } from "./event.ts";
import type { JournalEntry } from "./journal.ts";
import type { Usage } from "./usage.ts";
import { usageOf } from "./usage.ts";

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
 * written one by one: going through its keys takes half as long again.
 */
export function encodeEvent(event: TollgateEvent): string {
  return event.type === "step" ? encodeStep(event, event) : encodeWhole(event);
}

/** The fields that `encodeStep` writes. */
type Written =
  | ("type" | "run" | "source" | "id" | "occurredAtMs" | "contentHash" | "customer" | "agent")
  | ("parentRun" | "parentStep" | "callId" | "hold" | "kind" | "status" | "completeness")
  | ("attempt" | "payer" | "role" | "provider" | "model" | "tool" | "tier" | "usage" | "labels")
  | "callHash";

/**
 * A step, as long as all that it may state is written: one more field, also one that may be left
 * out, is missed by the compiler until it stands above.
 */
type WrittenStep =
  Exclude<keyof StepEvent, Written> extends never ? Pick<StepEvent, Written> : never;

/** A step as `encodeEvent` writes it, but for who works, what it uses and how complete that is. */
export function encodeStep(
  step: WrittenStep,
  { agent, usage, completeness }: Pick<StepEvent, "agent" | "usage" | "completeness">,
): string {
  let text = `{"type":"step","run":${jsonString(step.run)},"source":${jsonString(step.source)}`;
  text += `,"id":${jsonString(step.id)},"occurredAtMs":${step.occurredAtMs}`;
  text += `,"contentHash":${jsonString(step.contentHash)},"customer":${textOrNull(step.customer)}`;
  text += `,"agent":${textOrNull(agent)},"parentRun":${textOrNull(step.parentRun)}`;
  text += `,"parentStep":${textOrNull(step.parentStep)},"callId":${textOrNull(step.callId)}`;
  text += `,"hold":${textOrNull(step.hold)},"kind":"${step.kind}","status":"${step.status}"`;
  text += `,"completeness":"${completeness}","attempt":${step.attempt},"payer":"${step.payer}"`;
  text += `,"role":"${step.role}","provider":${textOrNull(step.provider)}`;
  text += `,"model":${textOrNull(step.model)},"tool":${textOrNull(step.tool)}`;
  text += `,"tier":${jsonString(step.tier)},"usage":"${encodeUsage(usage)}","labels":`;
  text += step.labels === null ? "null" : JSON.stringify(step.labels);
  return step.callHash === undefined
    ? `${text}}`
    : `${text},"callHash":${jsonString(step.callHash)}}`;
}

/** What an older document does not have is null. */
function textOrNull(text: string | null | undefined): string {
  return text == null ? "null" : jsonString(text);
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
