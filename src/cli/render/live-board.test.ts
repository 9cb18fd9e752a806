/** Live views on the terminal. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveBoard, type LiveMessage, type LiveRunView } from "../live-board.ts";
import { changeLines, renderBoard } from "./live-board.ts";
import { PLAIN_STYLES } from "./styles.ts";

function run(id: string, more: Partial<LiveRunView> = {}): LiveRunView {
  return {
    ...{ run: id, parentRun: null, customer: "acme", agent: "support", status: "open" },
    ...{ openedAt: "2026-11-15T12:00:00.000Z", steps: 1, chargeCurrency: "EUR" },
    tree: { steps: 3, unpriced: 0, cost: "0.25", charge: "0.5" },
    ...more,
  };
}

const STEP = {
  ...{ run: "r", id: "1", kind: "tool", model: null, tool: "search", status: "error" },
  ...{ voided: false, occurredAt: "2026-11-15T12:00:07.000Z", cost: "0", costStatus: "none" },
  charge: "0.1",
};

const CHANGE: LiveMessage = {
  runs: [run("r", { status: "completed" })],
  steps: [STEP],
  earlierSteps: 4,
  decisions: [
    { run: "r", id: "2", decision: "allow", reason: null, budget: null, policy: null },
    {
      ...{ run: "r", id: "3", decision: "pause", reason: "policy", budget: null },
      policy: { policy: "loops", rule: "repeated_call" },
    },
  ],
  reached: [
    {
      ...{ policy: "loops", rule: "repeated_call", do: "pause", mode: "observe", run: "r" },
      ...{ level: "4", moreThan: "3" },
    },
  ],
};

describe("A live board", () => {
  it("draws runs as a tree, whatever is told first, and the newest steps", () => {
    const board = new LiveBoard();
    board.begin({ runs: [run("child", { parentRun: "root" }), run("root")] });
    board.change({ steps: [STEP] });
    const lines = renderBoard(board, PLAIN_STYLES);
    assert.match(lines[1] ?? "", /^root +acme +support +open +3 +0\.25 +0\.50 +EUR/);
    assert.match(lines[2] ?? "", /^└─ child/);
    assert.match(lines.at(-1) ?? "", /^12:00:07 +r +tool search +error +0\.00 +0\.10/);
  });

  it("has of each run what was told last", () => {
    const board = new LiveBoard();
    board.begin({ runs: [run("r")] });
    board.change(CHANGE);
    assert.match(renderBoard(board, PLAIN_STYLES).join("\n"), /r +acme +support +completed/);
    assert.match(
      renderBoard(board, PLAIN_STYLES).join("\n"),
      /loops\/repeated_call +4 > 3 +would pause/,
    );
  });

  it("shows so many runs as can be drawn over, and says how many there are more", () => {
    const board = new LiveBoard();
    board.begin({ runs: Array.from({ length: 50 }, (_, at) => run(`r${at}`)) });
    const lines = renderBoard(board, PLAIN_STYLES);
    assert.equal(lines.length, 22);
    assert.equal(lines.at(-1), "and 30 earlier ones");
    assert.match(lines.at(-2) ?? "", /^r0 /, "the newest run is nearest to the prompt");
  });
});

describe("Where nothing can be drawn over", () => {
  it("each thing that happens is a line", () => {
    assert.deepEqual(changeLines(CHANGE), [
      "… 4 steps before these",
      "step  12:00:07  r  tool search  cost 0.00  charge 0.10  error",
      "policy  r  loops/repeated_call  4 > 3  would pause",
      "pause  r  3  policy  loops/repeated_call",
      "run  r  completed  3 steps  cost 0.25  charge 0.50",
    ]);
  });

  it("what comes from outside moves no cursor", () => {
    const [line] = changeLines({ steps: [{ ...STEP, tool: "\u001b[2Jgone" }] });
    assert.ok(!line?.includes("\u001b"));
  });
});
