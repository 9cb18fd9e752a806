/**
 * What bills are told from, as a unit of work sees it: its rows and what it has changed of them,
 * also totals that still wait in memory, and the acts and statements that it makes itself.
 */

import type { PeriodState } from "../../domain/period/records.ts";
import { addRollup, type RollupRow, rollupKeyText } from "../../domain/run/rollup.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import type { BillContext, BillReads } from "../context.ts";
import type { Answer, CounterKey, Store } from "../ports.ts";
import type { MovedUnit } from "./affair-telling.ts";

/** Reads of a unit; its time is that of the unit. */
export function readsInside(
  store: Store,
  { unit, state, tariff, statements = [] }: MovedUnit,
): BillContext {
  const ownActs = () => [...state.journal.values()].filter(({ run }) => run === "");
  const customer: BillReads["customer"] = async (_, id) =>
    state.customers.get(id) ?? (await unit.customers([id]))[0];
  // A bill asks twice for those of its period: what the unit found does not change under it.
  const found = new Map<string, Answer<RollupRow[]>>();
  const rollupsOf = async (key: CounterKey): Promise<RollupRow[]> => {
    const text = counterKeyText(key);
    const rows = found.get(text) ?? unit.rollups(key);
    found.set(text, rows);
    return together(await rows, state.rollupsOf(key.customer, key.period));
  };
  const reads: BillReads = {
    customer,
    countersOf: async (_, key) => state.countersNow(key, await unit.counters([key])),
    periodsOf: async (_, id) => {
      const closed = state.periods.changed().filter(({ customer: of }) => of === id);
      const isAgain = (one: PeriodState) => closed.some(({ period }) => period === one.period);
      return [...(await unit.periodsOf(id)).filter((one) => !isAgain(one)), ...closed];
    },
    adjustmentsOf: async (_, key) => {
      const isOfPeriod = (row: { readonly customer: string; readonly bookedPeriod: string }) =>
        row.customer === key.customer && row.bookedPeriod === key.period;
      return [...(await unit.adjustments(key)), ...state.adjustments.filter(isOfPeriod)];
    },
    adjustmentPage: async (_, key, { after, limit }) => {
      const rows = await unit.adjustments(key, { after, limit });
      const own = state.adjustments.filter(({ customer: id, bookedPeriod, seq }) => {
        return id === key.customer && bookedPeriod === key.period && seq > after;
      });
      return [...rows, ...own].slice(0, limit);
    },
    rollups: async (_, { customer: id = "", period }) => {
      if (period !== undefined) return rollupsOf({ customer: id, period });
      const used = [...(await unit.chargedPeriods(id)), ...state.periodsSeen(id)];
      const rows: RollupRow[] = [];
      for (const one of new Set(used))
        rows.push(...(await rollupsOf({ customer: id, period: one })));
      return rows;
    },
    acts: async (workspace, filter) => {
      const { kind, subject, afterSeq = 0, limit } = filter;
      const own = ownActs().filter((one) => {
        return one.kind === kind && one.seq > afterSeq && (subject ?? one.id) === one.id;
      });
      return [...(await store.acts(workspace, filter)), ...own].slice(0, limit);
    },
    lastAct: (workspace, kind, subject) =>
      ownActs().findLast((one) => one.kind === kind && one.id === subject) ??
      store.lastAct(workspace, kind, subject),
    listStatements: async (workspace, id) => {
      const own = statements.filter(({ customer: of }) => of === id);
      return [...(await store.listStatements(workspace, id)), ...own];
    },
    statement: (workspace, id) =>
      statements.find((one) => one.id === id) ?? store.statement(workspace, id),
  };
  const clock = { nowMs: () => state.receivedAtMs };
  return { store: reads, tariffs: { of: async () => tariff }, clocks: { of: async () => clock } };
}

/** Rows as they are after what was added to them. */
function together(rows: readonly RollupRow[], added: readonly RollupRow[]): RollupRow[] {
  const all = new Map(rows.map((row) => [rollupKeyText(row), row]));
  for (const delta of added) {
    const known = all.get(rollupKeyText(delta));
    all.set(rollupKeyText(delta), known === undefined ? delta : addRollup(known, delta));
  }
  return [...all.values()];
}
