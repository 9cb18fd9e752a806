/** What each field of a card allows and the card as a whole does not. */
import type { Problem } from "../errors.ts";
import { PROBLEMS_MAX_COUNT } from "../limits.ts";
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, formatAmount } from "../money/decimal.ts";
import { roundAmount } from "../money/rounding.ts";
import { subjectOfMeter } from "./meter-fields.ts";
import type { RateCard } from "./rate-card.ts";

/** Every contradiction of a card, with its path in the card's document. */
export function contradictionsOf(card: RateCard): Problem[] {
  return [
    ...repeatedKeys(card),
    ...unknownKeys(card),
    ...withoutCredit(card),
    ...wrongBounds(card),
    ...unlikeWindows(card),
  ].map(([field, detail]) => ({ code: "ratecard.invalid", detail, field }));
}

/**
 * Amounts that a bill shows as they stand, with more places than the card's currency has: a fee of
 * 10.5 yen is billed as 10 or as 11, and whoever wrote it means neither. What is counted many times
 * (a price, a bound of one run) may be as fine as it likes. Of cards that are sent; those on record
 * stay as they are. An item is named by its place in the card, or by what `itemAt` says.
 */
export function fineAmountsOf(card: RateCard, itemAt: ItemAt = byNumber): Problem[] {
  const decimals = currencyDecimals(card.currency);
  if (decimals === undefined) return [];
  return billedAmounts(card, itemAt).flatMap(([field, amount]): Problem[] => {
    if (amount === null || roundAmount(amount, decimals, "down").residual === 0n) return [];
    const places = decimals === 0 ? "no decimals" : `${decimals} decimals`;
    const shown = `${formatAmount(amount)} is on the bill as it stands`;
    const detail = `${shown}: ${card.currency} has ${places}`;
    return [{ code: "ratecard.invalid", detail, field }];
  });
}

/** The path of an item of one of a card's lists. */
export type ItemAt = (list: string, item: { readonly key: string; readonly at: number }) => string;

/** As cards are written. */
export const byNumber: ItemAt = (list, { at }) => `${list}[${at}]`;

/** As overrides are written. */
export const byKey: ItemAt = (list, { key }) => `${list}[${JSON.stringify(key)}]`;

function billedAmounts(
  { charges, fees, discounts, minimum, maximum }: RateCard,
  itemAt: ItemAt,
): (readonly [path: string, amount: Amount | null])[] {
  return [
    ...charges.flatMap(({ key, ...charge }, at) => {
      const item = itemAt("charges", { key, at });
      return [
        [`${item}.minimum`, charge.minimum] as const,
        [`${item}.maximum`, charge.maximum] as const,
      ];
    }),
    ...fees.map(
      ({ key, amount }, at) => [`${itemAt("fees", { key, at })}.amount`, amount] as const,
    ),
    ...discounts.map(({ key, value }, at) => {
      const item = itemAt("discounts", { key, at });
      return [`${item}.amount`, "amount" in value ? value.amount : null] as const;
    }),
    ["minimum", minimum],
    ["maximum", maximum],
  ];
}

/** Problems in order, of one place the first only: what cannot be read contradicts anything. */
export function joinProblems(problems: readonly Problem[], more: readonly Problem[]): Problem[] {
  const told = new Set(problems.map(({ field }) => field));
  const news = more.filter(({ field }) => !told.has(field));
  return [...problems, ...news].slice(0, PROBLEMS_MAX_COUNT);
}

type Found = readonly [path: string, detail: string];

function keyedItems({ charges, fees, discounts }: RateCard): Found[] {
  const keysOf = (list: readonly { readonly key: string }[], name: string) =>
    list.map(({ key }, index): Found => [`${name}[${index}].key`, key]);
  return [
    ...keysOf(charges, "charges"),
    ...keysOf(fees, "fees"),
    ...keysOf(discounts, "discounts"),
  ];
}

/** Lines of a statement are named by charge, fee or discount: no two have the same key. */
function repeatedKeys(card: RateCard): Found[] {
  const seen = new Map<string, string>();
  return keyedItems(card).flatMap(([path, key]): Found[] => {
    const first = seen.get(key);
    if (first === undefined) seen.set(key, path);
    if (first === undefined || key === "") return [];
    return [[path, `${JSON.stringify(key)} is the key of ${first} already`]];
  });
}

/** Discounts and trials name what they apply to. */
function unknownKeys({ charges, fees, discounts, trial }: RateCard): Found[] {
  const known = new Set([...charges, ...fees].map(({ key }) => key));
  const lists: [path: string, keys: readonly string[] | null][] = [
    ...discounts.map((one, at): [string, readonly string[] | null] => {
      return [`discounts[${at}].charges`, one.charges];
    }),
    ["trial.charges", trial?.charges ?? null],
  ];
  return lists.flatMap(([path, keys]) =>
    (keys ?? []).flatMap((key, index): Found[] => {
      if (key === "" || known.has(key)) return [];
      return [[`${path}[${index}]`, `the card has no charge or fee ${JSON.stringify(key)}`]];
    }),
  );
}

function withoutCredit({ charges, credit }: RateCard): Found[] {
  if (credit !== null) return [];
  return charges.flatMap(({ inCredits }, index): Found[] => {
    if (!inCredits) return [];
    return [[`charges[${index}].in`, 'the card has no "credit", which says what one is worth']];
  });
}

/** An outcome is final once, for all that charge it: those that may count the same settle alike. */
function unlikeWindows({ charges }: RateCard): Found[] {
  const onOutcomes = charges.flatMap((charge, index) => {
    const { meter, settlesAfterHours: hours } = charge;
    if (subjectOfMeter(meter) !== "outcomes") return [];
    return [{ key: charge.key, index, names: meter.where.outcome ?? null, hours }];
  });
  return onOutcomes.flatMap(({ index, names, hours }): Found[] => {
    const other = onOutcomes.find((one) => {
      return one.index < index && one.hours !== hours && mayShareOne(one.names, names);
    });
    if (other === undefined) return [];
    const detail = `${JSON.stringify(other.key)} may count the same outcomes and settles otherwise`;
    return [[`charges[${index}].settles`, detail]];
  });
}

function mayShareOne(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return a === null || b === null || a.some((name) => b.includes(name));
}

function wrongBounds(card: RateCard): Found[] {
  const { minimum, maximum, runMinimum, runCap } = card;
  return [
    ...card.charges.flatMap((charge, index) =>
      wrongBound(charge.minimum, charge.maximum, `charges[${index}].maximum`),
    ),
    ...wrongBound(minimum, maximum, "maximum"),
    ...wrongBound(runMinimum, runCap, "runCap"),
  ];
}

function wrongBound(least: Amount | null, most: Amount | null, path: string): Found[] {
  if (least === null || most === null || least <= most) return [];
  return [[path, `${formatAmount(most)} is less than the minimum (${formatAmount(least)})`]];
}
