/** One unit of work that acts on rows: loads, decides, seals, writes. Totals are on disk before. */
import type { JournalEntry, JournalKind } from "../../domain/event/journal.ts";
import type { Actor, Signature } from "../actor.ts";
import { movesTotals } from "../acts/moves-totals.ts";
import type { ToldAffairs } from "../alerts/affair-telling.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { RuledContext } from "../context.ts";
import { settleBudgets } from "../limits/settle-budgets.ts";
import type { PolicyBooks } from "../policies/policy-books.ts";
import type { UnitOfWork } from "../ports.ts";
import { BatchState } from "./batch-state.ts";
import { requireRules } from "./rules.ts";
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
  return carryOutBesideTotals(context, workspace, work);
}

/** The same for an act that reads no totals but those of its unit, and moves none. */
export async function carryOutBesideTotals<T>(
  context: RuledContext,
  workspace: string,
  work: (act: Act) => Promise<T>,
): Promise<T> {
  const { seen } = context;
  const tariff = await context.tariffs.of(workspace, seen);
  let touched: string[] = [];
  let isChanged = false;
  let found: ToldAffairs | null = null;
  let chain: Parameters<PolicyBooks["follow"]>[1] | null = null;
  const carried = context.store.transact(workspace, async (unit) => {
    await requireRules(unit, seen);
    const head = await unit.head();
    const state = new BatchState(context.clock.nowMs(), head.lastSeq);
    const extra: Act["extra"] = {};
    const journal: Act["journal"] = (kind, subject, document) => {
      const identity = { run: "", source: kind, id: subject, contentHash: "" };
      state.record(kind, identity, JSON.stringify(document));
    };
    const result = await work({ workspace, unit, state, tariff, extra, journal });
    if (context.actor !== null) sign(state, head.lastSeq, context.actor);
    if (movesTotals(state)) {
      const book = await context.budgets.of(workspace, seen);
      await settleBudgets({ unit, state, tariff, book }, []);
    }
    touched = customersOf(state);
    const statements = extra.statements ?? [];
    const moved = { workspace, unit, state, tariff, head, seen, statements };
    const told = await context.affairs.tell(moved, { touched, cards: extra.cards ?? [] });
    if (state.hasAlert) context.alarm.note(workspace);
    told.head = await writeState(context, unit, { state, head, extra });
    found = told;
    chain = leavesRuns(state) ? { from: head.digest, to: told.head } : null;
    if (state.steps.changed().length > 0) context.policies.forgetRuns(workspace);
    isChanged = state.lastSeq > head.lastSeq || state.touched();
    if (isChanged) await context.telling.ofAct(unit);
    return result;
  });
  return carried
    .then((done) => {
      context.affairs.keep(workspace, found);
      if (chain !== null) context.policies.follow(workspace, chain);
      if (isChanged) context.live.acted(workspace);
      return done;
    })
    .catch((error: unknown) => {
      context.affairs.forget(workspace);
      throw error;
    })
    .finally(() => {
      context.moved.note(workspace, touched);
      context.moved.decided(workspace);
      context.alarm.look(workspace);
    });
}

/** Whether policies find all runs as they were: no step, no run, none let go on. */
function leavesRuns({ steps, runs, journal }: BatchState): boolean {
  const isOfRuns = ({ kind }: JournalEntry) => kind.startsWith("work.") || kind.startsWith("run.");
  const isChanged = steps.changed().length > 0 || runs.changed().length > 0;
  return !isChanged && !journal.changed().some(isOfRuns);
}

/** Customers that an act loads or names. */
function customersOf({ customers, journal, creditBooks }: BatchState): string[] {
  const named = [...journal.values()].flatMap(({ document }) => {
    const { customer } = JSON.parse(document) as { readonly customer?: unknown };
    return typeof customer === "string" ? [customer] : [];
  });
  const paying = creditBooks.changed().map(({ customer }) => customer);
  return [...new Set([...customers.keys(), ...named, ...paying])];
}

/** Says who asked, right behind what was done. */
function sign(state: BatchState, seqBefore: number, actor: Actor): void {
  if (state.lastSeq === seqBefore) return;
  const [fromSeq, toSeq] = [seqBefore + 1, state.lastSeq];
  const signature: Signature = { ...actor, fromSeq, toSeq };
  const identity = { run: "", source: "act.signed", id: String(fromSeq), contentHash: "" };
  state.record("act.signed", identity, JSON.stringify(signature));
}
