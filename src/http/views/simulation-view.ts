/** What a simulation finds, as it is told. Amounts are exact decimal text. */
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import type { BillSum } from "../../engine/simulation/bill-customer.ts";
import type {
  SimulatedCustomer,
  SimulationRequest,
  SimulationTotal,
} from "../../engine/simulation/simulation.ts";

/** One customer under every card. */
export function customerLine(line: SimulatedCustomer): object {
  const { customer, steps, unpriced, cost, charged, cards } = line;
  return {
    type: "customer",
    customer,
    steps,
    unpriced,
    cost: formatAmount(cost),
    charged: billView(charged, line),
    cards: cards.map((bill) => changedView(bill, line)),
  };
}

/** All customers under every card. */
export function totalLine(total: SimulationTotal, { cards: sent }: SimulationRequest): object {
  const { currency, customers, passedOver, steps, unpriced, runs } = total;
  const { cost, charged, cards } = total;
  return {
    type: "total",
    ...{ currency, costCurrency: COST_CURRENCY, customers, passedOver, steps, unpriced, runs },
    cost: formatAmount(cost),
    charged: billView(charged, total),
    cards: cards.map(({ more, less, same, ...bill }, at) => ({
      card: nameOf(sent[at] ?? null),
      ...changedView(bill, total),
      ...{ more, less, same },
    })),
  };
}

function nameOf(sent: SimulationRequest["cards"][number]): string {
  if (sent === null) return "current";
  return "card" in sent ? sent.card.key : sent.override.key;
}

/** What a bill is told against. */
interface Against {
  readonly currency: string;
  readonly cost: Amount;
  readonly charged: BillSum;
}

function billView(bill: BillSum, { currency, cost }: Against) {
  const { revenue, cappedRuns, cap, raisedRuns, minimum, credits } = bill;
  const paidByCredit = formatAmount(bill.paidByCredit);
  const runs = { cappedRuns, cap: formatAmount(cap), raisedRuns, minimum: formatAmount(minimum) };
  // Sums of costs of many days have no one rate: nothing is converted here.
  const margin = currency === COST_CURRENCY ? formatAmount((revenue - cost) as Amount) : null;
  const ofCredit = { credits: formatAmount(credits), paidByCredit };
  return { revenue: formatAmount(revenue), margin, ...runs, ...ofCredit };
}

function changedView(bill: BillSum, against: Against) {
  const change = formatAmount((bill.revenue - against.charged.revenue) as Amount);
  return { ...billView(bill, against), change };
}
