import { TollgateError } from "../../domain/errors.ts";
import { DECIDED_OPTIONS, decidedBy } from "../by-hand-options.ts";
import { type Command, listOption, textOption } from "../command.ts";
import {
  type AlertView,
  type DeliveryView,
  type RouteView,
  renderAlerts,
  renderAttempts,
  renderDeliveries,
  renderRoutes,
} from "../render/alerts.ts";
import type { Session } from "../session.ts";
import { commandOfVerbs, type Scene, told, type Verb } from "../verbs.ts";

const VERBS: readonly Verb[] = [
  {
    form: "list",
    run: async (scene) => {
      const { args, session } = scene;
      const query = new URLSearchParams({ limit: "100" });
      for (const name of ["type", "customer"]) {
        const [value] = listOption(args, name);
        if (value !== undefined) query.set(name, value);
      }
      const page = await session.get<{ alerts: readonly AlertView[] }>(`/v1/alerts?${query}`);
      return told(scene, page, () => renderAlerts(page.alerts, scene.here.styles));
    },
  },
  {
    form: "routes",
    run: async (scene) => {
      const page = await scene.session.get<{ routes: readonly RouteView[] }>("/v1/alerts/routes");
      return told(scene, page, () => renderRoutes(page.routes, scene.here.styles));
    },
  },
  {
    form: "route KEY TARGET…",
    run: async (scene, [key, ...targets]) => {
      const route = await scene.session.put<RouteView>(pathOf(key), routeOf(scene, targets));
      return told(scene, route, () => renderRoutes([route], scene.here.styles));
    },
  },
  {
    form: "secret KEY",
    run: async (scene, [key]) => {
      const target = await scene.session.get<TargetView>(`${pathOf(key)}/target`);
      return told(scene, target, () => target.secrets);
    },
  },
  {
    form: "rotate KEY",
    run: async (scene, [key]) => {
      const path = `${pathOf(key)}/rotate`;
      const target = await scene.session.post<TargetView>(path, decidedBy(scene.args));
      return told(scene, target, () => target.secrets);
    },
  },
  {
    form: "remove KEY",
    run: async (scene, [key]) => {
      const path = `${pathOf(key)}/remove`;
      const left = await scene.session.post<{ routes: readonly RouteView[] }>(
        path,
        decidedBy(scene.args),
      );
      return told(scene, left, () => renderRoutes(left.routes, scene.here.styles));
    },
  },
  {
    form: "test KEY",
    run: async (scene, [key]) => {
      const { args, session } = scene;
      const alert = await session.post<AlertView>(`${pathOf(key)}/test`, decidedBy(args));
      const delivery = await attempted(session, { route: key ?? "", alert: alert.id });
      told(scene, delivery, () => renderAttempts(delivery));
      return delivery.state === "delivered" ? 0 : 1;
    },
  },
  {
    form: "deliveries [KEY]",
    run: async (scene, [key]) => {
      const query = new URLSearchParams({
        limit: "100",
        ...(key === undefined ? {} : { route: key }),
      });
      const path = `/v1/alerts/deliveries?${query}`;
      const page = await scene.session.get<{ deliveries: readonly DeliveryView[] }>(path);
      return told(scene, page, () => renderDeliveries(page.deliveries, scene.here.styles));
    },
  },
  {
    form: "resend ID",
    run: async (scene, [id = ""]) => {
      const path = `/v1/alerts/deliveries/${encodeURIComponent(id)}/resend`;
      const again = await scene.session.post<DeliveryView>(path, {});
      return told(scene, again, () => [`${again.id} is sent anew by ${again.route}.`]);
    },
  },
];

/** Shows alerts, says where they go, tries that out, and what became of them. */
export const alerts: Command = commandOfVerbs({
  name: "alerts",
  summary: "Show what people must hear of, say where it goes, and try that out",
  options: {
    channel: {
      ...{ type: "string", value: "NAME" },
      meaning: "webhook, slack, teams or email (default: webhook)",
    },
    type: { type: "string", multiple: true, value: "TYPE", meaning: "only this one, or budget.*" },
    team: { type: "string", multiple: true, value: "TEAM", meaning: "only this team's" },
    customer: { type: "string", multiple: true, value: "ID", meaning: "only this customer's" },
    "per-minute": {
      ...{ type: "string", value: "COUNT" },
      meaning: "messages a minute that leave one by one (default: 20)",
    },
    ...DECIDED_OPTIONS,
  },
  verbs: VERBS,
});

interface TargetView {
  readonly secrets: readonly string[];
}

function pathOf(key = ""): string {
  return `/v1/alerts/routes/${encodeURIComponent(key)}`;
}

function routeOf({ args, refuse }: Scene, targets: readonly string[]): object {
  const channel = textOption(args, "channel") ?? "webhook";
  const [url] = targets;
  if (channel !== "email" && targets.length > 1) refuse();
  const perMinute = textOption(args, "per-minute");
  return {
    ...{ channel, ...(channel === "email" ? { addresses: targets } : { url }) },
    ...{ types: listOption(args, "type"), teams: listOption(args, "team") },
    customers: listOption(args, "customer"),
    ...(perMinute === undefined ? {} : { perMinute: Number(perMinute) }),
    ...decidedBy(args),
  };
}

const LOOK_EVERY_MS = 200;
/** A little more than an attempt may take. */
const LOOKS_MAX_COUNT = 125;

/** The message that tells an alert, once an attempt to deliver it has ended. */
async function attempted(
  session: Session,
  { route, alert }: { readonly route: string; readonly alert: string },
): Promise<DeliveryView> {
  const query = new URLSearchParams({ route, limit: "100" });
  for (let looks = 0; looks < LOOKS_MAX_COUNT; looks += 1) {
    const path = `/v1/alerts/deliveries?${query}`;
    const { deliveries } = await session.get<{ deliveries: readonly DeliveryView[] }>(path);
    const found = deliveries.find(({ alerts: told }) => told.includes(alert));
    if (found !== undefined && found.attempts > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  const detail = `Route "${route}" has tried nothing yet: see tollgate alerts deliveries.`;
  throw new TollgateError("alert.delivery_not_found", detail);
}
