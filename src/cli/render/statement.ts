/** A closed statement as a table: what was counted, what it comes to, what is billed. */
import { formatMoney, groupDigits } from "./money.ts";
import type { PeriodView } from "./period.ts";
import { PLAIN_STYLES, type Styles } from "./styles.ts";
import { type Cell, renderTable } from "./table.ts";
import { columnsOf } from "./text-columns.ts";

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
  /** What these are of, where it is not the statement's own credit. */
  readonly credit?: { readonly name: string };
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
  /** The statement that stands in its place. (Default: it stands.) */
  readonly replacedBy?: string | null;
  readonly document: PeriodView & {
    readonly lines: readonly StatementLineView[];
    /** The card's credit. */
    readonly credit?: { readonly name: string };
    readonly paidByCredit?: string;
    readonly amountDue?: string;
    /** The parent that is billed for what is due. (Default: the customer.) */
    readonly billedTo?: string;
    readonly children?: readonly ChildView[];
  };
}

/** A child's statement that a parent's carries. */
interface ChildView {
  readonly customer: string;
  readonly period: string;
  readonly due: string;
  readonly carriedBefore?: string;
}

/** Terms of a closed period that adjustments are not held against. */
export interface LateLimitsView {
  readonly originPeriod: string;
  readonly statement: string;
  readonly terms: readonly { readonly kind: string; readonly name: string | null }[];
}

/** What is shown of a statement, and of the bill of an open period. */
export interface BilledLines extends Pick<StatementView, "currency" | "total"> {
  readonly document: Omit<StatementView["document"], keyof PeriodView>;
}

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
  return all.flatMap(({ originPeriod, statement, terms }) => {
    const credited = terms.filter(({ kind }) => kind === "credit_note");
    const disputed = terms.filter(({ kind }) => kind === "dispute");
    const settled = terms.filter(({ kind }) => kind !== "credit_note" && kind !== "dispute");
    const isHeld = credited.length + disputed.length > 0;
    const late = `What came late for ${originPeriod} is at its plain price.`;
    const taken = `What is taken off for ${originPeriod} may be given back already.`;
    const again = `To work that out anew: tollgate statement reissue ${statement}`;
    return [
      ...(settled.length === 0 ? [] : ["", `${late} That period was closed with more:`]),
      ...settled.map(({ kind, name }) => `  ${TERMS[kind] ?? kind}${name ? ` ${name}` : ""}`),
      // A statement with credit notes or disputes is not issued again.
      ...(settled.length > 0 && !isHeld ? [`${again} --reason … --by …`] : []),
      ...listed(`${taken} Credited was some of:`, credited),
      ...(credited.length === 0 ? [] : [`Credit notes: tollgate credit list ${statement}`]),
      ...listed(`${taken} Disputed was some of:`, disputed),
      ...(disputed.length === 0 ? [] : ["Disputes: tollgate dispute list"]),
    ];
  });
}

/** Names below what is said of them; nothing where there are none. */
function listed(title: string, terms: LateLimitsView["terms"]): string[] {
  return terms.length === 0 ? [] : ["", title, ...terms.map(({ name }) => `  ${name}`)];
}

/**
 * Lines of the statement's table; both amount columns add up to the total. Names give way where a
 * terminal has only so many columns.
 */
export function renderStatement(
  { currency, document, total }: BilledLines,
  styles: Styles = PLAIN_STYLES,
  terminalColumns: number = Number.POSITIVE_INFINITY,
): string[] {
  const money = (text: string) => formatMoney(text, currency);
  const bold = (text: string): Cell => ({ text, style: styles.bold });
  const columns = [
    { title: "", align: "left" as const },
    { title: "quantity", align: "point" as const },
    { title: "", align: "left" as const },
    { title: `exact ${currency}`, align: "point" as const },
    { title: "billed", align: "point" as const },
  ];
  const named = namer(document.lines);
  const numbers = document.lines.map((line) => numbersOf(line, document.credit?.name ?? "", money));
  const totals = ["", "", bold(money(total)), bold(money(total))];
  const [beside = ""] = renderTable({ columns, rows: [...numbers.flat(), ["", ...totals]] });
  const room = Math.min(NAME_COLUMNS, terminalColumns - columnsOf(beside) - NAME_GAP);
  const rows = document.lines.flatMap((line, at): Cell[][] => {
    const names = wrapped(named(line), Math.max(NAME_LEAST_COLUMNS, room));
    return besideOneAnother(names, numbers[at] ?? []);
  });
  const below = creditRows(document, { bold, money });
  return renderTable(
    { columns, rows: [...rows, "rule", [bold("Total"), ...totals], ...below] },
    styles,
  );
}

/** Most columns of a name, and the fewest that it is given, however narrow the terminal. */
const NAME_COLUMNS = 68;
const NAME_LEAST_COLUMNS = 28;
const NAME_GAP = 2;

/** What stands beside a name; what it is in the card's credit stands below what was counted. */
function numbersOf(
  line: StatementLineView,
  creditName: string,
  money: (text: string) => string,
): Cell[][] {
  const { kind, quantity, measure, credits, amountExact, amountRounded } = line;
  const counted = quantity === null ? "" : groupDigits(quantity);
  const unit = (measure ?? "").replace("sum:", "").replaceAll("_", " ");
  const amounts = [money(amountExact), kind === "rounding" ? "" : money(amountRounded)];
  const first = ["", counted, unit, ...amounts];
  if (credits === undefined) return [first];
  const name = line.credit?.name ?? creditName;
  return [first, ["", groupDigits(credits), name, "", ""]];
}

function besideOneAnother(names: readonly string[], rows: readonly Cell[][]): Cell[][] {
  const { length } = names.length > rows.length ? names : rows;
  return Array.from({ length }, (_, at) => {
    const [, ...rest] = rows[at] ?? ["", "", "", "", ""];
    return [at === 0 || names[at] === undefined ? (names[at] ?? "") : `  ${names[at]}`, ...rest];
  });
}

/** What a line may end before: anything but the time of a day. */
const BETWEEN_WORDS = / (?!\d\d:\d\d)/;

/** Words in lines that leave the amounts room on a terminal; a word is never cut. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(BETWEEN_WORDS)) {
    const last = lines.at(-1);
    // All but the first are moved to the right.
    const taken = columnsOf(last ?? "") + (lines.length > 1 ? NAME_GAP : 0);
    if (last !== undefined && taken + 1 + columnsOf(word) <= columns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/** What credit paid of the total, what children owe, and what is due then. */
function creditRows(
  { paidByCredit, amountDue, billedTo, children = [] }: BilledLines["document"],
  as: { readonly bold: (text: string) => Cell; readonly money: (text: string) => string },
): Cell[][] {
  if (paidByCredit === undefined || amountDue === undefined) return [];
  const { bold, money } = as;
  return [
    ["Paid by credit", "", "", "", money(opposite(paidByCredit))],
    // One child may be told twice: with its newest period, and with one that was issued again.
    ...children.flatMap(({ customer, period, due, carriedBefore = "0" }) => [
      [`Due of ${customer} for ${period}`, "", "", "", money(due)],
      ...(carriedBefore === "0"
        ? []
        : [[`Billed before of it`, "", "", "", money(opposite(carriedBefore))]]),
    ]),
    [
      bold(billedTo === undefined ? "Amount due" : `Amount due, billed to ${billedTo}`),
      "",
      "",
      "",
      bold(money(amountDue)),
    ],
  ];
}

/** What is taken off for an amount. */
function opposite(amount: string): string {
  if (amount === "0") return amount;
  return amount.startsWith("-") ? amount.slice(1) : `-${amount}`;
}

/** Where a customer changed its card, two lines may have one name: then each names its card. */
function namer(lines: readonly StatementLineView[]): (line: StatementLineView) => string {
  const cards = new Set(lines.map(({ cardKey }) => cardKey).filter((key) => key !== ""));
  return ({ description, cardKey }) =>
    cards.size < 2 || cardKey === "" ? description : `${description}, by card ${cardKey}`;
}
