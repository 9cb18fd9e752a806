/** Use cases of alerts: what there was, where it goes, and what became of it. */
import { ALERT_KINDS, type Alert, type AlertType, alertOf } from "../../domain/alert/alert.ts";
import type { AlertRoute } from "../../domain/alert/route.ts";
import { TollgateError } from "../../domain/errors.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { newestActs } from "../acts/newest-acts.ts";
import { runAct } from "../commit/act.ts";
import type { Decided } from "../limits/save-budget.ts";
import type { AlertDelivery, DeliveryFilter, ToldAlert } from "./alert-ports.ts";
import { AlertPost, type PostParts } from "./alert-post.ts";
import { alertId, toldAlert } from "./describe-alert.ts";
import { withCustomer } from "./gather-alerts.ts";
import {
  findRoute,
  listRoutes,
  type NewRoute,
  type OpenRoute,
  type RouteContext,
  removeRoute,
  rotateSecret,
  saveRoute,
} from "./routes.ts";
import { tellAlert } from "./tell-alert.ts";
import { AffairWatch } from "./watch-affairs.ts";

/** Which alerts to read, newest first. */
export interface AlertQuery {
  readonly type: AlertType | null;
  readonly customer: string | null;
  /** Goes on behind this one, the `next` of the page before; null: from the newest on. */
  readonly beforeSeq: number | null;
  readonly limit: number;
}

/** A page of alerts. */
export interface AlertPage {
  readonly alerts: readonly ToldAlert[];
  /** Where to go on; null: that was all. */
  readonly next: number | null;
}

/** Alerts that a page looks at before it answers with what it has found. */
const LOOKED_AT_MAX_COUNT = 10 * PAGE_MAX_ROWS;

/** What can be done with alerts. */
export class AlertCases {
  readonly #context: RouteContext;
  readonly #watch: AffairWatch;

  constructor(context: RouteContext) {
    this.#context = context;
    this.#watch = new AffairWatch(context);
  }

  /** Reads a page of alerts; one that many others lie between may be short of its limit. */
  async list(workspace: string, query: AlertQuery): Promise<AlertPage> {
    const { store, digest } = this.#context;
    const found: ToldAlert[] = [];
    let beforeSeq = query.beforeSeq ?? Number.MAX_SAFE_INTEGER;
    for (let looked = 0; looked < LOOKED_AT_MAX_COUNT; looked += PAGE_MAX_ROWS) {
      const wanted = { kinds: ALERT_KINDS, beforeSeq, limit: PAGE_MAX_ROWS };
      const entries = await newestActs(store, workspace, wanted);
      for (const entry of entries) {
        beforeSeq = entry.seq;
        const read = alertOf(entry);
        const alert = read && (await withCustomer(this.#context, workspace, read));
        if (alert === null || !isWanted(alert, query)) continue;
        found.push(toldAlert(digest, workspace, alert));
        if (found.length === query.limit) return { alerts: found, next: beforeSeq };
      }
      if (entries.length < PAGE_MAX_ROWS) return { alerts: found, next: null };
    }
    return { alerts: found, next: beforeSeq };
  }

  routes(workspace: string): Promise<AlertRoute[]> {
    return listRoutes(this.#context, workspace);
  }

  /** A route with its target and secrets. Throws `alert.route_not_found`, `secret.unreadable`. */
  route(workspace: string, key: string): Promise<OpenRoute> {
    return findRoute(this.#context, workspace, key);
  }

  saveRoute(workspace: string, route: NewRoute): Promise<AlertRoute> {
    return saveRoute(this.#context, workspace, route);
  }

  removeRoute(workspace: string, of: Decided & { readonly key: string }): Promise<void> {
    return removeRoute(this.#context, workspace, of);
  }

  rotateSecret(workspace: string, of: Decided & { readonly key: string }): Promise<AlertRoute> {
    return rotateSecret(this.#context, workspace, of);
  }

  /** Sends an alert to one route, on record like any other. Throws `alert.route_not_found`. */
  async test(
    workspace: string,
    { key, reason, by }: Decided & { readonly key: string },
  ): Promise<ToldAlert> {
    await findRoute(this.#context, workspace, key);
    const facts = { route: key, reason, by };
    const { seq, raisedAtMs } = await runAct(this.#context, workspace, async ({ state }) => {
      tellAlert(state, { type: "alert.test", customer: null, about: ["alert.test", key], facts });
      return { seq: state.lastSeq, raisedAtMs: state.receivedAtMs };
    });
    const alert: Alert = { type: "alert.test", customer: null, seq, raisedAtMs, data: facts };
    return toldAlert(this.#context.digest, workspace, alert);
  }

  /** The id of the alert that an entry is. */
  idOf(workspace: string, seq: number): string {
    return alertId(this.#context.digest, workspace, seq);
  }

  async deliveries(workspace: string, filter: DeliveryFilter): Promise<AlertDelivery[]> {
    return this.#context.store.alerts.list(workspace, filter);
  }

  /**
   * Sends a message anew, by its own id; one that waits is sent at once. Throws
   * `alert.delivery_not_found`.
   */
  async resend(workspace: string, id: string): Promise<AlertDelivery> {
    const { store, clock, alarm } = this.#context;
    const again = await store.alerts.change(workspace, async (outbox) => {
      const known = await outbox.delivery(id);
      if (known === undefined) {
        throw new TollgateError("alert.delivery_not_found", `There is no delivery "${id}".`, "id");
      }
      // Whoever has it under way writes no end any more.
      const anew = { fence: known.fence + 1, attempts: 0, firstAttemptAtMs: null };
      const ready: AlertDelivery = {
        ...{ ...known, ...anew, state: "ready", endedAtMs: null },
        nextAtMs: clock.nowMs(),
      };
      outbox.put(ready);
      return ready;
    });
    alarm.note(workspace);
    alarm.look(workspace);
    return again;
  }

  /** Looks at the margin of some customers whose totals have moved; returns how many are left. */
  lookAtMargin(workspace: string, most: number): Promise<number> {
    return this.#watch.lookAtMargin(workspace, most);
  }

  /** The same of credit and commitments. */
  look(workspace: string, most: number): Promise<number> {
    return this.#watch.look(workspace, most);
  }

  /** Who sends them. */
  post(parts: PostParts): AlertPost {
    return new AlertPost(this.#context, parts);
  }

  /** Calls a function whenever a workspace may have news; returns how to stop that. */
  listen(listener: (workspace: string) => void): () => void {
    return this.#context.alarm.listen(listener);
  }
}

function isWanted(alert: Alert, { type, customer }: AlertQuery): boolean {
  const isType = type === null || alert.type === type;
  return isType && (customer === null || alert.customer === customer);
}
