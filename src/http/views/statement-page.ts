/**
 * A statement as a page for people, which prints well: to paper, or to PDF by any browser. It is
 * one file without script, links or images; the policy that goes with it allows its style sheet,
 * by digest, and nothing else.
 */
import { createHash } from "node:crypto";
import { currencyDecimals } from "../../domain/money/currency.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import { timeText } from "../instant.ts";

interface Line {
  readonly kind: string;
  /** Empty where a line is of no card. */
  readonly cardKey: string;
  readonly description: string;
  readonly measure: string | null;
  readonly quantity: string | null;
  /** Of a charge that is priced in the card's credit: what it came to in that. */
  readonly credits?: string;
  /** What these are of, where it is not the statement's own credit. */
  readonly credit?: { readonly name: string };
  readonly amountExact: string;
  readonly amountRounded: string;
}

interface Document {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly rounding: string;
  /** The voided statement that this one was issued for again. */
  readonly replaces?: string;
  readonly lines: readonly Line[];
  /** The credit of the card, where lines are priced in it. */
  readonly credit?: { readonly name: string };
  /** Where the customer has credit: what it paid, and what is due then. */
  readonly paidByCredit?: string;
  readonly amountDue?: string;
  /** The parent that is billed for what is due. */
  readonly billedTo?: string;
  /** What the statements of customers that it pays for left due. */
  readonly children?: readonly {
    readonly customer: string;
    readonly period: string;
    readonly due: string;
    readonly carriedBefore?: string;
  }[];
}

const STYLE = `
:root { color-scheme: light; }
body { font: 10.5pt/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1a1a1a;
  background: #fff; max-width: 52rem; margin: 2.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.7rem; font-weight: 600; margin: 0 0 1.2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.5rem; margin: 0 0 2rem; }
dt { color: #666; }
dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: #666; border-bottom: 1.5px solid #1a1a1a; }
th, td { padding: .4rem .5rem; vertical-align: baseline; }
td { border-bottom: 1px solid #ddd; overflow-wrap: break-word; }
.n { text-align: right; white-space: nowrap; }
.n.long { white-space: normal; min-width: 14ch; }
.exact, small { font-size: .88em; color: #666; }
.unit { white-space: nowrap; }
.unit.long { white-space: normal; min-width: 12ch; }
.when { white-space: nowrap; }
tr.quiet td { color: #666; }
tfoot td { border-bottom: 0; }
tfoot tr:first-child td, tfoot tr:last-child td { border-top: 2px solid #1a1a1a;
  font-size: 1.15rem; font-weight: 600; }
.void { border: 2px solid #b3261e; color: #b3261e; padding: .6rem .8rem; font-weight: 600; }
.credits { margin-top: 2rem; }
footer { margin-top: 2rem; color: #666; font-size: .8rem; overflow-wrap: anywhere;
  break-inside: avoid; }
thead { display: table-header-group; }
tfoot { display: table-row-group; }
tr { break-inside: avoid; }
tfoot { break-inside: avoid; break-before: avoid; }
@page { size: A4; margin: 18mm 16mm;
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif;
    color: #666; } }
@media print, (min-width: 40rem) { .what { min-width: 15em; } }
@media screen and (max-width: 40rem) {
  body { margin: 1.2rem auto; padding: 0 .9rem; }
  .lines thead, .lines td:first-child { display: none; }
  .lines, .lines tbody, .lines tfoot { display: block; }
  .lines tr { display: grid; grid-template-columns: auto 1fr auto; gap: 0 .5rem;
    padding: .5rem 0; border-bottom: 1px solid #ddd; }
  .lines tfoot tr:first-child { border-top: 1.5px solid #1a1a1a; }
  .lines tbody td, .lines tfoot tr td:nth-child(n) { border: 0; padding: 0; min-width: 0; }
  .lines td:last-child { grid-area: 1 / 3; }
  .lines td:nth-child(2) { grid-area: 1 / 1 / 2 / 3; overflow-wrap: anywhere; }
  .lines .quantity, .lines .unit { font-size: .88em; color: #666; }
  .lines .quantity, .lines .exact { text-align: left; white-space: normal;
    overflow-wrap: anywhere; }
  .lines .exact { grid-column: 3; text-align: right; }
  .lines .exact.same { display: none; }
}
@media print {
  body { margin: 0; padding: 0; max-width: none; font-size: 9.5pt; }
  th, td { padding: .25rem .4rem; }
  footer { margin-top: 1rem; }
}
`;

const STYLE_DIGEST = createHash("sha256").update(STYLE).digest("base64");

/** Headers of the page: nothing may run, load, be sent or frame it. */
export const PAGE_HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_DIGEST}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "referrer-policy": "no-referrer",
} as const;

/** What is told beside a statement's document: whose it is, and what became of it afterwards. */
export interface Beside {
  /** As the customer is called now, and the time zone of its periods. Null: there is no more. */
  readonly customer: { readonly name: string | null; readonly timeZone: string } | null;
  /** Null: it stands. */
  readonly voiding: { readonly replacedBy: string } | null;
  readonly creditNotes: readonly {
    readonly id: string;
    readonly total: string;
    readonly reason: string;
    readonly issuedAtMs: number;
  }[];
}

/** The page. Every text from outside is escaped, and kept from turning its neighbours around. */
export function statementPage(statement: StatementRecord, beside: Beside): string {
  const document = JSON.parse(statement.document) as Document;
  const { customer, period } = statement;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Statement ${escaped(period)} ${escaped(customer)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Statement</h1>
${voidingOf(beside)}${factsOf(statement, document, beside)}
${tableOf(statement, document)}
${creditsOf(statement, beside)}
<footer>
<p>Each line is rounded once (${escaped(document.rounding.replaceAll("_", " "))}); the total is the
sum of the rounded amounts. Without tax, which is added where this is invoiced.</p>
<p>SHA-256 of the statement's document: ${escaped(statement.digest)}</p>
</footer>
</body>
</html>
`;
}

function voidingOf({ voiding }: Beside): string {
  if (voiding === null) return "";
  const by = outside(voiding.replacedBy);
  return `<p class="void">This statement was voided. Statement ${by} stands in its place.</p>\n`;
}

function creditsOf({ currency }: StatementRecord, { creditNotes }: Beside): string {
  if (creditNotes.length === 0) return "";
  const rows = creditNotes.map(({ id, total, reason, issuedAtMs }) =>
    [
      `<tr><td>${outside(id)}</td><td>${minute(timeText(issuedAtMs))} UTC</td>`,
      `<td>${outside(reason)}</td><td class="n">${moneyText(opposite(total), currency)}</td></tr>`,
    ].join(""),
  );
  const money = `<th class="n">${escaped(currency)}</th>`;
  const head = `<tr><th>Credit note</th><th>Issued</th><th>Reason</th>${money}</tr>`;
  const body = rows.join("\n");
  return `<table class="credits">
<thead>${head}</thead>
<tbody>
${body}
</tbody>
</table>`;
}

/** What is taken off for an amount; for one that is given back, what is owed again. */
function opposite(amount: string): string {
  if (amount === "0") return amount;
  return amount.startsWith("-") ? amount.slice(1) : `-${amount}`;
}

function factsOf(
  statement: StatementRecord,
  document: Document,
  { customer }: Pick<Beside, "customer">,
): string {
  const { startsAt, endsAt, replaces } = document;
  const name = customer?.name ?? null;
  const zone = customer?.timeZone ?? "UTC";
  const [start, end] = [startsAt, endsAt].map((instant) => minuteIn(zone, instant));
  const facts = [
    ["Statement", outside(statement.id)],
    ...(name === null ? [] : [["Customer", outside(name)]]),
    [name === null ? "Customer" : "Account", outside(statement.customer)],
    ["Period", `${start} to ${end} ${escaped(zone)}`],
    ["Closed", `${minute(timeText(statement.closedAtMs))} UTC`],
    ["Currency", escaped(statement.currency)],
    ...(replaces === undefined ? [] : [["Replaces", outside(replaces)]]),
  ];
  const rows = facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`);
  return `<dl>\n${rows.join("\n")}\n</dl>`;
}

/** `2026-11-01T00:00:00Z` as `2026-11-01 00:00`. */
function minute(instant: string): string {
  return escaped(instant.slice(0, 16).replace("T", " "));
}

/** The same in a time zone: the customer's periods begin at its midnights. */
function minuteIn(timeZone: string, instant: string): string {
  const local = Temporal.Instant.from(instant).toZonedDateTimeISO(timeZone);
  return minute(local.toPlainDateTime().toString({ smallestUnit: "minute" }));
}

/** What credit paid of the total, what children owe, and what is due then. */
function creditRows(
  { paidByCredit, amountDue, billedTo, children = [] }: Document,
  row: SumRow,
): string {
  if (paidByCredit === undefined || amountDue === undefined) return "";
  return [
    row("Paid by credit", opposite(paidByCredit)),
    // One child may be told twice: with its newest period, and with one that was issued again.
    ...children.flatMap(({ customer, period, due, carriedBefore = "0" }) => [
      row(`Due of ${outside(customer)} for ${escaped(period)}`, due),
      ...(carriedBefore === "0" ? [] : [row("Billed before of it", opposite(carriedBefore))]),
    ]),
    row(`Amount due${billedTo === undefined ? "" : `, billed to ${outside(billedTo)}`}`, amountDue),
  ].join("");
}

/** A row below the lines. */
type SumRow = (name: string, amount: string) => string;

function sumRow(currency: string): SumRow {
  return (name, amount) => {
    const cell = `<td class="n" colspan="3">${moneyText(amount, currency)}</td>`;
    return `\n<tr><td></td><td colspan="2">${name}</td>${cell}</tr>`;
  };
}

function tableOf({ currency, total }: StatementRecord, document: Document): string {
  const { lines, credit } = document;
  const creditName = credit?.name ?? "";
  const row = sumRow(currency);
  const cards = new Set(lines.map(({ cardKey }) => cardKey).filter((key) => key !== ""));
  const about = { currency, creditName, isOfCards: cards.size > 1 };
  const rows = lines.map((line, index) => rowOf(line, { ...about, number: index + 1 }));
  return `<table class="lines">
<thead><tr><th class="n">#</th><th class="what">Description</th><th class="n">Quantity</th><th></th>
<th class="n">Exact</th><th class="n">${escaped(currency)}</th></tr></thead>
<tbody>
${rows.length === 0 ? NO_LINES : rows.join("\n")}
</tbody>
<tfoot>${row("Total", total)}${creditRows(document, row)}</tfoot>
</table>`;
}

const NO_LINES = '<tr class="quiet"><td></td><td colspan="5">Nothing is charged.</td></tr>';

interface Place {
  readonly number: number;
  readonly currency: string;
  readonly creditName: string;
  /** Whether lines are of several cards: the customer changed its card, and each names its own. */
  readonly isOfCards: boolean;
}

function rowOf(line: Line, place: Place): string {
  const { number, currency } = place;
  const { kind, quantity, measure } = line;
  const quiet = kind === "charge" ? "" : ' class="quiet"';
  const amount = kind === "rounding" ? "" : moneyText(line.amountRounded, currency);
  const exact = moneyText(line.amountExact, currency);
  return [
    `<tr${quiet}><td class="n">${number}</td><td>${whatOf(line, place)}</td>`,
    figure("quantity", quantity === null ? "" : grouped(quantity)),
    unitCell(measure ?? ""),
    figure(exact === amount ? "exact same" : "exact", exact),
    `${figure("", amount)}</tr>`,
  ].join("");
}

/** Its card, where there are several; below it what it is in the card's credit, where it is so. */
function whatOf({ description, cardKey, credits, credit }: Line, place: Place): string {
  const card = place.isOfCards && cardKey !== "" ? `, by card ${outside(cardKey)}` : "";
  const what = `${described(description)}${card}`;
  if (credits === undefined) return what;
  const name = outside(credit?.name ?? place.creditName);
  return `${what}<br><small>${grouped(credits)} ${name}</small>`;
}

/** Characters that a number has room for; a longer one goes on below itself. */
const FIGURE_CHARS = 22;
const GROUPS = /(?<=,|\.(?:\d{3})+)(?=\d)/g;

/** A number that stays whole where it can, and otherwise breaks where three digits end. */
function figure(name: string, text: string): string {
  const names = ["n", ...(name === "" ? [] : [name])].join(" ");
  if (text.length <= FIGURE_CHARS) return `<td class="${names}">${text}</td>`;
  return `<td class="${names} long">${text.replaceAll(GROUPS, "<wbr>")}</td>`;
}

const UNIT_CHARS = 16;
const LONG_WORD = /[^ ]{12}(?=[^ ]{3})/gu;

/** What was counted, as words; only one that no column has room for breaks. */
function unitCell(measure: string): string {
  const words = measure.replace("sum:", "").replaceAll("_", " ");
  if (words === "") return '<td class="unit"></td>';
  if (words.length <= UNIT_CHARS) return `<td class="unit">${outside(words)}</td>`;
  const parts = words.replaceAll(LONG_WORD, "$&\n").split("\n");
  return `<td class="unit long"><bdi>${parts.map(escaped).join("<wbr>")}</bdi></td>`;
}

const DATE = /\d{4}-\d\d-\d\d(?: \d\d:\d\d)?/g;

/**
 * What a line is for. It runs from left to right around a name of the other direction, and a date
 * in it stays as it is and whole: behind Arabic letters its digits would change places.
 */
function described(text: string): string {
  return `<bdi dir="ltr">${escaped(text).replaceAll(DATE, '<bdi class="when">$&</bdi>')}</bdi>`;
}

/** Text from outside: escaped, and a direction of its own, so that no mark reorders the rest. */
function outside(text: string): string {
  return `<bdi>${escaped(text)}</bdi>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}

/** A decimal with its digits in groups of three and a minus sign that is one. */
function grouped(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const groups = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",").replace("-", "−");
  return escaped(fraction === undefined ? groups : `${groups}.${fraction}`);
}

/** An amount with no fewer decimals than its currency: `1.5` is `1.50` in USD, `1.500` in KWD. */
function moneyText(amount: string, currency: string): string {
  const decimals = currencyDecimals(currency) ?? 0;
  const [whole = "", fraction = ""] = amount.split(".");
  return grouped(decimals === 0 ? amount : `${whole}.${fraction.padEnd(decimals, "0")}`);
}
