/** Moves balances, records what went over a limit, and tells of stages that were reached. */
import { type BudgetRecord, type OverrunCause, stageLevel } from "../../domain/budget/budget.ts";
import { formatLevel } from "../../domain/budget/parse-budget.ts";
import type { StepKey } from "../ports.ts";
import { loadPlaces, type Spending } from "./load-spending.ts";
import { limitOf, recordOverrun } from "./overruns.ts";
import type { BalancePlace } from "./spending-state.ts";

/** A difference to one balance, and by what. */
export interface Booking {
  readonly record: BudgetRecord;
  readonly place: BalancePlace;
  readonly amount: bigint;
  readonly identity: StepKey;
  readonly cause: OverrunCause;
}

/**
 * Books differences in their order. A stage is told by the one that reaches it, if the balance
 * stays there: what one row puts on, another may take off, and a stage that is told too early is
 * not told when it is reached.
 */
export async function bookBalances(
  spending: Spending,
  bookings: readonly Booking[],
): Promise<void> {
  const places = new Set<BalancePlace>();
  for (const { place } of bookings) if (!place.isLoaded) places.add(place);
  await loadPlaces(spending, places);
  const left = new Map<BalancePlace, bigint>();
  for (const { place, amount } of bookings) {
    left.set(place, (left.get(place) ?? place.settled) + amount);
  }
  for (const booking of bookings) book(spending, booking, left);
}

function book(
  spending: Spending,
  { record, place, amount, identity, cause }: Booking,
  left: ReadonlyMap<BalancePlace, bigint>,
): void {
  const before = place.settled;
  spending.state.spending.moveBalance(place, { settled: before + amount });
  recordOverrun(spending, record, { place, identity, cause, from: before, to: before + amount });
  tellStages(spending, record, { place, left: left.get(place) });
}

/**
 * Puts on record, once a window, each stage that a balance has reached. `left`: what its unit
 * leaves settled of it. (Default: what is.)
 */
export function tellStages(
  { state }: Spending,
  record: BudgetRecord,
  {
    place,
    left = place.settled,
  }: { readonly place: BalancePlace; readonly left?: bigint | undefined },
): void {
  const { budget } = record;
  const { settled, held, stagesTold } = place;
  if (stagesTold >= budget.stages.length || state.restored.length > 0) return;
  const limit = limitOf(record, place);
  const level = budget.enforcement === "hard" ? settled + held : settled;
  let told = stagesTold;
  for (const [index, stage] of budget.stages.entries()) {
    const start = stageLevel(stage, limit);
    if (index < told || start === null || level < start) continue;
    if (level - settled + left < start) continue;
    told = index + 1;
    const { scope, window } = place;
    const at = formatLevel(start, budget.measure);
    const document = {
      ...{ budget: budget.key, scope, window, stage: index, action: stage.action, at },
      level: formatLevel(level, budget.measure),
      limit: limit === null ? null : formatLevel(limit, budget.measure),
      ...{ measure: budget.measure, currency: budget.currency },
    };
    const id = JSON.stringify([budget.key, scope, window, index]);
    const identity = { run: "", source: "budget.stage_reached", id, contentHash: "" };
    state.record("budget.stage_reached", identity, JSON.stringify(document));
  }
  if (told !== stagesTold) state.spending.moveBalance(place, { stagesTold: told });
}
