/** All that has happened in a workspace in memory. */
import type { Step } from "../../domain/event/step.ts";
import { factsOfRun } from "../../domain/run/run.ts";
import { stepKeyText } from "../../engine/commit/batch-state.ts";
import type { History, OutcomePlace } from "../../engine/history.ts";
import type { Store } from "../../engine/ports.ts";
import { sumStepPages } from "../sum-step-pages.ts";
import { byBytes, type Tables } from "./tables.ts";

/** The history of a workspace, from its tables. */
export function memoryHistory(
  store: Pick<Store, "stepPage" | "rollups" | "customer">,
  workspace: string,
  tables: Tables,
): History {
  async function* stepsOf(customer: string): AsyncGenerator<Step[]> {
    yield [...tables.steps.values()]
      .filter((step) => step.customer === customer)
      .sort((a, b) => a.seq - b.seq);
  }
  return {
    sumSteps: (request, onlooker) => {
      return sumStepPages(store, { workspace, request, stepsOf }, onlooker);
    },
    stepsOfCustomer: stepsOf,
    async *formerStepsOfCustomer(customer) {
      const revisions = [...tables.formerSteps, ...tables.steps.values()];
      const ofSteps = Map.groupBy(revisions, stepKeyText);
      yield tables.formerSteps
        .filter((step) => step.customer === customer)
        .map((step) => {
          const seqs = ofSteps.get(stepKeyText(step))?.map(({ seq }) => seq) ?? [];
          const later = seqs.filter((seq) => seq > step.seq);
          return { step, untilSeq: Math.min(...later) - 1 };
        });
    },
    runs: ({ after, limit }) =>
      [...tables.runs.values()]
        .filter(({ id }) => byBytes(id, after) > 0)
        .sort((a, b) => byBytes(a.id, b.id))
        .slice(0, limit)
        .map(factsOfRun),
    outcomes: ({ after, limit }) =>
      [...tables.outcomes.values()]
        .filter((row) => after === null || byKey(row, after) > 0)
        .sort(byKey)
        .slice(0, limit),
  };
}

function byKey(a: OutcomePlace, b: OutcomePlace): number {
  return byBytes(a.run, b.run) || byBytes(a.key, b.key);
}
