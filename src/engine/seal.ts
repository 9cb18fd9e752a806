/**
 * Seals a unit of work onto the hash chain: one link over the text of every step revision and
 * journal entry it adds, in seq order, behind what runs and outcomes were before it changed them.
 * Altering, adding or removing one breaks its link.
 */
import { journalText } from "../domain/event/codec.ts";
import type { JournalEntry } from "../domain/event/journal.ts";
import type { Step } from "../domain/event/step.ts";
import { type SealedStep, sealedStep } from "../domain/event/step-text.ts";
import { encodeFormer, formerLine } from "../domain/run/former-text.ts";
import type { ChainHead, ChainLink, Digest, Writes } from "./ports.ts";

/** Digest of the link before the first one. */
export const CHAIN_START = "0".repeat(64);

/** The line of a link that its commit time is sealed by. */
function timeText(committedAtMs: number): string {
  return `t1\u001f${committedAtMs}`;
}

/** A unit of work as the chain takes it up. */
export interface Sealed {
  /** Null: no seq was given. */
  readonly link: ChainLink | null;
  /** What the link covers of each step, so that a store need not make it again. */
  readonly steps: ReadonlyMap<Step, SealedStep>;
}

/**
 * Seals what a unit adds onto the link before it. A unit that only keeps something waiting adds no
 * text, and still has a link: its time tells since when that was known.
 */
export function sealLink(
  digest: Digest,
  before: ChainHead,
  added: {
    /** The workspace's time now: a clock that was set back moves no link before another. */
    readonly nowMs: number;
    readonly steps: readonly Step[];
    readonly journal: readonly JournalEntry[];
    readonly former: Former;
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
  if (added.lastSeq === before.lastSeq) return { link: null, steps };
  if (!isInOrder) rows.sort((a, b) => a.seq - b.seq);
  const committedAtMs = Math.max(before.committedAtMs, added.nowMs);
  let body = timeText(committedAtMs);
  for (const line of formerLines(added.former)) body += `\n${line}`;
  for (const { text } of rows) body += `\n${text}`;
  const sealed = digest.sha256(`${before.digest}\n${body}`);
  const link = {
    firstSeq: before.lastSeq + 1,
    lastSeq: added.lastSeq,
    digest: sealed,
    committedAtMs,
  };
  return { link, steps };
}

type Former = Pick<Writes, "formerRuns" | "formerOutcomes">;

/** In the order of their texts, which whoever checks the seal can find again. */
function formerLines({ formerRuns, formerOutcomes }: Former): string[] {
  const runs = formerRuns.map(({ facts, untilSeq }) => {
    const { id: run, sinceSeq } = facts;
    return formerLine({ run, key: null, sinceSeq, untilSeq, document: encodeFormer(facts) });
  });
  const outcomes = formerOutcomes.map(({ outcome, untilSeq }) => {
    const { run, key, sinceSeq } = outcome;
    return formerLine({ run, key, sinceSeq, untilSeq, document: encodeFormer(outcome) });
  });
  return [...runs, ...outcomes].sort();
}
