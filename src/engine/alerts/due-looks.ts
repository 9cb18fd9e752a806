/**
 * Looks that a unit of work leaves to the next ones. A unit looks at a bounded number of customers;
 * whom it has not looked at it says itself, in the journal (`alert.look_due`), so what it caused is
 * told whatever happens behind it. Acts of their own look at these, a few at a time, in the order
 * of the entries, and put on record how far they have come (`alert.looked`).
 */
import { runActBesideTotals } from "../commit/act.ts";
import type { BatchState } from "../commit/batch-state.ts";
import type { EngineContext } from "../context.ts";
import type { Reads, Store } from "../ports.ts";

/** Customers that a unit of work looks at for what it does not know of them. */
export const LOOKS_A_UNIT = 20;

/** Whom to look at: these, by id, or everybody behind one. */
type DueDocument =
  | { readonly customers: readonly string[] }
  | { readonly customers: null; readonly after: string };

/** How far looks have come. */
interface LookedDocument {
  /** The seq of the entry that is looked after. */
  readonly due: number;
  /** The customer to go on behind; null: it is over. */
  readonly after: string | null;
}

/** Puts looks that are left on record, in the unit that leaves them. */
export function recordDueLooks(state: Pick<BatchState, "record">, due: DueDocument): void {
  recordAct(state, "alert.look_due", due);
}

function recordAct(
  state: Pick<BatchState, "record">,
  kind: "alert.look_due" | "alert.looked",
  document: DueDocument | LookedDocument,
): void {
  const identity = { run: "", source: kind, id: "", contentHash: "" };
  state.record(kind, identity, JSON.stringify(document));
}

/** The seq of the last entry that was looked after, to its end or in part; 0: none was. */
export async function lookedUpTo(
  store: Pick<Reads, "lastAct">,
  workspace: string,
): Promise<number> {
  return (await lastLooked(store, workspace))?.due ?? 0;
}

async function lastLooked(
  store: Pick<Reads, "lastAct">,
  workspace: string,
): Promise<LookedDocument | undefined> {
  const act = await store.lastAct(workspace, "alert.looked", "");
  return act && (JSON.parse(act.document) as LookedDocument);
}

/** Looks at the next few customers that are due. Returns whether there were any. */
export async function lookAtDue(context: EngineContext, workspace: string): Promise<boolean> {
  if ((await nextDue(context.store, workspace)) === null) return false;
  await runActBesideTotals(context, workspace, async ({ unit, state }) => {
    // Another process may have looked meanwhile; from here on none can.
    const next = await nextDue(context.store, workspace);
    if (next === null) return;
    const { due, customers } = next;
    // Who is loaded by an act is looked at in it.
    for (const one of await unit.customers(customers)) state.customers.load(one.id, one);
    const isOver = customers.length < LOOKS_A_UNIT;
    recordAct(state, "alert.looked", { due, after: isOver ? null : (customers.at(-1) ?? null) });
  });
  return true;
}

/** Whom to look at next, no more than one unit looks at; null: nobody. */
async function nextDue(
  store: Store,
  workspace: string,
): Promise<{ readonly due: number; readonly customers: readonly string[] } | null> {
  const { due, after } = (await lastLooked(store, workspace)) ?? { due: 0, after: null };
  const afterSeq = after === null ? due : due - 1;
  const [entry] = await store.acts(workspace, { kind: "alert.look_due", afterSeq, limit: 1 });
  if (entry === undefined) return null;
  const document = JSON.parse(entry.document) as DueDocument;
  if (document.customers !== null) {
    const start = after === null ? 0 : document.customers.indexOf(after) + 1;
    const customers = document.customers.slice(start, start + LOOKS_A_UNIT);
    return { due: entry.seq, customers };
  }
  const some = await everybody(store, workspace, after ?? document.after);
  return { due: entry.seq, customers: some };
}

/** Ids of as many customers as one unit looks at, behind one. */
export async function everybody(store: Store, workspace: string, after: string): Promise<string[]> {
  return (await store.listCustomers(workspace, LOOKS_A_UNIT, after)).map(({ id }) => id);
}
