/**
 * A budget's own pause: the runs that count in a balance without room wait, and go on when it has
 * room again. It decides nothing, since the room itself does; it is what those who wait are told,
 * and what stands in the journal.
 */
import { present } from "../../domain/assert.ts";
import { freeOf, type Room } from "../../domain/budget/decide.ts";
import { runToPause, type Spender } from "../../domain/budget/spend.ts";
import type { Stop } from "../../domain/budget/stop.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { mayGoOn } from "../../domain/run/run.ts";
import type { BatchState } from "../commit/batch-state.ts";
import type { Spending } from "./load-spending.ts";
import { recordStop } from "./record-stop.ts";

interface Pausing {
  readonly state: BatchState;
}

/** Pauses what counts in the balance, once; null: the step is in no run that could wait. */
export function pauseRun({ state }: Pausing, spender: Spender, by: Room): Stop | null {
  const mayRunOn = (id: string) => mayGoOn(present(state.runs.get(id), `run "${id}"`));
  const run = runToPause(by.record.budget, by.scope, { spender, mayGoOn: mayRunOn });
  if (run === null) return null;
  const known = state.spending.stop({ of: "run", id: run.id });
  const free = String(freeOf(by, false));
  if (known !== null) return refusedAgain({ state }, known, { ...by, free });
  const stop: Stop = {
    of: "run",
    id: run.id,
    mode: "pause",
    budget: { budgetId: by.record.id, scope: by.scope, free },
    reason: `budget ${by.record.budget.key}`,
    by: "tollgate",
    stoppedAtMs: state.receivedAtMs,
  };
  state.spending.putStop(stop);
  recordStop({ state }, stop);
  return stop;
}

/** There was more room, and still too little: who waits must not be told of the same room again. */
function refusedAgain({ state }: Pausing, known: Stop, by: Room & { readonly free: string }): Stop {
  const { budget } = known;
  const isSame = budget?.budgetId === by.record.id && budget.scope === by.scope;
  if (budget === null || (isSame && budget.free === by.free)) return known;
  const stop = { ...known, budget: { budgetId: by.record.id, scope: by.scope, free: by.free } };
  state.spending.putStop(stop);
  recordStop({ state }, stop, { isAgain: true });
  return stop;
}

/**
 * Ends the pauses of balances that had room for a step, and those of budgets that are in force no
 * more. A balance that the step does not count in says nothing by letting it go on.
 */
export function liftOwnPauses(
  { state, book }: Pausing & Pick<Spending, "book">,
  stops: readonly Stop[],
  rooms: readonly Room[],
): void {
  for (const was of stops) {
    const { budget } = was;
    if (budget === null) continue;
    const isOwn = rooms.some(({ record, scope }) => {
      return record.id === budget.budgetId && scope === budget.scope;
    });
    if (!isOwn && book.byId(budget.budgetId) !== undefined) continue;
    lift({ state }, was, { reason: "its budget has room again" });
  }
}

/** A run that ended waits for nothing: its budget's pause ends with it. A person's stop stands. */
export async function endOwnPauses(
  { unit, state, book }: Spending,
  events: readonly TollgateEvent[],
): Promise<void> {
  if (book.records.length === 0) return;
  const closed = events.filter(({ type }) => type === "run.closed");
  const ended = closed.filter(({ run: id }) => {
    const run = state.runs.get(id);
    return run !== undefined && !mayGoOn(run);
  });
  if (ended.length === 0) return;
  const keys = ended.map(({ run: id }) => ({ of: "run" as const, id }));
  for (const was of await unit.spending.stops(keys)) {
    state.spending.loadStop(was, was);
    // Nothing goes on, so nobody is told of it.
    const isEnded = true as const;
    if (was.budget !== null) lift({ state }, was, { reason: "its run has ended", isEnded });
  }
}

interface Lifting {
  readonly reason: string;
  readonly isEnded?: true;
}

function lift({ state }: Pausing, was: Stop, why: Lifting): void {
  const { of, id } = was;
  state.spending.lift({ of, id });
  const identity = { run: "", source: "work.resumed", id: JSON.stringify([of, id]) };
  const document = { of, id, was, ...why, by: "tollgate" };
  state.record("work.resumed", { ...identity, contentHash: "" }, JSON.stringify(document));
}
