/**
 * The answer of POST /v1/simulations, as far as it is shown (SimulationLine in the OpenAPI
 * document).
 */

import type { ErrorCode } from "../domain/errors.ts";
import { TollgateError } from "../domain/errors.ts";

/** What the bills of some periods come to. Amounts are exact decimal texts. */
export interface BillView {
  readonly revenue: string;
  /** Null: costs are in another currency. */
  readonly margin: string | null;
  readonly cappedRuns: number;
  readonly cap: string;
  readonly raisedRuns: number;
  readonly minimum: string;
  readonly credits: string;
  readonly paidByCredit: string;
}

/** The same under a card, against what was charged. */
export interface ChangedView extends BillView {
  readonly change: string;
}

/** One customer under every card. */
export interface CustomerView {
  readonly type: "customer";
  readonly customer: string;
  readonly steps: number;
  /** Steps whose cost is not wholly known: `cost` is a lower bound then. */
  readonly unpriced: number;
  readonly cost: string;
  readonly charged: BillView;
  readonly cards: readonly ChangedView[];
}

/** All customers under one card. */
export interface CardTotalView extends ChangedView {
  readonly card: string;
  readonly more: number;
  readonly less: number;
  readonly same: number;
}

/** All customers under every card. */
export interface TotalView {
  readonly type: "total";
  readonly currency: string;
  readonly costCurrency: string;
  readonly customers: number;
  readonly passedOver: number;
  readonly steps: number;
  /** Steps whose cost is not wholly known: `cost` is a lower bound then. */
  readonly unpriced: number;
  readonly runs: number;
  readonly cost: string;
  readonly charged: BillView;
  readonly cards: readonly CardTotalView[];
}

/** Any line of the answer. */
export type LineView =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | CustomerView
  | TotalView
  | { readonly type: "problem"; readonly code: ErrorCode; readonly detail: string };

/** All that a simulation found. */
export interface SimulationView {
  readonly total: TotalView;
  /** By id. */
  readonly customers: readonly CustomerView[];
}

/** Gathers the lines of an answer. Throws the problem that ended it. */
export async function gathered(
  lines: AsyncIterable<LineView>,
  onLine: (line: LineView) => void,
): Promise<SimulationView> {
  const customers: CustomerView[] = [];
  let total: TotalView | undefined;
  for await (const line of lines) {
    onLine(line);
    if (line.type === "problem") throw new TollgateError(line.code, line.detail);
    if (line.type === "customer") customers.push(line);
    if (line.type === "total") total = line;
  }
  if (total !== undefined) return { total, customers };
  throw new TollgateError("internal", "The answer ended before the simulation did.");
}

/** The titles of the cards, in order: a key that stands twice is told apart by its place. */
export function cardTitles({ cards }: TotalView): string[] {
  const keys = cards.map(({ card }) => card);
  return keys.map((key, at) => {
    return keys.filter((other) => other === key).length === 1 ? key : `${key} (${at + 1})`;
  });
}
