/**
 * Turns alerts into messages, once for each route that takes them. How far this has come is a
 * cursor, moved in the same change that adds the messages; their ids follow from workspace, route
 * and alert. So a crash in between, or another process, makes no second message, nor loses one.
 *
 * A storm is bounded by each route's messages a minute. What comes beyond them is gathered in one
 * message that leaves a minute later: the first alerts of it whole, all others counted.
 */
import { ALERT_KINDS, type Alert, alertOf } from "../../domain/alert/alert.ts";
import { type AlertRoute, takes } from "../../domain/alert/route.ts";
import { ALERTS_PER_DIGEST_MAX_COUNT, PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { EngineContext } from "../context.ts";
import type { Digest } from "../ports.ts";
import type { AlertDelivery, OpenOutbox } from "./alert-ports.ts";
import { listRoutes, type RouteContext } from "./routes.ts";

const MINUTE_MS = 60_000;

/** Gathers until nothing is left. `context.clock` is the machine's: messages travel in its time. */
export async function gatherAlerts(context: RouteContext, workspace: string): Promise<void> {
  for (;;) {
    const cursor = await context.store.alerts.cursor(workspace);
    const page = await alertsBehind(context, workspace, cursor);
    if (page.untilSeq === cursor) return;
    const routes = await listRoutes(context, workspace);
    const enabled = routes.filter(({ isEnabled }) => isEnabled);
    // Read before the change: a change holds a connection, and may wait for no other.
    const waiting: Waiting[] = [];
    for (const route of enabled) waiting.push(await waitingFor(context, workspace, route));
    await context.store.alerts.change(workspace, async (outbox) => {
      // Somebody else has come further meanwhile: look again.
      if ((await outbox.cursor()) !== cursor) return;
      for (const one of waiting) await addMessages(context, outbox, { ...one, ...page, workspace });
      outbox.moveCursor(page.untilSeq);
    });
  }
}

interface Page {
  readonly alerts: readonly Alert[];
  readonly untilSeq: number;
}

async function alertsBehind(
  context: EngineContext,
  workspace: string,
  afterSeq: number,
): Promise<Page> {
  const pages = [];
  for (const kind of ALERT_KINDS) {
    pages.push(await context.store.acts(workspace, { kind, afterSeq, limit: PAGE_MAX_ROWS }));
  }
  // Behind the end of a page that is cut short there may be more of its kind.
  const full = pages.filter(({ length }) => length === PAGE_MAX_ROWS);
  const endSeq = Math.min(...full.map((page) => page.at(-1)?.seq ?? 0));
  const entries = pages.flat().filter(({ seq }) => seq <= endSeq);
  entries.sort((a, b) => a.seq - b.seq);
  const alerts: Alert[] = [];
  for (const entry of entries) {
    const alert = alertOf(entry);
    if (alert !== null) alerts.push(await withCustomer(context, workspace, alert));
  }
  return { alerts, untilSeq: entries.at(-1)?.seq ?? afterSeq };
}

/** An alert with the customer that its scope stands for. */
export async function withCustomer(
  { store, budgets }: Pick<EngineContext, "store" | "budgets">,
  workspace: string,
  alert: Alert,
): Promise<Alert> {
  const { customer, data } = alert;
  if (customer !== null) return alert;
  const ofRun = async (id: unknown): Promise<string | null> =>
    (await store.run(workspace, String(id)))?.customer ?? null;
  if (data.of === "run") return { ...alert, customer: await ofRun(data.id) };
  if (typeof data.budget !== "string") return alert;
  const { records } = await budgets.of(workspace);
  const each = records.find(({ budget }) => budget.key === data.budget)?.budget.each;
  if (each === "customer") return { ...alert, customer: String(data.scope) };
  return each === "run" ? { ...alert, customer: await ofRun(data.scope) } : alert;
}

interface Waiting {
  readonly route: AlertRoute;
  /** Messages that may leave one by one now. */
  readonly free: number;
  /** Id of the message that gathers what is more; null: none does. */
  readonly gathering: string | null;
}

async function waitingFor(
  { store, clock }: RouteContext,
  workspace: string,
  route: AlertRoute,
): Promise<Waiting> {
  const nowMs = clock.nowMs();
  const { key, perMinute } = route;
  const limit = 2 * perMinute + 2;
  const newest = await store.alerts.list(workspace, { route: key, limit });
  const ofMinute = newest.filter(({ createdAtMs }) => createdAtMs > nowMs - MINUTE_MS);
  const gathering = ofMinute.find((one) => isGathering(one, nowMs));
  const free = Math.max(0, perMinute - ofMinute.length);
  return { route, free, gathering: gathering?.id ?? null };
}

/** Nobody has taken it, and it waits to be completed. */
function isGathering({ state, fence, nextAtMs, createdAtMs }: AlertDelivery, nowMs: number) {
  return state === "ready" && fence === 0 && nextAtMs > createdAtMs && nextAtMs > nowMs;
}

interface Adding extends Waiting, Page {
  readonly workspace: string;
}

async function addMessages(
  { digest, clock }: RouteContext,
  outbox: OpenOutbox,
  { workspace, route, free, gathering, alerts }: Adding,
): Promise<void> {
  const nowMs = clock.nowMs();
  const isFor = ({ type, customer, data }: Alert) =>
    type === "alert.test" ? data.route === route.key : takes(route, { type, customer });
  const seqs = alerts.filter(isFor).map(({ seq }) => seq);
  const idOf = (seq: number) => messageId(digest, { workspace, route: route.key, seq });
  for (const seq of seqs.slice(0, free)) {
    outbox.put(newMessage({ id: idOf(seq), route: route.key, alerts: [seq], nowMs }));
  }
  const rest = seqs.slice(free);
  const [first] = rest;
  if (first === undefined) return;
  const known = gathering === null ? undefined : await outbox.delivery(gathering);
  const isOpen = known !== undefined && isGathering(known, nowMs);
  const fresh = { id: idOf(first), route: route.key, alerts: [], nowMs };
  const open = isOpen ? known : { ...newMessage(fresh), nextAtMs: nowMs + MINUTE_MS };
  const all = [...open.alerts, ...rest];
  const told = all.slice(0, ALERTS_PER_DIGEST_MAX_COUNT);
  outbox.put({ ...open, alerts: told, more: open.more + all.length - told.length });
}

function messageId(
  digest: Pick<Digest, "content">,
  of: { readonly workspace: string; readonly route: string; readonly seq: number },
): string {
  return `msg_${digest.content(JSON.stringify(["message", of.workspace, of.route, of.seq]))}`;
}

function newMessage({
  id,
  route,
  alerts,
  nowMs,
}: Pick<AlertDelivery, "id" | "route" | "alerts"> & { readonly nowMs: number }): AlertDelivery {
  return {
    ...{ id, route, alerts, more: 0, state: "ready", nextAtMs: nowMs, fence: 0 },
    ...{ createdAtMs: nowMs, attempts: 0, firstAttemptAtMs: null, endedAtMs: null, log: [] },
  };
}
