import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { ERRORS } from "../domain/errors.ts";
import { openApiDocument } from "./openapi.ts";
import type { Route } from "./route.ts";
import { ALL_ROUTES } from "./routes/all.ts";
import { schemaProblem } from "./schema-problem.ts";

const document = openApiDocument(ALL_ROUTES, { version: "1", usageFormats: ["openai.chat"] });
const text = JSON.stringify(document);
const { paths, components } = JSON.parse(text) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

/** What a request of a route is held against by schemas alone. */
function judgedSchemas({ params, query, body }: Route): object[] {
  const judged = body?.isParsedByHandler === true ? undefined : body?.schema;
  return [params, query, judged].filter((schema) => schema !== undefined);
}

describe("the OpenAPI document", () => {
  test("has every route and nothing else", () => {
    const declared = ALL_ROUTES.map(({ method, path }) => `${method} ${path}`).sort();
    const printed = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort();
    assert.deepEqual(printed, declared);
    assert.equal(new Set(declared).size, declared.length);
    const ids = operations.map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
  });

  test("every reference leads to a component, and every component is used", () => {
    const named = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    for (const name of named)
      assert.ok(Object.hasOwn(components.schemas, String(name)), String(name));
    for (const name of Object.keys(components.schemas)) assert.ok(named.includes(name), name);
  });

  test("every schema is valid JSON Schema and closed where it is an object with fields", () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    formats.default(ajv);
    ajv.addVocabulary(["components"]);
    ajv.addSchema({ $id: "api", components });
    for (const name of Object.keys(components.schemas)) {
      assert.doesNotThrow(() => ajv.compile({ $ref: `api#/components/schemas/${name}` }), name);
    }
    const openObjects: unknown[] = [];
    JSON.stringify(document, (_key, value: unknown) => {
      const hasFields = typeof value === "object" && value !== null && "required" in value;
      const isObject = hasFields && "type" in value && value.type === "object";
      if (isObject && !("additionalProperties" in value)) openObjects.push(value);
      return value;
    });
    assert.deepEqual(openObjects, []);
  });

  test("every schema that a server compiles at a request compiles", () => {
    const ajv = new Ajv({ strict: true, allowUnionTypes: true, unicode: false, logger: false });
    formats.default(ajv);
    for (const route of ALL_ROUTES) {
      for (const schema of judgedSchemas(route)) {
        assert.doesNotThrow(() => ajv.compile(schema), route.operationId);
      }
    }
  });

  test("a refusal tells every form that a request may be asked for", () => {
    const forms = new Set<string>();
    JSON.stringify(ALL_ROUTES.map(judgedSchemas), (key, value: unknown) => {
      const isForm = key === "pattern" || key === "format";
      if (isForm && typeof value === "string") forms.add(`${key} ${value}`);
      return value;
    });
    assert.ok(forms.size > 6, [...forms].join());
    for (const form of forms) {
      const [keyword = "", wanted = ""] = form.split(/ (.*)/s);
      const at = { instancePath: "/a", schemaPath: `#/properties/a/${keyword}` };
      const finding = { keyword, ...at, params: { [keyword]: wanted } };
      assert.match(schemaProblem(finding).message, /^"a" must be \S.*\.$/, form);
    }
  });

  test("path parameters are those of the template", () => {
    for (const { path, operation } of operations) {
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      const template = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual(inPath.map(({ name }) => name).sort(), template.sort(), path);
    }
  });

  test("every refusal stands under its own status, by a code of the catalogue", () => {
    for (const { path, operation } of operations) {
      for (const [status, { description }] of Object.entries(operation.responses)) {
        for (const [, code = ""] of description.matchAll(/^`([\w.]+)`:/gm)) {
          assert.ok(Object.hasOwn(ERRORS, code), code);
          assert.equal(String(ERRORS[code as keyof typeof ERRORS][0]), status, `${path} ${code}`);
        }
      }
    }
  });
});
