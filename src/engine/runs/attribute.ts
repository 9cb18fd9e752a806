/**
 * Attribution: which tree and which customer a run belongs to. A tree has one customer; naming it
 * on any run of the tree binds all of them, and what waited in suspense is counted then.
 */
import type { Problem } from "../../domain/errors.ts";
import { decodeEvent } from "../../domain/event/codec.ts";
import { RUN_DEPTH_MAX } from "../../domain/limits.ts";
import type { Run } from "../../domain/run/run.ts";
import { ancestry, placeInTime, STANDING_PREFIX } from "../../domain/run/run.ts";
import type { Cause, Ledger } from "../booking/book.ts";
import { ratedAt } from "../booking/rated-at.ts";
import { stepKeyText } from "../commit/batch-state.ts";
import { newCustomer, SEEN_FIRST } from "../customers/customer-defaults.ts";
import type { StepKey, Suspended } from "../ports.ts";

/** What an event says about its run's place. */
export interface Attribution extends StepKey {
  readonly contentHash: string;
  readonly occurredAtMs: number;
  readonly customer: string | null;
  readonly agent: string | null;
  readonly parentRun: string | null;
}

/** Links and binds a run as an event states. Returns why not, having changed nothing then. */
export function attribute(ledger: Ledger, event: Attribution): Problem | null {
  const run = ledger.state.runOrNew(event.run);
  const refusal = refuseLink(ledger, run, event) ?? refuseCustomer(ledger, run, event);
  if (refusal !== null) return refusal;
  if (event.parentRun !== null) {
    if (run.parent === null) link(ledger, event, event.parentRun);
    // Not only the event that made the link: which one that is depends on the order of arrival.
    touchHead(ledger, { ...event, run: event.parentRun, agent: null }, event);
  }
  touchHead(ledger, event, event);
  const customer = event.customer ?? customerOfTree(ledger, event.run);
  if (customer !== null) bindTree(ledger, event, customer);
  return null;
}

function runOf(ledger: Ledger): (id: string) => Run | undefined {
  return (id) => ledger.state.runs.get(id);
}

function rootOf(ledger: Ledger, id: string): Run {
  let root = ledger.state.runOrNew(id);
  for (const run of ancestry(id, runOf(ledger))) root = run;
  return root;
}

/** The customer of a run's tree, as far as it is known. */
export function customerOfTree(ledger: Ledger, id: string): string | null {
  return ledger.state.runOrNew(id).customer ?? rootOf(ledger, id).customer;
}

function refuseLink(ledger: Ledger, run: Run, event: Attribution): Problem | null {
  const parentId = event.parentRun;
  if (parentId === null || run.parent === parentId) return null;
  const field = "parentRun";
  if (run.standing || parentId.startsWith(STANDING_PREFIX)) {
    const detail = "Usage without a run is in no tree of runs.";
    return { code: "run.standing", detail, field };
  }
  if (run.parent !== null) {
    const detail = `Run "${run.id}" has the parent "${run.parent}", not "${parentId}".`;
    return { code: "run.parent_differs", detail, field };
  }
  const above = [...ancestry(parentId, runOf(ledger))];
  if (parentId === run.id || above.some((ancestor) => ancestor.id === run.id)) {
    const detail = `Run "${run.id}" cannot be below itself (parent "${parentId}").`;
    return { code: "run.cycle", detail, field };
  }
  const depth = Math.max(above.length, 1) + 1 + run.height;
  if (depth > RUN_DEPTH_MAX) {
    const detail = `The run tree would be ${depth} levels deep; the limit is ${RUN_DEPTH_MAX}.`;
    return { code: "run.too_deep", detail, field };
  }
  return null;
}

function refuseCustomer(ledger: Ledger, run: Run, event: Attribution): Problem | null {
  const named = event.customer ?? run.customer;
  const own = run.customer;
  const parents = event.parentRun === null ? null : customerOfTree(ledger, event.parentRun);
  for (const other of [own, parents]) {
    if (named === null || other === null || named === other) continue;
    const detail = `Run "${run.id}" belongs to customer "${other}", not "${named}".`;
    return { code: "run.customer_mismatch", detail, field: "customer" };
  }
  return null;
}

/** The cause of a booking that an event brings about. */
export function causeOf(event: StepKey): Cause {
  return { reason: "late_event", run: event.run, source: event.source, id: event.id };
}

/** Puts a run below its parent: the totals of its whole tree move with it. */
function link(ledger: Ledger, event: Attribution, parentId: string): void {
  const { state } = ledger;
  const child = state.runOrNew(event.run);
  state.editRun(parentId);
  state.editRun(event.run).parent = parentId;
  ledger.addTree(parentId, child);
  let height = child.height + 1;
  for (const ancestor of ancestry(parentId, runOf(ledger))) {
    if (ancestor.height < height) state.editRun(ancestor.id).height = height;
    height += 1;
  }
  ledger.recountRun(event.run, causeOf(event));
}

/**
 * An unopened run takes its opening time from its earliest event and its agent from its earliest
 * step that names one, ties going to the smaller identity: whatever the order of arrival, the
 * same events decide. The cause is the event that came, which may be of a run below.
 */
function touchHead(ledger: Ledger, event: Attribution, cause: StepKey): void {
  const { state } = ledger;
  const run = state.runOrNew(event.run);
  if (run.opened) return;
  // Later events change nothing: the usual case, decided without making the full place.
  if (run.agentHead !== "" && event.occurredAtMs > run.openedAtMs && isAfter(event, run)) return;
  const place = placeInTime(event);
  const opens = run.head === "" || place < run.head;
  const namesAgent = event.agent !== null && (run.agentHead === "" || place < run.agentHead);
  if (!opens && !namesAgent) return;
  // An opening dated too far ahead counts from its receipt, like a step.
  const openedAtMs = ratedAt(event.occurredAtMs, state.receivedAtMs);
  const edited = state.editRun(event.run);
  if (opens) {
    edited.head = place;
    edited.openedAtMs = openedAtMs;
  }
  if (namesAgent) {
    edited.agentHead = place;
    edited.agent = event.agent;
  }
  if (run.customer !== null) ledger.recountRun(run.id, causeOf(cause));
}

/** Whether an event lies after the step that named the agent, by their times alone. */
function isAfter(event: Attribution, { agentHead }: Run): boolean {
  return event.occurredAtMs > Number.parseInt(agentHead, 10);
}

function bindTree(ledger: Ledger, event: Attribution, customer: string): void {
  if (isBoundWithParent(ledger, event.run, customer)) return;
  const root = rootOf(ledger, event.run);
  ensureCustomer(ledger, customer);
  // Of a tree that is bound, only what was linked just now is not.
  const from = root.customer === null ? root : ledger.state.runOrNew(event.run);
  const below = from.height > 0 ? ledger.state.runsByParent() : null;
  const bound = bindBelow(ledger, { run: from, below }, customer);
  ledger.recountRun(root.id, causeOf(event));
  releaseSuspended(ledger, bound);
  const { leftWaiting, left } = ledger.state;
  if (leftWaiting.size === 0) return;
  for (const run of bound) if (leftWaiting.has(run)) left.push({ run, by: event.run });
  releaseOwn(ledger, event);
}

/** A tree is bound as a whole: where a run and its parent know the customer, all of it does. */
function isBoundWithParent(ledger: Ledger, id: string, customer: string): boolean {
  const run = ledger.state.runs.get(id);
  if (run?.customer !== customer) return false;
  return run.parent === null || ledger.state.runs.get(run.parent)?.customer === customer;
}

/** A run, and who is right below whom; null: nobody is below it. */
interface Unbound {
  readonly run: Run;
  readonly below: ReadonlyMap<string | null, readonly Run[]> | null;
}

/** A run that is bound has nothing unbound below it. */
function bindBelow(ledger: Ledger, { run, below }: Unbound, customer: string): string[] {
  if (run.customer !== null) return [];
  ledger.state.editRun(run.id).customer = customer;
  const children = below?.get(run.id) ?? [];
  const bound = children.flatMap((child) => bindBelow(ledger, { run: child, below }, customer));
  return [run.id, ...bound];
}

/** Makes the customer on first sight, with the workspace's defaults. */
function ensureCustomer(ledger: Ledger, id: string): void {
  const { state } = ledger;
  if (state.customers.has(id)) return;
  const customer = newCustomer(id, state.receivedAtMs);
  state.customers.set(id, customer);
  const identity = { run: "", source: SEEN_FIRST, id, contentHash: "" };
  state.record("customer.saved", identity, JSON.stringify(customer));
}

/** Counts what waited in these runs, in the order of its arrival in whichever of them. */
function releaseSuspended(ledger: Ledger, runIds: readonly string[]): void {
  const { state } = ledger;
  const isHolding = (id: string) => state.runOrNew(id).suspended > 0 && !state.leftWaiting.has(id);
  const holding = new Set(runIds.filter(isHolding));
  if (holding.size === 0) return;
  release(
    ledger,
    [...state.suspended.values()].filter((row) => holding.has(row.run)),
  );
}

/**
 * Of a run whose customer is known while events still wait in it: counts what this event itself has
 * waiting, or what it corrects, so that it finds what came first. Any outcome may be the one meant.
 */
export function releaseOwn(ledger: Ledger, event: StepKey & { readonly target?: object }): void {
  const { state } = ledger;
  const run = state.runs.get(event.run);
  if (run === undefined || run.customer === null || run.suspended === 0) return;
  const keys = [stepKeyText(event)];
  if (event.target !== undefined) keys.push(stepKeyText({ ...event, ...event.target }));
  const rows = new Set(keys.flatMap((key) => state.suspended.get(key) ?? []));
  if ("key" in event) {
    for (const row of state.suspended.values()) {
      if (row.run === run.id && decodeEvent(row.document).type !== "step") rows.add(row);
    }
  }
  if (rows.size > 0) release(ledger, [...rows]);
}

/** One after the other: what is counted here takes nothing else along. */
function release(ledger: Ledger, rows: readonly Suspended[]): void {
  const { state } = ledger;
  if (state.isReleasing) return;
  state.isReleasing = true;
  for (const row of rows.toSorted((a, b) => a.seq - b.seq)) {
    state.editRun(row.run).suspended -= 1;
    state.suspended.delete(stepKeyText(row));
    state.released.push({ run: row.run, source: row.source, id: row.id });
    ledger.replay(decodeEvent(row.document));
  }
  state.isReleasing = false;
}
