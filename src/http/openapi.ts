/** Prints the route declarations as an OpenAPI 3.1 document. */

import { ERRORS, type ErrorCode } from "../domain/errors.ts";
import { AS_OF_HEADER } from "./answer-report.ts";
import type { DeclaredBody, Route } from "./route.ts";
import { type JsonSchema, named, type ObjectSchema } from "./schema.ts";
import { ALERT_SCHEMAS } from "./schemas/alerts.ts";
import { ANSWER_SCHEMAS } from "./schemas/answers.ts";
import { COMMITMENT_SCHEMAS } from "./schemas/commitments.ts";
import { CREDIT_SCHEMAS } from "./schemas/credits.ts";
import { eventSchemas } from "./schemas/events.ts";
import { EXPORT_ATTEMPT_SCHEMAS } from "./schemas/export-attempts.ts";
import { EXPORT_SCHEMAS } from "./schemas/exports.ts";
import { SIMULATION_SCHEMAS } from "./schemas/simulations.ts";
import { TARIFF_SCHEMAS } from "./schemas/tariffs.ts";

/** The document for these routes, as plain JSON data. */
export function openApiDocument(
  routes: readonly Route[],
  { version, usageFormats }: { readonly version: string; readonly usageFormats: readonly string[] },
): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tollgate",
      version,
      description: "Meters AI-agent runs, costs and prices them, and closes periods.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths,
    components: {
      schemas: {
        ...eventSchemas(usageFormats),
        ...TARIFF_SCHEMAS,
        ...SIMULATION_SCHEMAS,
        ...COMMITMENT_SCHEMAS,
        ...CREDIT_SCHEMAS,
        ...ALERT_SCHEMAS,
        ...EXPORT_SCHEMAS,
        ...EXPORT_ATTEMPT_SCHEMAS,
        ...ANSWER_SCHEMAS,
      },
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
    },
  };
}

function operationOf(route: Route): JsonSchema {
  const { operationId, summary, scope, body, method } = route;
  const parameters = [
    ...parametersOf(route.params, "path"),
    ...parametersOf(route.query, "query"),
    ...(scope === "admin" && method !== "GET" ? [REASON] : []),
  ];
  return {
    operationId,
    summary,
    security: scope === null ? [] : [{ key: [] }],
    ...(scope === null ? {} : { "x-tollgate-scope": scope }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: { ...answersOf(route), ...problemsOf(route) },
  };
}

/** Why a change is made; every route that changes something takes it. */
const REASON: JsonSchema = {
  name: "tollgate-reason",
  in: "header",
  required: false,
  description: "Why, percent-encoded, for the audit log.",
  schema: { type: "string" },
};

function parametersOf(schema: ObjectSchema | undefined, place: "path" | "query"): JsonSchema[] {
  return Object.entries(schema?.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: schema?.required.includes(name) ?? false,
    ...(description === undefined ? {} : { description }),
    ...(rest.type === "array" ? { style: "form", explode: false } : {}),
    schema: rest,
  }));
}

function requestBody({ schema, isOptional, otherTypes }: DeclaredBody): JsonSchema {
  const types = { "application/json": schema, ...otherTypes };
  return { required: isOptional !== true, content: contentOf(types) };
}

function contentOf(types: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]));
}

const AS_OF_TOLD = {
  description: "Everything that was committed by then is in it. Left out: everything is.",
  schema: { type: "string", format: "date-time" },
};

function answersOf({ answers, isReport }: Route): JsonSchema {
  const headers = isReport === true ? { headers: { [AS_OF_HEADER]: AS_OF_TOLD } } : {};
  const entries = Object.entries(answers).map(([status, { description, content }]) => {
    return [status, { description, ...headers, content: contentOf(content) }] as const;
  });
  return Object.fromEntries(entries);
}

/** Refusals by status, each with the codes that it can have. */
function problemsOf(route: Route): JsonSchema {
  const byStatus = Map.groupBy(errorsOf(route), (code) => ERRORS[code][0]);
  const entries = [...byStatus].sort().map(([status, codes]) => {
    const lines = codes.map((code) => `\`${code}\`: ${ERRORS[code][1]}`);
    const content = contentOf({ "application/problem+json": named("Problem") });
    return [status, { description: lines.join("\n"), content }] as const;
  });
  const told = entries.filter(([status]) => route.answers[status] === undefined);
  return Object.fromEntries(told);
}

/** Codes that a route may answer with: its own, and those of its kind. */
function errorsOf({ scope, params, body, errors = [], method, mayWait }: Route): ErrorCode[] {
  const own: readonly ErrorCode[] = [
    ...(scope === null ? [] : (["auth.missing", "auth.invalid", "auth.forbidden"] as const)),
    ...(mayWait === undefined ? [] : (["change.proposed"] as const)),
    ...(params === undefined ? [] : (["field.invalid", "field.out_of_range"] as const)),
    "field.unknown",
    "request.malformed",
    ...(body === undefined ? [] : BODY_ERRORS),
    ...(method === "GET" ? [] : (["store.unknown", "server.busy"] as const)),
    "server.draining",
    "internal",
  ];
  return [...new Set([...own, ...errors])];
}

const BODY_ERRORS = [
  "request.too_large",
  "request.unsupported_type",
  "field.missing",
  "field.invalid",
  "field.out_of_range",
] as const satisfies readonly ErrorCode[];
