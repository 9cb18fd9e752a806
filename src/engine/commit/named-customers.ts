/** Whose runs a batch of events may concern. */
import type { TollgateEvent } from "../../domain/event/event.ts";
import type { BatchState } from "./batch-state.ts";

/**
 * Customers by run. Runs that are linked, in the store or by an event of the batch, share them,
 * because binding one run binds its tree.
 */
export function namedCustomers(
  state: BatchState,
  events: readonly TollgateEvent[],
): (run: string) => Iterable<string> {
  const bound = boundAlone(state, events);
  if (bound !== null) return (run) => bound.get(run) ?? [];
  const trees = customersByTree(state, events);
  return (run) => trees.get(run) ?? [];
}

/** The usual batch: no run is linked to another, and each has one customer. Null where not so. */
function boundAlone(
  state: BatchState,
  events: readonly TollgateEvent[],
): Map<string, readonly string[]> | null {
  const customers = new Map<string, readonly string[]>();
  for (const run of state.runs.values()) {
    if (run.parent !== null || run.height > 0) return null;
    if (run.customer !== null) customers.set(run.id, [run.customer]);
  }
  for (const event of events) {
    if ("parentRun" in event && event.parentRun !== null) return null;
    if (!("customer" in event) || event.customer === null) continue;
    const known = customers.get(event.run);
    if (known === undefined) customers.set(event.run, [event.customer]);
    else if (known[0] !== event.customer) return null;
  }
  return customers;
}

function customersByTree(
  state: BatchState,
  events: readonly TollgateEvent[],
): Map<string, ReadonlySet<string>> {
  const trees = new Map<string, { readonly runs: Set<string>; readonly customers: Set<string> }>();
  const treeOf = (run: string) => {
    const tree = trees.get(run) ?? { runs: new Set([run]), customers: new Set<string>() };
    trees.set(run, tree);
    return tree;
  };
  const join = (a: string, b: string): void => {
    const [one, other] = [treeOf(a), treeOf(b)];
    if (one === other) return;
    // The smaller one moves: a root gets its thousand children one by one.
    const [kept, gone] = one.runs.size < other.runs.size ? [other, one] : [one, other];
    for (const customer of gone.customers) kept.customers.add(customer);
    for (const run of gone.runs) {
      kept.runs.add(run);
      trees.set(run, kept);
    }
  };
  for (const run of state.runs.values()) {
    if (run.customer !== null) treeOf(run.id).customers.add(run.customer);
    if (run.parent !== null) join(run.id, run.parent);
  }
  for (const event of events) {
    const tree = treeOf(event.run);
    if ("customer" in event && event.customer !== null) tree.customers.add(event.customer);
    if ("parentRun" in event && event.parentRun !== null) join(event.run, event.parentRun);
  }
  return new Map([...trees].map(([run, tree]) => [run, tree.customers]));
}
