/**
 * `tollgate verify`: the oracle. It rebuilds every total of a data folder from the steps, runs and
 * outcomes, and checks every seal, importing nothing of rating, cost or the commit loop, so that
 * an error of theirs cannot hide itself.
 *
 * What it cannot see: a retry is a sign of life of its run and leaves no row; suspended events,
 * witnesses, conflicts, API keys and all export lines of an account that were removed whole leave
 * none either, since the chain covers what counts and the journal.
 */
import { join } from "node:path";
import { DATABASE_FILE } from "../sqlite/sqlite-store.ts";
import { Acts } from "./acts.ts";
import { addFormerRows } from "./add-former-rows.ts";
import { Books } from "./books.ts";
import { actedBudgets } from "./budget-acts.ts";
import { CardVersions } from "./card-versions.ts";
import { checkBalances } from "./check-balances.ts";
import { checkBudgets } from "./check-budgets.ts";
import { checkByHand } from "./check-by-hand.ts";
import { checkCauses } from "./check-causes.ts";
import { checkCommitments } from "./check-commitments.ts";
import { checkCounts } from "./check-counts.ts";
import { checkCreditBooks } from "./check-credit-books.ts";
import { checkCredits } from "./check-credits.ts";
import { checkExportAttempts } from "./check-export-attempts.ts";
import { checkExports } from "./check-exports.ts";
import { checkFormerRows } from "./check-former-rows.ts";
import { checkHolds } from "./check-holds.ts";
import { checkKeptRows } from "./check-kept-rows.ts";
import { checkLateCredits } from "./check-late-credits.ts";
import { checkLooks } from "./check-looks.ts";
import { checkOpenings } from "./check-openings.ts";
import { checkOverrides } from "./check-overrides.ts";
import { checkPaid } from "./check-paid.ts";
import { checkPolicies } from "./check-policies.ts";
import { checkRuns } from "./check-runs.ts";
import { checkSealedRows } from "./check-sealed-rows.ts";
import { checkSettings } from "./check-settings.ts";
import { checkStatements } from "./check-statements.ts";
import { checkTerms } from "./check-terms.ts";
import { checkTotals } from "./check-totals.ts";
import { checkTrueUps } from "./check-true-ups.ts";
import { checkWorkspaces } from "./check-workspaces.ts";
import { DataFile, type OnProgress } from "./data-file.ts";
import type { Finding } from "./findings.ts";
import { RemovedSteps } from "./removed-steps.ts";
import { WrongSpending } from "./wrong-spending.ts";

/** The tables that are checked; every table of the schema is. */
export const VERIFIED_TABLES = [
  "steps",
  "former_steps",
  "journal",
  "chain",
  "workspaces",
  "names",
  "runs",
  "former_runs",
  "outcomes",
  "former_outcomes",
  "rollups",
  "counters",
  "calls",
  "witnesses",
  "suspended",
  "conflicts",
  "adjustments",
  "statements",
  "periods",
  "customers",
  "credit_books",
  "rate_cards",
  "price_versions",
  "api_keys",
  "signing_keys",
  "alert_cursors",
  "alert_deliveries",
  "budgets",
  "budget_limits",
  "budget_balances",
  "holds",
  "stops",
  "overruns",
  "export_lines",
  "export_secrets",
  "export_attempts",
] as const;

/** What a verification looked at and found. */
export interface Verification {
  /** Rows that were looked at, by table. */
  readonly checked: Readonly<Record<string, number>>;
  /** Empty: everything agrees, to the last digit. */
  readonly findings: readonly Finding[];
  /** Steps that were removed: they count by what was recorded of them. */
  readonly removed: { readonly runs: number; readonly steps: number };
}

/**
 * Verifies a data folder, also while a server writes to it: it sees one moment. Memory stays flat
 * whatever the number of steps. Throws `store.corrupt` where there is no file of this schema.
 */
export function verifyDataFolder(
  dataDir: string,
  {
    onProgress = () => {},
    wrong = new WrongSpending(),
  }: {
    readonly onProgress?: OnProgress;
    /** Takes up balances that are not what their steps say, besides the findings. */
    readonly wrong?: WrongSpending;
  } = {},
): Verification {
  const file = new DataFile(join(dataDir, DATABASE_FILE), onProgress);
  try {
    file.requireSchema();
    checkShape(file);
    file.expectRows(VERIFIED_TABLES);
    const removed = checkAll(file, wrong);
    file.tellEnd();
    return { checked: file.checked, findings: file.findings.all(), removed };
  } finally {
    file.close();
  }
}

function countCovered(removed: RemovedSteps): Verification["removed"] {
  const covered = removed.covered();
  return { runs: covered.length, steps: covered.reduce((sum, { steps }) => sum + steps, 0) };
}

/**
 * A file that SQLite itself finds broken is reported as far as it can be read. So is one whose rows
 * say what no check can work with, once that was found: what stands in them may be anything.
 */
function checkAll(file: DataFile, wrong: WrongSpending): Verification["removed"] {
  const removed = new RemovedSteps(file);
  const acts = new Acts(file.scratch);
  const books = new Books(file, new CardVersions(file), acts);
  const checks = [
    () => removed.addTo(books),
    () => checkSealedRows(file, { books, acts }),
    () => removed.check(),
    () => checkRuns(file, books),
    () => addFormerRows(file, books),
    () => checkOpenings(file, acts, books),
    () => checkTotals(file, books),
    () => checkStatements(file, acts),
    () => checkTerms(file, acts),
    () => checkCounts(file, books),
    () => checkLateCredits(file, books),
    () => checkCommitments(file, acts),
    () => checkByHand(file, acts),
    () => checkCredits(file, acts),
    () => checkCreditBooks(file, acts),
    () => checkPaid(file, acts),
    () => checkTrueUps(file, acts),
    () => checkSettings(file, acts),
    () => checkOverrides(file),
    () => checkWorkspaces(file, acts),
    () => checkKeptRows(file),
    () => checkExports(file, acts, books.cards),
    () => checkExportAttempts(file),
    () => checkFormerRows(file),
    () => checkBudgets(file, acts, actedBudgets(acts)),
    () => checkHolds(file),
    () => checkPolicies(file, acts),
    () => checkCauses(file, acts),
    () => checkLooks(file, acts),
    () => checkBalances(file, { sums: books.budgets, acts, acted: actedBudgets(acts) }, wrong),
  ];
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      const isExplained = file.findings.all().length > 0;
      if (!(error instanceof Error && ("errcode" in error || isExplained))) throw error;
      file.findings.add("file", DATABASE_FILE, `cannot be read on: ${error.message}`);
    }
  }
  return countCovered(removed);
}

/** The file's own structure and indexes, and that there is no table nobody checks. */
function checkShape(file: DataFile): void {
  for (const row of file.all("PRAGMA integrity_check(20)")) {
    const problem = String(row.integrity_check);
    file.findings.expect(problem === "ok", ["file", DATABASE_FILE, problem]);
  }
  const known: readonly string[] = VERIFIED_TABLES;
  for (const table of file.tables()) {
    const problem = "is a table that this version does not know";
    file.findings.expect(known.includes(table), [table, "*", problem]);
  }
}
