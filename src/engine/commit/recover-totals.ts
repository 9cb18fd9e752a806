/**
 * After a crash the steps of the last units of work are on disk and their totals may not be. They
 * are added up from what each step stores, so the result is what it was before the crash.
 */
import type { Step } from "../../domain/event/step.ts";
import { Ledger } from "../booking/book.ts";
import type { EngineContext, UnitContext } from "../context.ts";
import { settleBudgets } from "../limits/settle-budgets.ts";
import type { CounterKey, UnitOfWork } from "../ports.ts";
import { correctedPeriods, correctRuns } from "../runs/correct-runs.ts";
import { BatchState, counterKeyText } from "./batch-state.ts";
import { writeState } from "./write-state.ts";

/**
 * Has a workspace ready before anybody is served: its totals added up, and with a store that keeps
 * them the holds that count in memory, or the first who asks for one would wait for all of them.
 */
export async function makeReady(context: EngineContext, workspace: string): Promise<void> {
  const clock = await context.clocks.of(workspace);
  await recoverTotals({ ...context, clock }, workspace);
  if (!context.store.isShared) await context.store.spending.balances(workspace, []);
}

/**
 * Adds up what is on disk and not in its totals. Nearly always there is nothing to do. Where two
 * units failed together both ask for it: one after the other, or steps would be added up twice.
 */
export function recoverTotals(context: UnitContext, workspace: string): Promise<void> {
  return context.recoveries.take(() => recoverNow(context, workspace));
}

async function recoverNow(context: UnitContext, workspace: string): Promise<void> {
  const steps = await context.store.unsummedSteps(workspace);
  if (steps.length === 0) return;
  const tariff = await context.tariffs.of(workspace);
  await context.store.transact(workspace, async (unit) => {
    const head = await unit.head();
    const state = new BatchState(context.clock.nowMs(), head.lastSeq, { isRecovery: true });
    const ledger = new Ledger(state, tariff);
    await loadRunsOf(unit, state, steps);
    await loadPeriodsOf(unit, ledger, steps);
    for (const run of [...state.runs.values()]) {
      const cause = { reason: "late_event", run: run.id, source: "", id: "" } as const;
      if (run.rating === null) ledger.recountRun(run.id, cause);
    }
    for (const step of steps) ledger.restoreStep(step);
    correctRuns(ledger);
    const book = await context.budgets.of(workspace);
    await settleBudgets({ unit, state, tariff, book }, []);
    await writeState(context, unit, { state, head, extra: {} });
  });
}

async function loadRunsOf(
  unit: UnitOfWork,
  state: BatchState,
  steps: readonly Step[],
): Promise<void> {
  let ids = [...new Set(steps.map((step) => step.run))];
  while (ids.length > 0) {
    const found = await unit.runs(ids);
    for (const run of found) state.runs.load(run.id, run);
    const parents = found.flatMap((run) => run.parent ?? []);
    ids = [...new Set(parents)].filter((id) => !state.runs.has(id));
  }
}

async function loadPeriodsOf(
  unit: UnitOfWork,
  { state, tariff }: Ledger,
  steps: readonly Step[],
): Promise<void> {
  const customers = new Set(steps.map((step) => step.customer));
  for (const customer of await unit.customers([...customers])) {
    state.customers.load(customer.id, customer);
  }
  const keys = new Map<string, CounterKey>();
  const add = (key: CounterKey): void => {
    keys.set(counterKeyText(key), key);
  };
  for (const { customer, period } of steps) add({ customer, period });
  for (const run of state.runs.values()) {
    const customer = run.customer === null ? undefined : state.customers.get(run.customer);
    if (customer === undefined) continue;
    add({ customer: customer.id, period: tariff.periodOf(customer, run.openedAtMs).key });
    for (const period of correctedPeriods(tariff, customer, run)) {
      add({ customer: customer.id, period });
    }
  }
  state.loadCounted(await unit.counted([...keys.values()]));
}
