/** Reads cards back from what was recorded of them. */
import { assert } from "../assert.ts";
import type { CardOverride } from "./card-override.ts";
import { parseCardDocument, parseRateCard } from "./parse-rate-card.ts";
import type { RateCard } from "./rate-card.ts";

/** Reads a card back from the canonical document of its version, which was valid when recorded. */
export function storedRateCard(document: string): RateCard {
  const parsed = parseRateCard(JSON.parse(document));
  assert("card" in parsed, `a recorded rate card is valid: ${document.slice(0, 200)}`);
  return parsed.card;
}

/** Reads an override back from its canonical document. */
export function storedOverride(document: string): CardOverride {
  const parsed = parseCardDocument(JSON.parse(document));
  assert("override" in parsed, `a recorded override is valid: ${document.slice(0, 200)}`);
  return parsed.override;
}
