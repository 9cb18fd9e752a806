/**
 * What an OpenAPI document says of requests and answers. To compile its schemas takes longer than
 * most tests, and every server of a process gives out the same document, so it is done once.
 */
import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

export type Schema = Readonly<Record<string, unknown>>;
type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface Operation {
  readonly operationId: string;
  readonly "x-tollgate-scope"?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
}

type PathItem = Readonly<Record<string, Operation>>;

/** The parts of an OpenAPI document that tests look at. */
export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const known = new Map<string, ApiDocument>();

/** The document of this text. */
export function apiDocument(text: string): ApiDocument {
  const document = known.get(text) ?? new ApiDocument(JSON.parse(text) as OpenApi);
  known.set(text, document);
  return document;
}

/** A document, and what its schemas say of values. */
export class ApiDocument {
  readonly openApi: OpenApi;
  readonly #ajv: Ajv2020;
  /** By the text of the schema: most problems are declared alike. */
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #texts = new Map<Schema, string>();
  /** The most particular first. */
  readonly #paths: readonly { readonly pattern: RegExp; readonly item: PathItem }[];

  constructor(openApi: OpenApi) {
    this.openApi = openApi;
    // Few answers are checked by each schema: making its code shorter would take longer.
    const code = { optimize: false };
    this.#ajv = new Ajv2020({ strict: true, allowUnionTypes: true, code });
    formats.default(this.#ajv);
    this.#ajv.addVocabulary(["components"]);
    this.#ajv.addSchema({ $id: "api", components: openApi.components });
    this.#paths = Object.entries(openApi.paths)
      .sort(([a], [b]) => literalLength(b) - literalLength(a))
      .map(([template, item]) => ({ pattern: templatePattern(template), item }));
  }

  /** What is declared of a call; undefined: nothing is. */
  operation(method: string, path: string): Operation | undefined {
    const plain = path.split("?")[0] ?? "";
    const found = this.#paths.filter(({ pattern }) => pattern.test(plain));
    return found.flatMap(({ item }) => item[method.toLowerCase()] ?? [])[0];
  }

  /** Asserts that a value is what a schema of the document says. */
  assertMatches(schema: Schema, value: unknown, where: string): void {
    const validate = this.#validator(schema);
    assert.ok(validate(value), `${where}: ${this.#ajv.errorsText(validate.errors)}`);
  }

  #validator(schema: Schema): ValidateFunction {
    const text = this.#texts.get(schema) ?? JSON.stringify(schema);
    this.#texts.set(schema, text);
    const done = this.#compiled.get(text);
    if (done !== undefined) return done;
    const here = text.replaceAll('"#/components', '"api#/components');
    const compiled = this.#ajv.compile(JSON.parse(here) as Schema);
    this.#compiled.set(text, compiled);
    return compiled;
  }
}

function templatePattern(template: string): RegExp {
  const parts = template.split(/\{\w+\}/).map((part) => part.replaceAll(".", "\\."));
  return new RegExp(`^${parts.join("[^/]+")}$`);
}

function literalLength(template: string): number {
  return template.replaceAll(/\{\w+\}/g, "").length;
}
