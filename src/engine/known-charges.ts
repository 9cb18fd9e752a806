/**
 * Charges that credit or a commitment names: one that no card has would never be paid or drawn
 * by, and a minimum would be billed whole however much was used. Before the first card, nobody can
 * tell.
 */
import type { Reads } from "./ports.ts";

/** What to look for. */
export interface NamedCharges {
  readonly charges: readonly string[];
  /** Whether fees count too: credit may pay them, and no commitment is drawn by one. */
  readonly withFees: boolean;
}

/** What is wrong with keys of charges, by the key's place; null: every key is of some card. */
export async function unknownCharge(
  store: Pick<Reads, "cards">,
  workspace: string,
  { charges, withFees }: NamedCharges,
): Promise<{ readonly at: number; readonly detail: string } | null> {
  if (charges.length === 0) return null;
  const cards = (await store.cards(workspace)).map(({ card }) => card);
  const keys = cards.flatMap((card) => [...card.charges, ...(withFees ? card.fees : [])]);
  const known = new Set(keys.map(({ key }) => key));
  if (known.size === 0) return null;
  const at = charges.findIndex((key) => !known.has(key));
  if (at < 0) return null;
  const named = [...known].slice(0, SHOWN_COUNT).join(", ");
  const more = known.size > SHOWN_COUNT ? ", …" : "";
  return { at, detail: `No rate card has a charge "${charges[at]}"; there are ${named}${more}.` };
}

const SHOWN_COUNT = 20;
