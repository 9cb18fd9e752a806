/** What a card changes, as a table. */
import type { CardChange } from "../../domain/rating/card-diff.ts";
import { PLAIN_STYLES, printable, type Styles } from "./styles.ts";
import { type Cell, renderTable } from "./table.ts";

const SIGNS: Readonly<Record<CardChange["change"], string>> = {
  added: "+",
  removed: "−",
  changed: "~",
};

/**
 * Lines of the table, charges first; prices stand with their points below one another. Below a
 * charge stands what of it changed: at 1,000 units an allowance, a tier or a filter may not show.
 */
export function renderCardChanges(
  changes: readonly CardChange[],
  styles: Styles = PLAIN_STYLES,
): string[] {
  const charges = changes.filter(({ kind }) => kind === "charge");
  const others = changes.filter(({ kind }) => kind !== "charge");
  const lines = [
    ...(charges.length === 0 ? [] : table(charges, ["charge", "1,000 units", "then"], styles)),
    ...(others.length === 0 ? [] : table(others, ["term", "before", "then"], styles)),
  ];
  return lines;
}

type Titles = readonly [what: string, before: string, after: string];

function table(changes: readonly CardChange[], titles: Titles, styles: Styles): string[] {
  const isPriced = changes.every(({ kind }) => kind === "charge");
  const rows = changes.map(({ kind, key, change, before, after }): Cell[] => {
    const name = kind === "charge" || kind === "term" ? key : `${kind} ${key}`;
    const [former, now] = [before, after].map((text) => (isPriced ? text : wordsOf(text)) ?? "–");
    return [SIGNS[change], name, former ?? "", { text: now ?? "", style: styles.yellow }];
  });
  const align = isPriced ? ("point" as const) : ("left" as const);
  const columns = [
    { title: "", align: "left" as const },
    { title: titles[0], align: "left" as const },
    { title: titles[1], align },
    { title: titles[2], align },
  ];
  const [head = "", ...lines] = renderTable({ columns, rows }, styles);
  return [head, ...changes.flatMap((one, at) => [lines[at] ?? "", ...detailLines(one, styles)])];
}

const DETAILS_SHOWN = 10;

function detailLines({ details }: CardChange, styles: Styles): string[] {
  const more = details.length - DETAILS_SHOWN;
  const shown = details.slice(0, DETAILS_SHOWN).map(({ path, before, after }) => {
    return `${path}: ${before ?? "–"}, then ${after ?? "–"}`;
  });
  const rest = more > 0 ? [`… and ${more} more`] : [];
  return [...shown, ...rest].map((text) => `     ${styles.dim(printable(text))}`);
}

/** JSON text as people write it: `amount 49, prorate false`; null stays null. */
function wordsOf(json: string | null): string | null {
  if (json === null) return null;
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return plain(value);
  return Object.entries(value)
    .filter(([, part]) => part !== null)
    .map(([name, part]) => `${name} ${plain(part)}`)
    .join(", ");
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
