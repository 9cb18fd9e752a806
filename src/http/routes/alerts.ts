/** Alerts: what there was, where it goes, and what became of it. */
import { ALERT_TEAMS, ALERT_TYPES, type AlertType } from "../../domain/alert/alert.ts";
import { ALERT_CHANNELS, type SentRoute } from "../../domain/alert/route.ts";
import { TollgateError } from "../../domain/errors.ts";
import { ALERTS_A_MINUTE_MAX, OUTGOING_URL_MAX_CHARS } from "../../domain/limits.ts";
import type { AlertDelivery } from "../../engine/alerts/alert-ports.ts";
import { json, ok, type RouteContext, route } from "../route.ts";
import {
  CURSOR,
  closed,
  described,
  FLAG,
  ID,
  LIMIT,
  listOf,
  named,
  oneOf,
  TEXT,
} from "../schema.ts";
import { deliveryView, targetView } from "../views/alert-view.ts";
import { DECIDED, type Decided, KEY_PARAM, type KeyParam } from "./decided.ts";

const ROUTE_PATH = "/v1/alerts/routes/{key}";

interface AlertsQuery {
  readonly type?: AlertType;
  readonly customer?: string;
  readonly cursor?: number;
  readonly limit: number;
}

const listAlerts = route<unknown, AlertsQuery>({
  method: "GET",
  path: "/v1/alerts",
  operationId: "listAlerts",
  summary: "What people must hear of, newest first.",
  scope: "read",
  query: closed({
    "type?": oneOf(Object.keys(ALERT_TYPES)),
    "customer?": ID,
    "cursor?": CURSOR,
    "limit?": LIMIT,
  }),
  answers: { 200: json("A page of alerts.", named("AlertPage")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query }) => {
    const { type = null, customer = null, cursor: beforeSeq = null, limit } = query;
    return ok(await engine.alerts.list(workspace, { type, customer, beforeSeq, limit }));
  },
});

const listRoutes = route({
  method: "GET",
  path: "/v1/alerts/routes",
  operationId: "listAlertRoutes",
  summary: "Where alerts go, without what is secret of it.",
  scope: "read",
  answers: { 200: json("The routes, by key.", named("AlertRouteList")) },
  handle: async ({ engine }, { workspace }) =>
    ok({ routes: await engine.alerts.routes(workspace) }),
});

const saveRoute = route<KeyParam, unknown, Decided & SentRoute>({
  method: "PUT",
  path: ROUTE_PATH,
  operationId: "saveAlertRoute",
  summary: "Say where alerts go: a webhook, a chat, or mail; which types, teams and customers.",
  scope: "admin",
  params: KEY_PARAM,
  body: {
    schema: closed({
      channel: oneOf(ALERT_CHANNELS),
      "url?": { type: "string", maxLength: OUTGOING_URL_MAX_CHARS },
      "addresses?": listOf(TEXT, "Of mail."),
      "types?": listOf(TEXT, "Types, or `budget.*`. (Default: all.)"),
      "teams?": listOf(oneOf(ALERT_TEAMS), "(Default: all.)"),
      "customers?": listOf(ID, "(Default: all, and what concerns none.)"),
      "perMinute?": {
        ...{ type: "integer", minimum: 1, maximum: ALERTS_A_MINUTE_MAX },
        description: "Messages that leave one by one. (Default: 20.)",
      },
      "isEnabled?": described(FLAG, "(Default: true.)"),
      ...DECIDED,
    }),
  },
  answers: { 200: json("The route.", named("AlertRoute")) },
  errors: ["secret.no_key", "field.missing", "field.out_of_range"],
  handle: async (context, { workspace, params: { key }, body }) => {
    requireTarget(context, body.url);
    return ok(await context.engine.alerts.saveRoute(workspace, { key, ...body }));
  },
});

/** Throws `field.invalid` for what would never be called. */
function requireTarget({ targetProblem }: RouteContext, url: string | undefined): void {
  if (url === undefined || url === "") return;
  const problem = targetProblem?.(url) ?? null;
  if (problem !== null) throw new TollgateError("field.invalid", problem, "url");
}

const readTarget = route<KeyParam>({
  method: "GET",
  path: `${ROUTE_PATH}/target`,
  operationId: "readAlertTarget",
  summary: "Where a route leads, and the secrets that sign its messages.",
  scope: "admin",
  params: KEY_PARAM,
  answers: { 200: json("The target.", named("AlertTarget")) },
  errors: ["alert.route_not_found", "secret.unreadable"],
  handle: async ({ engine }, { workspace, params: { key } }) =>
    ok(targetView(await engine.alerts.route(workspace, key))),
});

const rotateSecret = route<KeyParam, unknown, Decided>({
  method: "POST",
  path: `${ROUTE_PATH}/rotate`,
  operationId: "rotateAlertSecret",
  summary: "Give a webhook another secret; the former one signs as well for a day.",
  scope: "admin",
  params: KEY_PARAM,
  body: { schema: closed(DECIDED) },
  answers: { 200: json("The route with its secrets.", named("AlertTarget")) },
  errors: ["alert.route_not_found", "secret.no_key", "secret.unreadable", "field.invalid"],
  handle: async ({ engine }, { workspace, params: { key }, body }) => {
    await engine.alerts.rotateSecret(workspace, { key, ...body });
    return ok(targetView(await engine.alerts.route(workspace, key)));
  },
});

const removeRoute = route<KeyParam, unknown, Decided>({
  method: "POST",
  path: `${ROUTE_PATH}/remove`,
  operationId: "removeAlertRoute",
  summary: "Take a route away; what was sent by it stays on record.",
  scope: "admin",
  params: KEY_PARAM,
  body: { schema: closed(DECIDED) },
  answers: { 200: json("The routes that are left.", named("AlertRouteList")) },
  errors: ["alert.route_not_found"],
  handle: async ({ engine }, { workspace, params: { key }, body }) => {
    await engine.alerts.removeRoute(workspace, { key, ...body });
    return ok({ routes: await engine.alerts.routes(workspace) });
  },
});

const testRoute = route<KeyParam, unknown, Decided>({
  method: "POST",
  path: `${ROUTE_PATH}/test`,
  operationId: "testAlertRoute",
  summary: "Send an alert to one route; its deliveries tell what became of it.",
  scope: "admin",
  params: KEY_PARAM,
  body: { schema: closed(DECIDED) },
  answers: { 200: json("The alert.", named("Alert")) },
  errors: ["alert.route_not_found", "secret.unreadable"],
  handle: async ({ engine }, { workspace, params: { key }, body }) =>
    ok(await engine.alerts.test(workspace, { key, ...body })),
});

interface DeliveriesQuery {
  readonly route?: string;
  readonly state?: AlertDelivery["state"];
  readonly cursor?: string;
  readonly limit: number;
}

const listDeliveries = route<unknown, DeliveriesQuery>({
  method: "GET",
  path: "/v1/alerts/deliveries",
  operationId: "listAlertDeliveries",
  summary: "Messages about alerts and every attempt to deliver them, newest first.",
  scope: "read",
  query: closed({
    "route?": ID,
    "state?": oneOf(["ready", "delivered", "failed"]),
    "cursor?": described(TEXT, "`next` of the page before."),
    "limit?": LIMIT,
  }),
  answers: { 200: json("A page of messages.", named("AlertDeliveryPage")) },
  errors: ["field.invalid", "field.out_of_range"],
  handle: async ({ engine }, { workspace, query: { cursor, ...filter } }) => {
    const after = cursor === undefined ? {} : { after: cursor };
    const found = await engine.alerts.deliveries(workspace, { ...filter, ...after });
    const idOf = (seq: number) => engine.alerts.idOf(workspace, seq);
    const next = found.length < filter.limit ? null : (found.at(-1)?.id ?? null);
    return ok({ deliveries: found.map((one) => deliveryView(one, idOf)), next });
  },
});

const resendDelivery = route<{ readonly id: string }>({
  method: "POST",
  path: "/v1/alerts/deliveries/{id}/resend",
  operationId: "resendAlert",
  summary: "Send a message anew, by its own id.",
  scope: "admin",
  params: closed({ id: ID }),
  body: { schema: closed({}), isOptional: true },
  answers: { 200: json("The message.", named("AlertDelivery")) },
  errors: ["alert.delivery_not_found"],
  handle: async ({ engine }, { workspace, params: { id } }) => {
    const again = await engine.alerts.resend(workspace, id);
    return ok(deliveryView(again, (seq) => engine.alerts.idOf(workspace, seq)));
  },
});

/** Alerts. */
export const ALERT_ROUTES = [
  listAlerts,
  listRoutes,
  saveRoute,
  readTarget,
  rotateSecret,
  removeRoute,
  testRoute,
  listDeliveries,
  resendDelivery,
];
