/**
 * Keys of cards and charges that somebody names: one that there is not selects nothing. Credit for
 * it would pay nothing, a minimum would be billed whole however much was used, and a limit would
 * limit nobody. Before the first card, nobody can tell.
 */
import type { Reads } from "../ports.ts";

type Cards = Pick<Reads, "cards">;

/** A key that there is not, and its place among those that were named. */
export interface UnknownKey {
  readonly at: number;
  readonly detail: string;
}

/** What charges to look for. */
export interface NamedCharges {
  readonly charges: readonly string[];
  /** Whether fees count too: credit may pay them, and no commitment is drawn by one. */
  readonly withFees: boolean;
}

/** The first charge that no version of any card has; null: there is none such. */
export async function unknownCharge(
  store: Cards,
  workspace: string,
  { charges, withFees }: NamedCharges,
): Promise<UnknownKey | null> {
  if (charges.length === 0) return null;
  const cards = (await store.cards(workspace)).map(({ card }) => card);
  const keys = cards.flatMap((card) => [...card.charges, ...(withFees ? card.fees : [])]);
  const known = new Set(keys.map(({ key }) => key));
  return unknownAmong(charges, known, "No rate card has a charge");
}

/** The first card that nobody applied; null: there is none such. */
export async function unknownCard(
  store: Cards,
  workspace: string,
  keys: readonly string[],
): Promise<UnknownKey | null> {
  if (keys.length === 0) return null;
  const known = new Set((await store.cards(workspace)).map(({ card }) => card.key));
  return unknownAmong(keys, known, "There is no rate card");
}

function unknownAmong(
  keys: readonly string[],
  known: ReadonlySet<string>,
  what: string,
): UnknownKey | null {
  const at = known.size === 0 ? -1 : keys.findIndex((key) => !known.has(key));
  if (at < 0) return null;
  const named = [...known].slice(0, SHOWN_COUNT).join(", ");
  const more = known.size > SHOWN_COUNT ? ", …" : "";
  return { at, detail: `${what} "${keys[at]}"; there are ${named}${more}.` };
}

const SHOWN_COUNT = 20;
