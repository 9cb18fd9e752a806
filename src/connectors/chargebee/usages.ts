/**
 * Quantities as usages of a metered item price. A line's key is the usage's id, for ever. There is
 * one usage of a subscription, item price and second, so each line of a window has a second of its
 * own. What was too much is deleted whole and what is still owed is added again.
 *
 * A usage of a term whose invoice is closed is kept there and never invoiced: so nothing leaves
 * once that may be, and what is late is told in the term under way.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { Outcome } from "../../domain/export/capability.ts";
import { type ExportLine, formatValue, parseValue } from "../../domain/export/export-line.ts";
import type { ExportWindow } from "../../domain/export/export-window.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type {
  Freezing,
  HeldSumAsked,
  Session,
  Theirs,
} from "../../engine/export/connector-port.ts";
import { outcome } from "../outcome-of-status.ts";
import {
  type Frozen,
  frozenText,
  outcomeOfSent,
  type Post,
  post,
  readFrozen,
  readList,
} from "./chargebee-api.ts";
import { readSettings } from "./chargebee-settings.ts";
import { waitsForClock } from "./clock-skew.ts";
import { type FormFields, fieldOf, formBody } from "./form.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
/** usage[note] (create a usage: max chars 500). */
const NOTE_MAX_CHARS = 500;

/** A usage of theirs, as far as it matters here. */
interface Usage {
  readonly id: string;
  readonly usage_date: number;
  readonly quantity: string;
  readonly item_price_id: string;
}

/** How old a window may be: its term's invoice is closed an hour later at the earliest. */
export function usagesPastMaxMs(target: ExportTarget): number {
  return readSettings(target).closesAfterMs - HOUR_MS;
}

/** The bytes of a line. Throws `target.invalid` where no second of its window is left. */
export function freezeUsage(line: Freezing, { customer, item }: Theirs): string {
  const { takesBack } = line;
  if (takesBack !== null) {
    const { subscription, form } = readFrozen(takesBack.body);
    const path = `/subscriptions/${encodeURIComponent(subscription)}/delete_usage`;
    const taken = formBody([["id", fieldOf(form, "id")]]);
    return frozenText({ path, form: taken, subscription, customer: "" });
  }
  const subscription = customer.id ?? "";
  const fields: FormFields = [
    ["id", line.key],
    ["item_price_id", item.id ?? ""],
    ["quantity", formatValue(line.value)],
    ["usage_date", String(usageSecond(line))],
    ["note", line.description.slice(0, NOTE_MAX_CHARS)],
  ];
  const path = `/subscriptions/${encodeURIComponent(subscription)}/usages`;
  return frozenText({ path, form: formBody(fields), subscription, customer: "" });
}

/** The last second of a window, or as many before it as there were lines. */
function usageSecond({ window, revision }: Freezing): number {
  const second = window.endMs / SECOND_MS - 1 - revision;
  if (second * SECOND_MS >= window.startMs) return second;
  const start = new Date(window.startMs).toISOString();
  const detail = `The window from ${start} was told more often than it has seconds.`;
  throw new TollgateError("target.invalid", detail);
}

/** The request for a line. */
export function usagePost({ key, body }: Pick<ExportLine, "key" | "body">): Post {
  const { path, form } = readFrozen(body);
  return { path, body: form, idempotencyKey: key };
}

/** Whether a line's usage can still be deleted: not once it may be invoiced. */
export function canDelete(line: ExportLine, nowMs: number, target: ExportTarget): boolean {
  return !isDelete(readFrozen(line.body)) && nowMs - line.window.endMs < usagesPastMaxMs(target);
}

function isDelete({ path }: Frozen): boolean {
  return path.endsWith("/delete_usage");
}

/** Sends one line, unless its term may be closed before it arrives. */
export async function sendUsage(line: ExportLine, session: Session): Promise<Outcome> {
  const agoMs = session.nowMs() - line.window.endMs;
  if (agoMs > usagesPastMaxMs(session.target)) {
    return outcome("closed_period", "not sent: the term's invoice may be closed by now");
  }
  const waits = waitsForClock(line, session);
  if (waits !== null) return waits;
  const became = outcomeOfSent(await post(usagePost(line), session));
  const isRefused = became.class === "permanent_data" || became.class === "permanent_config";
  return isRefused ? refusedOrThere(line, became, session) : became;
}

/**
 * An id that is known, and an id that is not there to be deleted, are refused: by which error is
 * not documented, so whatever was refused is looked for.
 */
async function refusedOrThere(
  line: ExportLine,
  refused: Outcome,
  session: Session,
): Promise<Outcome> {
  const frozen = readFrozen(line.body);
  const { form, subscription } = frozen;
  const query: FormFields = [
    ["id[is]", fieldOf(form, "id")],
    ["subscription_id[is]", subscription],
  ];
  const found = await readList<Usage>("/usages", session, { query, name: "usage" });
  if (found === null) return outcome("unknown_outcome", refused.note);
  const [usage] = found;
  const isDone = isDelete(frozen) ? usage === undefined : isSame(usage, form);
  return isDone ? outcome("delivered_duplicate", refused.note) : refused;
}

function isSame(usage: Usage | undefined, form: string): boolean {
  return (
    usage !== undefined &&
    parseValue(usage.quantity) === parseValue(fieldOf(form, "quantity")) &&
    usage.item_price_id === fieldOf(form, "item_price_id") &&
    String(usage.usage_date) === fieldOf(form, "usage_date")
  );
}

/** What they have of a window, whoever added it, under all names that its lines were told by. */
export async function usagesOfWindow(
  lines: readonly ExportLine[],
  session: Session,
): Promise<bigint | null> {
  const [first] = lines;
  return first === undefined ? 0n : usagesIn(placesOf(lines), first.window, session);
}

/** What they have of a customer's item in a span, under its name of now and all former ones. */
export async function heldUsages(
  { lines, names, span }: HeldSumAsked,
  session: Session,
): Promise<bigint | null> {
  const { customer, item } = names ?? {};
  const now = customer && item ? [{ subscription: customer.id ?? "", item: item.id ?? "" }] : [];
  const all = new Map([...placesOf(lines), ...now].map((one) => [JSON.stringify(one), one]));
  return usagesIn([...all.values()], span, session);
}

async function usagesIn(
  places: readonly UsagePlace[],
  { startMs, endMs }: ExportWindow,
  session: Session,
): Promise<bigint | null> {
  const startS = Math.ceil(startMs / SECOND_MS);
  const endS = Math.ceil(endMs / SECOND_MS) - 1;
  let sum = 0n;
  for (const { subscription, item } of places) {
    const query: FormFields = [
      ["subscription_id[is]", subscription],
      ["usage_date[between]", `[${startS},${endS}]`],
      ["item_price_id[is]", item],
    ];
    const usages = await readList<Usage>("/usages", session, { query, name: "usage" });
    if (usages === null) return null;
    for (const { quantity } of usages) {
      const value = parseValue(quantity);
      if (value === undefined) return null;
      sum += value;
    }
  }
  return sum;
}

interface UsagePlace {
  readonly subscription: string;
  readonly item: string;
}

/** Subscriptions and item prices of lines, each once. */
function placesOf(lines: readonly ExportLine[]): UsagePlace[] {
  const places = new Map<string, UsagePlace>();
  for (const { body } of lines) {
    const frozen = readFrozen(body);
    if (isDelete(frozen)) continue;
    const { subscription, form } = frozen;
    const item = fieldOf(form, "item_price_id");
    places.set(JSON.stringify([subscription, item]), { subscription, item });
  }
  return [...places.values()];
}
