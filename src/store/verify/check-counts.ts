/**
 * The quantities that lines of statements tell: what is charged, what of it is included or priced
 * in credits, and what volume tiers make of it must be what the card says of that quantity.
 *
 * A line does not say how much each version of a card has counted. So it is judged by every way in
 * which versions price the charge, and where they differ only if one version alone has counted.
 */
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import { amountOf } from "../stored-decimal.ts";
import { decodeCounter, decodeStatement } from "../stored-rows.ts";
import type { CardVersions } from "./card-versions.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import type { ChargeDocument } from "./meter-again.ts";
import { closedAgain } from "./price-again.ts";
import { cellOnCard } from "./trial-again.ts";

interface Line {
  readonly kind: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly measure: string | null;
  readonly quantity: string | null;
  readonly credits?: string | null;
  readonly amountExact: string;
}

interface Billed {
  readonly ws: number;
  readonly customer: string;
  readonly period: string;
  readonly lines: readonly Line[];
}

/** Checks what the lines of charges say of their quantities. */
export function checkCounts(file: DataFile, cards: CardVersions): void {
  for (const row of file.each("SELECT * FROM statements ORDER BY ws, id")) {
    const ws = row.ws as number;
    const key = keyText(file.workspace(ws), row.id as string);
    const problems = readable(file, { table: "statements", key }, () => {
      const { customer, period, document } = decodeStatement(row);
      const { lines } = JSON.parse(document) as Pick<Billed, "lines">;
      return [...countProblems(file, cards, { ws, customer, period, lines })];
    });
    for (const problem of problems ?? []) file.findings.add("statements", key, problem);
  }
}

function* countProblems(file: DataFile, cards: CardVersions, of: Billed): Generator<string> {
  const { lines } = of;
  const counted = Map.groupBy(lines.filter(isOfCount), chargeOf);
  for (const [charge, own] of counted) {
    const lines = own.filter(({ kind }) => kind === "charge");
    const [line] = lines;
    if (line === undefined) {
      yield `${charge}: tells what is included or corrected of what it does not charge`;
      continue;
    }
    const prices = cards.pricesOf(of.ws, line.cardKey, line.chargeKey);
    // Seconds and then steps under one key: the lines are of different versions.
    const isKnown = lines.length === 1 && (prices.length === 1 || isOfOne(file, of, line));
    if (!isKnown || prices.some((price) => isAsPriced(price, line, own))) continue;
    yield `${charge}: its lines are not what the card makes of the quantity ${line.quantity}`;
  }
}

function isOfCount({ kind }: Line): boolean {
  return kind === "charge" || kind === "included" || kind === "tier_correction";
}

function chargeOf({ cardKey, chargeKey, cell }: Line): string {
  return keyText(cardKey, cell === "" ? chargeKey : `${chargeKey} (${cell})`);
}

function isAsPriced(price: ChargeDocument, line: Line, own: readonly Line[]): boolean {
  const total = quantityOf(line);
  const wanted = closedAgain(price, cellOnCard(line.cell), total);
  const sumOf = (kind: string, of: (line: Line) => bigint) =>
    own.filter((one) => one.kind === kind).reduce((sum, one) => sum + of(one), 0n);
  const { charged, correction, included, credits } = wanted;
  const stated = line.credits ?? null;
  return (
    amountOf(line.amountExact) === charged &&
    sumOf("tier_correction", (one) => amountOf(one.amountExact)) === correction &&
    sumOf("included", quantityOf) === included &&
    (stated === null ? null : amountOf(stated)) === credits
  );
}

function quantityOf({ quantity, measure }: Line): bigint {
  const scale = measure === "sum:cost" ? AMOUNT_SCALE : QUANTITY_SCALE;
  return parseScaled(quantity ?? "0", scale) ?? -1n;
}

const COUNTER = `SELECT * FROM counters WHERE ws = ? AND customer = ? AND period = ?
  AND card_key = ? AND charge_key = ? AND cell = ?`;
const ADJUSTED = `SELECT 1 FROM adjustments INDEXED BY adjustments_by_period
  WHERE ws = ? AND customer = ? AND origin_period = ?
  AND card_key = ? AND charge_key = ? AND cell = ?`;

/** Whether one version has counted all, and nothing has moved the counter since. */
function isOfOne(file: DataFile, { ws, customer, period }: Billed, line: Line): boolean {
  const at = [ws, customer, period, line.cardKey, line.chargeKey, line.cell];
  const row = file.first(COUNTER, ...at);
  if (row === undefined || file.first(ADJUSTED, ...at) !== undefined) return false;
  return decodeCounter(row).counter.segments.length === 1;
}
