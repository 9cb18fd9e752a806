/**
 * Our books as the exporter reads them: counters for quantities, statements for amounts. Counters
 * of a closed period go on when something comes late, and a statement is issued again or credited:
 * both are told as what the period comes to now, and the difference is the exporter's matter.
 */
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import { closeCounter, segmentsOf } from "../../domain/rating/counter.ts";
import { COST_MEASURE } from "../../domain/rating/meter-fields.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { EngineContext } from "../context.ts";
import { periodOfKey } from "../periods/bill.ts";
import type { Customer, StoredCounter } from "../ports.ts";
import { isOfRuns } from "../runs/correct-runs.ts";
import type { ExportLedger, LedgerEntry } from "./export-ports.ts";
import { readPayable, readPayableOf } from "./payable.ts";

type LedgerContext = Pick<EngineContext, "store" | "tariffs" | "clocks">;

/** The books of every workspace of a store. */
export function ledgerOfStore(context: LedgerContext): ExportLedger {
  const { store } = context;
  return {
    customers: async (workspace, after, limit) => {
      const customers = await store.listCustomers(workspace, limit, after);
      return customers.map(({ id }) => id);
    },
    entries: async (workspace, { customer: id, mode, since }) => {
      const customer = await store.customer(workspace, id);
      if (customer === undefined) return [];
      const tariff = await context.tariffs.of(workspace);
      if (mode === "usage") return usageEntries(context, workspace, { customer, tariff, since });
      const payables = await readPayable(store, workspace, customer.id);
      return payables
        .filter(({ period }) => period >= since)
        .flatMap((payable) => {
          const period = periodOfKey(tariff, customer, payable.period);
          return mode === "rated" ? payable.items(period) : [payable.whole(period)];
        });
    },
    openPeriod: async (workspace, id) => {
      const customer = await store.customer(workspace, id);
      if (customer === undefined) return null;
      const nowMs = (await context.clocks.of(workspace)).nowMs();
      return (await context.tariffs.of(workspace)).periodOf(customer, nowMs);
    },
    partsOf: (workspace, source) => readPayableOf(store, workspace, source),
  };
}

interface UsageOf {
  readonly customer: Customer;
  readonly tariff: Tariff;
  readonly since: string;
}

async function usageEntries(
  { store, clocks }: LedgerContext,
  workspace: string,
  { customer, tariff, since }: UsageOf,
): Promise<LedgerEntry[]> {
  const nowMs = (await clocks.of(workspace)).nowMs();
  const entries: LedgerEntry[] = [];
  for (const period of periodsSince(tariff, customer, { since, nowMs })) {
    const key = { customer: customer.id, period: period.key };
    const counters = await store.countersOf(workspace, key);
    entries.push(...entriesOf(tariff, counters, period));
  }
  return entries;
}

/** Periods from the one that starts on a date, or after it, up to the one under way. */
function periodsSince(
  tariff: Tariff,
  customer: Customer,
  { since, nowMs }: { readonly since: string; readonly nowMs: number },
): BillingPeriod[] {
  const periods: BillingPeriod[] = [];
  const firstMs = Math.max(Date.parse(`${since}T12:00:00Z`), 0);
  let period = tariff.periodOf(customer, Math.min(firstMs, nowMs));
  while (period.startMs <= nowMs) {
    if (period.key >= since) periods.push(period);
    period = tariff.periodOf(customer, period.endMs);
  }
  return periods;
}

const QUANTITY_UNIT = 10n ** BigInt(AMOUNT_SCALE - QUANTITY_SCALE);

/** One entry an item: what all cards counted under a charge's key, cell and measure. */
function entriesOf(
  tariff: Tariff,
  counters: readonly StoredCounter[],
  period: BillingPeriod,
): LedgerEntry[] {
  const counts = counters
    .filter((one) => !isOfRuns(one) && !isTrialCell(one.cell))
    .flatMap(({ chargeKey, cell, counter }) => {
      const priceOf = (id: number) => tariff.cardById(id).segmentPrice(chargeKey, cell);
      const cards = segmentsOf(counter).map(({ cardVersionId }) => cardVersionId);
      return closeCounter(counter, priceOf).map(({ measure, quantity }) => ({
        ...{ item: itemOf(chargeKey, cell), measure, cards },
        value: measure === COST_MEASURE ? quantity : quantity * QUANTITY_UNIT,
      }));
    });
  const byItem = Map.groupBy(counts, ({ item }) => item);
  return [...byItem].flatMap(([item, own]) => {
    const byMeasure = [...Map.groupBy(own, ({ measure }) => measure)];
    return byMeasure.map(([measure, same], at) => {
      const cards = [...new Set(same.flatMap((one) => one.cards))].sort((a, b) => a - b);
      return {
        // A charge that counts something else now is another item: seconds are no steps.
        ...{ item: at === 0 ? item : `${item} (${measure})`, period, unit: measure, parts: [] },
        value: same.reduce((sum, one) => sum + one.value, 0n),
        ...{ description: item, source: `card versions ${cards.join(", ")}` },
      };
    });
  });
}

/** An item is a charge, or one cell of a matrix. */
function itemOf(chargeKey: string, cell: string): string {
  return cell === "" ? chargeKey : `${chargeKey}[${cell}]`;
}
