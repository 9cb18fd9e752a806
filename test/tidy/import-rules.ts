/**
 * Imports go one way:
 * domain ← engine ← { store, ingest, connectors, http, cli } ← compose ← product.
 *
 * compose.ts and product.ts are the only files that name several adapters. They do not import
 * cli: the entry src/cli/main.ts imports product and hands what it opens to the commands. Commands
 * and routes know it by the types that src/engine states, so no adapter depends on the composition.
 * ingest is pure mapping: of the engine it may take types from ports.ts, nothing that runs.
 */
import { builtinModules } from "node:module";
import { type Import, importsOf } from "./imports.ts";
import { type Finding, isProduct, isSdk, type Rule, type Tree } from "./tree.ts";

/** What each part of src may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  engine: ["domain"],
  store: ["domain", "engine"],
  ingest: ["domain"],
  connectors: ["domain", "engine"],
  http: ["domain", "engine"],
  cli: ["domain", "engine"],
  "version.ts": [],
  "compose.ts": ["domain", "engine", "store", "ingest", "connectors", "http", "version.ts"],
  "product.ts": ["domain", "engine", "store", "ingest", "http", "version.ts", "compose.ts"],
};

/** Parts whose folders are rival adapters: what two of them share stands above both. */
const RIVALS = ["store", "connectors"];

function findingOf({ from, line }: Import, message: string): Finding {
  return { path: from.path, line, message };
}

/** Folder of an adapter among its rivals; null for what stands above them. */
function rivalOf(path: string): string | null {
  const [, part = "", folder = "", ...rest] = path.split("/");
  return RIVALS.includes(part) && rest.length > 0 ? folder : null;
}

/**
 * The oracle reads the embedded store's file, so it knows that store; what moves rows between two
 * stores knows both, and the oracle, which reads what it copied; what removes old steps is all of
 * that once more, and what sets balances to what the oracle adds up is most of it. None of the
 * stores knows any of them.
 */
const KNOWN_RIVALS: Readonly<Record<string, readonly string[]>> = {
  verify: ["sqlite"],
  move: ["sqlite", "postgres", "verify"],
  retain: ["sqlite", "postgres", "verify", "move"],
  recount: ["sqlite", "verify", "move"],
};

/** Complaint about an import inside src, or undefined where the arrow allows it. */
function againstArrow({ from, target, isTypeOnly }: Import): string | undefined {
  if (target === null || target === "package.json") return undefined;
  // A rule of its own says who may.
  if (target.startsWith("sdk/")) return undefined;
  const [, part = ""] = from.path.split("/");
  const [root, targetPart = ""] = target.split("/");
  const allowed = MAY_IMPORT[part];
  if (allowed === undefined) return `${part} is no part of src that the arrow of imports knows`;
  if (root !== "src" || /(\.test|-contract)\.ts$/.test(target)) return `product imports ${target}`;
  if (targetPart === part) {
    const rival = rivalOf(target);
    const own = rivalOf(from.path);
    const isKnown = part === "store" && KNOWN_RIVALS[own ?? ""]?.includes(rival ?? "") === true;
    return rival === null || rival === own || isKnown ? undefined : `imports rival ${rival}`;
  }
  if (from.path === "src/cli/main.ts" && target === "src/product.ts") return undefined;
  if (part === "ingest" && target === "src/engine/ports.ts" && isTypeOnly) return undefined;
  return allowed.includes(targetPart) ? undefined : `${part} imports ${targetPart}`;
}

const snippet = (path: string, text: string) => ({ [path]: text });

const arrow: Rule = {
  name: "imports follow the arrow from the domain outwards",
  find: (tree) =>
    importsOf(tree.filter(isProduct)).flatMap((entry) => {
      const message = againstArrow(entry);
      return message === undefined ? [] : [findingOf(entry, message)];
    }),
  refuses: [
    snippet("src/domain/run/run.ts", "import type { Store } from '../../engine/ports.ts';"),
    snippet("src/engine/x.ts", "import { a } from '../store/memory/store.ts';"),
    snippet("src/http/x.ts", "import { parse } from '../ingest/native/parse.ts';"),
    snippet("src/http/x.ts", "export { parse } from '../ingest/native/parse.ts';"),
    snippet("src/cli/serve.ts", "const { compose } = await import('../compose.ts');"),
    snippet("src/cli/main.ts", "import { compose } from '../compose.ts';"),
    snippet("src/compose.ts", "import { serve } from './cli/serve.ts';"),
    snippet("src/ingest/native/x.ts", "import { a } from '../../engine/ports.ts';"),
    snippet("src/ingest/native/x.ts", "import type { A } from '../../engine/result.ts';"),
    snippet("src/store/sqlite/x.ts", "import { a } from '../memory/store.ts';"),
    snippet("src/connectors/all.ts", "import { a } from './stripe/send.ts';"),
    snippet("src/store/sqlite/x.ts", "import { a } from '../verify/x.ts';"),
    snippet("src/store/verify/x.ts", "import { a } from '../memory/store.ts';"),
    snippet("src/store/verify/x.ts", "import { a } from '../move/x.ts';"),
    snippet("src/store/postgres/x.ts", "import { a } from '../move/x.ts';"),
    snippet("src/store/move/x.ts", "import { a } from '../memory/store.ts';"),
    snippet("src/http/x.ts", "import { a } from './x.test.ts';"),
    snippet("src/http/x.ts", "import { a } from '../../bench/x.ts';"),
    snippet("src/billing/x.ts", "import { a } from '../domain/x.ts';"),
  ],
  accepts: [
    snippet("src/engine/x.ts", "import { a } from '../domain/x.ts';\nimport b from 'node:fs';"),
    snippet("src/store/sqlite/x.ts", "import { a } from './y.ts';\nimport { b } from '../row.ts';"),
    snippet("src/store/move/x.ts", "import { a } from '../postgres/x.ts';"),
    snippet("src/store/sqlite/sql/x.ts", "import { a } from '../y.ts';"),
    snippet("src/ingest/native/x.ts", "import type { A } from '../../engine/ports.ts';"),
    snippet("src/ingest/native/x.ts", "import { a } from '../provider-response/openai.ts';"),
    snippet("src/compose.ts", "import { a } from './store/memory/store.ts';"),
    snippet("src/cli/main.ts", "import { openProduct } from '../product.ts';"),
    snippet("src/engine/x.test.ts", "import { a } from '../store/memory/store.ts';"),
  ],
};

/** Cycles, each named once by the import that closes it. */
function findCycles(tree: Tree): Finding[] {
  const byFile = Map.groupBy(importsOf(tree), ({ from }) => from.path);
  const findings: Finding[] = [];
  const finished = new Set<string>();
  const trail: string[] = [];
  const follow = (path: string) => {
    trail.push(path);
    for (const entry of byFile.get(path) ?? []) {
      const { target } = entry;
      if (target === null || finished.has(target)) continue;
      const start = trail.indexOf(target);
      if (start === -1) follow(target);
      else findings.push(findingOf(entry, [...trail.slice(start), target].join(" → ")));
    }
    trail.pop();
    finished.add(path);
  };
  for (const path of byFile.keys()) if (!finished.has(path)) follow(path);
  return findings;
}

const cycles: Rule = {
  name: "no imports run in a circle, not even for types",
  find: findCycles,
  refuses: [
    { "src/a.ts": "import { b } from './b.ts';", "src/b.ts": "import { a } from './a.ts';" },
    {
      "src/a.ts": "import { b } from './b/b.ts';",
      "src/b/b.ts": "import type { C } from './c.ts';",
      "src/b/c.ts": "export * from '../a.ts';",
    },
    { "src/a.ts": "import { a } from './a.ts';" },
  ],
  accepts: [
    {
      "src/a.ts": "import { b } from './b.ts';\nimport { c } from './c.ts';",
      "src/b.ts": "import { c } from './c.ts';",
      "src/c.ts": "export const c = 1;",
    },
  ],
};

const nearImports: Rule = {
  name: "no import climbs three folders",
  find: (tree) =>
    importsOf(tree).flatMap((entry) =>
      entry.specifier.includes("../../..") ? [findingOf(entry, entry.specifier)] : [],
    ),
  refuses: [snippet("src/a/b/c/x.ts", "import { a } from '../../../a.ts';")],
  accepts: [snippet("src/a/b/x.ts", "import { a } from '../../a.ts';")],
};

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const declared: Rule = {
  name: "the product imports only Node and its declared runtime dependencies",
  find: (tree) => {
    const manifest = tree.find(({ path }) => path === "package.json")?.text ?? "{}";
    const known = new Set([...Object.keys(JSON.parse(manifest).dependencies ?? {})]);
    return importsOf(tree.filter(isProduct))
      .filter(({ target, specifier }) => target === null && !specifier.startsWith("node:"))
      .filter(({ specifier }) => !known.has(packageOf(specifier)))
      .map((entry) => {
        const isBuiltIn = builtinModules.includes(entry.specifier);
        const remedy = isBuiltIn ? "write node: before it" : "it is no runtime dependency";
        return findingOf(entry, `${entry.specifier}: ${remedy}`);
      });
  },
  refuses: [
    { "package.json": '{"devDependencies":{"pg":"1"}}', "src/x.ts": "import pg from 'pg';" },
    { "package.json": '{"dependencies":{}}', "src/x.ts": "import { join } from 'path';" },
    { "package.json": "{}", "src/x.ts": "const pg = await import('@a/b/c');" },
  ],
  accepts: [
    {
      "package.json": '{"dependencies":{"fastify":"1","@a/b":"1"}}',
      "src/x.ts": "import f from 'fastify';\nimport b from '@a/b/c';\nimport fs from 'node:fs';",
      "src/x.test.ts": "import fc from 'fast-check';",
    },
  ],
};

const isSdkFile = (path: string) => path.startsWith("sdk/src/") && !/\.test\.ts$/.test(path);

/** The demo's agents are applications: they use the SDK as every other does. */
const isDemoOfSdk = ({ from, target }: Import): boolean =>
  from.path === "src/cli/demo/sdk.ts" && target === "sdk/src/index.ts";

/** It runs beside any application, on any runtime: so it knows neither the server nor Node. */
const sdkAlone: Rule = {
  name: "the SDK imports nothing but itself, and of the product the demo alone imports the SDK",
  find: (tree) =>
    importsOf(tree.filter((file) => isSdk(file) || isProduct(file))).flatMap((entry) => {
      const { from, target, specifier } = entry;
      if (isDemoOfSdk(entry)) return [];
      const isInside = target !== null && isSdkFile(target);
      return isSdk(from) === isInside || (isProduct(from) && !target?.startsWith("sdk/"))
        ? []
        : [findingOf(entry, specifier)];
    }),
  refuses: [
    snippet("sdk/src/x.ts", "import { a } from '../../src/domain/x.ts';"),
    snippet("sdk/src/x.ts", "import type { A } from '../test/x.ts';"),
    snippet("sdk/src/a/x.ts", "import { a } from '../x.test.ts';"),
    snippet("sdk/src/x.ts", "import { a } from 'node:async_hooks';"),
    snippet("sdk/src/x.ts", "import type { OpenAI } from 'openai';"),
    snippet("src/cli/x.ts", "import { Tollgate } from '../../sdk/src/index.ts';"),
    snippet("src/cli/demo/sdk.ts", "export { Run } from '../../../sdk/src/run.ts';"),
    snippet("src/cli/demo/x.ts", "import { Run } from '../../../sdk/src/index.ts';"),
  ],
  accepts: [
    snippet("sdk/src/a/x.ts", "import { a } from '../y.ts';"),
    snippet("sdk/test/x.ts", "import { a } from '../../src/domain/x.ts';"),
    snippet("src/cli/x.ts", "import { a } from '../domain/x.ts';\nimport b from 'node:fs';"),
    snippet("src/cli/demo/sdk.ts", "export { Tollgate } from '../../../sdk/src/index.ts';"),
  ],
};

export const IMPORT_RULES: readonly Rule[] = [arrow, cycles, nearImports, declared, sdkAlone];
