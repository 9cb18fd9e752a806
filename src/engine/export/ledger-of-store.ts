/**
 * Our books as the exporter reads them: counters for quantities, statements for amounts. Counters
 * of a closed period go on when something comes late, and a statement is issued again or credited:
 * both are told as what the period comes to now, and the difference is the exporter's matter.
 */
import type { EngineContext } from "../context.ts";
import { periodOfKey } from "../periods/bill.ts";
import type { ExportLedger } from "./export-ports.ts";
import { readPayable, readPayableOf } from "./payable.ts";
import { usageEntries } from "./usage-entries.ts";

type LedgerContext = Pick<EngineContext, "store" | "tariffs" | "clocks">;

/** The books of every workspace of a store. */
export function ledgerOfStore(context: LedgerContext): ExportLedger {
  const { store } = context;
  return {
    customers: async (workspace, after, limit) => {
      const customers = await store.listCustomers(workspace, limit, after);
      return customers.map(({ id }) => id);
    },
    entries: async (workspace, { customer: id, mode, since, told = [] }) => {
      const customer = await store.customer(workspace, id);
      if (customer === undefined) return [];
      const tariff = await context.tariffs.of(workspace);
      const usageOf = { customer, tariff, since, told };
      if (mode === "usage") return usageEntries(context, workspace, usageOf);
      const payables = await readPayable(store, workspace, customer.id);
      return payables
        .filter(({ period }) => period >= since)
        .flatMap((payable) => {
          const period = periodOfKey(tariff, customer, payable.period);
          return mode === "rated" ? payable.items(period) : [payable.whole(period)];
        });
    },
    nowMs: async (workspace) => (await context.clocks.of(workspace)).nowMs(),
    openPeriod: async (workspace, id) => {
      const customer = await store.customer(workspace, id);
      if (customer === undefined) return null;
      const nowMs = (await context.clocks.of(workspace)).nowMs();
      return (await context.tariffs.of(workspace)).periodOf(customer, nowMs);
    },
    partsOf: (workspace, source) => readPayableOf(store, workspace, source),
  };
}
