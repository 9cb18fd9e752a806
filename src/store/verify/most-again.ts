/**
 * The most that outcomes which are not final, and charges that wait for the end of a run, may come
 * to: worked out a second time, by trying every place at which a price changes.
 */
import { FACTOR_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type { CardVersion } from "./card-versions.ts";
import type { DataFile } from "./data-file.ts";
import { type ChargeDocument, type Taken, takenOfOutcome, takenOfRun } from "./meter-again.ts";
import { amountAgain } from "./price-again.ts";
import { isFreeAt, isFreeCell, takenFree } from "./trial-again.ts";

/** What a charge may come to at most. */
export interface MostAgain {
  readonly chargeKey: string;
  readonly cell: string;
  readonly amount: bigint;
}

/** What shares come to in the credits of their card, and whose these are. */
export function creditsAgain(
  card: CardVersion | undefined,
  shares: readonly MostAgain[],
): { readonly creditName: string | null; readonly credits: bigint } {
  const credit = card?.credit ?? null;
  if (card === undefined || credit === null) return { creditName: null, credits: 0n };
  const price = parseScaled(credit.price, FACTOR_SCALE) ?? 0n;
  let credits = 0n;
  for (const { chargeKey, cell, amount } of shares) {
    const charge = card.charges.find(({ key }) => key === chargeKey);
    if (charge?.in !== "credits" || isFreeCell(cell)) continue;
    credits += (amount * 10n ** BigInt(FACTOR_SCALE)) / price;
  }
  return { creditName: credit.name, credits };
}

/** Of an outcome, beside what it is charged. `atMs`: when it counts. */
export function mostOfOutcomeAgain(
  file: DataFile,
  card: CardVersion,
  { ws, outcome, atMs }: { readonly ws: number; readonly outcome: OutcomeState; atMs: number },
): MostAgain[] {
  if (outcome.status === "reversed") return [];
  const ending = outcome.ending ?? "completed";
  const all = takenOfOutcome(card.charges, { ...outcome, status: "recorded", ending });
  const { trial } = card;
  const isFree = isFreeAt(file, trial, { ws, customer: outcome.customer, atMs });
  const paid = trial === null || !isFree ? all : takenFree(all, trial);
  return mostOf(card.charges, paid, takenOfOutcome(card.charges, outcome));
}

/** Of a run's own charges, beside those that count. */
export function mostOfRunAgain(
  card: CardVersion,
  { rating, status }: Pick<Run, "rating" | "status">,
): MostAgain[] {
  if (status !== "open" || rating === null) return [];
  const all = takenOfRun(card.charges, { ...rating, ending: "completed" });
  const { trial } = card;
  const paid = trial === null || !rating.inTrial ? all : takenFree(all, trial);
  return mostOf(card.charges, paid, takenOfRun(card.charges, rating));
}

function mostOf(
  charges: readonly ChargeDocument[],
  all: readonly Taken[],
  counted: readonly Taken[],
): MostAgain[] {
  const most: MostAgain[] = [];
  for (const { chargeKey, cell, quantity } of all) {
    const isCounted = counted.some((one) => one.chargeKey === chargeKey && one.cell === cell);
    const charge = charges.find(({ key }) => key === chargeKey);
    if (isFreeCell(cell) || isCounted || charge === undefined) continue;
    most.push({ chargeKey, cell, amount: mostAt(charge, cell, quantity) });
  }
  return most;
}

/** The largest difference that a quantity can make, wherever the total stands. */
function mostAt(charge: ChargeDocument, cell: string, quantity: bigint): bigint {
  const tiers = (charge.price.tiers ?? []) as readonly { readonly upTo?: unknown }[];
  const read = (value: unknown) => parseScaled(String(value ?? 0), QUANTITY_SCALE) ?? 0n;
  const free = read(charge.included);
  const ends = [0n, ...tiers.map(({ upTo }) => read(upTo))];
  const starts = ends
    .flatMap((end) => [end, end + 1n, end - quantity, end + 1n - quantity])
    .filter((start) => start >= 0n);
  const shares = starts.map((start) => {
    const from = free + start;
    return amountAgain(charge, cell, from + quantity) - amountAgain(charge, cell, from);
  });
  // A flat amount is charged where anything is counted, which is before any place above.
  return [...shares, amountAgain(charge, cell, free + quantity)].reduce((a, b) => (a > b ? a : b));
}
