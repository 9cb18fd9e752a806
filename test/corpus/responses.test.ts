/**
 * All recorded responses of the shared data, through the mapper and the product's own prices.
 * Where the data is absent the tests say so; in CI it must be there.
 */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { judgeFigure } from "./judge.ts";
import { readCassettes } from "./responses/cassettes.ts";
import { mapAnswer } from "./responses/mapped-answer.ts";
import { RESPONSE_DATASETS } from "./responses.ts";
import { StandInMeter } from "./stand-in-meter.ts";
import type { CorpusRun, MeteredRun } from "./types.ts";

const SHARED = process.env.TOLLGATE_SHARED ?? join(import.meta.dirname, "../../../shared");
const ROOT = join(SHARED, "traces");
const isThere = statSync(ROOT, { throwIfNoEntry: false })?.isDirectory() === true;
const skip = isThere || process.env.CI !== undefined ? false : `no shared data at ${SHARED}`;

async function metered(runs: readonly CorpusRun[]): Promise<Map<CorpusRun, MeteredRun>> {
  const meter = new StandInMeter();
  const prices = runs[0]?.prices;
  if (prices !== undefined) await meter.importPrices(prices);
  const results = new Map<CorpusRun, MeteredRun>();
  for (const run of runs) {
    for (const { status, id } of await meter.feed(run.events)) {
      assert.equal(status, "accepted", `${run.run} ${id}`);
    }
    results.set(run, await meter.run(run.run));
  }
  return results;
}

/** The text with its last digit changed. */
function mutated(text: string): string {
  const at = text.search(/\d(?=\D*$)/);
  return text.slice(0, at) + ((Number(text[at]) + 1) % 10) + text.slice(at + 1);
}

for (const reader of RESPONSE_DATASETS) {
  test(`${reader.dataset}: every stated figure is computed, and no changed one is`, {
    skip,
  }, async () => {
    const runs = await reader.read(ROOT);
    assert.ok(runs.length > 0, "no runs were found by layout");
    for (const [run, answer] of await metered(runs)) {
      for (const figure of run.stated) {
        const { verdict, detail } = judgeFigure(figure, answer);
        const where = `${run.run}: ${figure.name} ${figure.text}`;
        assert.notEqual(verdict, "unexplained", `${where}: ${detail}`);
        const changed = figure.judge(answer, mutated(figure.text));
        assert.equal(changed.verdict, "unexplained", `${where}, changed: ${changed.rule}`);
      }
    }
  });
}

test("no count of any recorded usage block is left unread", { skip }, () => {
  const mapped = [...readCassettes(ROOT).values()].flat().flatMap((one) => mapAnswer(one) ?? []);
  assert.ok(mapped.length > 0);
  for (const { answer, result } of mapped) {
    if ("steps" in result) assert.deepEqual(result.unread, [], answer.file);
    else assert.equal(result.problem.code, "usage.inconsistent", answer.file);
  }
});
