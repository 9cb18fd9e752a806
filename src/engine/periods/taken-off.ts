/**
 * What was taken off a closed statement's lines since: outcomes that were reversed, steps that were
 * voided or amended, usage that was rated again. It stands in adjustments of later periods, so who
 * gives back some of the line by hand has that much less to give.
 */
import { AMOUNT_SCALE, PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { isByHand } from "../../domain/period/booking.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { Act } from "../commit/act.ts";
import type { Reads } from "../ports.ts";
import { periodOfKey } from "./bill.ts";
import type { OpenBooks } from "./book-by-hand.ts";
import { closedSeq } from "./outcome-lines.ts";
import { type DocumentLine, linesOf, pricedInBy } from "./statement-lines.ts";

/** Keys of the periods behind a statement's, up to the open one: adjustments stand there. */
export function periodsBehind(
  { tariff }: Act,
  { customer, period: openKey }: OpenBooks,
  statement: StatementRecord,
): string[] {
  const keys: string[] = [];
  let at = periodOfKey(tariff, customer, statement.period);
  while (at.key < openKey) {
    at = tariff.periodOf(customer, at.endMs);
    keys.push(at.key);
  }
  return keys;
}

interface Since {
  readonly workspace: string;
  readonly statement: StatementRecord;
  /** Of `periodsBehind`. */
  readonly periods: readonly string[];
}

/**
 * By line, 1 is the first: what was taken off since the statement was closed, less what came late
 * for the same charge; up to the next unit of the currency, as no note gives back a part of one.
 */
export async function takenOffSince(
  store: Pick<Reads, "adjustmentPage" | "lastAct">,
  { workspace, statement, periods }: Since,
): Promise<ReadonlyMap<number, Amount>> {
  const sums = new Map<string, bigint>();
  const { customer } = statement;
  const sinceSeq = await closedSeq(store, workspace, statement.id);
  for (const period of periods) {
    let after = sinceSeq;
    for (;;) {
      const page = { after, limit: PAGE_MAX_ROWS };
      const rows = await store.adjustmentPage(workspace, { customer, period }, page);
      for (const row of rows) {
        if (isByHand(row)) continue;
        const key = textOf(row.originPeriod, row);
        // All of it, and what of it is in money, or in one credit.
        for (const one of [key, inOne(key, row.credits?.name ?? null)]) {
          sums.set(one, (sums.get(one) ?? 0n) + row.amount);
        }
      }
      if (rows.length < PAGE_MAX_ROWS) break;
      after = rows.at(-1)?.seq ?? after;
    }
  }
  const unit = 10n ** BigInt(AMOUNT_SCALE - (currencyDecimals(statement.currency) ?? 2));
  const pricedIn = pricedInBy(statement);
  const taken = new Map<number, Amount>();
  for (const [at, line] of linesOf(statement).entries()) {
    const key = keyOfLine(statement, line);
    const name = pricedIn(line);
    const of = key === null || name === undefined ? key : inOne(key, name);
    const sum = of === null ? 0n : (sums.get(of) ?? 0n);
    if (sum < 0n) taken.set(at + 1, (((-sum + unit - 1n) / unit) * unit) as Amount);
  }
  return taken;
}

type At = Pick<DocumentLine, "cardKey" | "chargeKey" | "cell">;

/** Keys hold no control character, so no two share one. */
function textOf(origin: string, { cardKey, chargeKey, cell }: At): string {
  return [origin, cardKey, chargeKey, cell].join("\u0000");
}

/** What of a key is in money (null), or in one credit. */
function inOne(key: string, credit: string | null): string {
  return `${key}\u0000${credit === null ? "money" : `in ${credit}`}`;
}

/** What adjustments call the same; null: no usage moves it. */
function keyOfLine({ period }: StatementRecord, line: DocumentLine): string | null {
  if (line.kind === "charge") return textOf(period, line);
  if (line.kind === "run_minimum") return textOf(period, { ...line, cell: line.kind });
  return line.kind === "adjustment" ? textOf(line.originPeriod ?? period, line) : null;
}
