/** A customer with more steps than a page has, in an order that is that of no key. */
import { present } from "../domain/assert.ts";
import type { Step } from "../domain/event/step.ts";
import type { FormerStep } from "../engine/history.ts";
import type { Store } from "../engine/ports.ts";
import { customerRow, runRow, stepRow, writesOf } from "./sample-rows-contract.ts";

/** Steps of the customer; as many of another one stand between them. */
export const CUSTOMER_STEPS = 2_500;
/** Former revisions of steps, some of which are of one step. */
export const FORMER_STEPS = 2_000;
/** Rows of a page of every store. */
export const PAGE_STEPS = 1_000;
const RUNS = 7;
/** No divisor of either: the order of seqs is another than that of ids. */
const STRIDE = 1_237;

/** Writes them; returns those of "acme" in the order of their seq. */
export async function writeLongHistory(store: Store, workspace: string) {
  await store.createWorkspace(workspace);
  const customers = ["acme", "beta"].map((id) => customerRow({ id }));
  const stepOf = (customer: string, at: number, seq: number): Step =>
    stepRow({ run: `${customer}-${at % RUNS}`, id: `s${at}`, customer, seq, revision: 1 });
  const all = customers.flatMap(({ id }, of) =>
    Array.from({ length: CUSTOMER_STEPS }, (_, at) =>
      stepOf(id, at, 10_000 + 2 * ((at * STRIDE) % CUSTOMER_STEPS) + of),
    ),
  );
  // Three revisions of every third step, each of them before what stands now.
  const formerSteps = Array.from({ length: FORMER_STEPS }, (_, at) => {
    return stepOf("acme", at - (at % 3), 1 + at);
  });
  const runs = customers.flatMap(({ id }) =>
    Array.from({ length: RUNS }, (_, run) => runRow({ id: `${id}-${run}`, customer: id })),
  );
  const writes = writesOf({ customers, runs, steps: all, formerSteps });
  await store.transact(workspace, (unit) => unit.write(writes));
  const steps = all.filter(({ customer }) => customer === "acme");
  return { steps: steps.sort((a, b) => a.seq - b.seq), former: formerSteps.map(untilNext(steps)) };
}

/** Each stands until the next one of its step, which may be what stands now. */
function untilNext(steps: readonly Step[]) {
  const seqs = new Map(steps.map(({ id, seq }) => [id, seq]));
  return (step: Step, at: number): FormerStep => {
    const isLast = at % 3 === 2 || at === FORMER_STEPS - 1;
    const next = isLast ? present(seqs.get(step.id), "a step that stands") : step.seq + 1;
    return { step, untilSeq: next - 1 };
  };
}

/** All that stands in pages, and how many pages that were. */
export async function pagesOf<T>(pages: AsyncIterable<readonly T[]>) {
  const sizes: number[] = [];
  const found: T[] = [];
  for await (const page of pages) {
    sizes.push(page.length);
    found.push(...page);
  }
  return { sizes, found };
}
