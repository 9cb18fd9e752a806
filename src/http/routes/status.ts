/** How the server is, and what it can be asked. */

import { json, type RouteContext, route } from "../route.ts";
import { ANY_TEXT, named } from "../schema.ts";

type HealthStatus = "ok" | "draining" | "store_unknown" | "store_failed";

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
    const status = await healthOf(context);
    return { status: status === "ok" ? 200 : 503, body: { status, version: context.version } };
  },
});

async function healthOf(context: RouteContext): Promise<HealthStatus> {
  if (context.isDraining()) return "draining";
  if (context.isStoreUnknown()) return "store_unknown";
  try {
    await context.engine.store.workspaces();
    return "ok";
  } catch (error) {
    context.logger?.error({ message: "The store cannot be read.", error });
    return "store_failed";
  }
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
