/** Alerts, routes and deliveries in columns. */
import type { Styles } from "./styles.ts";
import { type Column, renderTable } from "./table.ts";

/** An alert as the server tells it. */
export interface AlertView {
  readonly id: string;
  readonly type: string;
  readonly team: string;
  readonly customer: string | null;
  readonly raisedAt: string;
  readonly summary: string;
}

/** A route as the server tells it. */
export interface RouteView {
  readonly key: string;
  readonly channel: string;
  readonly types: readonly string[];
  readonly teams: readonly string[];
  readonly customers: readonly string[];
  readonly perMinute: number;
  readonly isEnabled: boolean;
  readonly stoppedBecause: string | null;
}

/** A message as the server tells it. */
export interface DeliveryView {
  readonly id: string;
  readonly route: string;
  readonly state: string;
  readonly alerts: readonly string[];
  readonly more: number;
  readonly createdAt: string;
  readonly nextAttemptAt: string | null;
  readonly attempts: number;
  readonly log: readonly {
    readonly at: string;
    readonly outcome: string;
    readonly status: number | null;
    readonly detail: string;
  }[];
}

const left = (title: string): Column => ({ title, align: "left" });
const right = (title: string): Column => ({ title, align: "right" });
const SECONDS_CHARS = "2026-11-26T17:57:00".length;
const instant = (text: string): string => text.slice(0, SECONDS_CHARS).replace("T", " ");

/** Alerts, as they are given. */
export function renderAlerts(alerts: readonly AlertView[], styles: Styles): string[] {
  if (alerts.length === 0) return ["There are no alerts."];
  const columns = ["raised (UTC)", "type", "team", "customer", "what happened"].map(left);
  const rows = alerts.map(({ raisedAt, type, team, customer, summary }) => {
    return [instant(raisedAt), type, team, customer ?? "–", summary];
  });
  return renderTable({ columns, rows }, styles);
}

/** Routes and what they take. */
export function renderRoutes(routes: readonly RouteView[], styles: Styles): string[] {
  if (routes.length === 0) return ["There are no routes: alerts stand in the list alone."];
  const columns = [
    ...["route", "by", "types", "teams", "customers"].map(left),
    ...[right("a minute"), left("")],
  ];
  const some = (list: readonly string[]) => (list.length === 0 ? "all" : list.join(", "));
  const rows = routes.map((route) => [
    ...[route.key, route.channel, some(route.types), some(route.teams), some(route.customers)],
    String(route.perMinute),
    route.isEnabled ? "" : `stopped: ${route.stoppedBecause ?? "by hand"}`,
  ]);
  return renderTable({ columns, rows }, styles);
}

/** Messages and how their last attempt ended. */
export function renderDeliveries(deliveries: readonly DeliveryView[], styles: Styles): string[] {
  if (deliveries.length === 0) return ["Nothing was sent."];
  const columns = [
    ...["message", "route", "state"].map(left),
    ...["alerts", "attempts"].map(right),
    ...["last attempt", "next (UTC)"].map(left),
  ];
  const rows = deliveries.map(({ nextAttemptAt, ...one }) => [
    ...[one.id, one.route, one.state, String(one.alerts.length + one.more), String(one.attempts)],
    ended(one.log.at(-1)),
    nextAttemptAt === null ? "–" : instant(nextAttemptAt),
  ]);
  return renderTable({ columns, rows }, styles);
}

function ended(attempt: DeliveryView["log"][number] | undefined): string {
  if (attempt === undefined) return "–";
  const { outcome, status, detail } = attempt;
  return [outcome.replace("_", " "), status ?? "", detail].filter((part) => part !== "").join(" ");
}

/** What became of a message, attempt by attempt. */
export function renderAttempts({ id, route, state, log }: DeliveryView): string[] {
  const attempts = log.map((attempt) => `  ${instant(attempt.at)}  ${ended(attempt)}`);
  return [`${id} by ${route}: ${state}`, ...attempts];
}
