/**
 * Seals a unit of work onto the hash chain: one link over the text of every step revision and
 * journal entry it adds, in seq order. Altering, adding or removing one breaks its link.
 */
import { journalText } from "../domain/event/codec.ts";
import type { JournalEntry } from "../domain/event/journal.ts";
import type { Step } from "../domain/event/step.ts";
import { type SealedStep, sealedStep } from "../domain/event/step-text.ts";
import type { ChainLink, Digest } from "./ports.ts";

/** Digest of the link before the first one. */
export const CHAIN_START = "0".repeat(64);

/** A unit of work as the chain takes it up. */
export interface Sealed {
  /** Null: nothing was added. */
  readonly link: ChainLink | null;
  /** What the link covers of each step, so that a store need not make it again. */
  readonly steps: ReadonlyMap<Step, SealedStep>;
}

/** Seals what a unit adds onto the link before it. */
export function sealLink(
  digest: Digest,
  before: { readonly lastSeq: number; readonly digest: string },
  added: {
    readonly steps: readonly Step[];
    readonly journal: readonly JournalEntry[];
    readonly lastSeq: number;
  },
): Sealed {
  const steps = new Map<Step, SealedStep>();
  const rows: { readonly seq: number; readonly text: string }[] = [];
  let isInOrder = true;
  let lastSeq = 0;
  const add = (seq: number, text: string): void => {
    rows.push({ seq, text });
    if (seq < lastSeq) isInOrder = false;
    lastSeq = seq;
  };
  for (const entry of added.journal) add(entry.seq, journalText(entry));
  for (const step of added.steps) {
    const sealed = sealedStep(step);
    steps.set(step, sealed);
    add(step.seq, sealed.text);
  }
  if (rows.length === 0) return { link: null, steps };
  if (!isInOrder) rows.sort((a, b) => a.seq - b.seq);
  let body = "";
  for (const { text } of rows) body += body === "" ? text : `\n${text}`;
  const sealed = digest.sha256(`${before.digest}\n${body}`);
  const link = { firstSeq: before.lastSeq + 1, lastSeq: added.lastSeq, digest: sealed };
  return { link, steps };
}
