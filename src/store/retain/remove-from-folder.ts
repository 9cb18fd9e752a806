/** Removes steps from a data folder that no process uses, and gives their room back. */
import { join } from "node:path";
import { holdDataFolder } from "../sqlite/data-folder-lock.ts";
import { openWriter } from "../sqlite/open-database.ts";
import { DATABASE_FILE } from "../sqlite/sqlite-store.ts";
import type { RemovalPlan } from "./plan-removal.ts";

/** What steps name, and nothing else does any more. */
const UNUSED_NAMES = `DELETE FROM names WHERE name_no NOT IN (
  SELECT source_no FROM steps UNION SELECT facets_no FROM steps
  UNION SELECT labels_no FROM steps WHERE labels_no IS NOT NULL
  UNION SELECT source_no FROM former_steps UNION SELECT facets_no FROM former_steps
  UNION SELECT labels_no FROM former_steps WHERE labels_no IS NOT NULL)`;

/**
 * Removes the steps of covered runs in one transaction; all totals must be settled. Returns how
 * many there were. Throws `store.locked` while a process has the folder.
 */
export function removeFromFolder(dataDir: string, { runs }: Pick<RemovalPlan, "runs">): number {
  const release = holdDataFolder(dataDir);
  try {
    const db = openWriter(join(dataDir, DATABASE_FILE));
    try {
      db.exec("BEGIN IMMEDIATE");
      const runNo = "SELECT run_no FROM runs WHERE ws = ? AND id = ?";
      const remove = ["steps", "former_steps"].map((table) =>
        db.prepare(`DELETE FROM ${table} WHERE run_no = (${runNo})`),
      );
      let removed = 0;
      for (const { ws, run } of runs) {
        const [steps] = remove.map((statement) => Number(statement.run(ws, run).changes));
        removed += steps ?? 0;
      }
      if (removed > 0) db.exec(UNUSED_NAMES);
      // Numbers of rows are given again from the last one on, and none of those is summed yet.
      db.exec(`UPDATE workspaces SET summed_step_no =
        min(summed_step_no, (SELECT coalesce(max(step_no), 0) FROM steps)); COMMIT`);
      if (removed > 0) db.exec("VACUUM");
      return removed;
    } finally {
      db.close();
    }
  } finally {
    release();
  }
}
