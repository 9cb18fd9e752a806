import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BATCHES, testFilesOf } from "../batches/batch.ts";
import { filesOf, partOf } from "../full.ts";

test("the parts of a long run are all tests, each once", () => {
  const names = ["pricing", "stores", "crash", "nodes", "faults", "rest"];
  const parts = names.map((name) => filesOf([name]));
  for (const [at, files] of parts.entries()) assert.ok(files.length > 0, `${names[at]}`);
  assert.deepEqual(parts.flat().sort(), filesOf([]));
  assert.equal(partOf("test/rating/rating-oracle.test.ts"), "pricing");
  assert.throws(() => filesOf(["prising"]), /"prising" is none of: pricing/);
  assert.deepEqual(filesOf(["src/store/as-of"]), ["src/store/as-of.test.ts"]);
  const both = filesOf(["crash", "src/store/as-of"]);
  assert.deepEqual(both, ["src/store/as-of.test.ts", ...filesOf(["crash"])]);
});

test("npm test runs every test file once: alone, or in the batch of its folder", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const patterns = [...scripts.test.matchAll(/"([^"]+)"/g)].map(([, pattern]) => pattern);
  assert.ok(patterns.length > 0);
  const alone = globSync(patterns).map((file) => file.replaceAll("\\", "/"));
  const isOwn = (file: string) => !/^test\/(batches|checked)\//.test(file);
  const inBatches = Object.values(BATCHES).flatMap(testFilesOf);
  assert.deepEqual([...alone.filter(isOwn), ...inBatches].sort(), filesOf([]));
  for (const name of Object.keys(BATCHES))
    assert.ok(alone.includes(`test/batches/${name}.test.ts`));
});

test("an error that nobody caught fails its file, whose promises nobody follows", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-lost-"));
  const text = 'test("a", async () => { void Promise.reject(new Error("lost")); });';
  writeFileSync(join(folder, "lost.test.mjs"), `import { test } from "node:test";\n${text}\n`);
  const words = ["--import", "./test/preload.ts", "--test", join(folder, "lost.test.mjs")];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, words, { env, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  assert.equal(status, 1);
  assert.match(stdout, /This activity created the error "Error: lost"/);
});
