/** Runs, roll-ups and counters against the sums that were rebuilt from what they stand for. */

import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { formatScaled } from "../../domain/money/decimal.ts";
import { segmentsOf } from "../../domain/rating/counter.ts";
import type { StoredCounter } from "../../engine/ports.ts";
import { decodeCounter, decodeRollup } from "../stored-rows.ts";
import { amountKey, type Books } from "./books.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined, KEY_PART_END } from "./key-parts.ts";
import { measureOf } from "./meter-again.ts";
import { amountAgain } from "./price-again.ts";
import type { ComparedSum, RebuiltSums } from "./rebuilt-sums.ts";
import { cellOnCard } from "./trial-again.ts";

const RUN_COLUMNS = ["own_steps", "own_unpriced", "own_cost", "own_charge"];
const ROLLUP_KEY = ["ws", "customer", "period", "agent", "kind", "provider", "model", "tool"];
const COUNTER_KEY = ["customer", "period", "card_key", "charge_key", "cell"];
const ROLLUP_COLUMNS = ["steps", "unpriced", "cost", "charge", "input_tokens", "output_tokens"];

/** Checks roll-ups and counters against the rebuilt sums. */
export function checkTotals(file: DataFile, books: Books): void {
  readRollups(file, books);
  readCounters(file, books);
  report(file, books.runs, { table: "runs", columns: RUN_COLUMNS });
  reportCharged(file, books);
  report(file, books.rollups, { table: "rollups", columns: ROLLUP_COLUMNS });
  report(file, books.amounts, { table: "counters", columns: ["amount"] });
  reportQuantities(file, books);
}

function report(
  file: DataFile,
  sums: RebuiltSums,
  { table, columns }: { readonly table: string; readonly columns: readonly string[] },
): void {
  for (const sum of sums.differing()) {
    const { stored, rebuilt } = sum;
    const wrong = columns.filter((_name, at) => (stored?.[at] ?? 0n) !== (rebuilt?.[at] ?? 0n));
    const state = stored === null ? "is missing: " : "";
    const sides = wrong.map((name) => sidesOf(name, sum, columns.indexOf(name)));
    file.findings.add(table, keyOf(file, sum.key), `${state}${sides.join("; ")}`);
  }
}

function reportCharged(file: DataFile, { charged }: Books): void {
  for (const sum of charged.differing()) {
    const at = sum.key.lastIndexOf(KEY_PART_END);
    const sides = sidesOf(`charged_in of ${sum.key.slice(at + 1)}`, sum, 0);
    file.findings.add("runs", keyOf(file, sum.key.slice(0, at)), sides);
  }
}

/** Decimal places of the columns that are no amounts. */
const SCALES: Readonly<Record<string, number>> = {
  own_steps: 0,
  own_unpriced: 0,
  steps: 0,
  unpriced: 0,
  input_tokens: QUANTITY_SCALE,
  output_tokens: QUANTITY_SCALE,
};

function sidesOf(name: string, { stored, rebuilt }: ComparedSum, at: number): string {
  const scale = SCALES[name] ?? AMOUNT_SCALE;
  const text = (value: bigint | undefined) => formatScaled(value ?? 0n, scale);
  return `${name} is ${text(stored?.[at])}, its parts add up to ${text(rebuilt?.[at])}`;
}

function keyOf(file: DataFile, key: string): string {
  const [ws = "", ...rest] = key.split(KEY_PART_END);
  return keyText(file.workspace(Number(ws)), ...rest);
}

function readRollups(file: DataFile, books: Books): void {
  for (const row of file.rowsOf("rollups", "rollup_no")) {
    const key = joined(...ROLLUP_KEY.map((name) => row[name] as string | number));
    const at = { table: "rollups", key: keyOf(file, key) };
    const read = readable(file, at, () => decodeRollup(row));
    if (read === undefined) continue;
    const { steps, unpriced, cost, charge, inputTokens, outputTokens } = read;
    const values = [BigInt(steps), BigInt(unpriced), cost, charge, inputTokens, outputTokens];
    books.rollups.addStored(key, values);
  }
}

function readCounters(file: DataFile, books: Books): void {
  for (const row of file.rowsOf("counters", "counter_no")) {
    const ws = row.ws as number;
    const parts = COUNTER_KEY.map((name) => row[name] as string);
    const key = keyText(file.workspace(ws), ...parts);
    const stored = readable(file, { table: "counters", key }, () => decodeCounter(row));
    if (stored === undefined) continue;
    books.amounts.addStored(amountKey({ ws, ...stored }), [stored.counter.amount]);
    for (const { cardVersionId, quantity } of segmentsOf(stored.counter)) {
      books.quantities.addStored(joined(ws, ...parts, cardVersionId), [quantity]);
    }
    const problems = readable(file, { table: "counters", key }, () => [
      ...counterProblems(books, ws, stored),
    ]);
    for (const problem of problems ?? []) file.findings.add("counters", key, problem);
  }
}

function* counterProblems(books: Books, ws: number, stored: StoredCounter): Generator<string> {
  const { cardKey, counter } = stored;
  const segments = segmentsOf(counter);
  const versions = segments.map(({ cardVersionId }) => books.cards.of(ws, cardVersionId));
  for (const [at, version] of versions.entries()) {
    const { cardVersionId = 0, quantity = 0n } = segments[at] ?? {};
    if (version?.cardKey !== cardKey)
      yield `counts by card version ${cardVersionId}: another card's`;
    if (quantity <= 0n) yield `segment of card version ${cardVersionId} is not positive`;
    const before = versions[at - 1];
    if (version === undefined || before === undefined) continue;
    const order = version.effectiveFromMs - before.effectiveFromMs || version.id - before.id;
    if (order <= 0) yield "segments are not in the order in which their versions took effect";
  }
  const amount = priceSegments(books, ws, stored);
  if (amount !== null && amount !== counter.amount) {
    const text = formatScaled(amount, AMOUNT_SCALE);
    yield `amount is not what its segments come to by the card: ${text}`;
  }
}

/** Each version prices what it metered, starting where those before it ended. Null: no charge. */
function priceSegments(books: Books, ws: number, stored: StoredCounter): bigint | null {
  const reached = new Map<string, bigint>();
  let amount = 0n;
  for (const { cardVersionId, quantity } of segmentsOf(stored.counter)) {
    const charges = books.cards.of(ws, cardVersionId)?.charges ?? [];
    const charge = charges.find(({ key }) => key === stored.chargeKey);
    if (charge === undefined) return null;
    const cell = cellOnCard(stored.cell);
    const measure = measureOf(charge, cell);
    const from = reached.get(measure) ?? 0n;
    const to = from + quantity;
    amount += amountAgain(charge, cell, to);
    amount -= amountAgain(charge, cell, from);
    reached.set(measure, to);
  }
  return amount;
}

function reportQuantities(file: DataFile, books: Books): void {
  for (const { key, stored, rebuilt } of books.quantities.differing()) {
    const version = key.slice(key.lastIndexOf(KEY_PART_END) + 1);
    const counter = key.slice(0, key.lastIndexOf(KEY_PART_END));
    const scale = isCost(books, counter, Number(version)) ? AMOUNT_SCALE : QUANTITY_SCALE;
    const text = (side: readonly bigint[] | null) => formatScaled(side?.[0] ?? 0n, scale);
    const sides = `counts ${text(stored)}, what it selects adds up to ${text(rebuilt)}`;
    file.findings.add("counters", keyOf(file, counter), `card version ${version}: ${sides}`);
  }
}

/** Whether a counter's quantities are amounts of cost. */
function isCost({ cards }: Books, counter: string, version: number): boolean {
  const [ws, , , , chargeKey] = counter.split(KEY_PART_END);
  const charges = cards.of(Number(ws), version)?.charges ?? [];
  return charges.some(({ key, meter }) => key === chargeKey && meter.sum === "cost");
}
