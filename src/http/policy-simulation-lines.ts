/** A simulation of policies as lines: how far it is, what rules would have done, the total. */
import { formatAmount } from "../domain/money/decimal.ts";
import type { ReplayedHit } from "../domain/policy/replay-tree.ts";
import type { Engine } from "../engine/engine.ts";
import type { PolicySimulation, PolicyTotal } from "../engine/simulation/simulate-policies.ts";
import { timeText } from "./instant.ts";
import { beginSimulation, type Lines } from "./simulation-lines.ts";

/** Steps between two lines that tell how far it is. */
const PROGRESS_STEPS = 50_000;

/** Begins a simulation. Throws `simulation.busy`, `customer.not_found`. */
export function policySimulationLines(
  engine: Engine,
  workspace: string,
  request: PolicySimulation,
): Promise<AsyncGenerator<object>> {
  return beginSimulation((lines) => run(engine, workspace, { request, lines }));
}

async function run(
  engine: Engine,
  workspace: string,
  { request, lines }: { readonly request: PolicySimulation; readonly lines: Lines },
): Promise<void> {
  let told = 0;
  try {
    const total = await engine.policies.simulate(workspace, {
      request,
      onlooker: {
        signal: lines.signal,
        onProgress: (done, of) => {
          if (done - told < PROGRESS_STEPS) return;
          told = done;
          lines.put({ type: "progress", done, total: of });
        },
        onTree: async ({ root, currency, hits }) => {
          for (const hit of hits) lines.put(hitLine(hit, { root, currency }));
          await lines.room();
        },
      },
    });
    lines.put(totalLine(total));
    lines.end();
  } catch (error) {
    lines.fail(error);
  }
}

function hitLine(
  hit: ReplayedHit,
  { root, currency }: { readonly root: string; readonly currency: string | null },
) {
  const { run, customer, agent, policy, rule, action, level, moreThan, saved } = hit;
  return {
    type: "run",
    ...{ run, root, customer, agent, policy, rule, do: action, level, moreThan },
    ...{ atStep: hit.atStep, atTreeStep: hit.atTreeStep, at: timeText(hit.atMs) },
    savedSteps: saved.steps,
    savedCost: formatAmount(saved.cost),
    savedCharge: formatAmount(saved.charge),
    currency,
  };
}

function totalLine(total: PolicyTotal) {
  const { trees, runs, steps, notified, throttled, paused, blocked, savedSteps } = total;
  const charges = [...total.savedCharge].map(([currency, charge]) => {
    return [currency, formatAmount(charge)];
  });
  return {
    type: "total",
    ...{ trees, runs, steps, notified, throttled, paused, blocked, savedSteps },
    savedCost: formatAmount(total.savedCost),
    savedCharge: Object.fromEntries(charges),
  };
}
