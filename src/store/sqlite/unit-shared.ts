import type { Names } from "./names.ts";
import type { RowCaches } from "./row-caches.ts";
import type { Statements } from "./statements.ts";
import type { TransactionDraft } from "./transaction.ts";

/** What the units of one open file share. */
export interface UnitShared {
  readonly names: Names;
  readonly caches: RowCaches;
  /** Of the reading connection: it sees commits, and a unit begins after the last one's. */
  readonly statements: Statements;
  /**
   * Workspaces whose steps on disk are being summed again, and how many steps these are. What the
   * next unit writes are their totals, and nothing else.
   */
  readonly summing: Map<number, number>;
  checksum(text: string): number;
}

/** A unit of work on its way to the writer. */
export interface UnitParts {
  readonly shared: UnitShared;
  readonly ws: number;
  /** What it writes. */
  readonly draft: TransactionDraft;
}
