/**
 * What every store must do, in sentences. Each adapter's test file runs the whole of it; a clause
 * that an adapter leaves out is skipped with its reason, printed in the report.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "../engine/ports.ts";
import { ATOMICITY } from "./atomicity-contract.ts";
import type { Clause } from "./clause-contract.ts";
import { CREDIT } from "./credit-contract.ts";
import { HISTORY } from "./history-contract.ts";
import { OUTBOX } from "./outbox-contract.ts";
import { READS } from "./read-contract.ts";
import { ROUND_TRIPS } from "./round-trip-contract.ts";
import { SPENDING } from "./spending-contract.ts";
import { UNITS } from "./unit-contract.ts";

/** An adapter to judge. */
export interface Candidate {
  readonly name: string;
  /** Opens the one store of the suite; called again after a restart, on the same data. */
  readonly open: () => Promise<Store>;
  /** Reason by clause. Clauses that do not exist are refused, so that no excuse outlives them. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** What the commit path needs. */
export function ingestContract(candidate: Candidate): void {
  suite("ingest", candidate, [...[...ROUND_TRIPS, ...UNITS, ...ATOMICITY, ...SPENDING, ...CREDIT]]);
}

/** What listings, reports and administration need. */
export function readContract(candidate: Candidate): void {
  suite("read", candidate, [...READS, ...HISTORY, ...OUTBOX]);
}

/** Both parts. */
export function storeContract(candidate: Candidate): void {
  const { skip = {}, ...rest } = candidate;
  const isIngest = (name: string) =>
    ![...READS, ...HISTORY, ...OUTBOX].some((clause) => clause.name === name);
  const reasons = Object.entries(skip);
  const part = (wanted: boolean) =>
    Object.fromEntries(reasons.filter(([name]) => isIngest(name) === wanted));
  ingestContract({ ...rest, skip: part(true) });
  readContract({ ...rest, skip: part(false) });
}

function suite(part: string, { name, open, skip = {} }: Candidate, clauses: readonly Clause[]) {
  describe(`${name} keeps the ${part} contract`, () => {
    let store: Store | undefined;
    let workspaces = 0;
    const current = (): Store => {
      assert.ok(store !== undefined, "the store is open");
      return store;
    };
    const anotherWorkspace = async () => {
      workspaces += 1;
      const workspace = `${part}-${workspaces}`;
      await current().createWorkspace(workspace);
      return workspace;
    };
    const restart = async () => {
      await current().close();
      store = await open();
    };
    before(async () => {
      store = await open();
    });
    after(() => store?.close());
    for (const clause of clauses) {
      test(clause.name, { skip: skip[clause.name] ?? false }, async () => {
        const workspace = await anotherWorkspace();
        await clause.check({ workspace, store: current, anotherWorkspace, restart });
      });
    }
    test("every skipped clause exists", () => {
      const names = new Set(clauses.map((clause) => clause.name));
      assert.deepEqual(
        Object.keys(skip).filter((clause) => !names.has(clause)),
        [],
      );
    });
  });
}
