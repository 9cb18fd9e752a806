/**
 * Levels of findings, worked out a second time from the rows: what a rule may have seen of a run at
 * a seq. Steps that were revised or voided since stand in former revisions, so a level is bounded
 * by all that was there by then, and what nobody recorded was never found. Times are those of
 * producers, so wall time is not looked at again; nor is a run whose steps may be removed.
 */
import type { Step } from "../../domain/event/step.ts";
import { type StepPlace, stepOfParts } from "../../domain/event/step-text.ts";
import { isInputBucket } from "../../domain/event/usage.ts";
import { AMOUNT_SCALE } from "../../domain/limits.ts";
import { ONE_UNIT, parseScaled } from "../../domain/money/decimal.ts";
import { decodeId } from "../sqlite/stored-id.ts";
import type { Row } from "../stored-rows.ts";
import type { RecordedAct } from "./acts.ts";
import type { DataFile } from "./data-file.ts";

/** Whether the rows of a run bear the level that a finding names. */
export function isBorneOut(file: DataFile, finding: RecordedAct): boolean {
  const { rule, level, cause } = finding.document;
  const asked = cause === "ask" ? 1 : 0;
  const found = Number(level);
  // That it is no number is found elsewhere.
  if (Number.isNaN(found) || isCondensed(file, finding)) return true;
  const revisions = () => revisionsOf(file, finding);
  switch (rule) {
    case "steps":
      return found <= new Set(revisions().map(identityOf)).size + asked;
    case "fan_out":
      return found <= childrenOf(file, finding);
    case "depth":
      return hasMoved(file, finding) || found === depthOf(file, finding);
    case "error_storm":
      return found <= new Set(revisions().filter(isError).map(identityOf)).size;
    case "repeated_call":
      return found <= mostOfOneCall(revisions()) + asked;
    case "context_growth":
      return revisions().some((step) => inputTokensOf(step) === found);
    case "spend_per_minute":
      return isSpent(file, finding, String(level));
    default:
      return true;
  }
}

/** Its steps may be removed. */
function isCondensed(file: DataFile, { ws, subject }: RecordedAct): boolean {
  const sql = `SELECT 1 FROM journal WHERE ws = ? AND run = ? AND source = '' AND id = ''
    AND kind = 'run.condensed' AND run <> ''`;
  return file.first(sql, ws, subject) !== undefined;
}

const REVISIONS = `SELECT s.*, r.customer AS customer FROM
  (SELECT run_no, source_no, id, seq, facets_no, body, labels_no FROM steps
    UNION ALL SELECT run_no, source_no, id, seq, facets_no, body, labels_no FROM former_steps) s
  JOIN runs r USING (run_no) WHERE r.ws = ? AND r.id = ? AND s.seq < ?`;

/** Every revision of a run's steps by then; what cannot be read is a finding elsewhere. */
function revisionsOf(file: DataFile, { ws, subject, seq }: RecordedAct, run = subject): Step[] {
  const found: Step[] = [];
  for (const row of file.each(REVISIONS, ws, run, seq)) {
    const step = stepOf(file, run, row);
    if (step !== null) found.push(step);
  }
  return found;
}

function stepOf(file: DataFile, run: string, row: Row): Step | null {
  const name = (number: unknown) => (number === null ? "" : (file.nameOf(number as number) ?? ""));
  const [source, facets, labels] = [row.source_no, row.facets_no, row.labels_no].map(name);
  const { customer, seq, body } = row as { customer: string; seq: number; body: string };
  const place: StepPlace = { run, source: source ?? "", id: decodeId(row.id), customer, seq };
  try {
    return stepOfParts(place, { facets: facets ?? "", body, labels: labels ?? "" });
  } catch {
    return null;
  }
}

function identityOf({ source, id }: Step): string {
  return JSON.stringify([source, id]);
}

function isError({ status }: Step): boolean {
  return status === "error";
}

function mostOfOneCall(steps: readonly Step[]): number {
  const calls = Map.groupBy(steps, ({ callHash }) => callHash ?? null);
  calls.delete(null);
  const counts = [...calls.values()].map((group) => new Set(group.map(identityOf)).size);
  return Math.max(0, ...counts);
}

function inputTokensOf({ usage, kind }: Step): number | null {
  if (kind !== "model") return null;
  let sum = 0n;
  for (const [name, quantity] of usage) if (isInputBucket(name)) sum += quantity;
  return Number(sum / ONE_UNIT);
}

/** Runs that stand below it, or did. */
function childrenOf(file: DataFile, { ws, subject }: RecordedAct): number {
  const sql = `SELECT count(*) AS n FROM (SELECT id FROM runs WHERE ws = ?1 AND parent = ?2
    UNION SELECT run FROM former_runs
      WHERE ws = ?1 AND instr(document, json_quote(?2)) > 0)`;
  return file.first(sql, ws, subject)?.n as number;
}

const ABOVE = `WITH RECURSIVE above (id, parent, depth) AS (
    SELECT id, parent, 1 FROM runs WHERE ws = ?1 AND id = ?2
    UNION ALL SELECT r.id, r.parent, a.depth + 1 FROM above a
      JOIN runs r ON r.ws = ?1 AND r.id = a.parent WHERE a.depth < 10000)`;

function depthOf(file: DataFile, { ws, subject }: RecordedAct): number {
  return file.first(`${ABOVE} SELECT max(depth) AS n FROM above`, ws, subject)?.n as number;
}

/** Whether a run above it, or itself, was something else before: it may have stood elsewhere. */
function hasMoved(file: DataFile, { ws, subject }: RecordedAct): boolean {
  const sql = `${ABOVE} SELECT 1 FROM above JOIN former_runs f ON f.ws = ?1 AND f.run = above.id`;
  return file.first(sql, ws, subject) !== undefined;
}

const BELOW = `WITH RECURSIVE below (id) AS (SELECT ?2
    UNION SELECT r.id FROM below b JOIN runs r ON r.ws = ?1 AND r.parent = b.id)
  SELECT id FROM below`;

/** What a tree spent in a minute is no more than all that it ever spent. */
function isSpent(file: DataFile, finding: RecordedAct, level: string): boolean {
  if (hasMoved(file, finding)) return true;
  const found = parseScaled(level, AMOUNT_SCALE) ?? 0n;
  let [cost, charge] = [0n, 0n];
  for (const { id } of file.each(BELOW, finding.ws, finding.subject)) {
    for (const step of revisionsOf(file, finding, id as string)) {
      cost += step.cost;
      charge += step.charge > 0n ? step.charge : 0n;
    }
  }
  return found <= cost || found <= charge;
}
