/** Adds steps up page by page: for stores that have no quicker way. */
import { present } from "../domain/assert.ts";
import { momentsIn } from "../domain/simulation/moments.ts";
import type { Counted } from "../domain/simulation/step-sums.ts";
import { StepSums } from "../domain/simulation/step-sums.ts";
import type { Onlooker, StepSumRequest } from "../engine/history.ts";
import type { Store } from "../engine/ports.ts";
import { contenderOf } from "../engine/simulation/contender.ts";

const STEPS_A_PAGE = 1_000;

/** What `Store.sumSteps` answers, from `Store.stepPage`. */
export async function sumStepPages(
  store: Pick<Store, "stepPage" | "rollups" | "customer">,
  { workspace, request }: { readonly workspace: string; readonly request: StepSumRequest },
  { onProgress, signal }: Onlooker,
): Promise<readonly Counted[]> {
  const cards = request.contenders.map((data) => contenderOf(data, request).cardOfStep);
  const starts = new Map<string, number>();
  const startOf = (id: string) => present(starts.get(id), `the start of "${id}"`);
  const sums = new StepSums(cards, startOf, momentsIn(request.moments));
  const customers = request.customers && new Set(request.customers);
  const total = (await store.rollups(workspace, {})).reduce((sum, row) => sum + row.steps, 0);
  let done = 0;
  for (let after: string | null = ""; after !== null; ) {
    signal.throwIfAborted();
    const page = await store.stepPage(workspace, after, STEPS_A_PAGE);
    for (const step of page.steps) {
      if (!(customers?.has(step.customer) ?? true)) continue;
      if (!starts.has(step.customer)) {
        const customer = await store.customer(workspace, step.customer);
        starts.set(step.customer, present(customer, "the customer of a step").startedAtMs);
      }
      sums.add(step);
    }
    done += page.steps.length;
    onProgress(done, Math.max(done, total));
    after = page.next;
  }
  return sums.merged();
}
