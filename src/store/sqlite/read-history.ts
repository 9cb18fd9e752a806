/** Reads of what was: links of the chain, and what steps, runs and outcomes were before. */
import type { OutcomeState, RunFacts } from "../../domain/run/run.ts";
import type { ChainLink, RevisionFilter, StepPage } from "../../engine/ports.ts";
import { decodeFormerOutcome, decodeFormerRun, decodeLink } from "../former-rows.ts";
import type { ReadParts } from "./read-steps.ts";
import { decodeStep } from "./step-rows.ts";
import { encodeId } from "./stored-id.ts";

/** The newest link that begins at a seq or before it. */
export function linkBefore({ reads, ws }: ReadParts, seq: number): ChainLink | undefined {
  const sql = `SELECT * FROM chain WHERE ws = ? AND first_seq <= ?
    ORDER BY first_seq DESC LIMIT 1`;
  const row = reads.of(sql).get(ws, seq);
  return row === undefined ? undefined : decodeLink(row);
}

/** A place in the order of revisions; before the first one, no source has its number. */
interface Place {
  readonly sourceNo: number;
  readonly id: string;
  readonly seq: number;
}

const FIRST: Place = { sourceNo: -1, id: "", seq: 0 };

const revisionsIn = (
  table: string,
) => `SELECT run_no, source_no, id, seq, facets_no, body, labels_no
  FROM ${table} WHERE run_no = ?1 AND seq <= ?2 AND (source_no, id, seq) > (?3, ?4, ?5)`;
const REVISIONS = `${revisionsIn("steps")} UNION ALL ${revisionsIn("former_steps")}
  ORDER BY source_no, id, seq LIMIT ?6`;

/** A page of revisions of a run's steps, in the order of the identity's index. */
export function revisionsOfRun(
  { reads, names, ws }: ReadParts,
  { run, untilSeq, after, limit }: RevisionFilter,
): StepPage {
  const owner = reads.of("SELECT run_no, customer FROM runs WHERE ws = ? AND id = ?").get(ws, run);
  if (owner === undefined) return { steps: [], next: null };
  const { sourceNo, id, seq } = placeIn(names, after);
  const rows = reads
    .of(REVISIONS)
    .all(owner.run_no as number, untilSeq, sourceNo, encodeId(id), seq, limit);
  const customer = owner.customer;
  const steps = rows.map((row) => decodeStep({ ...row, run, customer }, names));
  const last = steps.at(-1);
  if (last === undefined || rows.length < limit) return { steps, next: null };
  const place: Place = { sourceNo: rows.at(-1)?.source_no as number, id: last.id, seq: last.seq };
  return { steps, next: JSON.stringify(place) };
}

/** A source that nobody has named is that of no step, so nothing is behind it. */
function placeIn(names: ReadParts["names"], after: RevisionFilter["after"]): Place {
  if (after === "") return FIRST;
  if (typeof after === "string") return JSON.parse(after) as Place;
  const sourceNo = names.find(after.source) ?? Number.MAX_SAFE_INTEGER;
  return { sourceNo, id: after.id, seq: Number.MAX_SAFE_INTEGER };
}

/** What a run was at a seq, where it has changed since. */
export function formerRun(
  { reads, ws }: ReadParts,
  id: string,
  atSeq: number,
): RunFacts | undefined {
  const sql = `SELECT * FROM former_runs
    WHERE ws = ?1 AND run = ?2 AND until_seq >= ?3 AND since_seq <= ?3 LIMIT 1`;
  const row = reads.of(sql).get(ws, id, atSeq);
  return row === undefined ? undefined : decodeFormerRun(row);
}

/** What outcomes of a run were at a seq, of those that have changed since. */
export function formerOutcomes(
  { reads, ws }: ReadParts,
  run: string,
  atSeq: number,
): OutcomeState[] {
  const sql = `SELECT * FROM former_outcomes
    WHERE ws = ?1 AND run = ?2 AND until_seq >= ?3 AND since_seq <= ?3 ORDER BY key`;
  return reads.of(sql).all(ws, run, atSeq).map(decodeFormerOutcome);
}
