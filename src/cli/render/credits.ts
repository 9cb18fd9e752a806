/** Prepaid credit as tables: what is left grant by grant, and every entry of a wallet. */
import { formatMoney } from "./money.ts";
import { PLAIN_STYLES, type Styles } from "./styles.ts";
import { type Cell, renderTable } from "./table.ts";

/** A grant as the API tells it. */
export interface GrantView {
  readonly grant: string;
  readonly name: string | null;
  readonly amount: string;
  readonly used: string;
  readonly taken: string;
  readonly left: string;
  readonly priority: number;
  readonly charges: readonly string[] | null;
  readonly expiresAt: string | null;
  readonly isExpired: boolean;
}

/** The answer of GET /v1/customers/{customer}/credits, as far as it is shown. */
export interface CreditsView {
  readonly customer: string;
  readonly wallets: readonly {
    readonly currency: string;
    readonly balance: string;
    readonly owed: string;
    readonly grants: readonly GrantView[];
  }[];
  readonly rules: readonly {
    readonly currency: string;
    readonly threshold: string;
    readonly amount: string;
    readonly cap: string | null;
  }[];
  readonly requests: readonly string[];
}

/** An entry of a wallet. */
export interface EntryView {
  readonly currency: string;
  readonly kind: string;
  readonly at: string;
  readonly postings: readonly { readonly account: string; readonly amount: string }[];
  readonly balance: string;
}

/** A table for each wallet, then rules and payments that are awaited. */
export function renderCredits(view: CreditsView, styles: Styles = PLAIN_STYLES): string[] {
  const { wallets, rules, requests, customer } = view;
  const lines = wallets.flatMap((wallet) => [...renderWallet(wallet, styles), ""]);
  if (wallets.length === 0) lines.push(`${customer} has no credit.`, "");
  for (const { currency, threshold, amount, cap } of rules) {
    const most = cap === null ? "" : `, at most ${formatMoney(cap, currency)} a period`;
    const below = formatMoney(threshold, currency);
    const asked = `asks for ${formatMoney(amount, currency)} below ${below}${most}`;
    lines.push(`Rule in ${currency}: ${asked}`);
  }
  for (const id of requests) lines.push(`Payment awaited: ${id}`);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function renderWallet(wallet: CreditsView["wallets"][number], styles: Styles): string[] {
  const { currency, balance, owed, grants } = wallet;
  const money = (text: string) => formatMoney(text, currency);
  const rows = grants.map((one): Cell[] => [
    one.name ?? one.grant,
    String(one.priority),
    endText(one),
    (one.charges ?? []).join(", "),
    money(one.amount),
    money(one.used),
    one.taken === "0" ? "" : money(one.taken),
    money(one.left),
  ]);
  const bold = (text: string): Cell => ({ text, style: styles.bold });
  const total = [bold("Balance"), "", "", "", "", "", "", bold(money(balance))];
  const columns = [
    { title: `grant in ${currency}`, align: "left" as const },
    { title: "priority", align: "right" as const },
    { title: "ends", align: "left" as const },
    { title: "only for", align: "left" as const },
    { title: "given", align: "point" as const },
    { title: "used", align: "point" as const },
    { title: "moved out", align: "point" as const },
    { title: "left", align: "point" as const },
  ];
  const table = renderTable({ columns, rows: [...rows, "rule", total] }, styles);
  if (owed === "0") return table;
  // A parent's credit may pay it: what that comes to stands on the bill.
  return [...table, `Not paid by its own credit: ${money(owed)} ${currency}`];
}

function endText({ expiresAt, isExpired }: GrantView): string {
  if (expiresAt === null) return isExpired ? "ended" : "";
  return isExpired ? `ended ${expiresAt.slice(0, 10)}` : expiresAt.slice(0, 10);
}

/** One row an entry: what moved on which account, and the balance behind it. */
export function renderHistory(
  entries: readonly EntryView[],
  styles: Styles = PLAIN_STYLES,
): string[] {
  const rows = entries.map(({ at, kind, currency, postings, balance }): Cell[] => [
    `${at.slice(0, 10)} ${at.slice(11, 16)}`,
    kind,
    postings
      .filter(({ account }) => account.startsWith("grant:"))
      .map(({ account, amount }) => `${account.slice("grant:".length)} ${signed(amount, currency)}`)
      .join(", "),
    formatMoney(balance, currency),
    currency,
  ]);
  const columns = [
    { title: "at", align: "left" as const },
    { title: "entry", align: "left" as const },
    { title: "grants", align: "left" as const },
    { title: "balance", align: "point" as const },
    { title: "", align: "left" as const },
  ];
  return renderTable({ columns, rows }, styles);
}

function signed(amount: string, currency: string): string {
  const text = formatMoney(amount, currency);
  return amount.startsWith("-") ? text : `+${text}`;
}
