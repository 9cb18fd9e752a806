/** What is set side by side, as plain data, which may cross threads. */
import type { ConversionRate } from "../money/conversion.ts";
import type { RateCardVersion } from "../rating/rate-card.ts";

/** A card that history is rated by. */
export type ContenderData =
  /** Every step by the version that rated it, every customer by its own cards. */
  | { readonly kind: "in_force" }
  /** Everything by one card, as if it had always been the only one. */
  | { readonly kind: "card"; readonly version: RateCardVersion };

/** What contenders are made ready with. */
export interface RecordedTariff {
  readonly cards: readonly RateCardVersion[];
  readonly rates: readonly ConversionRate[];
}
