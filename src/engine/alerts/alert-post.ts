/**
 * Sends messages about alerts. Whoever takes one writes a lease first (when another may try) and
 * raises its fencing number; the end of an attempt is written only while that number stands. So a
 * sender that dies holds nothing up, and one that was only slow undoes nothing. A message may be
 * sent twice, by the same id; none is left out.
 */
import { alertOf } from "../../domain/alert/alert.ts";
import { retryWaitMs } from "../../domain/alert/retry.ts";
import { TollgateError } from "../../domain/errors.ts";
import {
  ALERT_ATTEMPTS_KEPT_COUNT,
  ALERT_DELIVERIES_KEPT_MS,
  ALERT_SENDS_AT_ONCE_MAX_COUNT,
  ALERT_SENDS_PER_ROUTE_MAX_COUNT,
} from "../../domain/limits.ts";
import { Turns } from "../commit/turns.ts";
import type { AlertChannels, AlertDelivery, SendResult, ToldAlert } from "./alert-ports.ts";
import { toldAlert } from "./describe-alert.ts";
import { gatherAlerts, withCustomer } from "./gather-alerts.ts";
import { findRoute, type OpenRoute, type RouteContext, stopRoute } from "./routes.ts";

/** Longer than any attempt takes. */
const LEASE_MS = 60_000;

/** What sending depends on beside the engine. */
export interface PostParts {
  readonly channels: AlertChannels;
  /** Of [0, 1): varies the waits. */
  readonly chance: () => number;
  /** Where people reach this installation: links begin with it. (Default: they have no host.) */
  readonly publicUrl?: string;
}

interface Underway {
  readonly workspace: string;
  readonly route: string;
}

/** Delivers the alerts of all workspaces. */
export class AlertPost {
  readonly #context: RouteContext;
  readonly #parts: PostParts;
  readonly #underway = new Set<Underway>();
  readonly #turns = new Turns();
  readonly #nextGathering = new Map<string, Promise<void>>();
  readonly #sending = new Set<Promise<void>>();
  #isDraining = false;
  #isStopped = false;

  constructor(context: RouteContext, parts: PostParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /**
   * Takes up new alerts and sends what is due; resolves when all that it took has ended. May be
   * called while it runs: a slow receiver holds up nobody else.
   */
  async run(workspace: string): Promise<void> {
    if (this.#isDraining) return;
    await this.#gather(workspace);
    await this.sendDue(workspace);
  }

  /** Sends what is due, without a look at what is new: one read where nothing is. */
  async sendDue(workspace: string): Promise<void> {
    const { alerts } = this.#context.store;
    while (!this.#isDraining) {
      const dueMs = await alerts.nextDueMs(workspace);
      if (dueMs === null || dueMs > this.#context.clock.nowMs()) return;
      const taken = await this.#take(workspace);
      if (taken.length === 0) return;
      const sending = Promise.all(taken.map((one) => this.#deliver(workspace, one)));
      await this.#noted(sending.then(() => undefined));
    }
  }

  /** Forgets messages that ended long ago. */
  async tidy(workspace: string): Promise<void> {
    const beforeMs = this.#context.clock.nowMs() - ALERT_DELIVERIES_KEPT_MS;
    await this.#context.store.alerts.change(workspace, (outbox) => outbox.forget(beforeMs));
  }

  /** Takes nothing more; resolves when what is under way has ended. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await Promise.allSettled(this.#sending);
  }

  /** Takes nothing more and writes no end any more: leases see to what is under way. */
  stop(): void {
    this.#isDraining = true;
    this.#isStopped = true;
  }

  async #noted(sending: Promise<void>): Promise<void> {
    this.#sending.add(sending);
    try {
      await sending;
    } finally {
      this.#sending.delete(sending);
    }
  }

  /** One that has not begun yet sees everything that is on disk by then. */
  #gather(workspace: string): Promise<void> {
    const next = this.#nextGathering.get(workspace);
    if (next !== undefined) return next;
    const mine = this.#turns.take(async () => {
      this.#nextGathering.delete(workspace);
      await gatherAlerts(this.#context, workspace);
    });
    this.#nextGathering.set(workspace, mine);
    return mine;
  }

  #take(workspace: string): Promise<AlertDelivery[]> {
    return this.#context.store.alerts.change(workspace, async (outbox) => {
      const limit = ALERT_SENDS_AT_ONCE_MAX_COUNT - this.#underway.size;
      if (limit <= 0) return [];
      const counts = new Map<string, number>();
      for (const one of this.#underway) {
        if (one.workspace !== workspace) continue;
        counts.set(one.route, (counts.get(one.route) ?? 0) + 1);
      }
      const isBusy = (route: string) => (counts.get(route) ?? 0) >= ALERT_SENDS_PER_ROUTE_MAX_COUNT;
      const exceptRoutes = [...counts.keys()].filter(isBusy);
      const nowMs = this.#context.clock.nowMs();
      const taken: AlertDelivery[] = [];
      for (const due of await outbox.due(nowMs, { limit, exceptRoutes })) {
        if (isBusy(due.route)) continue;
        counts.set(due.route, (counts.get(due.route) ?? 0) + 1);
        const mine = { ...due, fence: due.fence + 1, nextAtMs: nowMs + LEASE_MS };
        outbox.put(mine);
        taken.push(mine);
      }
      return taken;
    });
  }

  async #deliver(workspace: string, delivery: AlertDelivery): Promise<void> {
    const underway = { workspace, route: delivery.route };
    this.#underway.add(underway);
    try {
      const result = await this.#attempt(workspace, delivery);
      await this.#end(workspace, delivery, result);
    } finally {
      this.#underway.delete(underway);
    }
  }

  async #attempt(workspace: string, delivery: AlertDelivery): Promise<Attempted> {
    const route = await openRoute(this.#context, workspace, delivery.route);
    if (typeof route === "string") return over(route);
    const { channel } = route.route;
    const sender = this.#parts.channels[channel];
    if (sender === undefined) return refused(`This server sends nothing by ${channel}.`);
    const alerts = await this.#told(workspace, delivery.alerts);
    const { id, more } = delivery;
    const message = { id, atMs: this.#context.clock.nowMs(), workspace, alerts, more };
    return { ...(await sender.send(route.target, message)), isOver: false };
  }

  async #told(workspace: string, seqs: readonly number[]): Promise<ToldAlert[]> {
    const { store, digest } = this.#context;
    const told: ToldAlert[] = [];
    for (const seq of seqs) {
      const [entry] = await store.journal(workspace, seq - 1, 1);
      const alert = entry === undefined || entry.seq !== seq ? null : alertOf(entry);
      if (alert === null) continue;
      const whole = await withCustomer(this.#context, workspace, alert);
      told.push(this.#linked(toldAlert(digest, workspace, whole)));
    }
    return told;
  }

  #linked(told: ToldAlert): ToldAlert {
    const { link } = told.data;
    const { publicUrl = "" } = this.#parts;
    if (typeof link !== "string") return told;
    return { ...told, data: { ...told.data, link: publicUrl + link } };
  }

  async #end(workspace: string, delivery: AlertDelivery, result: Attempted): Promise<void> {
    if (this.#isStopped) return;
    const after = afterAttempt(delivery, result, {
      nowMs: this.#context.clock.nowMs(),
      chance: this.#parts.chance(),
    });
    const { store } = this.#context;
    const isMine = await store.alerts.change(workspace, async (outbox) => {
      const now = await outbox.delivery(delivery.id);
      if (now === undefined || now.fence !== delivery.fence) return false;
      outbox.put(after);
      return true;
    });
    if (!isMine || after.state !== "failed" || result.isOver) return;
    const because = await this.#whyToStop(workspace, after, result);
    if (because === null) return;
    await stopRoute(this.#context, workspace, { key: delivery.route, because });
  }

  /** A route is stopped where its receiver says so, or took nothing while a message was tried. */
  async #whyToStop(
    workspace: string,
    { route, firstAttemptAtMs }: AlertDelivery,
    { isGone }: SendResult,
  ): Promise<string | null> {
    if (isGone) return "the receiver wants nothing more";
    const takenMs = await this.#context.store.alerts.lastTakenMs(workspace, route);
    const isDead = takenMs === null || takenMs < (firstAttemptAtMs ?? 0);
    return isDead ? "the receiver took nothing for three days" : null;
  }
}

interface Attempted extends SendResult {
  /** Nothing would be gained by another attempt, and nothing is wrong with the receiver. */
  readonly isOver: boolean;
}

function refused(detail: string): Attempted {
  const nothing = { status: null, retryAfterMs: 0, isGone: false, isOver: false };
  return { outcome: "not_sent", detail, ...nothing };
}

function over(detail: string): Attempted {
  return { ...refused(detail), isOver: true };
}

/** The route with its target, or why nothing is sent by it. */
async function openRoute(
  context: RouteContext,
  workspace: string,
  key: string,
): Promise<OpenRoute | string> {
  try {
    const open = await findRoute(context, workspace, key);
    return open.route.isEnabled ? open : "The route is stopped.";
  } catch (error) {
    if (!(error instanceof TollgateError)) throw error;
    if (error.code === "alert.route_not_found") return "The route was removed.";
    if (error.code === "secret.unreadable") return "The route's secret cannot be read.";
    throw error;
  }
}

function afterAttempt(
  delivery: AlertDelivery,
  { isOver, isGone, retryAfterMs, ...attempt }: Attempted,
  { nowMs, chance }: { readonly nowMs: number; readonly chance: number },
): AlertDelivery {
  const attempts = delivery.attempts + 1;
  const log = [...delivery.log, { atMs: nowMs, ...attempt }].slice(-ALERT_ATTEMPTS_KEPT_COUNT);
  const firstAttemptAtMs = delivery.firstAttemptAtMs ?? nowMs;
  const tried = { ...delivery, attempts, log, firstAttemptAtMs };
  if (attempt.outcome === "taken") return { ...tried, state: "delivered", endedAtMs: nowMs };
  const waitMs = isOver || isGone ? null : retryWaitMs(attempts, chance, retryAfterMs);
  if (waitMs === null) return { ...tried, state: "failed", endedAtMs: nowMs };
  return { ...tried, nextAtMs: nowMs + waitMs };
}
