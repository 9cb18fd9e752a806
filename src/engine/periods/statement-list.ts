/**
 * Statements as lists tell them: by pages, and without their documents, which may have thousands of
 * lines each.
 */
import type { StatementRecord } from "../../domain/period/records.ts";

/** A statement without its document. */
export type StatementHead = Omit<StatementRecord, "document">;

/** Where a statement stands among all of its workspace. */
export type StatementPlace = Pick<StatementHead, "period" | "customer" | "closedAtMs" | "id">;

/** Which statements to list; what is left out matches everything. */
export interface StatementFilter {
  readonly customer?: string;
  /** Only those that were closed by this instant. */
  readonly closedUntilMs?: number;
  /** The last one of the page before. */
  readonly after?: StatementPlace;
  readonly limit: number;
}
