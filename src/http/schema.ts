/**
 * Pieces of JSON Schema (2020-12) that route declarations are made of. One declaration refuses
 * bad input, checks answers in tests and is printed as the OpenAPI document.
 */
import { ID_MAX_CHARS, PAGE_MAX_ROWS, TEXT_MAX_CHARS } from "../domain/limits.ts";
import { FORMS } from "./text-forms.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

/** An object that has these fields and no others; all are required but the optional ones. */
export interface ObjectSchema extends JsonSchema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

/** A closed object. Field names ending in `?` may be left out. */
export function closed(
  fields: Readonly<Record<string, JsonSchema>>,
  description?: string,
): ObjectSchema {
  const names = Object.keys(fields);
  const entries = Object.entries(fields).map(([name, schema]) => [name.replace(/\?$/, ""), schema]);
  return {
    type: "object",
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(entries) as Record<string, JsonSchema>,
    required: names.filter((name) => !name.endsWith("?")),
    additionalProperties: false,
  };
}

/** The document at `#/components/schemas/<name>`. */
export function named(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** This schema, or null. */
export function nullable(schema: JsonSchema): JsonSchema {
  if (typeof schema.type === "string" && schema.enum === undefined) {
    return { ...schema, type: [schema.type, "null"] };
  }
  return { anyOf: [schema, { type: "null" }] };
}

/** A list of one kind of item. */
export function listOf(items: JsonSchema, description?: string): JsonSchema {
  return { type: "array", items, ...(description === undefined ? {} : { description }) };
}

/** An object whose field names are data. */
export function mapOf(values: JsonSchema, description?: string): JsonSchema {
  const described = description === undefined ? {} : { description };
  return { type: "object", additionalProperties: values, ...described };
}

/** One of a few texts. */
export function oneOf(values: readonly string[], description?: string): JsonSchema {
  return { type: "string", enum: values, ...(description === undefined ? {} : { description }) };
}

/** A schema with a sentence on what it means. */
export function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

/** Schemas of single values. An id is 1 to 200 characters; a text may be empty. */
export const ID: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: ID_MAX_CHARS,
  pattern: FORMS.cleanText.pattern,
};
export const TEXT: JsonSchema = {
  type: "string",
  maxLength: TEXT_MAX_CHARS,
  pattern: FORMS.cleanText.pattern,
};
export const ANY_TEXT: JsonSchema = { type: "string" };
export const FLAG: JsonSchema = { type: "boolean" };
export const COUNT: JsonSchema = { type: "integer", minimum: 0 };

/** An amount, price or quantity: exact, therefore text. May be negative in answers. */
export const DECIMAL: JsonSchema = {
  type: "string",
  pattern: FORMS.decimal.pattern,
  description: "Exact decimal as text.",
};

/** An instant in answers: RFC 3339, UTC, milliseconds. */
export const TIME: JsonSchema = {
  type: "string",
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$",
  description: "RFC 3339 instant in UTC.",
};

/** An instant in requests: RFC 3339 with any offset. */
export const TIME_SENT: JsonSchema = {
  type: "string",
  maxLength: 40,
  description: "RFC 3339 instant with offset, such as 2026-11-23T10:00:00Z.",
};

/** The instant whose knowledge a reading is of. */
export const AS_OF: JsonSchema = {
  ...TIME_SENT,
  description: "Answer what was known at this RFC 3339 instant, which has passed. (Default: now.)",
};

/** Start date of a billing period. */
export const PERIOD: JsonSchema = {
  type: "string",
  format: "date",
  description: "Start date of the billing period.",
};

/** Rows of one page. */
export const LIMIT: JsonSchema = {
  type: "integer",
  minimum: 1,
  maximum: PAGE_MAX_ROWS,
  default: 100,
  description: "Most rows to answer with.",
};

/** Where a page of acts or arrivals ended, in requests and in answers. */
export const CURSOR: JsonSchema = {
  type: "integer",
  minimum: 1,
  description: "`next` of the page before.",
};
export const NEXT: JsonSchema = {
  type: ["integer", "null"],
  minimum: 0,
  description: "`cursor` of the page behind; null: that was all.",
};

/** An ISO 4217 code. */
export const CURRENCY: JsonSchema = {
  type: "string",
  pattern: FORMS.currency.pattern,
  description: "ISO 4217 code.",
};
