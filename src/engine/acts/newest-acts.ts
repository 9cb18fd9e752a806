/** Acts of several kinds as people read them: the newest first, a page at a time. */
import type { JournalEntry, JournalKind } from "../../domain/event/journal.ts";
import type { Reads } from "../ports.ts";

/** Which acts to read. */
export interface NewestActs {
  readonly kinds: readonly JournalKind[];
  readonly subject?: string;
  /** Only acts before this one. */
  readonly beforeSeq: number;
  readonly limit: number;
}

/** Reads a page; one that is not full is the last. */
export async function newestActs(
  store: Pick<Reads, "acts">,
  workspace: string,
  { kinds, subject, beforeSeq, limit }: NewestActs,
): Promise<JournalEntry[]> {
  const of = subject === undefined ? {} : { subject };
  const pages: JournalEntry[][] = [];
  for (const kind of kinds) {
    pages.push(await store.acts(workspace, { kind, ...of, beforeSeq, limit }));
  }
  return pages
    .flat()
    .sort((a, b) => b.seq - a.seq)
    .slice(0, limit);
}
