/** What every store must do with lists of statements. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { StatementFilter, StatementHead } from "../engine/periods/statement-list.ts";
import type { Clause, Scene } from "./clause-contract.ts";
import { write } from "./round-trip-contract.ts";
import { NOW_MS, statementRow } from "./sample-rows-contract.ts";

async function checkLists({ store, workspace }: Scene): Promise<void> {
  const rows = [
    statementRow({ id: "s1", customer: "zeta" }),
    statementRow({ id: "s2" }),
    statementRow({ id: "s3", period: "2026-11-01" }),
    // Voided and issued again, twice, the second time in the same millisecond.
    ...["s6", "s5"].map((id) => statementRow({ id, closedAtMs: NOW_MS + 1 })),
  ];
  const periods = ["2026-11-01", "2026-10-01"].map((period) => ({
    customer: "acme",
    period,
    closedAtMs: 1,
    statementId: "s",
  }));
  await write(store(), workspace, { statements: rows, periods });
  const ids = (list: readonly { readonly id: string }[]) => list.map((row) => row.id);
  assert.deepEqual(ids(await store().listStatements(workspace)), [
    ...["s3", "s5", "s6", "s2", "s1"],
  ]);
  assert.deepEqual(ids(await store().listStatements(workspace, "acme")), [
    ...["s3", "s5", "s6", "s2"],
  ]);
  assert.deepEqual(await store().statement(workspace, "s2"), rows[1]);
  assert.equal(await store().statement(workspace, "s9"), undefined);
  const states = await store().periodsOf(workspace, "acme");
  assert.deepEqual(
    states.map((state) => state.period),
    ["2026-10-01", "2026-11-01"],
  );
}

const LISTS_COUNT = 20;

const PLACE = fc.record({
  customer: fc.constantFrom("a", "a b", "é", "zeta"),
  period: fc.constantFrom("2026-09-01", "2026-10-01", "2026-11-01"),
  closedAtMs: fc.constantFrom(NOW_MS, NOW_MS + 1, NOW_MS + 2),
});

async function checkPages({ store, anotherWorkspace }: Scene): Promise<void> {
  const written = fc.array(PLACE, { maxLength: 30 });
  const law = fc.asyncProperty(written, fc.integer({ min: 1, max: 7 }), async (places, limit) => {
    const workspace = await anotherWorkspace();
    const statements = places.map((place, index) => statementRow({ id: `s${index}`, ...place }));
    await write(store(), workspace, { statements });
    for (const customer of [undefined, "a", "zeta"]) {
      const all = await store().listStatements(workspace, customer);
      for (const closedUntilMs of [undefined, NOW_MS + 1]) {
        const until = closedUntilMs ?? Number.MAX_SAFE_INTEGER;
        const wanted = all.filter((one) => one.closedAtMs <= until);
        const filter = {
          ...(customer !== undefined && { customer }),
          ...(closedUntilMs !== undefined && { closedUntilMs }),
          limit,
        };
        const found: StatementHead[] = [];
        for (let after: StatementHead | undefined; ; ) {
          const behind: StatementFilter = after === undefined ? filter : { ...filter, after };
          const page = await store().statementPage(workspace, behind);
          found.push(...page);
          after = page.at(-1);
          if (page.length < limit) break;
        }
        const heads = wanted.map(({ document: _, ...head }) => head);
        assert.deepEqual(found, heads);
      }
    }
  });
  await fc.assert(law, { numRuns: LISTS_COUNT });
}

/** Clauses on lists of statements. */
export const STATEMENTS: readonly Clause[] = [
  { name: "statements are listed newest period first", check: checkLists },
  { name: "pages of statements are their list, each once, without documents", check: checkPages },
];
