/** What a schema refuses, in the words of the error catalogue. */
import { type ErrorCode, TollgateError } from "../domain/errors.ts";
import { askWhetherMeant } from "../domain/nearest-name.ts";
import { wordsOf } from "./text-forms.ts";

/** One finding of the schema validator, as far as it is used here. */
export interface SchemaFinding {
  readonly keyword: string;
  /** JSON pointer of the value, `/labels/team`. */
  readonly instancePath: string;
  /** JSON pointer of the rule in the schema, `#/properties/labels/type`. */
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

const OUT_OF_RANGE = new Set(["minimum", "maximum", "maxLength", "maxItems", "maxProperties"]);

/** What a finding is about. */
interface Judged {
  /** What was sent, where it may be told: of an address it may, while a body may hold secrets. */
  readonly shown?: unknown;
  /** The schema that refused it: tells the fields that there are. */
  readonly schema?: object;
}

/** The refusal that a finding stands for. */
export function schemaProblem(
  finding: SchemaFinding | undefined,
  { shown = null, schema = {} }: Judged = {},
): TollgateError {
  if (finding === undefined) return new TollgateError("request.malformed", "The request is wrong.");
  const { keyword, params } = finding;
  const place = fieldPath(finding.instancePath);
  const own = (name: unknown) => shorten([place, String(name)].filter((part) => part).join("."));
  if (keyword === "additionalProperties") {
    const field = own(params.additionalProperty);
    const meant = askWhetherMeant(String(params.additionalProperty), fieldsAt(schema, finding));
    const detail = `There is no field ${quote(field)} here.${meant}`;
    return new TollgateError("field.unknown", detail, field);
  }
  if (keyword === "required") {
    const field = own(params.missingProperty);
    return new TollgateError("field.missing", `${quote(field)} is required.`, field);
  }
  const code: ErrorCode = OUT_OF_RANGE.has(keyword) ? "field.out_of_range" : "field.invalid";
  const expected = expectation(finding);
  const but = valueAt(shown, finding.instancePath);
  const detail = `${place === "" ? "The document" : quote(place)} ${expected}${but}.`;
  return new TollgateError(code, detail, place === "" ? undefined : place);
}

function valueAt(shown: unknown, pointer: string): string {
  const value = within(shown, pathOf(pointer));
  const isPlain = typeof value === "string" || typeof value === "number";
  return isPlain ? `, not ${quote(shorten(String(value)))}` : "";
}

/** Names of the fields that the schema has where it refuses others. */
function fieldsAt(schema: object, { schemaPath }: SchemaFinding): string[] {
  return Object.keys(Object(within(schema, [...pathOf(schemaPath).slice(0, -1), "properties"])));
}

function within(document: unknown, names: readonly string[]): unknown {
  return names.reduce((parent: unknown, name) => {
    const fields = Object(parent) as Readonly<Record<string, unknown>>;
    return Object.hasOwn(fields, name) ? fields[name] : undefined;
  }, document);
}

/** Names of a JSON pointer. */
function pathOf(pointer: string): string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function expectation({ keyword, params, message }: SchemaFinding): string {
  if (keyword === "enum" && Array.isArray(params.allowedValues)) {
    return `must be one of ${params.allowedValues.join(", ")}`;
  }
  if (keyword === "type") return `must be ${typeWords(params.type)}`;
  const { limit } = params;
  const size = SIZES[keyword];
  if (size !== undefined)
    return limit === 1 && size.empty ? size.empty : `${size.words} ${limit}${size.of}`;
  const words = wordsOf(params.pattern);
  if (keyword === "pattern" && words !== undefined) return `must be ${words}`;
  if (keyword === "uniqueItems") return "must not hold the same twice";
  if (keyword === "format" && params.format === "date") return "must be a date such as 2026-11-01";
  return message ?? "is not valid";
}

const TYPES: Readonly<Record<string, string>> = {
  ...{ string: "a text", object: "an object", array: "a list", boolean: "true or false" },
  ...{ integer: "a whole number", number: "a number" },
};

/** One type, or several as they are listed: with their comma where the validator joined them. */
function typeWords(type: unknown): string {
  const names = Array.isArray(type) ? type.map(String) : String(type).split(",");
  return names.map((name) => TYPES[name] ?? name).join(" or ");
}

/** What a bound says around its limit; `empty`: what it says where the limit is one. */
const SIZES: Readonly<Record<string, Size>> = {
  minimum: { words: "must be at least", of: "" },
  maximum: { words: "must be at most", of: "" },
  minLength: { words: "must have at least", of: " characters", empty: "must not be empty" },
  maxLength: { words: "must have at most", of: " characters" },
  minItems: { words: "must have at least", of: " entries", empty: "must not be empty" },
  maxItems: { words: "must have at most", of: " entries" },
  minProperties: { words: "must have at least", of: " entries", empty: "must not be empty" },
  maxProperties: { words: "must have at most", of: " entries" },
};

interface Size {
  readonly words: string;
  readonly of: string;
  readonly empty?: string;
}

function fieldPath(pointer: string): string {
  const path = pathOf(pointer).reduce((text, name) => {
    if (/^\d+$/.test(name)) return `${text}[${name}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
  return shorten(path);
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
