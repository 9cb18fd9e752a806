/** Routes of alerts: acts of the journal, their secrets sealed. The newest act on a key holds. */
import {
  type AlertChannelKind,
  type AlertRoute,
  type AlertTarget,
  readRoute,
  type SentRoute,
} from "../../domain/alert/route.ts";
import { canonicalJson } from "../../domain/canonical-json.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import { ALERT_ROUTES_MAX_COUNT, PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Decided } from "../limits/save-budget.ts";
import type { Secrets } from "../workspaces/secrets.ts";
import type { OpenTarget } from "./alert-ports.ts";

/** What routes are kept with. */
export interface RouteContext extends EngineContext {
  readonly secrets: Secrets;
}

/** A secret of a webhook, and until when it still signs; null: for good. */
interface SigningSecret {
  readonly secret: string;
  readonly untilMs: number | null;
}

/** What of a route only its sender needs: kept sealed. */
interface SealedTarget extends Omit<AlertTarget, "channel"> {
  readonly secrets: readonly SigningSecret[];
}

/** A route as the journal keeps it. */
interface SavedRoute extends AlertRoute, Decided {
  readonly sealed: string;
}

/** A route to save. */
export interface NewRoute extends Decided, SentRoute {
  readonly key: string;
}

const SECRET_BYTES = 32;
const SECRET_PREFIX = "whsec_";
/** How long a former secret signs beside the new one (Default): a day. */
const ROTATION_MS = 24 * 60 * 60 * 1000;

/** Subject that sealed secrets of a route are bound to. */
function aboutRoute(workspace: string, key: string): string {
  return `alert route ${canonicalJson([workspace, key])}`;
}

/**
 * Sets a route in place of the one of its key. A webhook keeps the secret that it has; a new one
 * gets one. Throws what is wrong with it, `secret.no_key` where no secret can be kept.
 */
export async function saveRoute(
  context: RouteContext,
  workspace: string,
  { key, reason, by, ...sent }: NewRoute,
): Promise<AlertRoute> {
  const { route, target } = readRoute(key, sent);
  return runAct(context, workspace, async (act) => {
    const known = await savedRoute(context, workspace, key);
    if (known === undefined) await requireRoom(context, workspace);
    const secrets = known === undefined ? [] : readableSecrets(context, workspace, known);
    const isSigned = target.channel === "webhook" && secrets.length === 0;
    const sealed = { ...target, secrets: isSigned ? [freshSecret(context)] : secrets };
    return put(context, act, { route, sealed, reason, by });
  });
}

/** None where another key sealed them: who sets a route anew wants one that works. */
function readableSecrets(context: RouteContext, workspace: string, known: SavedRoute) {
  try {
    return openSaved(context, workspace, known).secrets;
  } catch (error) {
    if (error instanceof TollgateError && error.code === "secret.unreadable") return [];
    throw error;
  }
}

async function requireRoom(context: RouteContext, workspace: string): Promise<void> {
  const count = (await listRoutes(context, workspace)).length;
  if (count < ALERT_ROUTES_MAX_COUNT) return;
  throw new TollgateError("field.out_of_range", `There are ${count} routes already.`, "key");
}

function freshSecret({ secrets }: RouteContext): SigningSecret {
  const bytes = secrets.random(SECRET_BYTES);
  return { secret: SECRET_PREFIX + Buffer.from(bytes).toString("base64"), untilMs: null };
}

interface Put extends Decided {
  readonly route: AlertRoute;
  readonly sealed: SealedTarget & Partial<Pick<AlertTarget, "channel">>;
}

function put(
  context: RouteContext,
  act: Act,
  { route, sealed: open, reason, by }: Put,
): AlertRoute {
  const { channel: _, ...secret } = open;
  const about = aboutRoute(act.workspace, route.key);
  const sealed = context.secrets.seal(JSON.stringify(secret), about);
  act.journal("alert.route_saved", route.key, { ...route, sealed, reason, by });
  return route;
}

/** Takes a route away. Throws `alert.route_not_found`. */
export async function removeRoute(
  context: RouteContext,
  workspace: string,
  { key, reason, by }: Decided & { readonly key: string },
): Promise<void> {
  await runAct(context, workspace, async ({ journal }) => {
    await requireRoute(context, workspace, key);
    journal("alert.route_removed", key, { key, reason, by });
  });
}

/**
 * Gives a webhook another secret; the former one signs as well for a day. Throws
 * `alert.route_not_found`, `field.invalid` for a route that signs nothing.
 */
export async function rotateSecret(
  context: RouteContext,
  workspace: string,
  { key, reason, by }: Decided & { readonly key: string },
): Promise<AlertRoute> {
  return runAct(context, workspace, async (act) => {
    const known = await requireRoute(context, workspace, key);
    if (known.channel !== "webhook") {
      throw new TollgateError("field.invalid", `Nothing signs what goes to "${key}".`, "route");
    }
    const open = openSaved(context, workspace, known);
    const route = plain(known);
    const [newest] = open.secrets;
    const former = newest === undefined ? [] : [{ ...newest, untilMs: until(context) }];
    const secrets = [freshSecret(context), ...former];
    return put(context, act, { route, sealed: { ...open, secrets }, reason, by });
  });
}

function until({ clock }: RouteContext): number {
  return clock.nowMs() + ROTATION_MS;
}

/** Stops a route by itself: its receiver wants nothing more, or took nothing for days. */
export async function stopRoute(
  context: RouteContext,
  workspace: string,
  { key, because }: { readonly key: string; readonly because: string },
): Promise<void> {
  await runAct(context, workspace, async ({ journal }) => {
    const known = await savedRoute(context, workspace, key);
    if (known === undefined || !known.isEnabled) return;
    const stopped = { isEnabled: false, stoppedBecause: because, reason: because, by: "tollgate" };
    journal("alert.route_saved", key, { ...known, ...stopped });
  });
}

/** A route with what its sender needs. */
export interface OpenRoute {
  readonly route: AlertRoute;
  readonly target: OpenTarget;
}

/** Every route, by key; their secrets stay sealed. */
export async function listRoutes(context: RouteContext, workspace: string): Promise<AlertRoute[]> {
  const keys = new Set<string>();
  for await (const { id } of actsOf(context, workspace, "alert.route_saved")) keys.add(id);
  const found: AlertRoute[] = [];
  for (const key of [...keys].sort()) {
    const saved = await savedRoute(context, workspace, key);
    if (saved !== undefined) found.push(plain(saved));
  }
  return found;
}

function plain({ sealed: _, reason: __, by: ___, ...route }: SavedRoute): AlertRoute {
  return route;
}

/** The route of a key. Throws `alert.route_not_found`. */
export async function findRoute(
  context: RouteContext,
  workspace: string,
  key: string,
): Promise<OpenRoute> {
  return opened(context, workspace, await requireRoute(context, workspace, key));
}

function opened(context: RouteContext, workspace: string, saved: SavedRoute): OpenRoute {
  const route = plain(saved);
  const { url, addresses, secrets } = openSaved(context, workspace, saved);
  const nowMs = context.clock.nowMs();
  const signing = secrets.filter(({ untilMs }) => untilMs === null || untilMs > nowMs);
  const channel: AlertChannelKind = route.channel;
  const target = { channel, url, addresses, secrets: signing.map(({ secret }) => secret) };
  return { route, target };
}

function openSaved(context: RouteContext, workspace: string, saved: SavedRoute): SealedTarget {
  const about = aboutRoute(workspace, saved.key);
  return JSON.parse(context.secrets.open(saved.sealed, about)) as SealedTarget;
}

async function savedRoute(
  { store }: RouteContext,
  workspace: string,
  key: string,
): Promise<SavedRoute | undefined> {
  const saved = await store.lastAct(workspace, "alert.route_saved", key);
  if (saved === undefined) return undefined;
  const removed = await store.lastAct(workspace, "alert.route_removed", key);
  if (removed !== undefined && removed.seq > saved.seq) return undefined;
  return JSON.parse(saved.document) as SavedRoute;
}

async function requireRoute(
  context: RouteContext,
  workspace: string,
  key: string,
): Promise<SavedRoute> {
  const found = await savedRoute(context, workspace, key);
  if (found !== undefined) return found;
  throw new TollgateError("alert.route_not_found", `There is no route "${key}".`, "route");
}

async function* actsOf(
  { store }: RouteContext,
  workspace: string,
  kind: "alert.route_saved",
): AsyncGenerator<JournalEntry> {
  for (let afterSeq = 0; ; ) {
    const page = await store.acts(workspace, { kind, afterSeq, limit: PAGE_MAX_ROWS });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAX_ROWS) return;
    afterSeq = last.seq;
  }
}
