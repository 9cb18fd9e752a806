/** Alerts and their deliveries as they are told. */
import type { AlertDelivery } from "../../engine/alerts/alert-ports.ts";
import type { OpenRoute } from "../../engine/alerts/routes.ts";
import { timeText, timeTextOrNull } from "../instant.ts";

/** A message on its way; `alertId` makes the id of an alert from its seq. */
export function deliveryView(delivery: AlertDelivery, alertId: (seq: number) => string): object {
  const { id, route, state, alerts, more, createdAtMs, nextAtMs, endedAtMs, attempts, log } =
    delivery;
  return {
    ...{ id, route, state, alerts: alerts.map(alertId), more, createdAt: timeText(createdAtMs) },
    nextAttemptAt: state === "ready" ? timeText(nextAtMs) : null,
    ...{ endedAt: timeTextOrNull(endedAtMs), attempts },
    log: log.map(({ atMs, ...rest }) => ({ at: timeText(atMs), ...rest })),
  };
}

/** A route with what its sender needs. */
export function targetView({ route, target }: OpenRoute): object {
  const { url, addresses, secrets } = target;
  return { route, url, addresses, secrets };
}
