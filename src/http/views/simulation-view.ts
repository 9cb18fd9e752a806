/** What a simulation finds, as it is told. Amounts are exact decimal text. */
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import type { BillSum } from "../../engine/simulation/bill-customer.ts";
import type {
  SimulatedCustomer,
  SimulationRequest,
  SimulationTotal,
} from "../../engine/simulation/simulate.ts";

/** One customer under every card. */
export function customerLine({ customer, steps, cost, charged, cards }: SimulatedCustomer): object {
  return {
    type: "customer",
    customer,
    steps,
    cost: formatAmount(cost),
    charged: billView(charged),
    cards: cards.map((bill) => changedView(bill, charged)),
  };
}

/** All customers under every card. */
export function totalLine(total: SimulationTotal, { cards: sent }: SimulationRequest): object {
  const { currency, customers, passedOver, steps, runs, cost, charged, cards } = total;
  return {
    type: "total",
    ...{ currency, costCurrency: COST_CURRENCY, customers, passedOver, steps, runs },
    cost: formatAmount(cost),
    charged: billView(charged),
    cards: cards.map(({ more, less, same, ...bill }, at) => ({
      card: nameOf(sent[at] ?? null),
      ...changedView(bill, charged),
      ...{ more, less, same },
    })),
  };
}

function nameOf(sent: SimulationRequest["cards"][number]): string {
  if (sent === null) return "current";
  return "card" in sent ? sent.card.key : sent.override.key;
}

function billView(bill: BillSum) {
  const { revenue, cappedRuns, cap, raisedRuns, minimum, credits } = bill;
  const runs = { cappedRuns, cap: formatAmount(cap), raisedRuns, minimum: formatAmount(minimum) };
  return { revenue: formatAmount(revenue), ...runs, credits: formatAmount(credits) };
}

function changedView(bill: BillSum, charged: BillSum) {
  const change = formatAmount((bill.revenue - charged.revenue) as Amount);
  return { ...billView(bill), change };
}
