/** Goodwill: a credit that somebody decides to give, as a line of the open period. */
import { formatAmount } from "../../domain/money/decimal.ts";
import { type ByHand, identify, recordedAct, requireSame } from "../acts/recorded-acts.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { bookByHand, moneyOf, negated, openBooks } from "./book-by-hand.ts";

/** A credit to give. */
export interface NewGoodwill extends ByHand {
  readonly customer: string;
  /** Positive; the line takes it off. */
  readonly amount: string;
}

/** A credit that was given, as the journal keeps it. */
export interface Goodwill {
  readonly id: string;
  readonly key: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  /** What is given; positive. */
  readonly amount: string;
  readonly reason: string;
  readonly by: string;
  readonly description: string;
}

/**
 * Gives it in the period that is open now. The same act again changes nothing. Throws
 * `customer.not_found`, `booking.conflict`, `field.out_of_range`.
 */
export function giveGoodwill(
  context: EngineContext,
  workspace: string,
  request: NewGoodwill,
): Promise<Goodwill> {
  const { id, key } = identify(context.digest, "gw", request);
  return runAct(context, workspace, async (act) => {
    const same = { kind: "goodwill.given", subject: id } as const;
    const known = await recordedAct<Goodwill>(context.store, workspace, same);
    if (known !== undefined) {
      requireSame(known, key);
      return known;
    }
    const { customer, reason, by } = request;
    const books = await openBooks(act, customer);
    const amount = moneyOf(request.amount, books.currency, "amount");
    const { period, currency } = books;
    const given = { id, key, customer, period, currency, amount: formatAmount(amount) };
    const goodwill: Goodwill = { ...given, reason, by, description: `Goodwill: ${reason}` };
    act.journal("goodwill.given", id, goodwill);
    const taken = { kind: "goodwill", id, amount: negated(amount), reason: "goodwill" } as const;
    bookByHand(act, books, taken);
    return goodwill;
  });
}
