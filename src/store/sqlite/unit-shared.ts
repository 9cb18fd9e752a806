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
  checksum(text: string): number;
}
