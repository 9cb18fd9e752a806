/**
 * Openings, for a customer who moves here in mid-period: what each charge has counted elsewhere, so
 * that tiers go on where they were, and what the customer owed there or had in hand.
 *
 * An opening count is in the counter like any other, and what it comes to by itself is taken off in
 * a line of its own: whoever counted it has billed it (opened-counts.ts). What is charged here is
 * therefore f(opening + counted) − f(opening).
 */
import { present } from "../../domain/assert.ts";
import { canonicalJson } from "../../domain/canonical-json.ts";
import { TollgateError } from "../../domain/errors.ts";
import { AMOUNT_SCALE, QUANTITY_MAX_UNITS, QUANTITY_SCALE } from "../../domain/limits.ts";
import {
  type Amount,
  formatAmount,
  formatScaled,
  parseAmount,
  parseQuantity,
} from "../../domain/money/decimal.ts";
import { type Opened, parseMoney } from "../../domain/period/booking.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import { isCostMeter } from "../../domain/rating/meter-fields.ts";
import { NO_CELL, OTHERWISE_CELL } from "../../domain/rating/price-model.ts";
import type { Charge } from "../../domain/rating/rate-card.ts";
import { type ByHand, identify, recordedAct, requireSame } from "../acts/recorded-acts.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Reads } from "../ports.ts";
import { bookByHand, negated, type OpenBooks, openBooks } from "./book-by-hand.ts";
import { CountedElsewhere, type ToldOpened, toldOpened } from "./opened-counts.ts";

/** What a charge has counted elsewhere. */
export interface OpeningCount {
  readonly charge: string;
  /** Of a matrix: the cell, or `*` for all others; "" otherwise. */
  readonly cell: string;
  /** In whole units; in currency units where the charge meters cost. */
  readonly quantity: string;
}

/** An opening to set. */
export interface NewOpening extends ByHand {
  readonly customer: string;
  /** What is owed (or, negative, in hand), for a line of its own; null: nothing. */
  readonly amount: string | null;
  readonly counters: readonly OpeningCount[];
}

/** One part of an opening, as the journal keeps it: an amount, or a count; what its line books. */
export interface OpeningPart extends ToldOpened {
  /** `<opening>#0` is the amount, `#1` the first count. */
  readonly id: string;
  readonly key: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly counter: CountedBefore | null;
  readonly reason: string;
  readonly by: string;
  readonly description: string;
}

/** A count that was taken over. */
export interface CountedBefore extends OpeningCount {
  readonly card: string;
  readonly cardVersion: number;
  /** What it added to the amount of its counter, which may have counted before. */
  readonly share: string;
  /**
   * All that was counted elsewhere with it, which is one count. Acts of before tell none: each took
   * off what it came to by itself, and nothing was corrected at the close.
   */
  readonly elsewhere?: string;
}

/**
 * Sets an opening in the period that is open now and returns its parts. The same act again changes
 * nothing. Throws `customer.not_found`, `ratecard.not_found`, `booking.conflict`, `field.invalid`,
 * `field.out_of_range`.
 */
export function setOpening(
  context: EngineContext,
  workspace: string,
  request: NewOpening,
): Promise<readonly OpeningPart[]> {
  const { id, key } = identify(context.digest, "op", request);
  const ids = [null, ...request.counters].map((_, index) => `${id}#${index}`);
  return runAct(context, workspace, async (act) => {
    const known: OpeningPart[] = [];
    for (const subject of ids) {
      const same = { kind: "opening.set", subject } as const;
      const part = await recordedAct<OpeningPart>(context.store, workspace, same);
      if (part !== undefined) known.push(part);
    }
    const [first] = known;
    if (first !== undefined) {
      requireSame(first, key);
      return known;
    }
    const books = await openBooks(act, request.customer);
    const writer = new OpeningWriter(act, books, {
      id,
      key,
      reason: request.reason,
      by: request.by,
    });
    const parts = [writer.amount(request.amount)];
    if (request.counters.length > 0) await writer.open(context.store);
    for (const [index, count] of request.counters.entries()) parts.push(writer.count(count, index));
    return parts;
  });
}

interface About {
  readonly id: string;
  readonly key: string;
  readonly reason: string;
  readonly by: string;
}

/** Writes the parts of one opening. */
class OpeningWriter {
  readonly #act: Act;
  readonly #books: OpenBooks;
  readonly #about: About;
  readonly #elsewhere = new CountedElsewhere();

  constructor(act: Act, books: OpenBooks, about: About) {
    this.#act = act;
    this.#books = books;
    this.#about = about;
  }

  get #place(): { readonly customer: string; readonly period: string } {
    return { customer: this.#books.customer.id, period: this.#books.period };
  }

  /** Loads what the customer's period has counted, here and elsewhere. */
  async open(store: Pick<Reads, "lastAct">): Promise<void> {
    const { unit, state, tariff, workspace } = this.#act;
    const place = this.#place;
    state.loadCounted(await unit.counted([place]));
    for (const { reason, id } of await unit.adjustments(place)) {
      if (reason !== "opening") continue;
      const of = { kind: "opening.set", subject: id } as const;
      const { counter } = present(await recordedAct<OpeningPart>(store, workspace, of), id);
      if (counter === null) continue;
      const card = tariff.cardById(counter.cardVersion);
      this.#elsewhere.add(place.period, card, itemOf(card, counter));
    }
  }

  amount(text: string | null): OpeningPart {
    const { currency } = this.#books;
    const magnitude = parseMoney((text ?? "").replace(/^-/, ""), currency);
    if (text !== null && magnitude === undefined) {
      const detail = `${JSON.stringify(text)} is no amount of ${currency}.`;
      throw new TollgateError("field.out_of_range", detail, "amount");
    }
    const unsigned = magnitude ?? (0n as Amount);
    const amount = text?.startsWith("-") === true ? negated(unsigned) : unsigned;
    const description = `Opening amount: ${this.#about.reason}`;
    return this.#book(0, { amount, description, counter: null });
  }

  count(count: OpeningCount, index: number): OpeningPart {
    const { state, tariff } = this.#act;
    const field = `counters[${index}]`;
    const card = tariff.cardFor(this.#books.customer, state.receivedAtMs);
    if (card === null) {
      const detail = `No rate card is in force for "${this.#books.customer.id}".`;
      throw new TollgateError("ratecard.not_found", detail, field);
    }
    const charge = chargeOf(card, count, field);
    const quantity = quantityOf(charge, count, field);
    const item: MeteredQuantity = { chargeKey: charge.key, cell: count.cell, quantity };
    const move = { item, delta: quantity };
    const slot = state.counter(this.#place, card.cardKey, item);
    const moved = tariff.advance(slot.counter, card, move);
    state.moveCounter(slot, moved.counter);
    const { all, ...opened } = this.#elsewhere.add(this.#place.period, card, item);
    const name = count.cell === "" ? charge.key : `${charge.key} (${count.cell})`;
    const description = `${charge.name ?? name}: counted and billed before the move`;
    const share = formatAmount(moved.marginal);
    const elsewhere = formatScaled(all, scaleOf(charge));
    const counter = { ...count, card: card.cardKey, cardVersion: card.id, share, elsewhere };
    return this.#book(index + 1, { ...opened, description, counter });
  }

  #book(number: number, part: Pick<OpeningPart, "description" | "counter"> & Opened): OpeningPart {
    const { key, reason, by } = this.#about;
    const id = `${this.#about.id}#${number}`;
    const { amount, credits = null, description, counter } = part;
    const { currency } = this.#books;
    const booked = { ...this.#place, currency, ...toldOpened(part) };
    const made: OpeningPart = { id, key, ...booked, counter, reason, by, description };
    this.#act.journal("opening.set", id, made);
    const row = { kind: "opening", id, amount, credits, reason: "opening" } as const;
    // A count has its row even where it came to nothing: the row leads to it.
    if (amount !== 0n || counter !== null) bookByHand(this.#act, this.#books, row);
    return made;
  }
}

/** What a recorded count put into its counter, of the card version that it was set by. */
export function itemOf(card: CompiledCard, counted: CountedBefore): MeteredQuantity {
  const charge = chargeOf(card, counted, "counter");
  const quantity = quantityOf(charge, counted, "counter");
  return { chargeKey: charge.key, cell: counted.cell, quantity };
}

/** The charge of a count; its cell must be one that the price has. Throws `field.invalid`. */
function chargeOf(card: CompiledCard, { charge, cell }: OpeningCount, field: string): Charge {
  const found = card.charges.find(({ key }) => key === charge);
  if (found === undefined) {
    const detail = `Card "${card.cardKey}" has no charge "${charge}".`;
    throw new TollgateError("field.invalid", detail, `${field}.charge`);
  }
  if (hasCell(found, cell)) return found;
  const detail = `Charge "${charge}" has no cell ${canonicalJson(cell)}.`;
  throw new TollgateError("field.invalid", detail, `${field}.cell`);
}

/** Whether the price of a charge has a cell for counts. */
export function hasCell({ price }: Charge, cell: string): boolean {
  if (price.model !== "matrix") return cell === NO_CELL;
  return Object.hasOwn(price.cells, cell) || (cell === OTHERWISE_CELL && price.otherwise !== null);
}

/** Throws `field.out_of_range`. */
function quantityOf(charge: Charge, { quantity: text }: OpeningCount, field: string): bigint {
  const isCost = isCostMeter(charge.meter);
  const quantity = isCost ? parseAmount(text) : parseQuantity(text);
  const max = QUANTITY_MAX_UNITS * 10n ** BigInt(scaleOf(charge));
  if (quantity !== undefined && quantity > 0n && quantity <= max) return quantity;
  const detail = `${JSON.stringify(text)} is no positive quantity.`;
  throw new TollgateError("field.out_of_range", detail, `${field}.quantity`);
}

function scaleOf({ meter }: Charge): number {
  return isCostMeter(meter) ? AMOUNT_SCALE : QUANTITY_SCALE;
}
