import assert from "node:assert/strict";
import { test } from "node:test";
import { renderRunTree } from "./run-tree.ts";
import { runView, stepView, ticketRun } from "./run-views.test.ts";
import { stylesFor } from "./styles.ts";

/** A drawing without the margin that the code around it has. */
function drawing(text: string): string[] {
  return text.split("\n").slice(1, -1);
}

test("a run is a tree of sub-runs and steps with their tokens, cost and charge", () => {
  const { steps, ...run } = ticketRun();
  assert.deepEqual(
    renderRunTree({ ...run, steps, chargeCurrency: null, costCurrency: "" }),
    drawing(`
                 model or tool           in  cached  out  also              cost   charge
t-1              support · acme                                            0.5035  1.7042  completed
├─ model         gpt-5.1              1,234           50                   0.0035  0.0042
│  └─ retrieval  pinecone serverless                      read units: 5
├─ research      research                                                  0.50    0.60    completed
│  └─ model      claude-sonnet-5              1,200   42  cache write: 31  0.50    0.60
├─ charge        run                                                               0.10
└─ outcome       ticket_resolved                                                   1.00
`),
  );
});

test("currencies stand in the header, and columns without anything are left out", () => {
  const [header] = renderRunTree(runView({ run: "r", chargeCurrency: "EUR" }));
  assert.equal(header, "   model or tool   cost USD  charge EUR");
});

test("amounts stand in the decimals of their currency", () => {
  const totals = { steps: 1, unpriced: 0, cost: "0.5", charge: "1200" };
  const charges = [{ charge: "tools", cell: "", amount: "1200", inTrial: false }];
  const steps = [stepView({ id: "a", kind: "tool", tool: "search", charge: "1200", charges })];
  const own = { ...totals, charge: "1200" };
  const run = { run: "r", chargeCurrency: "JPY", accrued: "30", totals: { own, tree: own }, steps };
  const lines = renderRunTree(runView(run));
  assert.match(lines.join("\n"), /cost USD\s+charge JPY\n/);
  assert.match(lines.join("\n"), / 1,200 {2}completed, 30 accrued\n.* 1,200$/s);
  const inDinars = renderRunTree(runView({ ...run, chargeCurrency: "KWD" }));
  assert.match(inDinars.join("\n"), / 1,200\.000 {2}completed, 30\.000 accrued\n.* 1,200\.000$/s);
});

test("each flag says what is special about a step, and an unknown cost is never zero", () => {
  const steps = [
    stepView({ id: "a", costStatus: "unpriced", cost: "0" }),
    stepView({ id: "b", costStatus: "partial", cost: "0.5" }),
    stepView({ id: "c", status: "error", costStatus: "none" }),
    stepView({ id: "d", status: "aborted", completeness: "partial", attempt: 2, cost: "1" }),
    stepView({ id: "f", voided: true }),
    stepView({ id: "e", role: "shadow", payer: "customer", revision: 3, cost: "2.25" }),
  ];
  const none = { steps: 0, unpriced: 2, cost: "0", charge: "0" };
  const totals = { own: none, tree: none };
  assert.deepEqual(
    renderRunTree(runView({ run: "r", status: "failed", steps, totals })),
    drawing(`
          model or tool   cost USD  charge USD
r         support · acme     ≥0.00        0.00  failed
├─ model  gpt-5.1             ?                 UNPRICED
├─ model  gpt-5.1            ≥0.50              PARTLY UNPRICED
├─ model  gpt-5.1                               error
├─ model  gpt-5.1             1.00              aborted, partial, attempt 2
├─ model  gpt-5.1             0.00              voided
└─ model  gpt-5.1             2.25              shadow, customer pays, revision 3
`),
  );
});

test("steps and sub-runs stand in the order in which they happened", () => {
  const at = (second: number) => `2026-11-23T10:00:0${second}.000Z`;
  const steps = [
    stepView({ id: "late", model: "late", occurredAt: at(3), seq: 1 }),
    stepView({ id: "early", model: "early", occurredAt: at(1), seq: 3 }),
    stepView({ id: "tie", model: "tie", occurredAt: at(3), seq: 2 }),
  ];
  const children = [runView({ run: "child", agent: "between", parentRun: "r", openedAt: at(2) })];
  const lines = renderRunTree(runView({ run: "r", steps, children })).slice(2);
  assert.deepEqual(
    lines.map((line) => line.split(/ {2,}/)[1]),
    ["early", "between", "late", "tie"],
  );
});

test("a step whose parent is unknown, or of another source, stands at the top", () => {
  const steps = [
    stepView({ id: "a" }),
    stepView({ id: "b", source: "other", parentStep: "a" }),
    stepView({ id: "c", parentStep: "gone" }),
    stepView({ id: "d", parentStep: "a", seq: 9 }),
  ];
  const lines = renderRunTree(runView({ run: "r", steps })).slice(2);
  assert.deepEqual(
    lines.map((line) => line.split(" model")[0]),
    ["├─", "│  └─", "├─", "└─"],
  );
});

test("steps that name each other as parents are still shown, once", () => {
  const steps = [
    stepView({ id: "a", parentStep: "b" }),
    stepView({ id: "b", parentStep: "a" }),
    stepView({ id: "self", parentStep: "self" }),
  ];
  assert.equal(renderRunTree(runView({ run: "r", steps })).length, 2 + steps.length);
});

test("a reversed outcome says so", () => {
  const about = { key: "k", outcome: "resolved", status: "reversed", finalAt: null };
  const outcome = { ...about, charge: "0", charges: [] };
  const lines = renderRunTree(runView({ run: "r", outcomes: [outcome] }));
  assert.match(lines.at(-1) ?? "", /^└─ outcome {2}resolved +reversed$/);
});

test("a provisional outcome says when it is final", () => {
  const outcome = { key: "k", outcome: "resolved", status: "provisional", charge: "0" };
  const outcomes = [{ ...outcome, charges: [], finalAt: "2026-11-30T10:00:00.000Z" }];
  const lines = renderRunTree(runView({ run: "r", outcomes }));
  assert.match(lines.at(-1) ?? "", /provisional, final 2026-11-30 10:00 UTC$/);
});

test("the tree's lines are not coloured with what they lead to", () => {
  const painted = renderRunTree(ticketRun(), stylesFor({ isTTY: true }, {})).join("\n");
  assert.ok(painted.includes("├─ \u001b[1mresearch\u001b[22m"));
});

test("what a cap takes off and what waits for the end are told", () => {
  const corrections = [
    { period: "2026-10-01", cap: "-2.5", minimum: "0" },
    { period: "2026-11-01", cap: "0", minimum: "0.75" },
  ];
  assert.deepEqual(
    renderRunTree(runView({ run: "r", status: "open", accrued: "0.5", corrections })),
    drawing(`
                model or tool      cost USD  charge USD
r               support · acme         0.00        0.00  open, -1.75 owed, 0.50 accrued
├─ run cap      period 2026-10-01                 -2.50
└─ run minimum  period 2026-11-01                  0.75
`),
  );
});
