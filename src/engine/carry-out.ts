/** One unit of work that acts on rows: loads, decides, seals, writes. Totals are on disk before. */
import type { JournalKind } from "../domain/event/journal.ts";
import { BatchState } from "./batch-state.ts";
import type { RuledContext } from "./context.ts";
import type { UnitOfWork } from "./ports.ts";
import { requireRules } from "./rules.ts";
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

/**
 * Carries out an act; its caller takes the turn. `context.clock` is that of the workspace as of the
 * rules in `context.seen`, and so is everything the caller did before.
 */
export async function carryOut<T>(
  context: RuledContext,
  workspace: string,
  work: (act: Act) => Promise<T>,
): Promise<T> {
  await context.store.settle(workspace);
  const { seen } = context;
  const tariff = await context.tariffs.of(workspace, seen);
  let isChanged = false;
  const done = await context.store.transact(workspace, async (unit) => {
    await requireRules(unit, seen);
    const head = await unit.head();
    const state = new BatchState(context.clock.nowMs(), head.lastSeq);
    const extra: Act["extra"] = {};
    const journal: Act["journal"] = (kind, subject, document) => {
      const identity = { run: "", source: kind, id: subject, contentHash: "" };
      state.record(kind, identity, JSON.stringify(document));
    };
    const result = await work({ workspace, unit, state, tariff, extra, journal });
    const book = await context.budgets.of(workspace, seen);
    await settleBudgets({ unit, state, tariff, book }, []);
    await writeState(context, unit, { state, head, extra });
    if (state.steps.changed().length > 0) context.policies.forgetRuns(workspace);
    isChanged = state.lastSeq > head.lastSeq || state.touched();
    return result;
  });
  if (isChanged) context.live.acted(workspace);
  return done;
}
