/** Adds steps up page by page: for stores that have no quicker way. */
import { present } from "../domain/assert.ts";
import type { Step } from "../domain/event/step.ts";
import { momentsIn } from "../domain/simulation/moments.ts";
import type { Counted } from "../domain/simulation/step-sums.ts";
import { StepSums } from "../domain/simulation/step-sums.ts";
import type { Onlooker, StepSumRequest } from "../engine/history.ts";
import type { StepPage, Store } from "../engine/ports.ts";
import { contenderOf } from "../engine/simulation/contender.ts";

const STEPS_A_PAGE = 1_000;

/** What is added up. */
interface SummedPages {
  readonly workspace: string;
  readonly request: StepSumRequest;
  /** Steps of one customer in pages, in any order. */
  stepsOf(customer: string): AsyncIterable<readonly Step[]>;
}

/** What `History.sumSteps` answers, from pages of steps. */
export async function sumStepPages(
  store: Pick<Store, "stepPage" | "rollups" | "customer">,
  of: SummedPages,
  { onProgress, signal }: Onlooker,
): Promise<readonly Counted[]> {
  const { workspace, request } = of;
  const cards = request.contenders.map((data) => contenderOf(data, request).cardOfStep);
  const starts = new Map<string, number>();
  const startOf = (id: string) => present(starts.get(id), `the start of "${id}"`);
  const sums = new StepSums(cards, startOf, momentsIn(request.moments));
  const total = await countOf(store, of);
  let done = 0;
  for await (const page of pagesOf(store, of)) {
    signal.throwIfAborted();
    for (const step of page) {
      if (!starts.has(step.customer)) {
        const customer = await store.customer(workspace, step.customer);
        starts.set(step.customer, present(customer, "the customer of a step").startedAtMs);
      }
      sums.add(step);
    }
    done += page.length;
    onProgress(done, Math.max(done, total));
  }
  return sums.merged();
}

/** Whose customers are named has no other's steps read. */
async function* pagesOf(
  store: Pick<Store, "stepPage">,
  { workspace, request: { customers }, stepsOf }: SummedPages,
): AsyncGenerator<readonly Step[]> {
  if (customers !== null) {
    for (const customer of new Set(customers)) yield* stepsOf(customer);
    return;
  }
  for (let after: string | null = ""; after !== null; ) {
    const page: StepPage = await store.stepPage(workspace, after, STEPS_A_PAGE);
    yield page.steps;
    after = page.next;
  }
}

/** About how many steps there are, by what is added up of them already. */
async function countOf(
  store: Pick<Store, "rollups">,
  { workspace, request: { customers } }: SummedPages,
): Promise<number> {
  let count = 0;
  for (const of of customers?.map((customer) => ({ customer })) ?? [{}]) {
    for (const { steps } of await store.rollups(workspace, of)) count += steps;
  }
  return count;
}
