/**
 * Judges requests by an OpenAPI document of the target's, in process. The documents stand beside
 * the repository (../shared/specs, or the folder that TOLLGATE_SPECS names); where they are absent
 * nothing is judged, which is printed once, and is a failure in CI.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { OutgoingRequest } from "../engine/export/connector-port.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDERS = [process.env.TOLLGATE_SPECS, join(ROOT, "..", "shared", "specs")];

/** Complaints about a request; none: it is valid. */
export type RequestJudge = (request: OutgoingRequest) => readonly string[];

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: object;
}

interface OpenApi {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly parameters?: readonly Parameter[]; requestBody?: object }>>
    >
  >;
}

const judges = new Map<string, RequestJudge>();

/** A judge by a document; `known`: operations (`GET /v1/x/{id}`) that it may leave out. */
export function judgeOf(file: string, known: ReadonlySet<string> = new Set()): RequestJudge {
  const name = [file, ...known].join("\n");
  const made = judges.get(name) ?? readJudge(file, known);
  judges.set(name, made);
  return made;
}

/** Why requests are not judged by a document; null: they are. */
export function whyUnjudged(file: string): string | null {
  return folderOf(file) === undefined ? `${file} is not beside the repository` : null;
}

function folderOf(file: string): string | undefined {
  return FOLDERS.find((one) => one !== undefined && existsSync(join(one, file)));
}

function readJudge(file: string, known: ReadonlySet<string>): RequestJudge {
  const folder = folderOf(file);
  if (folder === undefined) {
    assert.equal(process.env.CI, undefined, `${file} is there in CI`);
    process.stdout.write(`# requests are not judged: ${file} is not beside the repository\n`);
    return () => [];
  }
  return new Judging(JSON.parse(readFileSync(join(folder, file), "utf8")), known).judge;
}

class Judging {
  readonly #document: OpenApi;
  readonly #known: ReadonlySet<string>;
  readonly #texts = new Ajv2020({ strict: false, coerceTypes: true, allErrors: true });
  readonly #values = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: OpenApi, known: ReadonlySet<string>) {
    this.#document = document;
    this.#known = known;
    for (const ajv of [this.#texts, this.#values]) {
      addFormats.default(ajv);
      ajv.addSchema({ ...document, $id: "spec" }, "spec");
    }
  }

  readonly judge: RequestJudge = ({ method, url, headers, body }) => {
    const { pathname, searchParams } = new URL(url);
    const verb = method.toLowerCase();
    const path = this.#pathOf(pathname, verb);
    if (path === undefined) return this.#unlisted(method, pathname);
    const operation = this.#document.paths[path]?.[verb] ?? {};
    const complaints = judgeQuery(operation.parameters ?? [], searchParams, (schema, value) =>
      this.#check(`${verb} ${path} ${JSON.stringify(schema)}`, schema, { value }),
    );
    if (operation.requestBody === undefined || body === null) return complaints;
    const type = contentType(headers["content-type"] ?? "", operation.requestBody);
    const pointer = `${escaped(path)}/${verb}/requestBody/content/${escaped(type)}/schema`;
    const isJson = /[/+]json\b/.test(type);
    const value = isJson ? JSON.parse(String(body)) : parseForm(String(body));
    const schema = { $ref: `spec#/paths/${pointer}` };
    const found = this.#check(pointer, schema, { value, isText: !isJson });
    return [...complaints, ...found].map((one) => `${method} ${pathname}: ${one}`);
  };

  #pathOf(pathname: string, verb: string): string | undefined {
    return Object.keys(this.#document.paths).find((path) => {
      const pattern = path.replaceAll(/\{[^}]+\}/g, "[^/]+");
      return new RegExp(`^${pattern}$`).test(pathname) && this.#document.paths[path]?.[verb];
    });
  }

  #unlisted(method: string, pathname: string): readonly string[] {
    const isKnown = [...this.#known].some((one) => {
      return new RegExp(`^${one.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(`${method} ${pathname}`);
    });
    return isKnown ? [] : [`${method} ${pathname} is no operation`];
  }

  #check(
    key: string,
    schema: object,
    { value, isText = true }: { readonly value: unknown; readonly isText?: boolean },
  ): readonly string[] {
    const ajv = isText ? this.#texts : this.#values;
    const check = this.#compiled.get(key) ?? ajv.compile(schema);
    this.#compiled.set(key, check);
    if (check(value)) return [];
    return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }
}

/** A type as the document lists it: some are told apart by what stands behind the semicolon. */
function contentType(header: string, { content = {} }: { readonly content?: object }): string {
  return header in content ? header : header.replace(/;.*$/, "");
}

function escaped(part: string): string {
  const pointer = encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
  return pointer.replaceAll("%2F", "/").replaceAll("%7E", "~");
}

function judgeQuery(
  parameters: readonly Parameter[],
  query: URLSearchParams,
  check: (schema: object, value: unknown) => readonly string[],
): readonly string[] {
  const given = parseForm(query.toString());
  const listed = parameters.filter((one) => one.in === "query");
  const unknown = Object.keys(given).filter((name) => !listed.some((one) => one.name === name));
  return [
    ...unknown.map((name) => `${name} is no parameter`),
    ...listed.flatMap(({ name, required, schema }) => {
      if (given[name] !== undefined) return check(rooted(schema), { ...given }[name]);
      return required === true ? [`${name} is missing`] : [];
    }),
  ];
}

/** References of a parameter's schema point into its document. */
function rooted(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"spec#/'));
}

type Form = { [name: string]: string | Form };

/** `a[b]=c` as `{ a: { b: "c" } }`. */
function parseForm(text: string): Form {
  const form: Form = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const keys = name.replaceAll("]", "").split("[");
    const last = keys.pop() ?? "";
    let place = form;
    for (const key of keys) {
      place[key] ??= {};
      place = place[key] as Form;
    }
    place[last] = value;
  }
  return listsOf(form) as Form;
}

/** Places that are numbered from 0 on, such as `a[0]` and `a[1]`, are a list. */
function listsOf(part: string | Form): unknown {
  if (typeof part === "string") return part;
  const names = Object.keys(part);
  const isList = names.length > 0 && names.every((name, at) => name === String(at));
  if (isList) return Object.values(part).map(listsOf);
  return Object.fromEntries(names.map((name) => [name, listsOf(part[name] ?? "")]));
}
