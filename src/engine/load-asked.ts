/** Loads what requests for holds are decided by, for all of them at once. */
import { type BalanceKey, isPrepaid } from "../domain/budget/budget.ts";
import type { Room } from "../domain/budget/decide.ts";
import type { HoldAsk } from "../domain/budget/hold-ask.ts";
import { type Spender, scopesOf } from "../domain/budget/spend.ts";
import { type StopKey, stopKeysOf } from "../domain/budget/stop.ts";
import type { Run } from "../domain/run/run.ts";
import type { HoldsRequest } from "./hold-answers.ts";
import { loadBalances, type Spending } from "./load-spending.ts";
import type { Customer, StepKey } from "./ports.ts";
import { pathOf } from "./spend-of.ts";

/** Everything about the run that an ask is for. */
export interface Asker {
  readonly run: Run;
  readonly customer: Customer;
}

/** What requests ask about: their holds and steps, and what their asks will be held against. */
export async function loadAsked(
  granting: Spending,
  requests: readonly HoldsRequest[],
): Promise<void> {
  const { unit, state } = granting;
  const asked = requests.flatMap(({ asks }) => asks.map(({ step }) => step as StepKey));
  const named = requests.flatMap(({ releases, renewals }) => [...releases, ...renewals]);
  for (const hold of await unit.spending.holds([...asked, ...named])) state.spending.loadHold(hold);
  await loadBalances(
    granting,
    [...state.spending.holds()].flatMap(({ reserves }) => reserves),
  );
  for (const step of await unit.steps(asked)) state.steps.load(step);
  if (asked.length > 1) await loadRooms(granting, requests);
}

/**
 * Everything that several asks will be held against, at once: a store on another machine is asked
 * a few times for all of them, and not a few times for each.
 */
async function loadRooms(granting: Spending, requests: readonly HoldsRequest[]): Promise<void> {
  const { unit, state, book } = granting;
  const keys: BalanceKey[] = [];
  const limits = book.records.filter(({ budget }) => !isPrepaid(budget.measure));
  const stops = new Map<string, StopKey>();
  for (const { run, asks } of requests) {
    const asker = askerOf(granting, run);
    if ("problem" in asker) continue;
    for (const ask of asks) {
      const spender = spenderOf(granting, asker, ask);
      for (const key of stopKeysOf(spender)) stops.set(JSON.stringify([key.of, key.id]), key);
      for (const record of limits) {
        const window = book.windowOf(record.budget, state.receivedAtMs, asker.customer);
        for (const scope of scopesOf(record.budget, spender)) {
          keys.push(keyOf({ record, scope, window }));
        }
      }
    }
  }
  await loadBalances(granting, keys);
  await unit.spending.stops([...stops.values()]);
}

/** An ask that cannot be answered as it is. */
export function problem(
  code: "hold.too_many" | "hold.conflict" | "run.not_found" | "run.no_customer",
  detail: string,
): { readonly decision: "invalid"; readonly problem: { code: typeof code; detail: string } } {
  return { decision: "invalid", problem: { code, detail } };
}

/** The run of an ask, and who pays for it. */
export function askerOf(
  { state }: Pick<Spending, "state">,
  id: string,
): Asker | ReturnType<typeof problem> {
  const run = state.runs.get(id);
  if (run === undefined) return problem("run.not_found", `There is no run "${id}".`);
  const customer = run.customer === null ? undefined : state.customers.get(run.customer);
  if (customer === undefined) {
    return problem("run.no_customer", `Run "${id}" has no customer yet.`);
  }
  return { run, customer };
}

/** Whose work a step is, with every run above it. */
export function spenderOf(
  { state }: Pick<Spending, "state">,
  { run, customer }: Asker,
  { step }: HoldAsk,
): Spender {
  const path = pathOf(run.id, (id) => state.runs.get(id));
  const agent = step.agent ?? run.agent;
  return { customer: customer.id, agent, labels: step.labels, path };
}

/** The balance of a budget, scope and window. */
export function keyOf({
  record,
  scope,
  window,
}: Pick<Room, "record" | "scope" | "window">): BalanceKey {
  return { budgetId: record.id, scope, window: window.key };
}
