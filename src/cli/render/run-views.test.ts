/** Runs and steps for the tests of this folder. It has no test of its own. */
import type { RunView, StepView } from "./run-view.ts";

/** A step that is all default but for what is given. */
export function stepView(step: Partial<StepView> & { readonly id: string }): StepView {
  return {
    source: "sdk",
    seq: 1,
    revision: 1,
    kind: "model",
    provider: "openai",
    model: "gpt-5.1",
    tool: null,
    status: "ok",
    attempt: 1,
    completeness: "exact",
    role: "bill",
    payer: "us",
    voided: false,
    occurredAt: "2026-11-23T10:00:00.000Z",
    parentStep: null,
    usage: {},
    cost: "0",
    costStatus: "priced",
    charge: "0",
    charges: [],
    ...step,
  };
}

/** A run that is all default but for what is given. */
export function runView(run: Partial<RunView> & { readonly run: string }): RunView {
  const none = { steps: 0, unpriced: 0, cost: "0", charge: "0" };
  return {
    customer: "acme",
    agent: "support",
    status: "completed",
    openedAt: "2026-11-23T10:00:00.000Z",
    closedAt: null,
    parentRun: null,
    labels: null,
    totals: { own: none, tree: none },
    costCurrency: "USD",
    chargeCurrency: "USD",
    charges: [],
    corrections: [],
    accrued: "0",
    outcomes: [],
    steps: [],
    children: [],
    ...run,
  };
}

/** A run with a sub-run, a fee, an outcome and totals that are its sums. */
export function ticketRun(): RunView {
  const at = (second: number) => `2026-11-23T10:00:0${second}.000Z`;
  const own = { steps: 2, unpriced: 0, cost: "0.0035", charge: "1.1042" };
  const below = { steps: 1, unpriced: 0, cost: "0.5", charge: "0.6" };
  const research = runView({
    run: "t-1/research",
    agent: "research",
    parentRun: "t-1",
    openedAt: at(2),
    totals: { own: below, tree: below },
    steps: [
      stepView({
        id: "m",
        model: "claude-sonnet-5",
        provider: "anthropic",
        usage: {
          cache_read: "1200",
          cache_write: "31",
          output_text: "40",
          output_reasoning: "2",
        },
        cost: "0.5",
        charge: "0.6",
        charges: [{ charge: "providers", cell: "", amount: "0.6", inTrial: false }],
      }),
    ],
  });
  return runView({
    run: "t-1",
    totals: { own, tree: { steps: 3, unpriced: 0, cost: "0.5035", charge: "1.7042" } },
    charges: [{ charge: "run", cell: "", amount: "0.1", inTrial: false }],
    outcomes: [
      {
        key: "ticket_resolved",
        outcome: "ticket_resolved",
        status: "recorded",
        finalAt: null,
        charge: "1",
        charges: [],
      },
    ],
    steps: [
      stepView({
        id: "s1",
        occurredAt: at(1),
        usage: { input_uncached: "1234", output_text: "50" },
        cost: "0.0035",
        charge: "0.0042",
        charges: [{ charge: "providers", cell: "", amount: "0.0042", inTrial: false }],
      }),
      stepView({
        id: "s2",
        kind: "retrieval",
        provider: "pinecone",
        model: "serverless",
        tool: "handbook",
        occurredAt: at(1),
        parentStep: "s1",
        seq: 2,
        usage: { read_units: "5" },
        costStatus: "none",
      }),
    ],
    children: [research],
  });
}
