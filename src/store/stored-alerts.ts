/** Deliveries of alerts, to and from their rows. */
import type { AlertDelivery } from "../engine/alerts/alert-ports.ts";
import type { Bound, Row } from "./stored-rows.ts";

/** Values after `ws`: id, route, state, next_at, fence, created_at, ended_at, document. */
export function encodeDelivery(delivery: AlertDelivery): Bound[] {
  const { id, route, state, nextAtMs, fence, createdAtMs, endedAtMs, ...rest } = delivery;
  const { alerts, more, attempts, firstAttemptAtMs, log } = rest;
  const document = JSON.stringify({ alerts, more, attempts, firstAttemptAtMs, log });
  return [id, route, state, nextAtMs, fence, createdAtMs, endedAtMs, document];
}

/** A delivery. */
export function decodeDelivery(row: Row): AlertDelivery {
  return {
    id: row.id as string,
    route: row.route as string,
    state: row.state as AlertDelivery["state"],
    nextAtMs: Number(row.next_at),
    fence: Number(row.fence),
    createdAtMs: Number(row.created_at),
    endedAtMs: row.ended_at === null ? null : Number(row.ended_at),
    ...(JSON.parse(row.document as string) as Pick<
      AlertDelivery,
      "alerts" | "more" | "attempts" | "firstAttemptAtMs" | "log"
    >),
  };
}
