/** What a receipt says of a small tree: a root with a step and an outcome, and a child below it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import type { Hold } from "../budget/hold.ts";
import { parseBudget } from "../budget/parse-budget.ts";
import type { Step } from "../event/step.ts";
import { trialCell } from "../event/trial-cell.ts";
import { usageOf } from "../event/usage.ts";
import {
  type Amount,
  type Factor,
  parseAmount,
  parsePrice,
  quantityOfInteger,
} from "../money/decimal.ts";
import { NO_TOTALS, newRun, type OutcomeState, type Run, type Totals } from "../run/run.ts";
import { checkReceipt } from "./check-receipt.ts";
import { type LineBody, sealReceipt } from "./receipt.ts";
import {
  type ReceiptInput,
  type ReceiptOverrun,
  type ReceiptRun,
  type ReceiptStep,
  receiptLines,
} from "./receipt-lines.ts";

const AT = Date.UTC(2026, 10, 26, 14, 0, 0);

function amount(text: string): Amount {
  return parseAmount(text) ?? assert.fail(text);
}

function totals(steps: number, cost: string, charge: string): Totals {
  return { ...NO_TOTALS, steps, cost: amount(cost), charge: amount(charge) };
}

function runOf(id: string, changes: Partial<Run>): Run {
  return { ...newRun(id, AT), customer: "acme", ...changes };
}

/** 1000 tokens at 0.000002, of which the batch tier takes half; charged 0.25. */
function stepOf(run: string): ReceiptStep {
  const quantity = quantityOfInteger(1_000);
  const times = { occurredAtMs: AT, receivedAtMs: AT + 5, ratedAtMs: AT };
  const share = { chargeKey: "per-step", cell: "batch", amount: amount("0.25") };
  const step: Step = {
    ...{ run, source: "sdk", id: "s1", kind: "model", status: "ok", completeness: "exact" },
    ...{ attempt: 1, payer: "us", role: "bill", provider: "p", model: "m", tool: null },
    ...{ tier: "batch", usage: usageOf([["input_uncached", quantity]]), labels: null, seq: 4 },
    ...{ revision: 1, voided: false, amendedBy: null, contentHash: "c", customer: "acme" },
    ...{ agent: "support", parentStep: null, callId: "call", hold: null, period: "2026-11-01" },
    ...{ ...times, namesAgent: true, overruled: false },
    ...{ cardVersionId: 1, priceVersionId: 2, cost: amount("0.001"), costStatus: "priced" },
    charge: amount("0.25"),
    shares: [share],
  };
  const price = parsePrice("0.000002") ?? assert.fail();
  const costLine = {
    ...{ unit: "input_uncached", rateUnit: "input_uncached", inputAboveTokens: null },
    ...{ quantity, price, factor: 500_000n as Factor, amount: amount("0.001") },
    basis: "own" as const,
  };
  const charges = [{ share, counted: quantityOfInteger(1), measure: "steps" }];
  return { step, costLines: [costLine], charges, card: { card: "pro", version: 3 } };
}

function outcome(): OutcomeState {
  return {
    ...{ run: "root", key: "ticket-1", outcome: "resolved", contentHash: "c", agent: null },
    ...{ status: "recorded", seq: 5, sinceSeq: 5, occurredAtMs: AT, receivedAtMs: AT },
    ...{ customer: "acme", period: "2026-11-01", cardVersionId: 1, finalAtMs: null, ending: null },
    charge: amount("2"),
    shares: [
      { chargeKey: "per-outcome", cell: "", amount: amount("2") },
      { chargeKey: "extra", cell: trialCell("gold"), amount: amount("9") },
    ],
  };
}

function overrun(): ReceiptOverrun {
  const document = { each: "customer", measure: "cost", limit: "1", per: "month" };
  const parsed = parseBudget(document, "monthly");
  if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
  return {
    record: { id: 1, budget: parsed.budget, countsFromMs: 0, retiredAtMs: null },
    overrun: {
      ...{ budgetId: 1, scope: "acme", window: "2026-11-01", seq: 4, run: "root" },
      ...{ source: "sdk", id: "s1", cause: "no_hold", amount: amount("0.0005") },
    },
  };
}

const NO_MORE = { steps: [], outcomes: [], charges: [], card: null, holds: [] };

const ROOT: ReceiptRun = {
  ...NO_MORE,
  run: runOf("root", {
    ...{ agent: "support", labels: { team: "a" }, status: "completed", closedAtMs: AT + 60_000 },
    own: totals(1, "0.001", "2.25"),
    tree: totals(2, "0.002", "2.5"),
  }),
  steps: [stepOf("root")],
  outcomes: [outcome()],
};

const CHILD: ReceiptRun = {
  ...NO_MORE,
  run: runOf("child", {
    parent: "root",
    own: totals(1, "0.001", "0.25"),
    tree: totals(1, "0.001", "0.25"),
  }),
  steps: [stepOf("child")],
};

const TREE: ReceiptInput = {
  workspace: "main",
  issuedAtMs: AT + 90_000,
  issuer: "tollgate 1",
  chargeCurrency: "EUR",
  runs: [ROOT, CHILD],
  overruns: [overrun()],
};

function lineOf(kind: string, input = TREE): LineBody {
  return receiptLines(input).find(({ line }) => line === kind) ?? assert.fail(`no ${kind}`);
}

function of(body: LineBody, ...fields: readonly string[]): unknown[] {
  return fields.map((field) => body[field]);
}

describe("The lines of a receipt", () => {
  it("are its head, each run with what is its own, the overruns, and the total", () => {
    const places = receiptLines(TREE).map(({ line, run }) => `${line} ${String(run)}`);
    const root = ["receipt root", "run root", "step root", "outcome root"];
    const others = ["run child", "step child", "overrun root", "total root"];
    assert.deepEqual(places, [...root, ...others]);
  });

  it("of no run are none", () => {
    assert.deepEqual(receiptLines({ ...TREE, runs: [] }), []);
  });

  it("are sound once they are sealed", () => {
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    const signer = { keyId: "k", sign: sha256 };
    const text = sealReceipt(receiptLines(TREE), { sha256, signer });
    const isSignedBy = (_: string, signed: string, signature: string) => {
      return sha256(signed) === signature;
    };
    assert.deepEqual(checkReceipt(text, { sha256, isSignedBy }).findings, []);
  });

  it("tell the head's times in UTC and both currencies", () => {
    assert.deepEqual(lineOf("receipt"), {
      ...{ line: "receipt", version: 1, workspace: "main", run: "root", customer: "acme" },
      ...{ issuedAt: "2026-11-26T14:01:30.000Z", issuer: "tollgate 1" },
      ...{ costCurrency: "USD", chargeCurrency: "EUR" },
    });
  });
});

describe("The line of a run", () => {
  it("tells its own totals and those of its tree, exactly", () => {
    const run = lineOf("run");
    assert.deepEqual(run.own, { steps: 1, unpriced: 0, cost: "0.001", charge: "2.25" });
    assert.deepEqual(run.tree, { steps: 2, unpriced: 0, cost: "0.002", charge: "2.5" });
    const ended = of(run, "status", "closedAt", "labels");
    assert.deepEqual(ended, ["completed", "2026-11-26T14:01:00.000Z", { team: "a" }]);
  });

  it("says of one that goes on that it has no end, and of a child what is above it", () => {
    const child = lineOf("run", { ...TREE, runs: [CHILD] });
    assert.deepEqual(of(child, "status", "closedAt", "parentRun"), ["open", null, "root"]);
  });

  it("tells what its bounds took off and added, and the total tells the root's", () => {
    const bound = { period: "2026-11-01", cardVersionId: 1, agent: null };
    const corrections = [{ ...bound, cap: amount("0.5"), minimum: amount("0") }];
    const input = { ...TREE, runs: [{ ...ROOT, run: { ...ROOT.run, corrections } }, CHILD] };
    const told = [{ period: "2026-11-01", cap: "0.5", minimum: "0" }];
    assert.deepEqual(lineOf("run", input).corrections, told);
    assert.deepEqual(lineOf("total", input).corrections, told);
  });
});

describe("The line of a step", () => {
  it("tells what it used, at which price, and by which card it was charged", () => {
    const step = lineOf("step");
    assert.deepEqual(step.usage, { input_uncached: "1000" });
    assert.deepEqual(of(step, "cost", "charge", "card", "version"), ["0.001", "0.25", "pro", 3]);
    assert.deepEqual(step.costLines, [
      {
        ...{ unit: "input_uncached", quantity: "1000", price: "0.000002", factor: "0.5" },
        ...{ amount: "0.001", basis: "own", rate: "input_uncached" },
      },
    ]);
    assert.deepEqual(step.charges, [
      { charge: "per-step", cell: "batch", measure: "steps", counted: "1", amount: "0.25" },
    ]);
  });

  it("says plainly where the parts of its cost, or what was counted, cannot be told", () => {
    const [charge = assert.fail()] = stepOf("root").charges;
    const charges = [{ ...charge, counted: null }];
    const untold = { ...stepOf("root"), costLines: null, charges, card: null };
    const step = lineOf("step", { ...TREE, runs: [{ ...ROOT, steps: [untold] }] });
    assert.equal(step.costLines, null);
    assert.equal("card" in step, false);
    assert.deepEqual(step.charges, [
      { charge: "per-step", cell: "batch", measure: "steps", counted: null, amount: "0.25" },
    ]);
  });

  it("tells what a charge on cost counted as money", () => {
    const [charge = assert.fail()] = stepOf("root").charges;
    const charges = [{ ...charge, counted: amount("0.001"), measure: "sum:cost" }];
    const onCost = { ...stepOf("root"), charges };
    const step = lineOf("step", { ...TREE, runs: [{ ...ROOT, steps: [onCost] }] });
    assert.deepEqual(step.charges, [
      { charge: "per-step", cell: "batch", measure: "sum:cost", counted: "0.001", amount: "0.25" },
    ]);
  });
});

describe("Beside runs and steps", () => {
  it("an outcome tells what a trial made free by its plain cell, marked as such", () => {
    assert.deepEqual(lineOf("outcome"), {
      ...{ line: "outcome", run: "root", key: "ticket-1", outcome: "resolved" },
      ...{ status: "recorded", occurredAt: "2026-11-26T14:00:00.000Z", charge: "2" },
      charges: [
        { charge: "per-outcome", cell: "", amount: "2" },
        { charge: "extra", cell: "gold", inTrial: true, amount: "9" },
      ],
    });
  });

  it("a hold tells what it set aside and which step settled it", () => {
    const settledBy = { run: "root", source: "sdk", id: "s1" };
    const hold: Hold = {
      ...{ ...settledBy, holdId: "h1", state: "settled", customer: "acme", callId: null },
      ...{ contentHash: "c", grantedAtMs: AT, expiresAtMs: AT + 1, onExpiry: "estimate" },
      ...{ cost: amount("0.01"), charge: amount("1"), currency: "EUR", maxOutputTokens: 500 },
      ...{ isClamped: true, reserves: [], document: "{}", endedAtMs: AT + 1, settledBy },
    };
    assert.deepEqual(lineOf("hold", { ...TREE, runs: [{ ...ROOT, holds: [hold] }] }), {
      ...{ line: "hold", ...settledBy, hold: "h1", state: "settled", isClamped: true },
      ...{ grantedAt: "2026-11-26T14:00:00.000Z", maxOutputTokens: 500 },
      ...{ cost: "0.01", charge: "1", settledBy },
    });
  });

  it("an overrun tells the budget, its balance, and by how much in the budget's measure", () => {
    assert.deepEqual(lineOf("overrun"), {
      ...{ line: "overrun", budget: "monthly", measure: "cost", scope: "acme" },
      ...{ window: "2026-11-01", run: "root", source: "sdk", id: "s1", cause: "no_hold", seq: 4 },
      amount: "0.0005",
    });
  });
});
