/** Results of batches and counts that nobody reads, imported from files as people have them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { atTerminal } from "./terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-batches-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const tollgate = (...words: string[]) => atTerminal({ TOLLGATE_DATA: join(folder, "data") }, words);

async function imported(name: string, document: unknown) {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(document));
  return await tollgate("import", path, "--customer", "acme", "--agent", "night");
}

const usageMetadata = { promptTokenCount: 80, candidatesTokenCount: 20, totalTokenCount: 100 };
const answered = { candidates: [{ finishReason: "STOP" }], usageMetadata };
const batch = {
  name: "batches/tti3",
  metadata: { model: "models/gemini-2.5-flash-lite", endTime: "2026-11-03T17:24:41Z" },
  done: true,
  response: {
    inlinedResponses: {
      inlinedResponses: [{ response: answered }, { error: { code: 13 } }, { response: answered }],
    },
  },
};

test("a batch of Gemini costs half, once, however often it is imported", async () => {
  const first = await imported("gemini.json", batch);
  assert.match(first.out, /2 events; 2 accepted/);
  assert.match(first.err, /requests of the batch without an answer: 1/);
  assert.match((await imported("again.json", batch)).out, /2 events; 2 duplicate/);
  const { rows } = JSON.parse((await tollgate("usage", "--by", "model", "--json")).out);
  // Twice (80 × 0.10 + 20 × 0.40) per million, at half: 0.000016.
  assert.deepEqual(
    rows.map(({ group, cost }: { group: { model: string }; cost: string }) => [group.model, cost]),
    [["gemini-2.5-flash-lite", "0.000016"]],
  );
});

test("counts that no rule reads are named, and the rest is metered", async () => {
  const usage = { prompt_tokens: 10, completion_tokens: 2, thoughts: { deep_tokens: 4 } };
  const { code, out, err } = await imported("odd.json", { id: "c1", model: "gpt-5", usage });
  assert.equal(code, 0);
  assert.match(out, /1 event; 1 accepted/);
  const unread = "event 1: nothing is metered of providerUsage.usage.thoughts.deep_tokens";
  assert.equal(err.trim(), unread);
});
