/** An administrative act: one unit of work of its own, journalled and sealed like events are. */
import type { JournalKind } from "../domain/event/journal.ts";
import { BatchState } from "./batch-state.ts";
import type { EngineContext } from "./context.ts";
import type { UnitOfWork } from "./ports.ts";
import { recoverTotals } from "./recover-totals.ts";
import { settleBudgets } from "./settle-budgets.ts";
import type { Tariff } from "./tariff.ts";
import { type ExtraWrites, writeState } from "./write-state.ts";

/** What an act works on. */
export interface Act {
  readonly workspace: string;
  readonly unit: UnitOfWork;
  readonly state: BatchState;
  readonly tariff: Tariff;
  /** Rows to write beside the state's. */
  readonly extra: { -readonly [K in keyof ExtraWrites]: ExtraWrites[K] };
  /** Puts the act on record. `subject` names what it changed. */
  journal(kind: JournalKind, subject: string, document: unknown): void;
}

/** Runs an act in turn with the commits. What it resolves to is durable. */
export function runAct<T>(
  context: EngineContext,
  workspace: string,
  work: (act: Act) => Promise<T>,
): Promise<T> {
  return context.loop.exclusively(async () => {
    const clock = await context.clocks.of(workspace);
    await recoverTotals({ ...context, clock }, workspace);
    await context.store.settle(workspace);
    const tariff = await context.tariffs.of(workspace);
    return context.store.transact(workspace, async (unit) => {
      const head = await unit.head();
      const state = new BatchState(clock.nowMs(), head.lastSeq);
      const extra: Act["extra"] = {};
      const journal: Act["journal"] = (kind, subject, document) => {
        const identity = { run: "", source: kind, id: subject, contentHash: "" };
        state.record(kind, identity, JSON.stringify(document));
      };
      const result = await work({ workspace, unit, state, tariff, extra, journal });
      const book = await context.budgets.of(workspace);
      await settleBudgets({ unit, state, tariff, book }, []);
      await writeState(context, unit, { state, head, extra });
      return result;
    });
  });
}
