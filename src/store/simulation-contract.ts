/** What a simulation of some cards comes to, in a form that can be compared. */
import { formatAmount } from "../domain/money/decimal.ts";
import type { RateCardVersion } from "../domain/rating/rate-card.ts";
import type { Engine } from "../engine/engine.ts";
import type { BillSum } from "../engine/simulation/bill-customer.ts";
import type {
  SimulatedCard,
  SimulatedCustomer,
  SimulationRequest,
} from "../engine/simulation/simulation.ts";

/** A version as a card that is sent. */
export function asSent({ card, document }: Pick<RateCardVersion, "card" | "document">) {
  return { card, document };
}

/** Simulates cards over all of history. */
export async function simulated(
  engine: Engine,
  workspace: string,
  wanted: { readonly cards: readonly SimulatedCard[] } & Partial<SimulationRequest>,
) {
  const customers: SimulatedCustomer[] = [];
  const total = await engine.simulate(workspace, {
    request: { customers: null, from: null, to: null, ...wanted },
    listener: {
      onProgress: () => {},
      signal: new AbortController().signal,
      onCustomer: async (customer) => {
        customers.push(customer);
      },
    },
  });
  return { total, customers };
}

/** A sum of bills that can be read. */
export function readable(bill: BillSum): object {
  const { revenue, cap, minimum, credits, paidByCredit, cappedRuns, raisedRuns } = bill;
  const amounts = { revenue, cap, minimum, credits, paidByCredit };
  const texts = Object.entries(amounts).map(([name, amount]) => [name, formatAmount(amount)]);
  return { ...Object.fromEntries(texts), cappedRuns, raisedRuns };
}
