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

export function sealLink(
  digest: Digest,
  before: { readonly lastSeq: number; readonly digest: string },
  added: {
    readonly steps: readonly Step[];
    readonly journal: readonly JournalEntry[];
    readonly lastSeq: number;
  },
): ChainLink | null {
  const texts = [
    ...added.steps.map((step) => ({ seq: step.seq, text: stepText(step) })),
    ...added.journal.map((entry) => ({ seq: entry.seq, text: journalText(entry) })),
  ];
  if (texts.length === 0) return null;
  texts.sort((a, b) => a.seq - b.seq);
  const body = texts.map((item) => item.text).join("\n");
  return {
    firstSeq: before.lastSeq + 1,
    lastSeq: added.lastSeq,
    digest: digest.sha256(`${before.digest}\n${body}`),
  };
}
