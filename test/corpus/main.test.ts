import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { QUICK_START } from "../quick-start.ts";
import type { Report } from "./report.ts";

/** A corpus of one session whose one call states this cost. */
function corpusOf(t: TestContext, cost: string): string {
  const root = mkdtempSync(join(tmpdir(), "corpus-"));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, "runs", "openhands-sdk-logs", "logs");
  mkdirSync(folder, { recursive: true });
  const usage = '{"prompt_tokens":1000,"completion_tokens":100}';
  const response = `{"id":"c1","model":"claude-sonnet-4-20250514","usage":${usage}}`;
  const record = `{"response":${response},"timestamp":1757015025.9,"cost":${cost}}`;
  writeFileSync(join(folder, "1.json"), record);
  return root;
}

function corpus(...args: readonly string[]) {
  const main = join(import.meta.dirname, "main.ts");
  return spawnSync(process.execPath, [...QUICK_START, main, ...args], { encoding: "utf8" });
}

test("a corpus without an open question exits with 0 and counts its runs", (t) => {
  const { status, stdout, stderr } = corpus(corpusOf(t, "0.0045"), "--json");
  assert.equal(status, 0, stderr);
  const report = JSON.parse(stdout) as Report;
  const counts = { runs: 1, steps: 1, agree: 1, explained: 0, fitted: 0, unexplained: 0 };
  assert.deepEqual(report.totals, counts);
  const dataset = report.datasets["openhands-sdk-logs"];
  assert.deepEqual([dataset?.stated, dataset?.metered], ["0.0045 USD", "0.0045 USD"]);
});

test("one unexplained run exits with 1 and is named", (t) => {
  const { status, stdout, stderr } = corpus(corpusOf(t, "0.0046"));
  assert.equal(status, 1);
  assert.match(stdout, /openhands-sdk-logs +1 +1 +0\.0046 USD +0\.0045 USD +0 +0 +0 +1/);
  assert.match(stderr, /unexplained {2}openhands-sdk-logs\/logs: .*0\.0046.*0\.0045/);
});

test("without a folder, or one without recorded runs, it says how it is used", (t) => {
  assert.equal(corpus().status, 2);
  assert.match(corpus().stderr, /usage: npm run corpus -- DIR/);
  assert.equal(corpus("--jsno").status, 2);
  assert.match(corpus("--jsno").stderr, /^Unknown option '--jsno'.*\nusage: /);
  assert.match(corpus("no-such-folder").stderr, /is not a folder/);
  const empty = mkdtempSync(join(tmpdir(), "corpus-"));
  t.after(() => rmSync(empty, { recursive: true }));
  assert.equal(corpus(empty).status, 2);
});
