/**
 * What a stranger gets: `npm pack`, the tarball installed in an empty folder, `npx tollgate`. The
 * platform package makes this the slowest test (200 MB to unpack), so there is one installation.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
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
import { delimiter, join, posix, sep } from "node:path";
import { after, before, describe, test } from "node:test";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "tollgate-pack-"));
const installed = join(folder, "node_modules/tollgate");
const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

const noCli = existsSync(join(root, "src/cli/main.ts"))
  ? false
  : "src/cli/main.ts does not exist yet";

/** A test among the others looks for type errors; that a build does, too, the long run tries. */
const CHECKED = process.env.TOLLGATE_TEST_FULL === "1" ? {} : { TOLLGATE_TYPES_CHECKED: "1" };

/** The environment of a user's shell: without what `npm test` adds for this repository. */
function shellEnvironment(): NodeJS.ProcessEnv {
  const ofThisRun =
    /^npm_(package|lifecycle|command|execpath|node)|^npm_config_local|^NODE_(TEST|COMPILE)/;
  const kept = Object.entries(process.env).filter(([name]) => !ofThisRun.test(name));
  const path = (process.env.PATH ?? "").split(delimiter);
  const ownPath = path.filter((entry) => !/node_modules[\\/]\.bin$/.test(entry));
  return { ...Object.fromEntries(kept), ...CHECKED, PATH: ownPath.join(delimiter) };
}

function shell(cwd: string, command: string, args: readonly string[]): string {
  const stdio = ["ignore", "pipe", "inherit"] as const;
  return execFileSync(command, args, {
    cwd,
    env: shellEnvironment(),
    encoding: "utf8",
    stdio: [...stdio],
  });
}

before(() => {
  shell(root, "npm", ["pack", "--silent", "--pack-destination", folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  assert.ok(tarball, "npm pack leaves a tarball");
  writeFileSync(join(folder, "package.json"), "{}");
  const quiet = ["--no-audit", "--no-fund", "--silent", "--prefer-offline"];
  shell(folder, "npm", ["install", ...quiet, join(folder, tarball)]);
});
after(() => rmSync(folder, { recursive: true }));

describe("the npm package", () => {
  test("holds the build, the launcher, the pages and nothing that only tests need", () => {
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    assert.ok(files.includes("LICENSE") && files.includes(join("bin", "tollgate.js")));
    assert.ok(files.includes(join("dist", "domain", "errors.js")));
    assert.ok(files.includes(join("dist", "sdk", "index.js")), "the demo's agents use the SDK");
    assert.deepEqual(
      files.filter((path) => /\.ts$|\.test\.|fixtures/.test(path)),
      [],
    );
  });

  test("holds every page that its pages lead to, but for what is in the repository alone", () => {
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
    const pages = files.filter((path) => path.endsWith(".md")).map((path) => path.split(sep));
    assert.ok(pages.length > 30, "the pages are there");
    const inRepository = /^(src|test|docs\/decisions)\//;
    const dead = pages.flatMap((parts) => {
      const path = parts.join("/");
      const text = readFileSync(join(installed, path), "utf8");
      const links = [...text.matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)].map(([, link = ""]) => link);
      const own = links.filter((link) => !/^(https?|mailto):/.test(link));
      const targets = own.map((link) => posix.join(posix.dirname(path), link));
      const isThere = (target: string) =>
        existsSync(join(inRepository.test(target) ? root : installed, target));
      return targets.filter((target) => !isThere(target)).map((target) => `${path}: ${target}`);
    });
    assert.deepEqual(dead, []);
  });

  test("says its version, on whichever Node the machine has", { skip: noCli }, () => {
    const output = shell(folder, "npx", ["--no-install", "tollgate", "--version"]);
    assert.equal(output.trim().split(" ").at(-1), version);
  });

  test("says what it can do", { skip: noCli }, () => {
    assert.match(shell(folder, "npx", ["--no-install", "tollgate", "help"]), /serve/);
  });

  test("serves, and stops when it is told to", { skip: noCli, timeout: 30_000 }, async (t) => {
    const args = [join(installed, "bin/tollgate.js"), "serve", "--data", "data", "--port", "0"];
    const server = spawn("node", args, { cwd: folder, env: shellEnvironment() });
    t.after(() => server.kill("SIGKILL"));
    server.stderr.pipe(process.stderr);
    let output = "";
    for await (const chunk of server.stdout) {
      output += chunk;
      if (/http:\/\/\S+:\d+/.test(output)) break;
    }
    const address = /http:\/\/[^\s/]+:\d+/.exec(output)?.[0];
    assert.ok(address, `the server says where it listens: ${output}`);
    assert.equal((await fetch(`${address}/health`)).status, 200);
    const closed = once(server, "close");
    server.kill("SIGTERM");
    assert.deepEqual(await closed, [0, null]);
  });

  test("plays the demo, whose agents work with the SDK that comes along", { skip: noCli }, () => {
    const args = ["--no-install", "tollgate", "demo", "--once", "--data", "demo", "--port", "0"];
    const env = shellEnvironment();
    const refused = spawnSync("npx", args, { cwd: folder, env, encoding: "utf8" });
    assert.match(refused.stderr, /Run: npm install openai @anthropic-ai\/sdk$/m);
    assert.ok(!existsSync(join(folder, "demo")), "the next try needs a fresh folder");
    mkdirSync(join(folder, "node_modules/@anthropic-ai"));
    for (const name of ["openai", "@anthropic-ai/sdk"]) {
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
    }
    const shown = shell(folder, "npx", args);
    assert.match(shown, /^block: globex-ticket-1 has spent /m);
    assert.match(shown, /^All of this took /m);
    assert.match(shown, /^The server ends here\. .*\n {3}tollgate runs --data demo$/m);
    assert.doesNotMatch(shown, /stays up/);
  });
});
