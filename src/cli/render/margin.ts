/** Margin as tables, one a currency: what it is of, and a bar to either side of nothing. */
import { present } from "../../domain/assert.ts";
import { formatScaled, parseScaled } from "../../domain/money/decimal.ts";
import { quotient } from "../../domain/money/rounding.ts";
import { formatMoney, groupDigits } from "./money.ts";
import { PLAIN_STYLES, type Style, type Styles } from "./styles.ts";
import { type Cell, renderTable } from "./table.ts";

/** A row of GET /v1/margin, as far as it is shown. */
export interface MarginRowView {
  readonly row: "value" | "unattributed" | "line";
  readonly name: string;
  readonly currency: string;
  readonly revenue: string;
  readonly cost: string;
  readonly costConverted: string | null;
  readonly unconverted: boolean;
  readonly rates: readonly { readonly rate: string; readonly effectiveFrom: string }[];
  readonly margin: string | null;
  readonly marginPercent: string | null;
  readonly steps: number;
  readonly unpriced: number;
  readonly paidByCustomer: string | null;
  readonly isOpen: boolean;
}

/** The answer of GET /v1/margin. */
export interface MarginView {
  readonly by: string;
  readonly rows: readonly MarginRowView[];
  readonly rowCount: number;
  readonly totals: readonly MarginRowView[];
  readonly costCurrency: string;
}

/** Places of the scale that texts are read at; none has more. */
const SCALE = 42;
const TEXT_MAX_CHARS = 200;
/** Places shown; all that there are stand in the JSON and the CSV. */
const SHOWN_PLACES = 4;

/** Lines of the tables. The last line of each is the total of all rows, shown or not. */
export function renderMargin(view: MarginView, styles: Styles = PLAIN_STYLES): string[] {
  if (view.rows.length === 0) return ["There is no usage and no bill that matches."];
  const currencies = [...new Set(view.totals.map(({ currency }) => currency))];
  const tables = currencies.flatMap((currency) => {
    const rows = view.rows.filter((row) => row.currency === currency);
    const total = view.totals.find((row) => row.currency === currency);
    if (total === undefined || rows.length === 0) return [];
    return [...renderCurrency(view, { rows, total }, styles), ""];
  });
  return [...tables, ...notes(view)];
}

interface OneCurrency {
  readonly rows: readonly MarginRowView[];
  readonly total: MarginRowView;
}

function renderCurrency(
  { by, costCurrency }: MarginView,
  { rows, total }: OneCurrency,
  styles: Styles,
): string[] {
  const { currency } = total;
  const most = rows.reduce((max, { margin }) => larger(max, magnitude(margin)), 0n);
  const cells = rows.map((row) => [
    row.row === "value" ? row.name : { text: nameOf(row), style: styles.dim },
    ...amountCells(row, styles),
    { text: bar(row.margin, most), style: toneOf(row.margin, styles) },
    noteOf(row, styles),
  ]);
  const bold = (cell: Cell): Cell => {
    const { text, style } = typeof cell === "string" ? { text: cell, style: plain } : cell;
    return { text, style: (inner) => styles.bold(style(inner)) };
  };
  const sum = [bold("Total"), ...amountCells(total, styles).map(bold), "", noteOf(total, styles)];
  const isOther = currency !== costCurrency;
  const point = (title: string) => ({ title, align: "point" as const });
  const left = (title: string) => ({ title, align: "left" as const });
  const columns = [
    ...[left(by), { title: "steps", align: "right" as const }],
    ...[point(`revenue ${currency}`), point(`cost ${costCurrency}`)],
    point(isOther ? `cost ${currency}` : ""),
    ...[point("margin"), point("%"), left(""), left("")],
  ];
  return renderTable({ columns, rows: [...cells, "rule", sum] }, styles);
}

const plain: Style = (text) => text;

function amountCells(row: MarginRowView, styles: Styles): Cell[] {
  const { currency, steps, revenue, cost, costConverted, margin, marginPercent, rates } = row;
  const isConverted = rates.length > 0 && costConverted !== null;
  const tone = toneOf(margin, styles);
  // An unknown cost adds to what is known, and takes off the margin.
  const [least, most] = row.unpriced === 0 ? ["", ""] : ["≥", "≤"];
  return [
    groupDigits(String(steps)),
    money(revenue, currency),
    least + money(cost),
    isConverted ? least + money(costConverted, currency) : "",
    margin === null
      ? { text: "–", style: styles.yellow }
      : { text: most + money(margin, currency), style: tone },
    marginPercent === null ? "" : { text: most + groupDigits(marginPercent), style: tone },
  ];
}

/** Lines and what has no value stand in brackets: nobody's name looks like it by chance. */
function nameOf({ row, name }: MarginRowView): string {
  return row === "line" ? `(${name.replaceAll("_", " ")})` : `(not by ${name})`;
}

function noteOf({ unpriced, unconverted, paidByCustomer }: MarginRowView, styles: Styles): Cell {
  const parts = [
    ...(unconverted ? ["NO RATE"] : []),
    ...(unpriced === 0 ? [] : [`COST INCOMPLETE: ${groupDigits(String(unpriced))} UNPRICED`]),
    ...(paidByCustomer === null || paidByCustomer === "0"
      ? []
      : [`${money(paidByCustomer)} paid by customer`]),
  ];
  return { text: parts.join(", "), style: styles.yellow };
}

function notes({ rows, rowCount, totals, costCurrency }: MarginView): string[] {
  const shown = groupDigits(String(rows.length));
  const unconverted = totals.filter((total) => total.unconverted).map(({ currency }) => currency);
  return [
    ...(rows.length < rowCount
      ? [`${shown} of ${groupDigits(String(rowCount))} rows; totals are of all. More: --top N.`]
      : []),
    ...(unconverted.length > 0
      ? [
          `No rate from ${costCurrency} to ${unconverted.join(", ")} for all of the cost: ` +
            "'tollgate rates import FILE'.",
        ]
      : []),
    ...(rows.some(({ isOpen }) => isOpen)
      ? ["Periods that are not closed are told as if they closed now."]
      : []),
  ];
}

function toneOf(margin: string | null, styles: Styles): Style {
  return margin?.startsWith("-") === true ? styles.red : plain;
}

const HALVES_A_SIDE = 12;
const SIDE_COLUMNS = HALVES_A_SIDE / 2;

/** A loss grows to the left of the line and a gain to its right, in halves of a column. */
function bar(margin: string | null, most: bigint): string {
  if (margin === null) return "";
  const size = most === 0n ? 0n : quotient(magnitude(margin) * BigInt(HALVES_A_SIDE), most, "up");
  const full = "█".repeat(Number(size / 2n));
  const isHalf = size % 2n === 1n;
  if (!margin.startsWith("-")) return `${" ".repeat(SIDE_COLUMNS)}│${full}${isHalf ? "▌" : ""}`;
  return `${`${isHalf ? "▐" : ""}${full}`.padStart(SIDE_COLUMNS)}│`;
}

function magnitude(amount: string | null): bigint {
  const value = amountOf(amount ?? "0");
  return value < 0n ? -value : value;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function amountOf(text: string): bigint {
  return present(parseScaled(text, SCALE, TEXT_MAX_CHARS), `the amount in "${text}"`);
}

/** An amount for the eye: half even, to four places. (Default currency: of costs.) */
function money(text: string, currency: string | null = null): string {
  const unit = 10n ** BigInt(SCALE - SHOWN_PLACES);
  const rounded = formatScaled(quotient(amountOf(text), unit, "half_even"), SHOWN_PLACES);
  return formatMoney(rounded, currency);
}
