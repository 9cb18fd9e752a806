/** How the server is, and what it can be asked. */

import { refusalOf } from "../../engine/store-refused.ts";
import { json, type RouteContext, route } from "../route.ts";
import { ANY_TEXT, named } from "../schema.ts";

type HealthStatus = "ok" | "draining" | "store_unknown" | "store_refused" | "store_failed";

interface Health {
  readonly status: HealthStatus;
  /** Why, and what to do about it, where somebody must. */
  readonly detail?: string;
}

const health = route({
  method: "GET",
  path: "/health",
  operationId: "readHealth",
  summary: "Whether the server takes work. 503 while it drains or its store is in doubt.",
  scope: null,
  answers: {
    200: json("It does.", named("Health")),
    503: json("It does not, and why.", named("Health")),
  },
  handle: async (context) => {
    const { status, ...why } = await healthOf(context);
    const body = { status, version: context.version, ...why };
    return { status: status === "ok" ? 200 : 503, body };
  },
});

async function healthOf(context: RouteContext): Promise<Health> {
  const { traffic, logger } = context;
  if (context.isDraining()) return { status: "draining" };
  try {
    if (traffic.storeDoubt !== null && !(await commitsAgain(context))) {
      return { status: "store_unknown" };
    }
    await context.engine.store.workspaces();
    return { status: "ok" };
  } catch (error) {
    logger?.error({ message: "The store cannot be used.", error });
    const refused = refusalOf(error);
    // Who asks needs no key, so the server's words, which name users, are for the log.
    if (refused !== null) return { status: "store_refused", detail: refused.remedy };
    return { status: traffic.storeDoubt === null ? "store_failed" : "store_unknown" };
  }
}

/**
 * Whether a store that several processes share takes commits again, found out by a unit that writes
 * nothing. Who sends events asks a node that is in doubt for none, so that no good commit would
 * ever clear it. Where one process has the store there is nobody else to ask.
 */
async function commitsAgain({ engine: { store }, traffic }: RouteContext): Promise<boolean> {
  const doubt = traffic.storeDoubt;
  if (!store.isShared) return false;
  const [workspace] = await store.workspaces();
  if (workspace === undefined) return false;
  await store.transact(workspace, async (unit) => unit.head());
  if (traffic.storeDoubt === doubt) traffic.storeDoubt = null;
  return true;
}

const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

const metrics = route({
  method: "GET",
  path: "/metrics",
  operationId: "readMetrics",
  summary: "Metrics of this process as Prometheus text.",
  scope: "read",
  answers: { 200: { description: "The metrics.", content: { "text/plain": ANY_TEXT } } },
  handle: async ({ engine, metrics: counted, budget, commitCount, reports }) => {
    const { steps, runs, bytes } = await engine.store.size();
    const replica = reports && { replicaBehindMs: await reports.behindMs() };
    const body = counted.write({
      ...{ steps, runs, ...replica },
      waiting: engine.waitingCount,
      storeBytes: bytes,
      bodyBytes: budget.usedBytes,
      commits: commitCount?.() ?? null,
    });
    return { status: 200, type: PROMETHEUS, body };
  },
});

const openApi = route({
  method: "GET",
  path: "/v1/openapi.json",
  operationId: "readOpenApi",
  summary: "This document.",
  scope: null,
  answers: { 200: json("OpenAPI 3.1.", { type: "object" }) },
  handle: ({ openApiText }) => ({ status: 200, body: openApiText() }),
});

/** Health, metrics and the OpenAPI document. */
export const STATUS_ROUTES = [health, metrics, openApi];
