/**
 * Judges requests by Zuora's published OpenAPI document, in process, independently of our code. It
 * states no licence, so it is no part of the repository: where it is not found, a line says so.
 * What it leaves out (the audit trail, credit memos, reading documents) is judged by schemas of
 * ours, from the reference of 2026-02-20.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { OutgoingRequest } from "../../engine/export/connector-port.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const FOLDER = process.env.TOLLGATE_SPECS ?? join(ROOT, "..", "shared", "specs");
const FILE = join(FOLDER, "zuora-usage.openapi.json");

/** Zuora's document; null: it is not beside the repository, which is a failure in CI. */
export const zuoraSpec: { readonly components: { readonly schemas: object } } | null = existsSync(
  FILE,
)
  ? JSON.parse(readFileSync(FILE, "utf8"))
  : null;

if (zuoraSpec === null) {
  assert.equal(process.env.CI, undefined, "zuora-usage.openapi.json is there in CI");
  const file = "zuora-usage.openapi.json";
  process.stdout.write(`# requests are not judged: ${file} is not beside the repository\n`);
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);

/** The document types decimals as `string`, and writes them as numbers in its own examples. */
function withDecimals(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDecimals);
  if (typeof value !== "object" || value === null) return value;
  const { type, format } = value as Record<string, unknown>;
  if (type === "string" && format === "number") return { type: "number" };
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, withDecimals(of)]));
}

if (zuoraSpec !== null) {
  ajv.addSchema({ ...(withDecimals(zuoraSpec) as object), $id: "spec" }, "spec");
}

const ID = { type: "string", pattern: "^[0-9a-f]{32}$" };
const DAY = { type: "string", format: "date" };

/** POST /v1/credit-memos (reference, "Create a credit memo from a charge"), from 257.0 on. */
const CREDIT_MEMO = {
  type: "object",
  required: ["accountId", "charges"],
  additionalProperties: false,
  properties: {
    accountId: ID,
    number: { type: "string", pattern: "^[a-zA-Z0-9_-]{1,32}$" },
    effectiveDate: DAY,
    autoPost: { type: "boolean" },
    comment: { type: "string", maxLength: 255 },
    charges: {
      type: "array",
      minItems: 1,
      maxItems: 1000,
      items: {
        type: "object",
        required: ["productRatePlanChargeId"],
        additionalProperties: false,
        properties: {
          productRatePlanChargeId: ID,
          amount: { type: "number", minimum: 0 },
          quantity: { type: "number" },
          description: { type: "string" },
          serviceStartDate: DAY,
          serviceEndDate: DAY,
        },
      },
    },
  },
};

interface Operation {
  readonly method: string;
  readonly path: RegExp;
  /** Path and media type in the document; null: it is not in it. */
  readonly spec: readonly [path: string, type: string] | null;
  readonly schema?: object;
}

const JSON_TYPE = "application/json; charset=utf-8";
const OPERATIONS: readonly Operation[] = [
  {
    method: "POST",
    path: /^\/oauth\/token$/,
    spec: ["/oauth/token", "application/x-www-form-urlencoded"],
  },
  { method: "POST", path: /^\/v1\/usage$/, spec: ["/v1/usage", "multipart/form-data"] },
  {
    method: "POST",
    path: /^\/v1\/object\/usage\?rejectUnknownFields=true$/,
    spec: ["/v1/object/usage", JSON_TYPE],
  },
  { method: "POST", path: /^\/v1\/action\/query$/, spec: ["/v1/action/query", JSON_TYPE] },
  { method: "POST", path: /^\/v1\/invoices$/, spec: ["/v1/invoices", JSON_TYPE] },
  {
    method: "POST",
    path: /^\/usage\/bulk\/[\w-]+$/,
    spec: ["/usage/bulk/{meterGlobalId}", "application/json"],
  },
  { method: "POST", path: /^\/v1\/credit-memos$/, spec: null, schema: CREDIT_MEMO },
  { method: "DELETE", path: /^\/v1\/object\/usage\/[0-9a-f]{32}$/, spec: null },
  { method: "GET", path: /^\/v1\/(invoices|credit-memos)\/[\w-]{1,32}$/, spec: null },
  {
    method: "GET",
    path: /^\/v1\/credit-memos\?accountId=[0-9a-f]{32}&pageSize=40&page=\d+$/,
    spec: null,
  },
  { method: "GET", path: /^\/meters\/[\w-]+\/auditTrail\/entries\?/, spec: null },
];

const compiled = new Map<Operation, ValidateFunction | null>();

function validatorOf(operation: Operation): ValidateFunction | null {
  const before = compiled.get(operation);
  if (before !== undefined) return before;
  const schema = schemaOf(operation);
  const made = schema === null ? null : ajv.compile(schema);
  compiled.set(operation, made);
  return made;
}

function schemaOf({ spec, schema, method }: Operation): object | null {
  if (spec === null) return schema ?? null;
  if (zuoraSpec === null) return null;
  const [path, type] = spec;
  return { $ref: `spec#/paths/${pointer(path)}/${method.toLowerCase()}${bodyOf(type)}` };
}

function pointer(text: string): string {
  return encodeURIComponent(text.replaceAll("~", "~0").replaceAll("/", "~1"));
}

function bodyOf(type: string): string {
  return `/requestBody/content/${pointer(type)}/schema`;
}

/** What is wrong with a request; empty: nothing. `body` is what its type makes of the bytes. */
export function judged(request: OutgoingRequest, body: unknown): string[] {
  const { method, url, headers } = request;
  const { pathname, search } = new URL(url);
  const at = `${method} ${pathname}`;
  const operation = OPERATIONS.find(
    (one) => one.method === method && one.path.test(pathname + search),
  );
  if (operation === undefined) return [`${at}${search} is no operation`];
  const found: string[] = [];
  const key = headers["idempotency-key"];
  if (key !== undefined && (method !== "POST" || key.length > 255)) found.push(`${at}: its key`);
  if ((headers["zuora-track-id"] ?? "").length > 64) found.push(`${at}: its track id`);
  if (/[:;"']/.test(headers["zuora-track-id"] ?? "")) found.push(`${at}: its track id`);
  const validate = validatorOf(operation);
  if (validate !== null && validate(body) !== true)
    found.push(`${at}: ${ajv.errorsText(validate.errors)}`);
  return found;
}
