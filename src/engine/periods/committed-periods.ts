/** Periods that need a statement though nobody used anything: a commitment ends in them. */
import { type Commitment, datedCommitment, holdsIn } from "../../domain/period/commitment.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { EngineContext } from "../context.ts";
import type { CounterKey, Customer } from "../ports.ts";
import { commitmentsIn, type SavedCommitments } from "./commitments.ts";

/** Those whose key begins so, by customer; of one customer where one is named. */
export async function committedPeriods(
  { store, tariffs }: EngineContext,
  workspace: string,
  { customer: only, period: prefix }: { readonly customer: string | null; readonly period: string },
): Promise<CounterKey[]> {
  const kind = "commitments.saved";
  const of = only === null ? ({ kind } as const) : ({ kind, subject: only } as const);
  const acts = await recordedActs<SavedCommitments>(store, workspace, of);
  const newest = new Map(acts.map((act) => [act.customer, act]));
  const tariff = await tariffs.of(workspace);
  const found: CounterKey[] = [];
  for (const [id, act] of [...newest].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const least = commitmentsIn(act).filter((one) => one.kind === "minimum");
    const customer = least.length === 0 ? undefined : await store.customer(workspace, id);
    if (customer === undefined) continue;
    const periods = periodsOf(tariff, customer, prefix);
    const owed = periods.filter((period) =>
      least.some((one) => isSettledIn(one, period, customer)),
    );
    found.push(...owed.map((period) => ({ customer: id, period })));
  }
  return found;
}

/** What is missing is billed in each period, or in the last one of a contract. */
function isSettledIn(one: Commitment, period: string, customer: Customer): boolean {
  if (!holdsIn(one, period)) return false;
  return one.per === "period" || datedCommitment(one, customer).lastPeriod === period;
}

const MIDDLE = "-15";

/** The customer's periods whose key begins so: at most two start in a month. */
export function periodsOf(tariff: Tariff, customer: Customer, prefix: string): string[] {
  const month = prefix.slice(0, "2026-11".length);
  const middle = tariff.periodOf(customer, Date.parse(`${month}${MIDDLE}T12:00:00Z`));
  const before = tariff.periodOf(customer, middle.startMs - 1);
  const after = tariff.periodOf(customer, middle.endMs);
  return [before, middle, after].map(({ key }) => key).filter((key) => key.startsWith(prefix));
}
