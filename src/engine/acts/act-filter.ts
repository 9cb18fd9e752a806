/** Reading acts of the journal. */
import type { JournalKind } from "../../domain/event/journal.ts";

/** Which administrative acts to read, oldest first. */
export interface ActFilter {
  /** `customer`: customers made by their first event; saved ones are acts of their own. */
  readonly kind: JournalKind | "customer";
  /** What the act changed; what is left out matches everything. */
  readonly subject?: string;
  /** Only acts after this one (Default: from the first on). */
  readonly afterSeq?: number;
  /** Only acts before this one, newest first. (Default: all, oldest first.) */
  readonly beforeSeq?: number;
  readonly limit: number;
}
