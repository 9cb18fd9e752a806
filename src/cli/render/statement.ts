/** A closed statement as a table: what was counted, what it comes to, what is billed. */
import { formatMoney, groupDigits } from "./money.ts";
import { PLAIN_STYLES, type Styles } from "./styles.ts";
import { type Cell, renderTable } from "./table.ts";

/** One line of a bill. */
export interface StatementLineView {
  readonly kind: string;
  /** Empty where a line is of no card. */
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly description: string;
  /** What was counted, such as `steps` or `sum:cost`; null where nothing was. */
  readonly measure: string | null;
  readonly quantity: string | null;
  /** Of a charge priced in its card's credit: what it came to in that. */
  readonly credits?: string;
  readonly amountExact: string;
  readonly amountRounded: string;
}

/** The answer of GET /v1/statements/{id}, as far as it is shown. */
export interface StatementView {
  readonly id: string;
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  /** What is owed. */
  readonly total: string;
  /** SHA-256 of the canonical document. */
  readonly digest: string;
  readonly lateLimits?: readonly LateLimitsView[];
  readonly document: {
    readonly lines: readonly StatementLineView[];
    /** The card's credit. */
    readonly credit?: { readonly name: string };
    readonly paidByCredit?: string;
    readonly amountDue?: string;
    readonly children?: readonly { readonly customer: string; readonly due: string }[];
  };
}

/** Terms of a closed period that adjustments are not held against. */
export interface LateLimitsView {
  readonly originPeriod: string;
  readonly statement: string;
  readonly terms: readonly { readonly kind: string; readonly name: string | null }[];
}

/** What is shown of a statement, and of the bill of an open period. */
export type BilledLines = Pick<StatementView, "currency" | "total" | "document">;

const TERMS: Readonly<Record<string, string>> = {
  volume: "volume tiers of",
  charge_minimum: "minimum of",
  charge_maximum: "maximum of",
  discount: "discount",
  minimum: "minimum of the period",
  maximum: "maximum of the period",
};

/** What whoever answers for the bill should know of its adjustments; no part of it. */
export function renderLateLimits(all: readonly LateLimitsView[] = []): string[] {
  return all.flatMap(({ originPeriod, statement, terms }) => [
    "",
    `What came late for ${originPeriod} is at its plain price. That period was closed with more:`,
    ...terms.map(({ kind, name }) => `  ${TERMS[kind] ?? kind}${name === null ? "" : ` ${name}`}`),
    `To work that out anew: tollgate statement reissue ${statement} --reason … --by …`,
  ]);
}

/** Lines of the statement's table; both amount columns add up to the total. */
export function renderStatement(
  { currency, document, total }: BilledLines,
  styles: Styles = PLAIN_STYLES,
): string[] {
  const money = (text: string) => formatMoney(text, currency);
  const named = namer(document.lines);
  const rows = document.lines.flatMap((line): Cell[][] => {
    const [first = "", ...others] = wrapped(named(line));
    const row = [
      first,
      line.quantity === null ? "" : groupDigits(line.quantity),
      unitText(line, document.credit?.name ?? ""),
      money(line.amountExact),
      line.kind === "rounding" ? "" : money(line.amountRounded),
    ];
    return [row, ...others.map((text): Cell[] => [`  ${text}`, "", "", "", ""])];
  });
  const bold = (text: string): Cell => ({ text, style: styles.bold });
  const totals = [bold("Total"), "", "", bold(money(total)), bold(money(total))];
  const columns = [
    { title: "", align: "left" as const },
    { title: "quantity", align: "point" as const },
    { title: "", align: "left" as const },
    { title: `exact ${currency}`, align: "point" as const },
    { title: "billed", align: "point" as const },
  ];
  const below = creditRows(document, { bold, money });
  return renderTable({ columns, rows: [...rows, "rule", totals, ...below] }, styles);
}

const NAME_COLUMNS = 68;

/** Words in lines that leave the amounts room on a terminal; a word is never cut. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const isRoom = last !== undefined && last.length + 1 + word.length <= NAME_COLUMNS;
    if (isRoom) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** What credit paid of the total, what children owe, and what is due then. */
function creditRows(
  { paidByCredit, amountDue, children = [] }: StatementView["document"],
  as: { readonly bold: (text: string) => Cell; readonly money: (text: string) => string },
): Cell[][] {
  if (paidByCredit === undefined || amountDue === undefined) return [];
  const { bold, money } = as;
  const taken = paidByCredit.startsWith("-") ? paidByCredit.slice(1) : `-${paidByCredit}`;
  return [
    ["Paid by credit", "", "", "", money(paidByCredit === "0" ? "0" : taken)],
    ...children.map(({ customer, due }) => [`Due of ${customer}`, "", "", "", money(due)]),
    [bold("Amount due"), "", "", "", bold(money(amountDue))],
  ];
}

/** Where a customer changed its card, two lines may have one name: then each names its card. */
function namer(lines: readonly StatementLineView[]): (line: StatementLineView) => string {
  const cards = new Set(lines.map(({ cardKey }) => cardKey).filter((key) => key !== ""));
  return ({ description, cardKey }) =>
    cards.size < 2 || cardKey === "" ? description : `${description}, by card ${cardKey}`;
}

function unitText({ measure, credits }: StatementLineView, creditName: string): string {
  const unit = (measure ?? "").replace("sum:", "").replaceAll("_", " ");
  return credits === undefined ? unit : `${unit}: ${groupDigits(credits)} ${creditName}`;
}
