/** Reads of what was: links by their place, revisions of steps, versions of runs and outcomes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFormer } from "../domain/run/former-text.ts";
import { factsOfRun } from "../domain/run/run.ts";
import type { Store } from "../engine/ports.ts";
import { anyId, anyOutcome, anyRun } from "./arbitrary-rows-contract.ts";
import type { Clause, Scene } from "./clause-contract.ts";
import { read, sorted, write } from "./round-trip-contract.ts";
import { outcomeRow, runRow, stepRow } from "./sample-rows-contract.ts";

async function checkLinks({ store, workspace, restart }: Scene): Promise<void> {
  const first = { firstSeq: 1, lastSeq: 3, digest: "ab".repeat(32), committedAtMs: null };
  // What took seqs without a link lies between them: so it was before every seq had one.
  const second = { firstSeq: 6, lastSeq: 6, digest: "cd".repeat(32), committedAtMs: 7_000 };
  for (const link of [first, second]) {
    const { lastSeq, digest, committedAtMs } = link;
    const head = { lastSeq, digest, committedAtMs: committedAtMs ?? 0 };
    await write(store(), workspace, { link, head });
  }
  const at = (seq: number) => store().linkBefore(workspace, seq);
  const expectAll = async () => {
    assert.equal(await at(0), undefined);
    for (const seq of [1, 3, 5]) assert.deepEqual({ ...(await at(seq)) }, first);
    for (const seq of [6, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual({ ...(await at(seq)) }, second);
    }
  };
  await expectAll();
  await restart();
  await expectAll();
}

async function revisionsOf(
  store: Store,
  workspace: string,
  { untilSeq, limit }: { readonly untilSeq: number; readonly limit: number },
): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const filter = { run: "r1", untilSeq, after, limit };
    const page = await store.revisionsOfRun(workspace, filter);
    assert.ok(page.steps.length <= limit);
    found.push(...page.steps.map(({ source, id, seq }) => JSON.stringify([source, id, seq])));
    after = page.next;
  }
  return found;
}

/** A step with the seqs of its revisions, the last of which is the current one. */
const anyRevised = fc.record({
  source: fc.constantFrom("sdk", "proxy", "a"),
  id: fc.oneof(anyId, fc.uuid()),
  count: fc.integer({ min: 1, max: 4 }),
});

async function checkRevisions(scene: Scene): Promise<void> {
  const many = fc.uniqueArray(anyRevised, {
    maxLength: 6,
    selector: ({ source, id }) => JSON.stringify([source, id]),
  });
  const limits = fc.integer({ min: 1, max: 4 });
  const property = fc.asyncProperty(many, limits, fc.nat(24), async (revised, limit, untilSeq) => {
    const workspace = await scene.anotherWorkspace();
    let seq = 0;
    const rows = revised.map(({ count, ...key }) =>
      Array.from({ length: count }, (_, index) => {
        seq += 1;
        return stepRow({ ...key, seq, revision: index + 1 });
      }),
    );
    const steps = rows.flatMap((own) => own.slice(-1));
    const formerSteps = rows.flatMap((own) => own.slice(0, -1));
    const others = [stepRow({ run: "r2", id: "other", seq: 99 })];
    const runs = ["r1", "r2"].map((id) => runRow({ id }));
    await write(scene.store(), workspace, { runs, steps: [...steps, ...others], formerSteps });
    const wanted = rows.flat().filter((step) => step.seq <= untilSeq);
    const found = await revisionsOf(scene.store(), workspace, { untilSeq, limit });
    const keys = wanted.map((step) => JSON.stringify([step.source, step.id, step.seq]));
    assert.deepEqual(sorted(found), sorted(keys), "each once");
    const places = found.map((text) => JSON.parse(text) as [string, string, number]);
    for (const [index, [source, id, at]] of places.entries()) {
      const before = places.slice(0, index).findLastIndex(([s, i]) => s === source && i === id);
      if (before < 0) continue;
      assert.equal(before, index - 1, "revisions of one step together");
      assert.ok((places[before]?.[2] ?? at) < at, "oldest first");
    }
    for (const [index, [source, id]] of places.entries()) {
      const filter = { run: "r1", untilSeq, after: { source, id }, limit: 100 };
      const { steps: rest } = await scene.store().revisionsOfRun(workspace, filter);
      const end = places.findLastIndex(([s, i]) => s === source && i === id);
      const told = rest.map((step) => JSON.stringify([step.source, step.id, step.seq]));
      assert.deepEqual(told, found.slice(end + 1), `behind the whole step of place ${index}`);
    }
    const former = await read(scene.store(), workspace, (unit) => {
      return unit.spending.formerStepSeqs([...steps, ...others]);
    });
    const seqs = formerSteps.map(({ run, source, id, seq: at }) => ({ run, source, id, seq: at }));
    assert.deepEqual(sorted(former), sorted(seqs));
  });
  await fc.assert(property, { numRuns: 15 });
}

async function checkFormerRuns(scene: Scene): Promise<void> {
  const labels = { $n: "5", $$: "x", team: "$n" };
  const property = fc.asyncProperty(anyRun, fc.boolean(), async (run, isLabelled) => {
    const workspace = await scene.anotherWorkspace();
    const facts = factsOfRun({ ...run, sinceSeq: 4, ...(isLabelled ? { labels } : {}) });
    const later = { ...facts, agent: "later", sinceSeq: 7 };
    const formerRuns = [
      { facts, untilSeq: 6, document: encodeFormer(facts) },
      { facts: later, untilSeq: 9, document: encodeFormer(later) },
    ];
    await write(scene.store(), workspace, { runs: [{ ...run, sinceSeq: 10 }], formerRuns });
    const at = (seq: number) => scene.store().formerRun(workspace, run.id, seq);
    for (const seq of [3, 10]) assert.equal(await at(seq), undefined);
    for (const seq of [4, 6]) assert.deepEqual(await at(seq), facts);
    for (const seq of [7, 9]) assert.deepEqual(await at(seq), later);
    assert.equal(await scene.store().formerRun(workspace, `${run.id}x`, 5), undefined);
    const keys = [run.id, `${run.id}x`].map((id) => ({ run: id, key: null }));
    const seqs = await read(scene.store(), workspace, (unit) => unit.spending.formerSeqs(keys));
    const wanted = [4, 7].map((seq) => ({ run: run.id, key: null, seq }));
    assert.deepEqual(sorted(seqs), sorted(wanted));
  });
  await fc.assert(property, { numRuns: 15 });
}

async function checkFormerOutcomes(scene: Scene): Promise<void> {
  const any = anyRun.chain((run) => fc.tuple(fc.constant(run), anyOutcome(run)));
  const property = fc.asyncProperty(any, async ([run, one]) => {
    const workspace = await scene.anotherWorkspace();
    const outcome = { ...one, sinceSeq: 4 };
    const other = { ...outcomeRow({ key: `${one.key}x`, run: run.id }), sinceSeq: 5 };
    const formerOutcomes = [
      { outcome, untilSeq: 6 },
      { outcome: other, untilSeq: 8 },
    ];
    await write(scene.store(), workspace, { runs: [run], formerOutcomes });
    const at = (seq: number) => scene.store().formerOutcomes(workspace, run.id, seq);
    assert.deepEqual(await at(4), [outcome]);
    assert.deepEqual(sorted(await at(5)), sorted([outcome, other]));
    assert.deepEqual(await at(7), [other]);
    assert.deepEqual(await at(9), []);
    const keys = [outcome, outcomeRow({ key: `${one.key}y`, run: run.id })];
    const seqs = await read(scene.store(), workspace, (unit) => unit.spending.formerSeqs(keys));
    assert.deepEqual(sorted(seqs), [{ run: run.id, key: one.key, seq: 4 }]);
  });
  await fc.assert(property, { numRuns: 15 });
}

async function checkRunsById(scene: Scene): Promise<void> {
  const ids = fc.uniqueArray(anyId, { minLength: 1, maxLength: 9 });
  const property = fc.asyncProperty(ids, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
    const workspace = await scene.anotherWorkspace();
    const runs = all.map((id, at) => runRow({ id, customer: at % 3 === 0 ? "beta" : "acme" }));
    await write(scene.store(), workspace, { runs });
    const found: string[] = [];
    for (let after: string | undefined = ""; after !== undefined; ) {
      const filter = { customer: "acme", byId: true, limit, after };
      const page = await scene.store().listRuns(workspace, filter);
      found.push(...page.map(({ id }) => id));
      after = page.length < limit ? undefined : page.at(-1)?.id;
    }
    const bytes = (id: string) => Buffer.from(id).toString("hex");
    const wanted = runs.filter(({ customer }) => customer === "acme").map(({ id }) => id);
    assert.deepEqual(
      found,
      wanted.toSorted((a, b) => (bytes(a) < bytes(b) ? -1 : 1)),
    );
  });
  await fc.assert(property, { numRuns: 15 });
}

/** Reads of former rows. */
export const HISTORY: readonly Clause[] = [
  { name: "a link of the chain is found by any seq from its first on", check: checkLinks },
  { name: "revisions of a run's steps are read up to a seq, page by page", check: checkRevisions },
  { name: "what a run was is found by any seq of its time", check: checkFormerRuns },
  { name: "what outcomes were is found by any seq of their time", check: checkFormerOutcomes },
  { name: "runs are read in the order of their ids, page by page", check: checkRunsById },
];
