/** Reads of what was: links of the chain, and what steps, runs and outcomes were before. */
import type { OutcomeState, RunFacts } from "../../domain/run/run.ts";
import type { ChainLink, RevisionFilter, StepPage } from "../../engine/ports.ts";
import { decodeFormerOutcome, decodeFormerRun, decodeLink } from "../former-rows.ts";
import { rowsOf } from "./connection.ts";
import type { ReadParts } from "./read-steps.ts";
import { decodeStep } from "./step-rows.ts";

/** The newest link that begins at a seq or before it. */
export async function linkBefore(
  { queries, ws }: ReadParts,
  seq: number,
): Promise<ChainLink | undefined> {
  const sql = `SELECT * FROM chain WHERE ws = $1 AND first_seq <= $2
    ORDER BY first_seq DESC LIMIT 1`;
  return (await rowsOf(queries, sql, [ws, seq])).map(decodeLink)[0];
}

/**
 * A page of one table, in the order of its index. Joined with the run, or cut behind both tables,
 * each page read and sorted all that is left of the run.
 */
const pageOf = (table: string, place: string) => `(SELECT ws, customer, run, source, id, seq,
    facets, body, labels, checksum FROM ${table}
  WHERE ws = $1 AND customer = (SELECT customer FROM runs WHERE ws = $1 AND id = $2) AND run = $2
    AND seq <= $3 AND (source, id, seq) > ($4, $5, $6::bigint) ${place}
  ORDER BY source, id, seq LIMIT $7)`;
const IN_MONTH = "AND month = (SELECT month FROM runs WHERE ws = $1 AND id = $2)";
const REVISIONS = `${pageOf("steps", IN_MONTH)} UNION ALL ${pageOf("former_steps", "")}
  ORDER BY source, id, seq LIMIT $7`;

type Place = readonly [source: string, id: string, seq: number];

/** A page of revisions of a run's steps. */
export async function revisionsOfRun(
  { queries, ws }: ReadParts,
  { run, untilSeq, after, limit }: RevisionFilter,
): Promise<StepPage> {
  const place = placeOf(after);
  const rows = await rowsOf(queries, REVISIONS, [ws, run, untilSeq, ...place, limit]);
  const steps = rows.map(decodeStep);
  const last = steps.at(-1);
  if (last === undefined || steps.length < limit) return { steps, next: null };
  return { steps, next: JSON.stringify([last.source, last.id, last.seq]) };
}

function placeOf(after: RevisionFilter["after"]): Place {
  if (after === "") return ["", "", 0];
  if (typeof after === "string") return JSON.parse(after) as Place;
  return [after.source, after.id, Number.MAX_SAFE_INTEGER];
}

/** What a run was at a seq, where it has changed since. */
export async function formerRun(
  { queries, ws }: ReadParts,
  id: string,
  atSeq: number,
): Promise<RunFacts | undefined> {
  const sql = `SELECT * FROM former_runs
    WHERE ws = $1 AND run = $2 AND until_seq >= $3 AND since_seq <= $3 LIMIT 1`;
  return (await rowsOf(queries, sql, [ws, id, atSeq])).map(decodeFormerRun)[0];
}

/** What outcomes of a run were at a seq, of those that have changed since. */
export async function formerOutcomes(
  { queries, ws }: ReadParts,
  run: string,
  atSeq: number,
): Promise<OutcomeState[]> {
  const sql = `SELECT * FROM former_outcomes
    WHERE ws = $1 AND run = $2 AND until_seq >= $3 AND since_seq <= $3 ORDER BY key`;
  return (await rowsOf(queries, sql, [ws, run, atSeq])).map(decodeFormerOutcome);
}
