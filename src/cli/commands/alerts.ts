import { TollgateError } from "../../domain/errors.ts";
import { BY_HAND_OPTIONS, byHandOf } from "../by-hand-options.ts";
import {
  type Arguments,
  type Command,
  JSON_OPTION,
  listOption,
  print,
  SERVER_OPTIONS,
  type Surroundings,
  textOption,
} from "../command.ts";
import {
  type AlertView,
  type DeliveryView,
  type RouteView,
  renderAlerts,
  renderAttempts,
  renderDeliveries,
  renderRoutes,
} from "../render/alerts.ts";
import { type Session, withSession } from "../session.ts";

const { reason, by } = BY_HAND_OPTIONS;

/** Shows alerts, says where they go, tries that out, and what became of them. */
export const alerts: Command = {
  name: "alerts",
  summary: "Show what people must hear of, say where it goes, and try that out",
  positionals:
    "list | routes | route KEY TARGET… | secret KEY | rotate KEY | remove KEY | test KEY | " +
    "deliveries [KEY] | resend ID",
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
    ...(reason === undefined || by === undefined ? {} : { reason, by }),
    ...JSON_OPTION,
    ...SERVER_OPTIONS,
  },
  run: (args, here) => {
    const [verb = "list", ...rest] = args.positionals;
    const act = VERBS[verb];
    if (act === undefined) throw usageError();
    return withSession(args, here, (session) => act({ args, here, session }, rest));
  },
};

interface Scene {
  readonly args: Arguments;
  readonly here: Surroundings;
  readonly session: Session;
}

type Verb = (scene: Scene, rest: readonly string[]) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  list: async (scene) => {
    const { args, session } = scene;
    const query = new URLSearchParams({ limit: "100" });
    for (const name of ["type", "customer"]) {
      const [value] = listOption(args, name);
      if (value !== undefined) query.set(name, value);
    }
    const page = await session.get<{ alerts: readonly AlertView[] }>(`/v1/alerts?${query}`);
    return show(scene, page, () => renderAlerts(page.alerts, scene.here.styles));
  },
  routes: async (scene) => {
    const page = await scene.session.get<{ routes: readonly RouteView[] }>("/v1/alerts/routes");
    return show(scene, page, () => renderRoutes(page.routes, scene.here.styles));
  },
  route: async (scene, [key, ...targets]) => {
    const route = await scene.session.put<RouteView>(pathOf(key), routeOf(scene.args, targets));
    return show(scene, route, () => renderRoutes([route], scene.here.styles));
  },
  secret: async (scene, [key]) => {
    const target = await scene.session.get<TargetView>(`${pathOf(key)}/target`);
    return show(scene, target, () => target.secrets);
  },
  rotate: async (scene, [key]) => {
    const path = `${pathOf(key)}/rotate`;
    const target = await scene.session.post<TargetView>(path, decidedBy(scene.args));
    return show(scene, target, () => target.secrets);
  },
  remove: async (scene, [key]) => {
    const path = `${pathOf(key)}/remove`;
    const left = await scene.session.post<{ routes: readonly RouteView[] }>(
      path,
      decidedBy(scene.args),
    );
    return show(scene, left, () => renderRoutes(left.routes, scene.here.styles));
  },
  test: async (scene, [key]) => {
    const { args, session } = scene;
    const alert = await session.post<AlertView>(`${pathOf(key)}/test`, decidedBy(args));
    const delivery = await attempted(session, { route: key ?? "", alert: alert.id });
    show(scene, delivery, () => renderAttempts(delivery));
    return delivery.state === "delivered" ? 0 : 1;
  },
  deliveries: async (scene, [key]) => {
    const query = new URLSearchParams({
      limit: "100",
      ...(key === undefined ? {} : { route: key }),
    });
    const path = `/v1/alerts/deliveries?${query}`;
    const page = await scene.session.get<{ deliveries: readonly DeliveryView[] }>(path);
    return show(scene, page, () => renderDeliveries(page.deliveries, scene.here.styles));
  },
  resend: async (scene, [id]) => {
    if (id === undefined) throw usageError();
    const path = `/v1/alerts/deliveries/${encodeURIComponent(id)}/resend`;
    const again = await scene.session.post<DeliveryView>(path, {});
    return show(scene, again, () => [`${again.id} is sent anew by ${again.route}.`]);
  },
};

interface TargetView {
  readonly secrets: readonly string[];
}

function usageError(): TollgateError {
  return new TollgateError("cli.usage", `tollgate alerts ${alerts.positionals}.`);
}

function pathOf(key: string | undefined): string {
  if (key === undefined) throw usageError();
  return `/v1/alerts/routes/${encodeURIComponent(key)}`;
}

/** Why and by whom; the history of a route says both. */
function decidedBy(args: Arguments) {
  const { reason: why, by: who } = byHandOf(args);
  return { reason: why, by: who };
}

function routeOf(args: Arguments, targets: readonly string[]): object {
  const channel = textOption(args, "channel") ?? "webhook";
  const [url] = targets;
  if (url === undefined || (channel !== "email" && targets.length > 1)) throw usageError();
  const perMinute = textOption(args, "per-minute");
  return {
    ...{ channel, ...(channel === "email" ? { addresses: targets } : { url }) },
    ...{ types: listOption(args, "type"), teams: listOption(args, "team") },
    customers: listOption(args, "customer"),
    ...(perMinute === undefined ? {} : { perMinute: Number(perMinute) }),
    ...decidedBy(args),
  };
}

function show(scene: Scene, answer: object, lines: () => readonly string[]): number {
  const { args, here } = scene;
  print(here.out, ...(args.options.json === true ? [JSON.stringify(answer, null, 2)] : lines()));
  return 0;
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
