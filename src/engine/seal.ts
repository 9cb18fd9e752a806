/**
 * Seals a unit of work onto the hash chain: one link over the text of every step revision and
 * journal entry it adds, in seq order. Altering, adding or removing one breaks its link.
 */
import { journalText, stepText } from "../domain/event/codec.ts";
import type { JournalEntry } from "../domain/event/journal.ts";
import type { Step } from "../domain/event/step.ts";
import type { ChainLink, Digest } from "./ports.ts";

/** Digest of the link before the first one. */
export const CHAIN_START = "0".repeat(64);

export interface Sealed {
  /** Null: nothing was added. */
  readonly link: ChainLink | null;
  readonly texts: ReadonlyMap<Step | JournalEntry, string>;
}

export function sealLink(
  digest: Digest,
  before: { readonly lastSeq: number; readonly digest: string },
  added: {
    readonly steps: readonly Step[];
    readonly journal: readonly JournalEntry[];
    readonly lastSeq: number;
  },
): Sealed {
  const texts = new Map<Step | JournalEntry, string>();
  for (const step of added.steps) texts.set(step, stepText(step));
  for (const entry of added.journal) texts.set(entry, journalText(entry));
  if (texts.size === 0) return { link: null, texts };
  const rows = [...texts].sort(([a], [b]) => a.seq - b.seq);
  const body = rows.map(([, text]) => text).join("\n");
  const sealed = digest.sha256(`${before.digest}\n${body}`);
  const link = { firstSeq: before.lastSeq + 1, lastSeq: added.lastSeq, digest: sealed };
  return { link, texts };
}
