/**
 * What runs and outcomes were, as rows of any SQL store. Few are ever read and none is summed in
 * the database, so each is one JSON text. Amounts in it are scaled integers, `{"$n":"120"}`; a key
 * that begins with `$`, which a label may, gets one more.
 */
import type { OutcomeState, RunFacts } from "../domain/run/run.ts";
import type { ChainLink, FormerOutcome, FormerRun } from "../engine/ports.ts";
import type { Bound, Row } from "./stored-rows.ts";

const MARK = "$";
const AMOUNT = "$n";

function encode(value: RunFacts | OutcomeState): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return { [AMOUNT]: String(part) };
    return renamed(part, (key) => (key.startsWith(MARK) ? `${MARK}${key}` : key));
  });
}

function decode(text: string): unknown {
  return JSON.parse(text, (_key, part: unknown) => {
    const isAmount = typeof part === "object" && part !== null && AMOUNT in part;
    if (isAmount && typeof part[AMOUNT] === "string") return BigInt(part[AMOUNT]);
    return renamed(part, (key) => (key.startsWith(MARK) ? key.slice(MARK.length) : key));
  });
}

/** An object with other keys, where any of them changes. */
function renamed(part: unknown, rename: (key: string) => string): unknown {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
  const entries = Object.entries(part);
  if (!entries.some(([key]) => key.startsWith(MARK))) return part;
  return Object.fromEntries(entries.map(([key, value]) => [rename(key), value]));
}

/** Values of `former_runs` behind the workspace, without the checksum. */
export function encodeFormerRun({ facts, untilSeq }: FormerRun): Bound[] {
  return [facts.id, facts.sinceSeq, untilSeq, encode(facts)];
}

/** Values of `former_outcomes` behind the workspace, without the checksum. */
export function encodeFormerOutcome({ outcome, untilSeq }: FormerOutcome): Bound[] {
  return [outcome.run, outcome.key, outcome.sinceSeq, untilSeq, encode(outcome)];
}

/** What a run was. */
export function decodeFormerRun(row: Row): RunFacts {
  const facts = decode(row.document as string) as RunFacts;
  // Texts from before there were end users have none.
  return { ...facts, endUser: facts.endUser ?? null };
}

/** What an outcome was. */
export function decodeFormerOutcome(row: Row): OutcomeState {
  return decode(row.document as string) as OutcomeState;
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
