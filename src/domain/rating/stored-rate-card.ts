import { assert } from "../assert.ts";
import { parseRateCard } from "./parse-rate-card.ts";
import type { RateCard } from "./rate-card.ts";

/** Reads a card back from the canonical document of its version, which was valid when recorded. */
export function storedRateCard(document: string): RateCard {
  const parsed = parseRateCard(JSON.parse(document));
  assert("card" in parsed, `a recorded rate card is valid: ${document.slice(0, 200)}`);
  return parsed.card;
}
