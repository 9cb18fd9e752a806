/** A provider's own invoice, by provider, model and day, to hold recorded cost against. */
import { isDate } from "../../domain/calendar-date.ts";
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, formatAmount, parseAmount } from "../../domain/money/decimal.ts";
import { identify, recordedAct, requireSame } from "../acts/recorded-acts.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";

/** What was billed, or recorded, for one provider, model and day. */
export interface CostRow {
  readonly provider: string;
  /** Of a model, tool or service, as steps name it. */
  readonly model: string;
  /** Day in UTC, `2026-11-01`. */
  readonly day: string;
  /** Decimal text; negative for a credit. */
  readonly amount: string;
}

/** An invoice to import. */
export interface NewInvoice {
  /** As the provider numbers it. */
  readonly id: string;
  /** Currency of costs. */
  readonly currency: string;
  readonly rows: readonly CostRow[];
}

/** An invoice, as the journal keeps it: one row a provider, model and day, in order. */
export interface Invoice extends NewInvoice {
  readonly key: string;
  readonly total: string;
  readonly importedAtMs: number;
}

/** Groups rows by provider, model and day; answers sums by a text of the three. */
export function sumRows(rows: Iterable<CostRow>): Map<string, Amount> {
  const sums = new Map<string, Amount>();
  for (const row of rows) {
    const key = costKey(row);
    requireDay(row.day);
    const amount = parseAmount(row.amount);
    if (amount === undefined) {
      const detail = `${JSON.stringify(row.amount)} is no amount.`;
      throw new TollgateError("field.invalid", detail, "rows");
    }
    sums.set(key, ((sums.get(key) ?? 0n) + amount) as Amount);
  }
  return sums;
}

/** Throws `field.invalid` for 30 February, which no cost was recorded on. */
function requireDay(day: string): void {
  if (isDate(day)) return;
  throw new TollgateError("field.invalid", `${JSON.stringify(day)} is no day.`, "rows");
}

/** Provider, day and model as one text that sorts in this order. */
export function costKey({ provider, model, day }: Omit<CostRow, "amount">): string {
  return JSON.stringify([provider, day, model]);
}

/** What `costKey` joined. */
export function costPlace(key: string): Omit<CostRow, "amount"> {
  const [provider = "", day = "", model = ""] = JSON.parse(key) as string[];
  return { provider, model, day };
}

/** Imports it, once. Throws `booking.conflict` where that number has other content. */
export function importInvoice(
  context: EngineContext,
  workspace: string,
  { id, currency, rows }: NewInvoice,
): Promise<Invoice> {
  const sums = [...sumRows(rows)].sort(([a], [b]) => (a < b ? -1 : 1));
  const summed = sums.map(([key, amount]) => ({ ...costPlace(key), amount: formatAmount(amount) }));
  const total = formatAmount(sums.reduce((sum, [, amount]) => sum + amount, 0n) as Amount);
  const content = { id, currency, rows: summed };
  const { key } = identify(context.digest, "", { ...content, reason: "", by: "" });
  return runAct(context, workspace, async ({ state, journal }) => {
    const of = { kind: "invoice.imported", subject: id } as const;
    const known = await recordedAct<Invoice>(context.store, workspace, of);
    if (known !== undefined) {
      requireSame(known, key);
      return known;
    }
    const invoice: Invoice = { ...content, key, total, importedAtMs: state.receivedAtMs };
    journal("invoice.imported", id, invoice);
    return invoice;
  });
}
