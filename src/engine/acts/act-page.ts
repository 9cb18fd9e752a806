/** Acts of one kind by pages, oldest first, for lists of what people have done. */
import type { JournalKind } from "../../domain/event/journal.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import type { Reads } from "../ports.ts";

/** Which acts to list. */
export interface ActPageQuery<T> {
  readonly kind: JournalKind;
  /** Goes on behind this one, the `next` of the page before; 0: from the first on. */
  readonly afterSeq: number;
  readonly limit: number;
  /** Acts that are read at a time: few, where each of them may be large. */
  readonly atATime: number;
  /** What the page shows of an act; null: it leaves it out. */
  readonly shown: (document: string) => T | null | Promise<T | null>;
}

/** A page of acts. */
export interface ActPage<T> {
  readonly found: readonly T[];
  /** Where to go on; null: that was all. */
  readonly next: number | null;
}

/** Acts that a page looks at before it answers with what it has found. */
const LOOKED_AT_MAX_COUNT = 10 * PAGE_MAX_ROWS;

/** Reads a page; one that many others lie between may be short of its limit, or empty. */
export async function actPage<T>(
  store: Pick<Reads, "acts">,
  workspace: string,
  { kind, limit, atATime, shown, ...from }: ActPageQuery<T>,
): Promise<ActPage<T>> {
  const found: T[] = [];
  let { afterSeq } = from;
  for (let looked = 0; looked < LOOKED_AT_MAX_COUNT; looked += atATime) {
    const entries = await store.acts(workspace, { kind, afterSeq, limit: atATime });
    for (const { seq, document } of entries) {
      afterSeq = seq;
      const one = await shown(document);
      if (one === null) continue;
      found.push(one);
      if (found.length === limit) return { found, next: afterSeq };
    }
    if (entries.length < atATime) return { found, next: null };
  }
  return { found, next: afterSeq };
}
