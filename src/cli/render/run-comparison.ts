/** Two runs of the same work side by side: what each charge took under one card and the other. */
import { subtractAmounts, sumAmounts } from "./amounts.ts";
import { formatMoney } from "./money.ts";
import { owedBy, type TreeLook } from "./run-tree-rows.ts";
import type { RunView, ShareView, StepView } from "./run-view.ts";
import { PLAIN_STYLES, type Styles } from "./styles.ts";
import { type Cell, renderTable } from "./table.ts";

/** The same work under two cards. */
export interface RunPair {
  readonly before: RunView;
  readonly after: RunView;
  /** Titles of the two columns. */
  readonly titles: readonly [before: string, after: string];
}

/** One row a charge, then the totals; the last column is after less before. */
export function renderComparison(pair: RunPair, styles: Styles = PLAIN_STYLES): string[] {
  const { before, after, titles } = pair;
  const currency = after.chargeCurrency;
  const former = amountsByCharge(before);
  const latter = amountsByCharge(after);
  const names = [...new Set([...former.keys(), ...latter.keys()])];
  const row = (name: string, a: string, b: string): Cell[] => {
    const [one, other] = [formatMoney(a, currency), formatMoney(b, currency)];
    return [name, one, other, differenceCell(subtractAmounts(b, a), { styles, currency })];
  };
  const charges = names.map((name) => {
    const [a = "0", b = "0"] = [former.get(name), latter.get(name)];
    return row(name, a, b);
  });
  const [a, b] = [before.totals.tree, after.totals.tree];
  const margins = [subtractAmounts(owedBy(before), a.cost), subtractAmounts(owedBy(after), b.cost)];
  const bounds = [a, b].map(({ unpriced }) => unpriced > 0);
  const atLeast = ([name = "", ...cells]: Cell[], sign: string): Cell[] => {
    return [name, ...cells.map((cell, index) => (bounds[index] ? `${sign}${cell}` : cell))];
  };
  const owed = [owedBy(before), owedBy(after)] as const;
  const isBounded = owed[0] !== a.charge || owed[1] !== b.charge;
  const totals = [
    row("charged", a.charge, b.charge).map((cell) => bold(cell, styles)),
    ...(isBounded ? boundRows(pair, row) : []),
    ...(isBounded ? [row("owed", ...owed).map((cell) => bold(cell, styles))] : []),
    atLeast(row("our cost", a.cost, b.cost), "≥"),
    atLeast(row("margin", margins[0] ?? "0", margins[1] ?? "0"), "≤"),
  ];
  const columns = ["charge", ...titles, "difference"].map((title, index) => {
    return { title, align: index === 0 ? ("left" as const) : ("point" as const) };
  });
  return renderTable({ columns, rows: [...charges, "rule", ...totals] }, styles);
}

/** What the cap and the minimum of a run come to, over all its periods. */
function boundsOf({ corrections }: RunView): { readonly cap: string; readonly minimum: string } {
  return {
    cap: sumAmounts(corrections.map(({ cap }) => cap)),
    minimum: sumAmounts(corrections.map(({ minimum }) => minimum)),
  };
}

function boundRows(
  { before, after }: RunPair,
  row: (name: string, a: string, b: string) => Cell[],
): Cell[][] {
  const [a, b] = [boundsOf(before), boundsOf(after)];
  return [
    row("above the cap", a.cap, b.cap),
    row("up to the minimum", a.minimum, b.minimum),
  ].filter((_, at) => [a, b].some(({ cap, minimum }) => (at === 0 ? cap : minimum) !== "0"));
}

function bold(cell: Cell, { bold: style }: Styles): Cell {
  return typeof cell === "string" ? { text: cell, style } : cell;
}

function differenceCell(difference: string, { styles, currency }: TreeLook): Cell {
  if (difference === "0") return { text: "=", style: styles.dim };
  const text = formatMoney(difference, currency);
  if (difference.startsWith("-")) return { text, style: styles.red };
  return { text: `+${text}`, style: styles.green };
}

/** What each charge took in a run and everything below it. */
function amountsByCharge(run: RunView): Map<string, string> {
  const amounts = new Map<string, string>();
  const add = (name: string, amount: string) => {
    amounts.set(name, sumAmounts([amounts.get(name) ?? "0", amount]));
  };
  const visit = ({ steps, charges, outcomes, children }: RunView) => {
    const shares = [...steps.flatMap((step) => step.charges), ...charges];
    for (const { charge, amount } of shares.filter(isCharged)) add(charge, amount);
    for (const { outcome, charge } of outcomes) add(`outcome ${outcome}`, charge);
    children.forEach(visit);
  };
  visit(run);
  return amounts;
}

/** What is free in a trial is in no total. */
function isCharged({ inTrial }: ShareView): boolean {
  return !inTrial;
}

/** Whether a run's totals are the sum of all that is below it, to the last digit. */
export function addsUp(run: RunView): boolean {
  const { own, tree } = run.totals;
  const charges = [
    ...run.steps.map((step) => step.charge),
    ...run.charges.filter(isCharged).map(({ amount }) => amount),
    ...run.outcomes.map(({ charge }) => charge),
  ];
  const below = run.children.map(({ totals }) => totals.tree);
  const costs = run.steps.map((step) => (counts(step) ? step.cost : "0"));
  return (
    run.children.every(addsUp) &&
    sumAmounts(charges) === own.charge &&
    sumAmounts(costs) === own.cost &&
    sumAmounts([own.charge, ...below.map(({ charge }) => charge)]) === tree.charge &&
    sumAmounts([own.cost, ...below.map(({ cost }) => cost)]) === tree.cost
  );
}

/**
 * A voided step counts for nothing, a shadow where it is billed, and what the customer pays is no
 * cost of ours.
 */
function counts({ role, payer, voided }: StepView): boolean {
  return role === "bill" && payer === "us" && !voided;
}
