/**
 * `tollgate recount`: sets balances of budgets to what the oracle of `verify` adds up for them. It
 * verifies before, and again behind it: some overruns can only be told once their balance is right.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { formatLevel } from "../../domain/budget/parse-budget.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { LiveLimits } from "../../engine/limits/live-limits.ts";
import type { Recounted } from "../../engine/limits/recount-balances.ts";
import type { Decided } from "../../engine/limits/save-budget.ts";
import type { Store } from "../../engine/ports.ts";
import { copyToFolder } from "../move/copy-to-folder.ts";
import { DATABASE_FILE } from "../sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../verify/verify-data-folder.ts";
import { type BalanceAt, WrongSpending } from "../verify/wrong-spending.ts";

/** Where balances are counted again, and by whom. */
export interface RecountOptions {
  readonly dataDir: string;
  /** In place of the folder. */
  readonly databaseUrl?: string | undefined;
  /** Null: it is only told what would be set. */
  readonly apply: Decided | null;
  readonly onProgress: (done: number, total: number) => void;
}

/** A balance that was not what its steps say. Levels are decimal texts. */
export interface RecountedBalance {
  readonly workspace: string;
  readonly budget: string;
  readonly scope: string;
  readonly window: string;
  readonly difference: string;
  /** To its overruns on record; "0": they follow from its difference. */
  readonly overruns: string;
}

/** What it is done with; of a data folder, nobody else may have it open. */
export interface OpenedForRecount {
  readonly store: Store;
  readonly limits: Pick<LiveLimits, "recount">;
}

/** One act stays a unit that others can wait for. */
const BALANCES_A_PASS = 2_000;
/** Balances, overruns that follow from them, and a look that finds none. */
const PASSES_MAX_COUNT = 50;

/**
 * Tells what differs and, where it is to be applied, books it until nothing does. Throws
 * `store.corrupt` where anything else does not verify: nobody knows then which side is right.
 */
export async function recount(
  open: () => Promise<OpenedForRecount>,
  { apply, ...where }: RecountOptions,
): Promise<RecountedBalance[]> {
  const all: RecountedBalance[] = [];
  for (let pass = 0; pass < PASSES_MAX_COUNT; pass += 1) {
    const opened = await open();
    await opened.store.close();
    const plan = await planOf(where);
    if (plan.length === 0) return all;
    const again = await open();
    try {
      for (const { workspace, asOfSeq, differences } of plan) {
        const now = apply === null ? differences : differences.slice(0, BALANCES_A_PASS);
        all.push(...(await told(again.store, workspace, now)));
        if (apply === null) continue;
        await again.limits.recount(workspace, { ...apply, asOfSeq, differences: now });
      }
    } finally {
      await again.store.close();
    }
    if (apply === null) return all;
  }
  throw new TollgateError("store.corrupt", "Balances differ still. Run tollgate verify.");
}

interface WorkspacePlan {
  readonly workspace: string;
  readonly asOfSeq: number;
  readonly differences: readonly Recounted[];
}

async function planOf({
  dataDir,
  databaseUrl,
  onProgress,
}: Omit<RecountOptions, "apply">): Promise<WorkspacePlan[]> {
  if (databaseUrl === undefined) return planOfFolder(dataDir, onProgress);
  const copy = mkdtempSync(join(tmpdir(), "tollgate-recount-"));
  try {
    const copied = (done: number, total: number) => onProgress(done, 2 * total);
    const to = { connectionString: databaseUrl, dataDir: copy, onProgress: copied };
    await copyToFolder(to);
    return planOfFolder(copy, (done, total) => onProgress(total + done, 2 * total));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function planOfFolder(dataDir: string, onProgress: RecountOptions["onProgress"]): WorkspacePlan[] {
  const seqs = lastActSeqs(dataDir);
  const wrong = new WrongSpending();
  const { findings } = verifyDataFolder(dataDir, {
    onProgress: ({ done, total }) => onProgress(done, total),
    wrong,
  });
  if (findings.length !== wrong.balances.length + wrong.overruns.length) {
    const other = findings.find(({ table }) => table !== "budget_balances" && table !== "overruns");
    const { table, key, problem } = other ?? findings[0] ?? { table: "", key: "", problem: "" };
    const detail = `${table} ${key}: ${problem}. Nothing was counted again.`;
    throw new TollgateError("store.corrupt", detail);
  }
  const byWorkspace = Map.groupBy(differencesOf(wrong), ({ workspace }) => workspace);
  return [...byWorkspace].map(([workspace, differences]) => {
    return { workspace, asOfSeq: seqs.get(workspace) ?? 0, differences };
  });
}

function differencesOf({ balances, overruns }: WrongSpending): (Recounted & BalanceAt)[] {
  const textOf = ({ workspace, budgetId, scope, window }: BalanceAt) =>
    JSON.stringify([workspace, budgetId, scope, window]);
  // What lies above the limit of a wrong balance is told once that is right.
  const wrong = new Set(balances.map(textOf));
  return [
    ...balances.map(({ settled, partsAddUpTo, ...at }) => {
      return { ...at, settled: partsAddUpTo - settled, overruns: 0n };
    }),
    ...overruns
      .filter((at) => !wrong.has(textOf(at)))
      .map(({ recorded, settledAbove, ...at }) => {
        return { ...at, settled: 0n, overruns: settledAbove - recorded };
      }),
  ];
}

/** The last numbers that were given, by workspace. */
function lastActSeqs(dataDir: string): ReadonlyMap<string, number> {
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE), { readOnly: true });
  try {
    const rows = db.prepare("SELECT id, last_seq FROM workspaces").all();
    return new Map(rows.map(({ id, last_seq: seq }) => [String(id), Number(seq)]));
  } finally {
    db.close();
  }
}

async function told(
  store: Store,
  workspace: string,
  differences: readonly Recounted[],
): Promise<RecountedBalance[]> {
  const budgets = await store.spending.budgets(workspace);
  const byId = new Map(budgets.map(({ id, budget }) => [id, budget]));
  return differences.flatMap(({ budgetId, scope, window, settled, overruns }) => {
    const budget = byId.get(budgetId);
    if (budget === undefined) return [];
    const text = (level: bigint) => formatLevel(level, budget.measure);
    const levels = { difference: text(settled), overruns: text(overruns) };
    return { workspace, budget: budget.key, scope, window, ...levels };
  });
}
