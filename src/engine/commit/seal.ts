/**
 * Seals a unit of work onto the hash chain: one link over the text of every step revision and
 * journal entry it adds, in seq order, behind what runs and outcomes were before it changed them
 * and what it settled above limits. Altering, adding or removing one breaks its link.
 */
import { overrunLine } from "../../domain/budget/overrun-text.ts";
import { journalText } from "../../domain/event/codec.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import { SPAN_NUMBERS, StepBytes } from "../../domain/event/step-bytes.ts";
import { type SealedStep, sealedStep } from "../../domain/event/step-text.ts";
import { encodeFormer, formerLine } from "../../domain/run/former-text.ts";
import type { ChainHead, ChainLink, Digest, SealedSteps, Writes } from "../ports.ts";

const UTF8 = new TextEncoder();

/** Digest of the link before the first one. */
export const CHAIN_START = "0".repeat(64);

/**
 * The line of a link that its commit time is sealed by. It says what the link covers: `t1`, by
 * versions before this one, no overruns.
 */
function timeText(committedAtMs: number): string {
  return `t2\u001f${committedAtMs}`;
}

/** A unit of work as the chain takes it up. */
export interface Sealed {
  /** Null: no seq was given. */
  readonly link: ChainLink | null;
  /** What the link covers of each step, in the order given: a store need not make it again. */
  readonly steps: SealedSteps;
}

interface Added {
  /** The workspace's time now: a clock that was set back moves no link before another. */
  readonly nowMs: number;
  readonly steps: readonly Step[];
  readonly journal: readonly JournalEntry[];
  readonly beside: Beside;
  readonly lastSeq: number;
}

/**
 * Seals what a unit adds onto the link before it. A unit that only keeps something waiting adds no
 * text, and still has a link: its time tells since when that was known.
 */
export function sealLink(digest: Digest, before: ChainHead, added: Added): Sealed {
  if (added.lastSeq === before.lastSeq) return { link: null, steps: textsOf(added) };
  const committedAtMs = Math.max(before.committedAtMs, added.nowMs);
  let beginning = `${before.digest}\n${timeText(committedAtMs)}`;
  for (const line of linesBeside(added.beside)) beginning += `\n${line}`;
  const bytes = isInOrder(added) ? StepBytes.of(beginning, added.steps) : null;
  const steps = bytes === null ? textsOf(added) : { texts: [], bytes };
  const covered = bytes === null ? beginning + sorted(added, steps.texts) : among(bytes, added);
  const { lastSeq } = added;
  const link = { firstSeq: before.lastSeq + 1, lastSeq, digest: digest.sha256(covered) };
  return { link: { ...link, committedAtMs }, steps };
}

function textsOf({ steps }: Added): SealedSteps {
  return { texts: steps.map(sealedStep), bytes: null };
}

/** Journal entries as a link covers them, in seq order. */
function linesOf({ journal }: Added): { readonly seq: number; readonly text: string }[] {
  const lines = journal.map((entry) => ({ seq: entry.seq, text: journalText(entry) }));
  return lines.sort((a, b) => a.seq - b.seq);
}

/** Steps and the journal entries among them in seq order, each on a line of its own. */
function among({ bytes, spans }: StepBytes, added: Added): Uint8Array {
  if (added.journal.length === 0) return bytes;
  const pieces: Uint8Array[] = [];
  let [from, next] = [0, 0];
  for (const { seq, text } of linesOf(added)) {
    while ((added.steps[next]?.seq ?? Infinity) < seq) next += 1;
    // The line of a step begins in front of its text.
    const to = next < added.steps.length ? (spans[SPAN_NUMBERS * next] ?? 0) - 1 : bytes.length;
    pieces.push(bytes.subarray(from, to), UTF8.encode(`\n${text}`));
    from = to;
  }
  pieces.push(bytes.subarray(from));
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Whether there are steps, one after the other, as in nearly every unit. */
function isInOrder({ steps }: Added): boolean {
  let lastSeq = 0;
  for (const { seq } of steps) {
    if (seq < lastSeq) return false;
    lastSeq = seq;
  }
  return steps.length > 0;
}

/** Steps and journal entries in seq order, each on a line of its own. */
function sorted(added: Added, texts: readonly SealedStep[]): string {
  const rows = linesOf(added);
  for (const [at, { seq }] of added.steps.entries())
    rows.push({ seq, text: texts[at]?.text ?? "" });
  rows.sort((a, b) => a.seq - b.seq);
  return rows.map(({ text }) => `\n${text}`).join("");
}

/** Rows that a link covers in front of steps and journal entries. */
type Beside = Pick<Writes, "formerRuns" | "formerOutcomes" | "overruns">;

/**
 * Former versions in the order of their texts, which whoever checks the seal can find again, then
 * overruns by seq.
 */
function linesBeside({ formerRuns, formerOutcomes, overruns }: Beside): string[] {
  const runs = formerRuns.map(({ facts, untilSeq, document }) => {
    const { id: run, sinceSeq } = facts;
    return formerLine({ run, key: null, sinceSeq, untilSeq, document });
  });
  const outcomes = formerOutcomes.map(({ outcome, untilSeq }) => {
    const { run, key, sinceSeq } = outcome;
    return formerLine({ run, key, sinceSeq, untilSeq, document: encodeFormer(outcome) });
  });
  const former = [...runs, ...outcomes].sort();
  if (overruns.length === 0) return former;
  return [...former, ...overruns.toSorted((a, b) => a.seq - b.seq).map(overrunLine)];
}
