/** A simulation for people: all together, and the customers whose bills change most. */
import { present } from "../../domain/assert.ts";
import { type Amount, parseAmount } from "../../domain/money/decimal.ts";
import { percentChange } from "../../domain/simulation/condition.ts";
import type { BillView, CustomerView, SimulationView, TotalView } from "../simulation-view.ts";
import { cardTitles } from "../simulation-view.ts";
import { counted } from "./counted.ts";
import { formatMoney } from "./money.ts";
import { PLAIN_STYLES, type Styles } from "./styles.ts";
import { type Cell, type Column, renderTable } from "./table.ts";

const amountOf = (text: string): Amount => present(parseAmount(text), `the amount ${text}`);

/** A change in percent, as it is shown: `+1.50 %`; a change of nothing is `new`. */
export function percentText(before: string, after: string): string {
  const [a, b] = [amountOf(before), amountOf(after)];
  if (a === b) return "=";
  const percent = percentChange({ before: a, after: b });
  return percent === null ? "new" : `${percent} %`;
}

function changeCell(change: string, currency: string, styles: Styles): Cell {
  if (change === "0") return { text: "=", style: styles.dim };
  const text = formatMoney(change, currency);
  if (change.startsWith("-")) return { text, style: styles.red };
  return { text: `+${text}`, style: styles.green };
}

/** Lines of a simulation; of its customers, those that change most. */
export function renderSimulation(
  simulation: SimulationView,
  { top, styles = PLAIN_STYLES }: { readonly top: number; readonly styles?: Styles },
): string[] {
  const { total } = simulation;
  const { steps, runs, customers, passedOver, currency } = total;
  const used = `${counted(steps, "step")} and ${counted(runs, "run")}`;
  const head = `${used} of ${counted(customers, "customer")}, in ${currency}`;
  const others = `${passedOver} more are billed in another currency and are in no sum.`;
  return [
    head,
    ...(passedOver === 0 ? [] : [others]),
    "",
    ...totalTable(total, styles),
    "",
    ...customerTable(simulation, top, styles),
  ];
}

function totalTable(total: TotalView, styles: Styles): string[] {
  const { charged, cards, cost, costCurrency, currency } = total;
  const bills: BillView[] = [charged, ...cards];
  const row = (name: string, cellOf: (bill: BillView) => Cell): Cell[] => [
    name,
    ...bills.map(cellOf),
  ];
  const count = (name: string, of: (bill: BillView) => number): Cell[][] => {
    return bills.some((bill) => of(bill) !== 0) ? [row(name, (bill) => String(of(bill)))] : [];
  };
  const ofCards = (name: string, cellOf: (card: TotalView["cards"][number]) => Cell): Cell[] => {
    return [name, "", ...cards.map(cellOf)];
  };
  const costName = costCurrency === currency ? "our cost" : `our cost ${costCurrency}`;
  const [atLeast, atMost] = total.unpriced > 0 ? ["≥", "≤"] : ["", ""];
  const margin = ({ margin: amount }: BillView) =>
    amount === null ? "–" : `${atMost}${formatMoney(amount, currency)}`;
  const credits = bills.some((bill) => bill.credits !== "0");
  const isPaid = bills.some((bill) => bill.paidByCredit !== "0");
  const rows: (readonly Cell[])[] = [
    row("revenue", (bill) => ({ text: formatMoney(bill.revenue, currency), style: styles.bold })),
    ofCards("change", (card) => changeCell(card.change, currency, styles)),
    ofCards("change in percent", (card) => percentText(charged.revenue, card.revenue)),
    row(costName, () => `${atLeast}${formatMoney(cost)}`),
    row("margin", margin),
    row("margin of revenue", (bill) => shareText(bill)),
    ...count("runs above their cap", (bill) => bill.cappedRuns),
    ...count("runs raised to their minimum", (bill) => bill.raisedRuns),
    ...(credits ? [row("credits used", (bill) => bill.credits)] : []),
    ...(isPaid ? [row("paid by credit", (bill) => formatMoney(bill.paidByCredit, currency))] : []),
    ofCards("customers that pay more", (card) => String(card.more)),
    ofCards("customers that pay less", (card) => String(card.less)),
    ofCards("customers that pay the same", (card) => String(card.same)),
  ];
  const titles = ["", "charged", ...cardTitles(total)];
  const columns = titles.map(
    (title, at): Column => ({ title, align: at === 0 ? "left" : "point" }),
  );
  return renderTable({ columns, rows }, styles);
}

/** Margin in percent of revenue. */
function shareText({ margin, revenue }: BillView): string {
  if (margin === null || revenue === "0") return "–";
  const share = percentChange({
    before: amountOf(revenue),
    after: (amountOf(revenue) + amountOf(margin)) as Amount,
  });
  return share === null ? "–" : `${share.replace(/^\+/, "")} %`;
}

/** The size of the largest change of a customer. */
function sizeOf({ cards }: CustomerView): bigint {
  return cards.reduce((most, { change }) => {
    const amount = amountOf(change);
    const size = amount < 0n ? -amount : amount;
    return size > most ? size : most;
  }, 0n);
}

/** Customers by the size of their largest change, then by id. */
function byChange(customers: readonly CustomerView[]): CustomerView[] {
  return customers
    .map((customer) => ({ customer, size: sizeOf(customer) }))
    .sort((a, b) => (a.size === b.size ? 0 : a.size < b.size ? 1 : -1))
    .map(({ customer }) => customer);
}

function customerTable(
  { total, customers }: SimulationView,
  top: number,
  styles: Styles,
): string[] {
  const { currency } = total;
  const shown = byChange(customers).slice(0, top);
  if (shown.length === 0) return [];
  const rows = shown.map(({ customer, charged, cards }): Cell[] => [
    customer,
    formatMoney(charged.revenue, currency),
    ...cards.flatMap((card): Cell[] => [
      formatMoney(card.revenue, currency),
      changeCell(card.change, currency, styles),
      percentText(charged.revenue, card.revenue),
    ]),
  ]);
  const columns: Column[] = [
    { title: "customer", align: "left" },
    { title: "charged", align: "point" },
    ...cardTitles(total).flatMap((title): Column[] => [
      { title, align: "point" },
      { title: "change", align: "point" },
      { title: "", align: "point" },
    ]),
  ];
  const hidden = customers.length - shown.length;
  const more = `… and ${hidden} customers that change less; --top N shows more, --csv FILE all.`;
  return [...renderTable({ columns, rows }, styles), ...(hidden === 0 ? [] : [more])];
}
