/** A rate card in words: what each charge counts and what it takes, next to the version before. */
import { groupDigits } from "./money.ts";
import { PLAIN_STYLES, type Styles } from "./styles.ts";
import { type Cell, renderTable } from "./table.ts";

/** A rate card document, as far as it is shown. */
export interface CardView {
  readonly key: string;
  readonly currency: string;
  readonly charges: readonly ChargeView[];
}

/** One charge of the document. */
export interface ChargeView {
  readonly key: string;
  readonly meter: MeterView;
  readonly price: PriceView;
  /** How long an outcome may be taken back. */
  readonly settles?: { readonly afterDays?: string; readonly afterHours?: string } | null;
}

interface MeterView {
  readonly count?: string;
  readonly sum?: string;
  readonly where?: Readonly<Record<string, string | readonly string[]>>;
}

/** The price models of the rate card document, as far as they are shown in words. */
interface PriceView {
  readonly model: string;
  readonly unit?: string;
  readonly amount?: string;
  readonly percent?: string;
  readonly size?: string;
  readonly by?: string | readonly string[];
  readonly fixed?: string;
  readonly tiers?: readonly { readonly upTo?: string; readonly unit: string }[];
}

/** A card; where `before` is given, its prices stand beside and what changed stands out. */
export function renderRateCard(
  card: CardView,
  before: CardView | null,
  styles: Styles = PLAIN_STYLES,
): string[] {
  const keys = new Set([...(before?.charges ?? []), ...card.charges].map(({ key }) => key));
  const rows = [...keys].map((key): Cell[] => {
    const now = card.charges.find((charge) => charge.key === key);
    const then = before?.charges.find((charge) => charge.key === key);
    const charge = now ?? then;
    const price = priceText(now?.price);
    const former = before === null ? "" : priceText(then?.price);
    const isChanged = before !== null && price !== former;
    const style = isChanged ? styles.yellow : (text: string) => text;
    return [
      key,
      charge === undefined ? "" : meterText(charge.meter) + windowText(charge),
      former,
      { text: price, style },
    ];
  });
  const columns = ["charge", "counts", before === null ? "" : "before", "price"];
  return renderTable(
    { columns: columns.map((title) => ({ title, align: "left" as const })), rows },
    styles,
  );
}

function meterText({ count, sum, where = {} }: MeterView): string {
  const what = count ?? (sum === "cost" ? "our cost" : (sum ?? "").replaceAll("_", " "));
  const filters = Object.entries(where).map(([field, value]) => {
    return `${field} ${[value].flat().join(" or ")}`;
  });
  return filters.length === 0 ? what : `${what} with ${filters.join(" and ")}`;
}

function windowText({ settles }: ChargeView): string {
  if (settles === undefined || settles === null) return "";
  const { afterDays, afterHours } = settles;
  const [length, unit] = afterDays === undefined ? [afterHours, "hour"] : [afterDays, "day"];
  return `, final after ${length} ${unit}${length === "1" ? "" : "s"}`;
}

function priceText(price: PriceView | undefined): string {
  if (price === undefined) return "–";
  const { model, unit = "", amount = "", percent = "", size = "", by = "", tiers = [] } = price;
  const { fixed = "" } = price;
  switch (model) {
    case "per_unit":
      return `${unit} each`;
    case "flat":
      return `${amount} once a period`;
    case "markup":
      return `plus ${percent} %`;
    case "package":
      return `${amount} per ${groupDigits(size)}`;
    case "matrix":
      return `by ${[by].flat().join(" and ")}`;
    case "percentage":
      return fixed === "" ? `${percent} %` : `${percent} % and ${fixed} each`;
    default:
      return tiers.map(tierText).join(", ");
  }
}

function tierText({ upTo, unit }: { readonly upTo?: string; readonly unit: string }): string {
  const price = unit === "0" ? "free" : `${unit} each`;
  return upTo === undefined ? `then ${price}` : `to ${groupDigits(upTo)} ${price}`;
}
