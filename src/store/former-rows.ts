/**
 * What runs and outcomes were, as rows of any SQL store. Few are ever read and none is summed in
 * the database, so each is one text (`src/domain/run/former-text.ts`).
 */
import { decodeFormer, encodeFormer } from "../domain/run/former-text.ts";
import type { OutcomeState, RunFacts } from "../domain/run/run.ts";
import type { ChainLink, FormerOutcome, FormerRun } from "../engine/ports.ts";
import type { Bound, Row } from "./stored-rows.ts";

/** Values of `former_runs` behind the workspace, without the checksum. */
export function encodeFormerRun({ facts, untilSeq, document }: FormerRun): Bound[] {
  return [facts.id, facts.sinceSeq, untilSeq, document];
}

/** Values of `former_outcomes` behind the workspace, without the checksum. */
export function encodeFormerOutcome({ outcome, untilSeq }: FormerOutcome): Bound[] {
  return [outcome.run, outcome.key, outcome.sinceSeq, untilSeq, encodeFormer(outcome)];
}

/** What a run was. */
export function decodeFormerRun(row: Row): RunFacts {
  const facts = decodeFormer(row.document as string) as RunFacts;
  // Texts from before there were end users have none.
  return { ...facts, endUser: facts.endUser ?? null };
}

/** What an outcome was. */
export function decodeFormerOutcome(row: Row): OutcomeState {
  return decodeFormer(row.document as string) as OutcomeState;
}

/** A link of the hash chain. */
export function decodeLink(row: Row): ChainLink {
  return {
    firstSeq: row.first_seq as number,
    lastSeq: row.last_seq as number,
    digest: row.digest as string,
    committedAtMs: row.committed_at as number | null,
  };
}
