/**
 * Levels of findings, worked out a second time from the rows: what a rule may have seen of a run
 * at a seq, in the tree that it stood in then. Depth, children and what a model call has read are
 * compared exactly, and so is wall time: by the unit's own time where a step was asked for, else
 * by the times of the unit's steps. The others are bounds, since the window of a rule follows from
 * the order of producers' times as it was then. Of a run whose steps may be removed, what is left
 * bounds them: how many it had, and what they cost.
 */
import type { Step } from "../../domain/event/step.ts";
import { type StepPlace, stepOfParts } from "../../domain/event/step-text.ts";
import { isInputBucket } from "../../domain/event/usage.ts";
import { AMOUNT_SCALE } from "../../domain/limits.ts";
import { ONE_UNIT, parseScaled } from "../../domain/money/decimal.ts";
import { decodeId } from "../sqlite/stored-id.ts";
import type { Row } from "../stored-rows.ts";
import type { Acts, Document, RecordedAct } from "./acts.ts";
import type { DataFile } from "./data-file.ts";
import { RunsAt } from "./runs-at.ts";

/** Whether the rows of a run bear the level that a finding names. */
export function isBorneOut(file: DataFile, acts: Acts, finding: RecordedAct): boolean {
  const { rule, level } = finding.document;
  const found = Number(level);
  // That it is no number is found elsewhere.
  if (Number.isNaN(found)) return true;
  const runs = new RunsAt(file, finding.ws, finding.seq);
  const since = lastLevels(acts, finding);
  switch (rule) {
    case "depth":
      return found === runs.depthOf(finding.subject);
    case "fan_out":
      return found === runs.childrenOf(finding.subject).length - Number(since.children ?? 0);
    case "wall_time":
      return isTime(file, { finding, runs, fromMs: Number(since.atMs ?? 0) });
    case "spend_per_minute":
      return isSpent(file, { finding, runs });
    default:
      return file.removed.isCovered(finding.ws, finding.subject)
        ? isOfCount(finding, found, file.removed.stepsOf(finding.ws, finding.subject))
        : isOfSteps(finding, found, revisionsOf(file, finding));
  }
}

/** Of steps that may be gone: no rule counts more than there were. What each read is not known. */
function isOfCount({ document }: RecordedAct, found: number, steps: number): boolean {
  const asked = document.cause === "ask" ? 1 : 0;
  return document.rule === "context_growth" || found <= steps + asked;
}

/** What a run had come to when it was let go on last, as the act says; empty: it never was. */
function lastLevels(acts: Acts, { ws, subject, seq }: RecordedAct): Document {
  const resumed = acts.of("work.resumed", ws, JSON.stringify(["run", subject]));
  const last = resumed.findLast((one) => one.seq < seq && one.document.levels !== undefined);
  return (last?.document.levels ?? {}) as Document;
}

function isOfSteps({ document }: RecordedAct, found: number, revisions: readonly Step[]): boolean {
  const asked = document.cause === "ask" ? 1 : 0;
  switch (document.rule) {
    case "steps":
      return found <= new Set(revisions.map(identityOf)).size + asked;
    case "error_storm":
      return found <= new Set(revisions.filter(isError).map(identityOf)).size;
    case "repeated_call":
      return found <= mostOfOneCall(revisions) + asked;
    case "context_growth":
      return revisions.some((step) => inputTokensOf(step) === found);
    default:
      return true;
  }
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

interface Looked {
  readonly finding: RecordedAct;
  readonly runs: RunsAt;
}

const TENTH_MINUTE_MS = 6_000;
const LINK = "SELECT first_seq FROM chain WHERE ws = ? AND first_seq <= ? ORDER BY 1 DESC LIMIT 1";

/** Whether so many minutes had gone by, to a tenth. */
function isTime(file: DataFile, { finding, runs, fromMs }: Looked & { fromMs: number }): boolean {
  const { ws, subject, seq, receivedAtMs, document } = finding;
  const run = runs.of(subject);
  // That there is no such run is found elsewhere.
  if (run === undefined) return true;
  const startMs = Math.max(run.openedAtMs, fromMs);
  const tenths = (nowMs: number) => Math.floor(Math.max(0, nowMs - startMs) / TENTH_MINUTE_MS);
  const found = Math.round(Number(document.level) * 10);
  if (document.cause === "ask") return found === tenths(receivedAtMs);
  const tree = runs.treeOf(subject);
  if (tree.some(({ id }) => file.removed.isCovered(ws, id))) return found <= tenths(receivedAtMs);
  const first = file.first(LINK, ws, seq)?.first_seq as number;
  for (const { id, openedAtMs } of tree) {
    const steps = revisionsOf(file, finding, id).filter((step) => step.seq >= first);
    const seenAtMs = [openedAtMs, ...steps.map((step) => step.occurredAtMs)];
    if (seenAtMs.some((atMs) => tenths(Math.min(atMs, receivedAtMs)) === found)) return true;
  }
  return false;
}

const TOTALS = "SELECT own_cost, own_charge FROM runs WHERE ws = ? AND id = ?";

/** What a tree spent in a minute is no more than all that it had ever spent. */
function isSpent(file: DataFile, { finding, runs }: Looked): boolean {
  const { ws, subject, document } = finding;
  const found = parseScaled(String(document.level), AMOUNT_SCALE) ?? 0n;
  let [cost, charge] = [0n, 0n];
  const add = (one: { readonly cost: bigint; readonly charge: bigint }) => {
    cost += one.cost;
    charge += one.charge > 0n ? one.charge : 0n;
  };
  for (const { id } of runs.treeOf(subject)) {
    if (!file.removed.isCovered(ws, id)) {
      for (const step of revisionsOf(file, finding, id)) add(step);
      continue;
    }
    const row = file.first(TOTALS, ws, id);
    const amount = (text: unknown) => parseScaled(String(text), AMOUNT_SCALE) ?? 0n;
    add({ cost: amount(row?.own_cost), charge: amount(row?.own_charge) });
  }
  return found <= cost || found <= charge;
}
