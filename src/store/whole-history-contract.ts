/** What every store's history must do: pages that leave nothing out and repeat nothing. */
import assert from "node:assert/strict";
import type { Step } from "../domain/event/step.ts";
import { factsOfRun, type OutcomeState, type RunFacts } from "../domain/run/run.ts";
import type { FormerStep, OutcomePlace } from "../engine/history.ts";
import type { Store } from "../engine/ports.ts";
import { sorted } from "./round-trip-contract.ts";

/** Reads a workspace's history in pages of a size and compares it with the other reads. */
export async function assertHistory(store: Store, workspace: string, size: number): Promise<void> {
  const history = store.history(workspace);
  const runs: RunFacts[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page: RunFacts[] = await history.runs({ after, limit: size });
    runs.push(...page);
    after = page.length < size ? undefined : page.at(-1)?.id;
  }
  const listed = await store.listRuns(workspace, { limit: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(sorted(runs), sorted(listed.map(factsOfRun)));
  const ids = runs.map(({ id }) => id);
  await assertOutcomes(store, workspace, { size, ids });
  for (const { id } of await store.listCustomers(workspace, Number.MAX_SAFE_INTEGER)) {
    const own = runs.filter((run) => run.customer === id);
    await assertSteps(store, workspace, { runs: own, id });
    await assertFormerSteps(store, workspace, id);
  }
}

/** Each former revision stands until the next one of its step. */
async function assertFormerSteps(store: Store, workspace: string, id: string): Promise<void> {
  const found: FormerStep[] = [];
  for await (const page of store.history(workspace).formerStepsOfCustomer(id)) found.push(...page);
  const wanted: FormerStep[] = [];
  for (const { id: run } of await store.listRuns(workspace, { customer: id, limit: ALL })) {
    const all = { run, untilSeq: ALL, after: "", limit: ALL };
    const { steps } = await store.revisionsOfRun(workspace, all);
    steps.forEach((step, at) => {
      const next = steps[at + 1];
      const isFormer = next?.source === step.source && next.id === step.id;
      if (isFormer) wanted.push({ step, untilSeq: next.seq - 1 });
    });
  }
  const bySeq = (a: FormerStep, b: FormerStep) => a.step.seq - b.step.seq;
  assert.deepEqual(found.sort(bySeq), wanted.sort(bySeq));
}

const ALL = Number.MAX_SAFE_INTEGER;

async function assertOutcomes(
  store: Store,
  workspace: string,
  { size, ids }: { readonly size: number; readonly ids: readonly string[] },
): Promise<void> {
  const outcomes: OutcomeState[] = [];
  for (let after: OutcomePlace | null | undefined = null; after !== undefined; ) {
    const page: OutcomeState[] = await store.history(workspace).outcomes({ after, limit: size });
    outcomes.push(...page);
    after = page.length < size ? undefined : page.at(-1);
  }
  const wanted: OutcomeState[] = [];
  for (const id of ids) wanted.push(...(await store.outcomesOfRun(workspace, id)));
  assert.deepEqual(sorted(outcomes), sorted(wanted));
  assert.deepEqual(await store.outcomesOfRuns(workspace, ids), wanted);
}

async function assertSteps(
  store: Store,
  workspace: string,
  of: { readonly runs: readonly RunFacts[]; readonly id: string },
): Promise<void> {
  const steps: Step[] = [];
  for await (const page of store.history(workspace).stepsOfCustomer(of.id)) steps.push(...page);
  const seqs = steps.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
    "steps stand in the order of their seq",
  );
  const wanted: Step[] = [];
  for (const { id } of of.runs) wanted.push(...(await store.stepsOfRun(workspace, id)));
  assert.deepEqual(sorted(steps), sorted(wanted));
}
