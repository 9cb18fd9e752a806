/**
 * Holds recorded cost against a provider's invoice, and books the difference as a true-up that
 * names the invoice. A step's day is that of the instant that rated it, in UTC. Several invoices
 * may bill the same provider, model and day (one an account, or a credit): they share its cost.
 */

import { TollgateError } from "../../domain/errors.ts";
import { FUTURE_TOLERANCE_MS } from "../../domain/limits.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { recordedAct, recordedActs } from "../acts/recorded-acts.ts";
import { runAct } from "../commit/act.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { EngineContext } from "../context.ts";
import type { Store } from "../ports.ts";
import { requireSteps } from "../retention/require-steps.ts";
import { recordedAmount } from "./credited.ts";
import { type CostRow, costKey, costPlace, type Invoice, sumRows } from "./import-invoice.ts";

/** One provider, model and day, from both sides. */
export interface ReconciledRow extends Omit<CostRow, "amount"> {
  /** What steps cost. */
  readonly recorded: Amount;
  /** What true-ups have added, of any invoice. */
  readonly truedUp: Amount;
  readonly invoiced: Amount;
  /** What other invoices bill. */
  readonly invoicedElsewhere: Amount;
  /** invoiced + invoicedElsewhere − recorded − truedUp. */
  readonly difference: Amount;
}

/** Both sides of an invoice. */
export interface Reconciliation {
  readonly invoice: Invoice;
  /** By provider, day and model; also what the invoice does not have, on its days. */
  readonly rows: readonly ReconciledRow[];
  readonly trueUps: readonly TrueUp[];
}

/** A difference of cost that was booked, as the journal keeps it. */
export interface TrueUp {
  readonly invoice: string;
  readonly currency: string;
  readonly rows: readonly (Omit<CostRow, "amount"> & {
    /** Recorded, with earlier true-ups, less what other invoices bill. */
    readonly recorded: string;
    readonly invoiced: string;
    readonly difference: string;
  })[];
  /** The sum of the differences. */
  readonly total: string;
  readonly reason: string;
  readonly by: string;
  readonly bookedAtMs: number;
}

/** Reads both sides. Throws `invoice.not_found`. */
export async function reconcileInvoice(
  { store }: Pick<EngineContext, "store">,
  workspace: string,
  id: string,
): Promise<Reconciliation> {
  const of = { kind: "invoice.imported", subject: id } as const;
  const invoice = await recordedAct<Invoice>(store, workspace, of);
  if (invoice === undefined) {
    throw new TollgateError("invoice.not_found", `There is no invoice "${id}".`);
  }
  const all = await recordedActs<TrueUp>(store, workspace, { kind: "cost.trued_up" });
  const trueUps = all.filter((one) => one.invoice === id);
  const invoices = await recordedActs<Invoice>(store, workspace, { kind: "invoice.imported" });
  const others = invoices.filter((one) => one.id !== id);
  const elsewhere = sumRows(others.flatMap((one) => one.rows));
  const [invoiced, truedUp] = [sumRows(invoice.rows), sumRows(all.flatMap(addedBy))];
  const recorded = await recordedCosts(store, workspace, invoice.rows);
  const own = sumRows(trueUps.flatMap(addedBy));
  const keys = new Set([...recorded.keys(), ...invoiced.keys(), ...own.keys()]);
  const rows = [...keys].sort().map((key) => {
    const sides = {
      recorded: recorded.get(key) ?? (0n as Amount),
      truedUp: truedUp.get(key) ?? (0n as Amount),
      invoiced: invoiced.get(key) ?? (0n as Amount),
      invoicedElsewhere: elsewhere.get(key) ?? (0n as Amount),
    };
    const billed = sides.invoiced + sides.invoicedElsewhere;
    const difference = (billed - sides.recorded - sides.truedUp) as Amount;
    return { ...costPlace(key), ...sides, difference };
  });
  return { invoice, rows, trueUps };
}

function addedBy({ rows }: TrueUp): CostRow[] {
  return rows.map(({ difference, ...place }) => ({ ...place, amount: difference }));
}

const RUNS_A_READ = 500;
const DAY_CHARS = 10;

/** What steps cost, of the invoice's providers and between its first day and its last. */
async function recordedCosts(
  store: Store,
  workspace: string,
  rows: readonly CostRow[],
): Promise<Map<string, Amount>> {
  const days = rows.map(({ day }) => day).sort();
  const [first = "", last = ""] = [days[0], days.at(-1)];
  const providers = new Set(rows.map(({ provider }) => provider));
  // Nothing is rated later than this much after its receipt, which is a sign of life of its run.
  const seenMs = Date.parse(`${first}T00:00:00Z`) - FUTURE_TOLERANCE_MS;
  await requireSteps(store, workspace, seenMs);
  const sums = new Map<string, Amount>();
  let after: string | undefined;
  for (;;) {
    const filter = after === undefined ? {} : { after };
    const runs = await store.listRuns(workspace, { limit: RUNS_A_READ, ...filter });
    for (const run of runs) {
      if (run.lastSeenAtMs < seenMs || run.own.steps === 0) continue;
      for (const step of await store.stepsOfRun(workspace, run.id)) {
        const counts = !step.voided && step.role === "bill" && step.payer === "us";
        const provider = step.provider ?? "";
        if (!counts || step.cost === 0n || !providers.has(provider)) continue;
        const day = new Date(step.ratedAtMs).toISOString().slice(0, DAY_CHARS);
        if (day < first || day > last) continue;
        const key = costKey({ provider, model: step.model ?? step.tool ?? "", day });
        sums.set(key, ((sums.get(key) ?? 0n) + step.cost) as Amount);
      }
    }
    after = runs.at(-1)?.id;
    if (runs.length < RUNS_A_READ) return sums;
    // Others have their turn between the pages.
    await othersTurn();
  }
}

/**
 * Books what is billed above what is recorded and trued up. Where there is no difference,
 * nothing is booked and the answer is null; so repeating it changes nothing. Throws
 * `invoice.not_found`.
 */
export function bookTrueUp(
  context: EngineContext,
  workspace: string,
  request: { readonly invoice: string; readonly reason: string; readonly by: string },
): Promise<TrueUp | null> {
  const { invoice: id, reason, by } = request;
  return runAct(context, workspace, async ({ state, journal }) => {
    const { invoice, rows } = await reconcileInvoice(context, workspace, id);
    const differing = rows.filter(({ difference }) => difference !== 0n);
    if (differing.length === 0) return null;
    const booked = differing.map(({ provider, model, day, invoiced, difference }) => ({
      ...{ provider, model, day },
      recorded: formatAmount((invoiced - difference) as Amount),
      invoiced: formatAmount(invoiced),
      difference: formatAmount(difference),
    }));
    const total = booked.reduce((sum, row) => sum + recordedAmount(row.difference), 0n) as Amount;
    const { currency } = invoice;
    const about = { invoice: id, currency, rows: booked, total: formatAmount(total) };
    const trueUp: TrueUp = { ...about, reason, by, bookedAtMs: state.receivedAtMs };
    journal("cost.trued_up", id, trueUp);
    return trueUp;
  });
}
