/**
 * What a stranger gets of the SDK: `npm pack`, the tarball installed in an empty folder, and the
 * examples of its page, run as they stand by the Node of the machine. Requests to the addresses of
 * the page are led to the stand-ins; the vendors' SDKs are those of this repository.
 */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import ts from "typescript";
import { ProviderStandIn } from "../../sdk/test/scripted-provider.ts";
import { TollgateStandIn } from "../../sdk/test/scripted-tollgate.ts";
import { deadLinks } from "../e2e/doc-blocks.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "tollgate-sdk-"));
const installed = join(folder, "node_modules/@tollgate/sdk");

/** The environment of a user's shell: without what `npm test` adds for this repository. */
function shellEnvironment(): NodeJS.ProcessEnv {
  const ofThisRun = /^npm_(package|lifecycle|command|execpath|node)|^npm_config_local|^NODE_TEST/;
  const kept = Object.entries(process.env).filter(([name]) => !ofThisRun.test(name));
  const path = (process.env.PATH ?? "").split(delimiter);
  const ownPath = path.filter((entry) => !/node_modules[\\/]/.test(entry));
  return { ...Object.fromEntries(kept), PATH: ownPath.join(delimiter) };
}

function npm(cwd: string, args: readonly string[]): void {
  const stdio = ["ignore", "ignore", "inherit"] as const;
  execFileSync("npm", [...args, "--silent"], { cwd, env: shellEnvironment(), stdio: [...stdio] });
}

/** Leads the addresses of the page to the stand-ins, before anything takes the global fetch. */
const REROUTE = `
const { fetch } = globalThis;
const routes = JSON.parse(process.env.ROUTES);
globalThis.fetch = (input, init) => {
  const { origin } = new URL(input);
  return fetch(String(input).replace(origin, routes[origin] ?? origin), init);
};
`;

let server: TollgateStandIn;
let provider: ProviderStandIn;

before(async () => {
  npm(join(root, "sdk"), ["pack", "--pack-destination", folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  assert.ok(tarball, "npm pack leaves a tarball");
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(join(folder, "reroute.mjs"), REROUTE);
  npm(folder, ["install", "--offline", "--no-audit", "--no-fund", join(folder, tarball)]);
  mkdirSync(join(folder, "node_modules/@anthropic-ai"));
  for (const name of ["openai", "@anthropic-ai/sdk"]) {
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  server = await TollgateStandIn.start();
  provider = await ProviderStandIn.start();
});
after(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
  await provider.close();
});

/** The examples of the page, by the name that each is given. */
function examples(): Map<string, string> {
  const page = readFileSync(join(root, "sdk/README.md"), "utf8");
  const blocks = page.matchAll(/^```js run (\S+)\n([\s\S]*?)^```$/gm);
  return new Map([...blocks].map(([, name = "", text = ""]) => [name, text]));
}

/** Runs an example of the page by the machine's own Node; gives what it prints. */
async function runExample(name: string): Promise<string> {
  const example = examples().get(name);
  assert.ok(example !== undefined, `sdk/README.md has ${name}`);
  writeFileSync(join(folder, name), example);
  const routes = {
    "http://127.0.0.1:4100": server.url,
    "https://api.openai.com": `http://${provider.host}`,
    "https://api.anthropic.com": `http://${provider.host}`,
  };
  const keys = { TOLLGATE_KEY: "tg_test", OPENAI_API_KEY: "none", ANTHROPIC_API_KEY: "none" };
  const env = { ...shellEnvironment(), ...keys, ROUTES: JSON.stringify(routes) };
  const args = ["--import", "./reroute.mjs", name];
  const { stdout, stderr } = await promisify(execFile)("node", args, { cwd: folder, env });
  assert.equal(stderr, "", name);
  return stdout;
}

describe("the SDK's package", () => {
  test("holds the build with its types and licence, and no tests or sources", () => {
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    assert.ok(files.includes(join("dist", "index.js")) && files.includes(join("dist", "LICENSE")));
    assert.ok(files.includes(join("dist", "model-call", "metered-fetch.d.ts")));
    const strange = files.filter((path) => /(?<!\.d)\.ts$|\.test\./.test(path));
    assert.deepEqual(strange, []);
    assert.ok(!existsSync(join(installed, "node_modules")), "it depends on nothing");
  });

  test("is understood by a strict compiler, as the vendors' SDKs take it", () => {
    const app = join(folder, "app.ts");
    const text = [
      'import { OpenAI } from "openai";',
      'import Anthropic from "@anthropic-ai/sdk";',
      'import { BudgetExceeded, Tollgate, type Run } from "@tollgate/sdk";',
      'const tollgate = new Tollgate({ url: "http://t.test", key: "k" });',
      "new OpenAI({ fetch: tollgate.fetch });",
      "new Anthropic({ fetch: tollgate.fetch });",
      'const run: Run = tollgate.open({ customer: "acme", agent: "a" });',
      'export const a: Promise<number> = run.tool("t", {}, () => 1);',
      'export const b: string = run.compute("1.5");',
      "export const c: string | null = new BudgetExceeded(run.close() as never).remaining;",
      "// @ts-expect-error An agent is required.",
      "tollgate.open({});",
    ];
    writeFileSync(app, text.join("\n"));
    const program = ts.createProgram([app], {
      ...{ strict: true, noEmit: true, exactOptionalPropertyTypes: true, types: ["node"] },
      typeRoots: [join(root, "node_modules/@types")],
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    });
    // Only these files: the vendors' own declarations are not ours to judge, and large.
    const files = program.getSourceFiles().filter(({ fileName }) => {
      return fileName === app || fileName.includes("@tollgate");
    });
    assert.ok(files.length > 10, `${files.length} files`);
    const problems = files.flatMap((file) => program.getSemanticDiagnostics(file));
    const told = problems.map(({ messageText }) =>
      ts.flattenDiagnosticMessageText(messageText, " "),
    );
    assert.deepEqual(told, []);
  });

  test("meters OpenAI in two minutes", async () => {
    assert.equal(await runExample("openai.mjs"), "one two three four five\n");
    assert.deepEqual(
      server.events.map(({ type }) => type),
      ["step", "outcome.recorded", "run.closed"],
    );
    assert.equal(server.steps.at(-1)?.callId, `openai:chatcmpl-${provider.seen.length}`);
  });

  test("meters Anthropic's streams", async () => {
    assert.equal(await runExample("anthropic.mjs"), "one two three four five");
    assert.equal(server.steps.at(-1)?.provider, "anthropic");
  });

  test("refuses what a budget does not allow", async () => {
    const decidedBy = { budget: "run-cap", scope: "r", measure: "cost", currency: "USD" };
    const told = { ...decidedBy, limit: "0.05", remaining: "0.01" };
    server.decide = () => ({ decision: "block", reason: "budget", decidedBy: told });
    const calls = provider.seen.length;
    assert.equal(await runExample("refused.mjs"), "run-cap 0.01 block\n");
    assert.equal(provider.seen.length, calls);
    assert.deepEqual(server.asks.at(-1)?.open?.caps, [{ measure: "cost", limit: "0.05" }]);
    server.decide = () => ({ decision: "allow" });
  });

  test("meters tools, computing and runs below", async () => {
    const before = server.steps.length;
    await runExample("tools.mjs");
    const kinds = server.steps.slice(before).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["tool", "retrieval", "compute", "compute"]);
    assert.deepEqual(server.complaints, []);
  });

  test("every example of its page is run here, and its links lead somewhere", () => {
    assert.deepEqual(deadLinks("sdk/README.md"), []);
    const run = ["openai.mjs", "anthropic.mjs", "refused.mjs", "tools.mjs"];
    assert.deepEqual([...examples().keys()], run);
  });
});
