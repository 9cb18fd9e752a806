/** `tollgate retain`: condenses what is old, records what its steps came to, and removes them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../engine/ports.ts";
import type { RetentionCases } from "../../engine/retention/retention-cases.ts";
import { copyToFolder } from "../move/copy-to-folder.ts";
import { planRemoval, type RemovalPlan } from "./plan-removal.ts";
import { removeFromFolder } from "./remove-from-folder.ts";
import { removeFromPostgres } from "./remove-from-postgres.ts";

/** Where steps are removed, and how many months stay. */
export interface Retention {
  readonly dataDir: string;
  /** In place of the folder. */
  readonly databaseUrl?: string | undefined;
  /** Whole months before the present one. */
  readonly keepMonths: number;
  readonly onProgress: (done: number, total: number) => void;
}

/** What a removal came to. */
export interface Retained {
  /** Runs that were condensed now. */
  readonly runs: number;
  /** Rows of steps that were removed now. */
  readonly steps: number;
}

/** What it is done with; of a data folder, nobody else may have it open. */
export interface Opened {
  readonly store: Store;
  readonly cases: RetentionCases;
}

/**
 * Removes what is old. What was cut off is gone on with by the next one. `open` is called twice;
 * the store is closed each time. Throws `field.out_of_range`, `store.corrupt` where the steps that
 * would go do not verify, `store.locked`.
 */
export async function retain(
  open: () => Promise<Opened>,
  { dataDir, databaseUrl, keepMonths, onProgress }: Retention,
): Promise<Retained> {
  let runs = 0;
  await whileOpen(open, async ({ store, cases }) => {
    for (const workspace of await store.workspaces()) {
      const condensed = await cases.condense(workspace, keepMonths);
      runs += condensed.runs;
    }
  });
  const plan =
    databaseUrl === undefined
      ? planRemoval(dataDir, onProgress)
      : await planOfDatabase(databaseUrl, onProgress);
  await whileOpen(open, async ({ cases }) => {
    for (const [workspace, records] of plan.records) await cases.recordRemoval(workspace, records);
  });
  const steps =
    databaseUrl === undefined
      ? removeFromFolder(dataDir, plan)
      : await removeFromPostgres(databaseUrl, plan);
  return { runs, steps };
}

async function whileOpen(
  open: () => Promise<Opened>,
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  const opened = await open();
  try {
    await work(opened);
  } finally {
    await opened.store.close();
  }
}

/** By a copy as of one moment, as `verify` makes one: condensed runs do not change any more. */
async function planOfDatabase(
  connectionString: string,
  onProgress: (done: number, total: number) => void,
): Promise<RemovalPlan> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-retain-"));
  try {
    const copied = (done: number, total: number) => onProgress(done, 2 * total);
    await copyToFolder({ connectionString, dataDir, onProgress: copied });
    return planRemoval(dataDir, (done, total) => onProgress(total + done, 2 * total));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
