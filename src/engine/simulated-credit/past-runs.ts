/**
 * What the bounds of a customer's runs came to at a moment. A cap depends on all that a run's tree
 * was charged by then, and shares on the order of commits, so the customer is replayed as it was.
 */
import type { Step } from "../../domain/event/step.ts";
import { NO_TOTALS, type Run, type RunFacts } from "../../domain/run/run.ts";
import { StoreAsOf } from "../as-of/store-as-of.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { EngineContext } from "../context.ts";
import type { StoredCounter } from "../ports.ts";
import { boundCounters } from "../simulation/bill-customer.ts";
import { type Counting, runsOfCustomer } from "../simulation/count-history.ts";
import { eachOf, type PastOfCustomer, replayCustomer } from "../simulation/replay-customer.ts";
import type { BoundsAt } from "./dated-ledger.ts";
import type { FamilyFacts } from "./family-facts.ts";

/** What it takes to look back. */
export interface PastOf {
  readonly context: Pick<EngineContext, "store" | "tariffs">;
  readonly workspace: string;
  readonly recorded: Tariff;
  readonly facts: FamilyFacts;
}

/** Works out bounds at moments, by a contender. */
export function boundsBy(of: PastOf, counting: Counting): BoundsAt {
  const { context, workspace, recorded, facts } = of;
  const { store } = context;
  return async (id, { seq, atMs }, counters): Promise<ReadonlyMap<string, StoredCounter[]>> => {
    const customer = facts.customer(id, seq);
    if (customer === undefined) return new Map();
    const past = pastOf(of, { customer: id, seq });
    const by = { recorded, nowMs: atMs };
    const dated = { ...counting, counters };
    const runs = await replayCustomer({ store, workspace, customer, counting: dated, past, ...by });
    return boundCounters(counting.tariff, id, runs.values());
  };
}

function pastOf(
  { context, workspace }: PastOf,
  { customer: id, seq }: { readonly customer: string; readonly seq: number },
): PastOfCustomer {
  const { store } = context;
  const asOf = new StoreAsOf(context, { workspace, seq });
  const history = store.history(workspace);
  return {
    async *runs() {
      for await (const run of runsOfCustomer(store, workspace, id)) {
        const facts = run.sinceSeq <= seq ? run : await store.formerRun(workspace, run.id, seq);
        if (facts !== undefined) yield unsummed(facts, run);
      }
    },
    async *steps() {
      const former: Step[] = [];
      for await (const { step, untilSeq } of eachOf(history.formerStepsOfCustomer(id))) {
        if (step.seq <= seq && untilSeq >= seq) former.push(step);
      }
      former.sort((a, b) => b.seq - a.seq);
      let next = former.pop();
      for await (const step of eachOf(history.stepsOfCustomer(id))) {
        if (step.seq > seq) break;
        for (; next !== undefined && next.seq < step.seq; next = former.pop()) yield next;
        yield step;
      }
      for (; next !== undefined; next = former.pop()) yield next;
    },
    outcomes: (run) => asOf.outcomesOfRun(workspace, run),
    counters: (period) => asOf.countersOf(workspace, { customer: id, period }),
  };
}

/** The sums of a run as it was are what a replay works out. */
function unsummed(facts: RunFacts, { lastSeenAtMs }: Run): Run {
  const sums = { own: NO_TOTALS, tree: NO_TOTALS, chargedIn: [], corrections: [] };
  return { ...facts, ...sums, lastSeenAtMs, restating: null };
}
