/** Loads what a unit of re-rating may touch: runs and all above them, customers and periods. */
import type { Step } from "../../domain/event/step.ts";
import type { OutcomeState } from "../../domain/run/run.ts";
import { outcomeKeyText } from "../booking/apply-outcome.ts";
import { type BatchState, counterKeyText } from "../commit/batch-state.ts";
import type { CounterKey, UnitOfWork } from "../ports.ts";
import { correctedPeriods } from "../runs/correct-runs.ts";
import type { Tariff } from "./tariff.ts";

/** What is to be rated again. */
export interface Rerated {
  readonly runs: readonly string[];
  readonly steps: readonly Step[];
  readonly outcomes: readonly OutcomeState[];
}

/** Fills the state with every row that rating these again may touch. */
export async function loadRerated(
  { unit, state, tariff }: { unit: UnitOfWork; state: BatchState; tariff: Tariff },
  { runs, steps, outcomes }: Rerated,
): Promise<void> {
  for (const step of steps) state.steps.load(step);
  for (const row of outcomes) state.outcomes.load(outcomeKeyText(row.run, row.key), row);
  await loadRuns(unit, state, [...runs, ...steps.map(({ run }) => run)]);
  const bound = [...state.runs.values()].flatMap(({ customer }) => customer ?? []);
  const customers = [...new Set(bound)].sort();
  for (const row of await unit.customers(customers)) state.customers.load(row.id, row);
  const keys = new Map<string, CounterKey>();
  const add = ({ customer, period }: CounterKey): void => {
    const key = { customer, period };
    keys.set(counterKeyText(key), key);
  };
  for (const row of [...steps, ...outcomes]) add(row);
  for (const run of state.runs.values()) {
    const customer = state.customers.get(run.customer ?? "");
    if (customer === undefined) continue;
    add({ customer: customer.id, period: tariff.periodOf(customer, run.openedAtMs).key });
    if (run.rating !== null) add({ customer: customer.id, period: run.rating.period });
    for (const period of correctedPeriods(tariff, customer, run)) {
      add({ customer: customer.id, period });
    }
  }
  const inOrder = [...keys.keys()].sort().flatMap((key) => keys.get(key) ?? []);
  state.loadCounted(await unit.counted(inOrder));
  for (const customer of customers) {
    for (const row of await unit.periodsOf(customer)) state.periods.load(counterKeyText(row), row);
  }
}

async function loadRuns(unit: UnitOfWork, state: BatchState, wanted: readonly string[]) {
  for (let ids = [...new Set(wanted)]; ids.length > 0; ) {
    const found = await unit.runs(ids.sort());
    for (const run of found) state.runs.load(run.id, run);
    const above = found.flatMap((run) => run.parent ?? []);
    ids = [...new Set(above)].filter((id) => !state.runs.has(id));
  }
}
