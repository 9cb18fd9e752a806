/** A simulation as CSV: one row for each customer and card, and for what was charged. */
import { csvOf, csvText } from "../../domain/csv.ts";
import { type BillView, cardTitles, type SimulationView } from "../simulation-view.ts";

const COLUMNS = [
  ...["customer", "card", "currency", "revenue", "change", "margin", "cost", "cost_currency"],
  ...["steps", "capped_runs", "raised_runs", "credits", "paid_by_credit"],
];

/** The name of the rows of what was charged. */
const CHARGED = "charged";

/** The text of the file (RFC 4180). */
export function simulationCsv({ total, customers }: SimulationView): string {
  const { currency, costCurrency } = total;
  const titles = cardTitles(total);
  const rows = customers.flatMap(({ customer, steps, cost, charged, cards }) => {
    const row = (card: string, bill: BillView, change: string) => [
      ...[customer, card, currency, bill.revenue, change, bill.margin ?? "", cost, costCurrency],
      ...[steps, bill.cappedRuns, bill.raisedRuns, bill.credits, bill.paidByCredit],
    ];
    const ofCards = cards.map((bill, at) => row(titles[at] ?? "", bill, bill.change));
    return [row(CHARGED, charged, "0"), ...ofCards];
  });
  return csvOf([COLUMNS, ...rows].map((row) => row.map(csvField)));
}

const DECIMAL = /^-?\d+(?:\.\d+)?$/;

/** A number as it is; a name that only begins as one, such as `-2+3`, is a text from outside. */
export function csvField(value: string | number): string {
  const text = String(value);
  return DECIMAL.test(text) ? text : csvText(text);
}
