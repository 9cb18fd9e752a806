/** What live views tell, as JSON. Amounts are exact decimal text. */
import type { Step } from "../../domain/event/step.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { Run } from "../../domain/run/run.ts";
import type { LiveState } from "../../engine/live/live-cases.ts";
import type { LiveChange, LiveDecision } from "../../engine/live/live-feed.ts";
import { timeText } from "../instant.ts";
import { balanceView, stopView } from "../views/budget-view.ts";
import type { Currencies } from "../views/currencies.ts";
import { policyHitView } from "../views/policy-view.ts";

/** All of a view as it stands. */
export function snapshotView(
  { runs, budgets, stops }: LiveState,
  currencies: Pick<Currencies, "ofRun">,
): object {
  return {
    runs: runs.map((run) => runView(run, currencies)),
    budgets: budgets.map(balanceView),
    stops: stops.map(stopView),
  };
}

/** What has happened since the message before. What there is none of is left out. */
export function changeView(change: LiveChange, currencies: Pick<Currencies, "ofRun">): object {
  const { steps, earlierSteps, decisions, earlierDecisions, reached, stops, runs, budgets } =
    change;
  return {
    ...listed("runs", runs, (run) => runView(run, currencies)),
    ...listed("steps", steps, stepView),
    ...(earlierSteps > 0 ? { earlierSteps } : {}),
    ...listed("decisions", decisions, decisionView),
    ...(earlierDecisions > 0 ? { earlierDecisions } : {}),
    ...listed("reached", reached, policyHitView),
    ...listed("stops", stops, stopView),
    ...listed("budgets", budgets, balanceView),
  };
}

function listed<T>(name: string, items: readonly T[], view: (item: T) => object): object {
  return items.length === 0 ? {} : { [name]: items.map(view) };
}

function runView(run: Run, currencies: Pick<Currencies, "ofRun">): object {
  const { id, parent, customer, agent, status, own, tree } = run;
  return {
    ...{ run: id, parentRun: parent, customer, agent, status, openedAt: timeText(run.openedAtMs) },
    steps: own.steps,
    tree: {
      ...{ steps: tree.steps, unpriced: tree.unpriced },
      ...{ cost: formatAmount(tree.cost), charge: formatAmount(tree.charge) },
    },
    chargeCurrency: currencies.ofRun(run),
  };
}

function stepView(step: Step): object {
  const { run, source, id, revision, kind, provider, model, tool, status, voided } = step;
  return {
    ...{ run, source, id, revision, kind, provider, model, tool, status, voided },
    occurredAt: timeText(step.occurredAtMs),
    ...{ cost: formatAmount(step.cost), costStatus: step.costStatus },
    charge: formatAmount(step.charge),
  };
}

function decisionView({ run, ask, decision }: LiveDecision): object {
  const { source, id } = ask.step;
  const isRefused = "reason" in decision;
  return {
    ...{ run, source, id, decision: decision.decision },
    reason: isRefused ? decision.reason : null,
    budget: isRefused ? (decision.by?.record.budget.key ?? null) : null,
    policy: isRefused ? decision.policy : null,
  };
}
