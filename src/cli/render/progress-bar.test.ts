import assert from "node:assert/strict";
import { test } from "node:test";
import { type Progress, ProgressBar } from "./progress-bar.ts";

/** What a bar writes when it is shown once. */
function drawn(progress: Progress, { isTTY = true, columns = 80 } = {}): string {
  let text = "";
  const write = (more: string) => (text += more);
  new ProgressBar({ isTTY, columns, write }).show(progress);
  return text.replace("\r\u001b[K", "");
}

test("a bar shows its share, its count and its note", () => {
  const progress = { label: "runs", done: 3, total: 12, note: "cost 0.31" };
  assert.equal(drawn(progress), "runs  ━━━━━━──────────────────   3/12  cost 0.31");
  assert.equal(drawn({ ...progress, done: 12, note: "" }), `runs  ${"━".repeat(24)}  12/12`);
});

test("a bar without work is full, and one beyond its total does not overflow", () => {
  assert.match(drawn({ label: "", done: 0, total: 0, note: "" }), /^━{24} {2}0\/0$/);
  assert.match(drawn({ label: "", done: 9, total: 3, note: "" }), /^━{24} {2}9\/3$/);
});

test("a bar never wraps the line it is drawn over", () => {
  const long = { label: "runs", done: 1, total: 2, note: "x".repeat(200) };
  assert.equal([...drawn(long, { columns: 60 })].length, 59);
});

test("a bar is drawn over its own line, on a terminal and nowhere else", () => {
  const progress = { label: "runs", done: 1, total: 1, note: "" };
  let text = "";
  const bar = new ProgressBar({ isTTY: true, columns: 60, write: (more) => (text += more) });
  bar.show(progress);
  bar.clear();
  assert.equal(text, `\r\u001b[Kruns  ${"━".repeat(24)}  1/1\r\u001b[K`);
  assert.equal(drawn(progress, { isTTY: false }), "");
});
