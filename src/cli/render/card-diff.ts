/** What a card changes, as a table. */
import type { CardChange } from "../../domain/rating/card-diff.ts";
import { PLAIN_STYLES, type Styles } from "./styles.ts";
import { type Cell, renderTable } from "./table.ts";

const SIGNS: Readonly<Record<CardChange["change"], string>> = {
  added: "+",
  removed: "−",
  changed: "~",
};

/** Lines of the table, charges first; prices stand with their points below one another. */
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
  return renderTable({ columns, rows }, styles);
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
