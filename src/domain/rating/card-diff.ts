/** What a new version of a card changes, and what 1,000 units of each charge cost then. */
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../limits.ts";
import { formatAmount } from "../money/decimal.ts";
import { joined } from "./document-place.ts";
import { isCostMeter } from "./meter-fields.ts";
import { chargePrice, closedAmount, FIXED_CELL, NO_CELL, OTHERWISE_CELL } from "./price-model.ts";
import type { Charge, RateCard } from "./rate-card.ts";
import { rateCardDocument } from "./rate-card-document.ts";

/** One thing that differs. What is the same is left out. */
export interface CardChange {
  readonly kind: "charge" | "fee" | "discount" | "term";
  /** Key of the item, with the cell of a matrix: `calls (gpt-5)`; name of the term. */
  readonly key: string;
  readonly change: "added" | "removed" | "changed";
  /**
   * Of a charge, what a period owes for 1,000 units of it alone (1,000 of money where it meters
   * cost), decimal text; of anything else, JSON text. Null: it is not there.
   */
  readonly before: string | null;
  readonly after: string | null;
  /** Of a charge that changed, at its first row: each field that differs. Empty: there is none. */
  readonly details: readonly FieldChange[];
}

/** A field of a charge that differs, by its path in the charge; null: it is not there. */
export interface FieldChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

type Texts = ReadonlyMap<string, string>;
type Document = Readonly<Record<string, unknown>>;
type Item = { readonly key: string };

const LISTS = ["charges", "fees", "discounts"] as const;

/** Changes from a card (null: none) to another: charges, fees, discounts, then single terms. */
export function cardChanges(before: RateCard | null, after: RateCard): CardChange[] {
  const [former, now] = [before === null ? {} : documentOf(before), documentOf(after)];
  return [
    ...chargeChanges(before, after),
    ...differences("fee", itemTexts(former.fees), itemTexts(now.fees)),
    ...differences("discount", itemTexts(former.discounts), itemTexts(now.discounts)),
    ...differences("term", termTexts(former), termTexts(now)),
  ];
}

function documentOf(card: RateCard): Document {
  return JSON.parse(rateCardDocument(card)) as Document;
}

function itemTexts(list: unknown): Texts {
  const items = (list ?? []) as readonly Item[];
  return new Map(items.map(({ key, ...rest }) => [key, JSON.stringify(rest)]));
}

function termTexts(document: Document): Texts {
  const terms = Object.entries(document).filter(([name, value]) => {
    return name !== "key" && value !== null && !LISTS.some((list) => list === name);
  });
  return new Map(terms.map(([name, value]) => [name, JSON.stringify(value)]));
}

/** A charge whose meter or name changed is a change too, at the same price. */
function chargeChanges(before: RateCard | null, after: RateCard): CardChange[] {
  const former = new Map(before?.charges.map((charge) => [charge.key, charge]));
  const now = new Map(after.charges.map((charge) => [charge.key, charge]));
  const texts = [before, after].map((card) =>
    card === null ? new Map() : itemTexts(documentOf(card).charges),
  );
  return [...new Set([...former.keys(), ...now.keys()])].flatMap((key) => {
    const [then, next] = [former.get(key), now.get(key)];
    const changes = differences("charge", pricesOf(then, before), pricesOf(next, after));
    const [text, nextText] = texts.map((all) => all.get(key));
    if (text === nextText) return changes;
    const told =
      changes.length > 0
        ? changes
        : [...pricesOf(next, after)].map(([cell, price]): CardChange => {
            const same = { before: price, after: price, details: [] };
            return { kind: "charge", key: cell, change: "changed", ...same };
          });
    const details =
      text === undefined || nextText === undefined ? [] : fieldChanges(text, nextText);
    return told.map((one, at) => (at === 0 ? { ...one, details } : one));
  });
}

/** What differs between two documents of one charge, in the order of the first. */
function fieldChanges(before: string, after: string): FieldChange[] {
  const [former, now] = [before, after].map((text) => new Map(leavesOf(JSON.parse(text), "")));
  return [...new Set([...(former?.keys() ?? []), ...(now?.keys() ?? [])])].flatMap((path) => {
    const [then, next] = [former?.get(path) ?? null, now?.get(path) ?? null];
    return then === next ? [] : [{ path, before: then, after: next }];
  });
}

/** Every value with its path; a list of texts is one, and null is not there. */
function leavesOf(value: unknown, path: string): [path: string, text: string][] {
  if (value === null) return [];
  if (typeof value !== "object") return [[path, String(value)]];
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return [[path, value.join(", ")]];
  }
  return Object.entries(value).flatMap(([name, part]) => {
    const at = Array.isArray(value) ? `${path}[${name}]` : joined(path, name);
    return leavesOf(part, at);
  });
}

/** What 1,000 units cost, by cell. */
function pricesOf(charge: Charge | undefined, card: RateCard | null): Texts {
  if (charge === undefined || card === null) return new Map();
  const thousand = 10n ** BigInt(3 + (isCostMeter(charge.meter) ? AMOUNT_SCALE : QUANTITY_SCALE));
  return new Map(
    cellsOf(charge).map((cell) => {
      const amount = closedAmount(chargePrice(charge, cell, card.credit), thousand);
      return [cell === NO_CELL ? charge.key : `${charge.key} (${cell})`, formatAmount(amount)];
    }),
  );
}

function cellsOf({ price }: Charge): string[] {
  if (price.model === "percentage" && price.fixed !== 0n) return [NO_CELL, FIXED_CELL];
  if (price.model !== "matrix") return [NO_CELL];
  const others = price.otherwise === null ? [] : [OTHERWISE_CELL];
  return [...Object.keys(price.cells), ...others];
}

function differences(kind: CardChange["kind"], before: Texts, after: Texts): CardChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): CardChange[] => {
    const [then, now] = [before.get(key) ?? null, after.get(key) ?? null];
    if (then === now) return [];
    const change = then === null ? "added" : now === null ? "removed" : "changed";
    return [{ kind, key, change, before: then, after: now, details: [] }];
  });
}
