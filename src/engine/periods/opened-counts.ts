/**
 * What openings take off for counts of elsewhere. All that a charge has counted there in a period
 * is one count, however many openings tell it: whoever counted it has billed f of all of it. So
 * each takes off what the count comes to with it, less what it came to before, and a customer for
 * whom nothing is counted here owes nothing here.
 *
 * While a period is open, a volume charge comes to what its tiers run up to, and wallets pay by
 * that. So that is what an opening takes off until the close: were it what was billed elsewhere, a
 * wallet would pay the rest of it, though nothing was used. The close corrects the tiers of all
 * units, those of elsewhere too, and with them what the opening takes off.
 */
import { present } from "../../domain/assert.ts";
import { FACTOR_SCALE } from "../../domain/limits.ts";
import {
  type Amount,
  type Factor,
  formatAmount,
  formatScaled,
  parseAmount,
  parseScaled,
} from "../../domain/money/decimal.ts";
import type { Opened } from "../../domain/period/booking.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import { closedAmount, FACTOR_ONE, type PriceFunction } from "../../domain/rating/price-model.ts";

/** What an opening takes off, as acts keep it. */
export interface ToldOpened {
  readonly amount: string;
  /** The same in the card's credits. (Default: its charge is in money.) */
  readonly credits?: string;
  readonly credit?: { readonly name: string; readonly price: string };
  /** Of a volume charge: what the close adds to the line, which then takes off what was billed. */
  readonly correction?: string;
  /** The same in credits. */
  readonly correctionCredits?: string;
}

/** Counts of elsewhere of one customer, one after the other. */
export class CountedElsewhere {
  readonly #counted = new Map<string, bigint>();

  /** Adds a count. Those under one version of a card are one; of another, they begin anew. */
  add(period: string, card: CompiledCard, item: MeteredQuantity): Opened & { all: bigint } {
    const { chargeKey, cell, quantity } = item;
    const key = JSON.stringify([period, card.id, chargeKey, cell]);
    const before = this.#counted.get(key) ?? 0n;
    const all = before + quantity;
    this.#counted.set(key, all);
    const { price } = card.segmentPrice(chargeKey, cell);
    const running = (price.amountAt(before) - price.amountAt(all)) as Amount;
    const correction = (corrected(price, before) - corrected(price, all)) as Amount;
    const { credit } = price;
    const inCredits = (amount: Amount) => {
      return credit && (((amount * FACTOR_ONE) / credit.price) as Amount);
    };
    const credits = inCredits(running);
    return {
      ...{ all, amount: running },
      credits: credit && { ...credit, amount: credits ?? running },
      ...(correction !== 0n && {
        correction: { amount: correction, credits: inCredits(correction) },
      }),
    };
  }
}

/** What the close makes of a count, above what it comes to until then. */
function corrected(price: PriceFunction, total: bigint): bigint {
  return closedAmount(price, total) - price.amountAt(total);
}

/** What a part took off, for the act. */
export function toldOpened({ amount, credits = null, correction }: Opened): ToldOpened {
  return {
    amount: formatAmount(amount),
    ...(credits && {
      credits: formatAmount(credits.amount),
      credit: { name: credits.name, price: formatScaled(credits.price, FACTOR_SCALE) },
    }),
    ...(correction && { correction: formatAmount(correction.amount) }),
    ...(correction?.credits && { correctionCredits: formatAmount(correction.credits) }),
  };
}

/** What a recorded part took off. */
export function openedBy(part: ToldOpened): Opened {
  const amount = amountIn(part.amount);
  const correction = correctionBy(part);
  const { credits, credit } = part;
  if (credits === undefined || credit === undefined) return { amount, ...correction };
  const read = present(parseScaled(credit.price, FACTOR_SCALE), "the price of a recorded credit");
  const { name, price } = { ...credit, price: read as Factor };
  return { amount, credits: { name, price, amount: amountIn(credits) }, ...correction };
}

function correctionBy({ correction, correctionCredits }: ToldOpened): Pick<Opened, "correction"> {
  if (correction === undefined) return {};
  const credits = correctionCredits === undefined ? null : amountIn(correctionCredits);
  return { correction: { amount: amountIn(correction), credits } };
}

function amountIn(text: string): Amount {
  return present(parseAmount(text), "the amount of a recorded opening");
}
