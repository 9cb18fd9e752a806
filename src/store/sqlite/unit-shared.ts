import type { DatabaseSync } from "node:sqlite";
import type { Names } from "./names.ts";
import type { RowCaches } from "./row-caches.ts";
import type { Statements } from "./statements.ts";

/** What the units of one open file share. */
export interface UnitShared {
  readonly db: DatabaseSync;
  readonly names: Names;
  readonly caches: RowCaches;
  readonly statements: Statements;
  /**
   * Workspaces whose steps on disk are being summed again, and how many steps these are. What the
   * next unit writes are their totals, and nothing else.
   */
  readonly summing: Map<number, number>;
  checksum(text: string): number;
}
