import assert from "node:assert/strict";
import { test } from "node:test";
import { runView, stepView } from "../render/run-views.test.ts";
import { PLAIN_STYLES } from "../render/styles.ts";
import { LiveTree } from "./live-tree.ts";

/** What a screen shows after the control sequences that a live tree uses. */
class Screen {
  readonly isTTY = true;
  readonly rows: number;
  readonly columns: number;
  lines = [""];
  #row = 0;

  constructor({ rows = 24, columns = 100 } = {}) {
    this.rows = rows;
    this.columns = columns;
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is steered by
    for (const part of text.split(/(\u001b\[\d*[AJ]|\r|\n)/)) this.#take(part);
  }

  #take(part: string): void {
    if (part.endsWith("A")) this.#row -= Number(part.slice(2, -1));
    else if (part.endsWith("J")) this.lines.length = this.#row;
    else if (part === "\n") this.#row += 1;
    else if (part !== "\r" && part !== "") this.#print(part);
    assert.ok(this.lines.length - this.#row < this.rows, "the cursor stays on the screen");
  }

  #print(text: string): void {
    for (let at = 0; at < text.length; at += this.columns) {
      if (at > 0) this.#row += 1;
      this.lines[this.#row] = text.slice(at, at + this.columns);
    }
  }
}

/** A run that gains a step with each reading. */
function growingRun() {
  const steps = [stepView({ id: "s0" })];
  return async () => {
    steps.push(stepView({ id: `s${steps.length}`, seq: steps.length + 1 }));
    return runView({ run: "r", steps: [...steps] });
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function show(screen: Screen, { refreshes = 5 } = {}): Promise<void> {
  const live = new LiveTree(screen, PLAIN_STYLES, growingRun());
  for (let count = 0; count < refreshes; count += 1) {
    live.refresh();
    await settled();
  }
  await live.finish();
}

test("a growing run is drawn over itself and stands there once at the end", async () => {
  const screen = new Screen();
  await show(screen);
  const drawn = screen.lines.filter((line) => line.startsWith("r "));
  assert.equal(drawn.length, 1);
  assert.equal(screen.lines.filter((line) => line.includes("─ model")).length, 7);
});

test("lines that wrap and trees beyond the screen leave nothing behind", async () => {
  const screen = new Screen({ rows: 8, columns: 30 });
  await show(screen, { refreshes: 9 });
  assert.equal(screen.lines.filter((line) => line.startsWith("r ")).length, 1);
  assert.equal(screen.lines.filter((line) => line.includes("─ model")).length, 11);
});

test("off a terminal a run is printed once, at its end", async () => {
  let text = "";
  const out = { write: (more: string) => (text += more) };
  const live = new LiveTree(out, PLAIN_STYLES, growingRun());
  live.refresh();
  await settled();
  assert.equal(text, "");
  await live.finish();
  assert.equal(text.split("\n").length, 5);
});

test("a run that cannot be read yet is drawn with the next arrival", async () => {
  const screen = new Screen();
  const read = growingRun();
  let readings = 0;
  const live = new LiveTree(screen, PLAIN_STYLES, () => {
    readings += 1;
    return readings === 1 ? Promise.reject(new Error("run.not_found")) : read();
  });
  live.refresh();
  await settled();
  assert.deepEqual(screen.lines, [""]);
  await live.finish();
  assert.equal(screen.lines.filter((line) => line.includes("─ model")).length, 2);
});
