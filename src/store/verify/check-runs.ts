/** Every run against its journal entries, the runs below it, and what it counts for. */
import { decodeEvent } from "../../domain/event/codec.ts";
import type { Identity, RunClosed, RunOpened } from "../../domain/event/event.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import { FUTURE_TOLERANCE_MS } from "../../domain/limits.ts";
import type { Run, Totals } from "../../domain/run/run.ts";
import { placeInTime, STANDING_PREFIX } from "../../domain/run/run.ts";
import { decodeJournal, decodeRun } from "../stored-rows.ts";
import type { Books } from "./books.ts";
import { boundProblems } from "./bounds-again.ts";
import { checkOutcomesOfRun } from "./check-outcomes.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { joined } from "./key-parts.ts";
import { endingAgain } from "./meter-again.ts";
import { countedAtMs, eventsOf, isInItsPeriod, type RunAt } from "./run-entries.ts";
import { findStep } from "./step-row.ts";
import { isFreeAt } from "./trial-again.ts";

/** Checks every run against its steps, its children and the journal. */
export function checkRuns(file: DataFile, books: Books): void {
  for (const row of file.rowsOf("runs", "run_no")) {
    const ws = row.ws as number;
    const id = row.id as string;
    const key = keyText(file.workspace(ws), id);
    const run = readable(file, { table: "runs", key }, () => decodeRun(row));
    if (run === undefined) continue;
    books.runs.addStored(joined(ws, id), totalValues(run.own));
    books.addRun(ws, run);
    const at = { ws, key, run, entries: entriesOf(file, ws, id) };
    const problems = readable(file, { table: "runs", key }, () => [...problemsOf(file, books, at)]);
    for (const problem of problems ?? []) file.findings.add("runs", key, problem);
    checkOutcomesOfRun(file, books, at);
  }
}

function* problemsOf(file: DataFile, books: Books, at: RunAt): Generator<string> {
  const { ws, run, entries } = at;
  yield* openingProblems(at);
  if (!run.opened) yield* headProblems(file, at);
  yield* closingProblems(at);
  yield* treeProblems(file, at);
  yield* ratingProblems(file, books, at);
  yield* boundProblems(file, books, at);
  const sql = "SELECT count(*) AS n FROM suspended WHERE ws = ? AND run = ?";
  const waiting = file.first(sql, ws, run.id)?.n;
  if (waiting !== run.suspended) {
    yield `suspended is ${run.suspended}, and ${waiting} events wait`;
    const problem = `are ${waiting}, where the run counts ${run.suspended}`;
    file.findings.add("suspended", at.key, problem);
  }
  const seen = entries.filter(({ kind }) => kind === "run.opened" || kind === "outcome.recorded");
  const latest = Math.max(0, ...seen.map((entry) => entry.receivedAtMs));
  if (run.lastSeenAtMs < latest) yield "last_seen_at is before an event of the run";
}

function entriesOf(file: DataFile, ws: number, run: string): JournalEntry[] {
  const sql = `SELECT * FROM journal INDEXED BY journal_by_identity
    WHERE ws = ? AND run = ? AND run <> '' ORDER BY seq`;
  return file.all(sql, ws, run).map(decodeJournal);
}

function* openingProblems({ run, entries }: RunAt): Generator<string> {
  const openings = eventsOf<RunOpened>(entries, "run.opened");
  const places = openings.map(({ event }) => placeInTime(event));
  const head = places.toSorted()[0];
  const first = openings[places.indexOf(head ?? "")];
  if (run.opened !== (first !== undefined)) yield "opened does not agree with the journal";
  if (first === undefined) {
    yield* unopenedProblems(run);
    return;
  }
  const { event, entry } = first;
  if (run.head !== head) yield "head is not its earliest opening";
  const openedAtMs = countedAtMs(event.occurredAtMs, entry.receivedAtMs);
  if (run.openedAtMs !== openedAtMs) yield "opened_at is not the time of its opening";
  if (run.agent !== event.agent) yield "agent is not what its opening states";
  if (run.authority !== event.authority) yield "authority is not what its opening states";
  if (!sameLabels(run.labels, event.labels)) yield "labels are not what its opening states";
  if (run.endUser !== (event.endUser ?? null)) yield "end_user is not what its opening states";
  for (const { event: stated } of openings) {
    if (stated.customer !== null && stated.customer !== run.customer) {
      yield "customer is not what an opening states";
    }
    if (stated.parentRun !== null && stated.parentRun !== run.parent) {
      yield "parent is not what an opening states";
    }
  }
}

/** A run that nobody opened takes its time from its earliest event. */
function* unopenedProblems(run: Run): Generator<string> {
  const occurredAtMs = placeTime(run.head);
  const isDatedAhead = occurredAtMs - run.openedAtMs > FUTURE_TOLERANCE_MS;
  if (run.openedAtMs !== occurredAtMs && !isDatedAhead) yield "opened_at is not the time of head";
  if (run.authority !== null || run.labels !== null) yield "states labels or an authority unopened";
  if (run.endUser !== null) yield "states an end user unopened";
  if (run.standing) return;
  const namesAgent = run.agentHead !== "";
  if (namesAgent !== (run.agent !== null)) yield "agent does not agree with agent_head";
  if (namesAgent && !(placeTime(run.agentHead) >= occurredAtMs)) yield "agent_head precedes head";
}

/** An unopened run begins with its earliest event, so with none of its steps before. */
function* headProblems(file: DataFile, { ws, run }: RunAt): Generator<string> {
  const [, source, id] = run.head.split(PLACE_PART_END);
  if (source === undefined || id === undefined) return;
  const keptAtMs = occurredAtMs(file, ws, { run: run.id, source, id });
  // A retry that waited may have stated an earlier time than the record that is kept.
  if (keptAtMs !== undefined && !(placeTime(run.head) <= keptAtMs)) yield "head is after its step";
}

/** When a step occurred that is counted or waits; undefined where neither is known. */
function occurredAtMs(file: DataFile, ws: number, key: Identity): number | undefined {
  const step = findStep(file, ws, key)?.step;
  if (step !== undefined) return step.occurredAtMs;
  const sql = "SELECT * FROM suspended WHERE ws = ? AND run = ? AND source = ? AND id = ?";
  const waiting = file.first(sql, ws, key.run, key.source, key.id);
  return waiting && decodeEvent(waiting.document as string).occurredAtMs;
}

function placeTime(place: string): number {
  return Number(/^\d{13,}/.exec(place)?.[0] ?? Number.NaN);
}

function sameLabels(a: Run["labels"], b: Run["labels"]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function* closingProblems({ run, entries }: RunAt): Generator<string> {
  const closings = eventsOf<RunClosed>(entries, "run.closed").map(({ event }) => event);
  const last = closings.toSorted((a, b) => (placeInTime(a) < placeInTime(b) ? 1 : -1))[0];
  const closedBy = last === undefined ? "" : placeInTime(last);
  if (run.closedBy !== closedBy) yield "closed_by is not its latest ending";
  if (run.closedAtMs !== (last?.occurredAtMs ?? null)) yield "closed_at is not its latest ending";
  const silence = entries.find(
    (entry) => entry.kind === "run.abandoned" && entry.id === `abandoned-${run.lastSeenAtMs}`,
  );
  const status = last?.ending ?? (silence === undefined ? "open" : "abandoned");
  const receivedAtMs = entries.find(({ id, source }) => id === last?.id && source === last.source);
  const closedAtMs = last && countedAtMs(last.occurredAtMs, receivedAtMs?.receivedAtMs ?? 0);
  const endedAtMs = closedAtMs ?? silence?.receivedAtMs ?? null;
  if (run.endedAtMs !== endedAtMs) yield "ended_at is not when it ended";
  if (run.status !== status) yield `status is "${run.status}", the journal says "${status}"`;
}

function* treeProblems(file: DataFile, { ws, run }: RunAt): Generator<string> {
  const tree = totalValues(run.own);
  let height = 0;
  for (const row of file.all("SELECT * FROM runs WHERE ws = ? AND parent = ?", ws, run.id)) {
    const key = keyText(file.workspace(ws), row.id as string);
    const child = readable(file, { table: "runs", key }, () => decodeRun(row));
    if (child === undefined) continue;
    for (const [at, value] of totalValues(child.tree).entries())
      tree[at] = (tree[at] ?? 0n) + value;
    height = Math.max(height, child.height + 1);
    if (child.customer !== run.customer)
      yield `customer is not that of the run "${child.id}" below`;
  }
  const stated = totalValues(run.tree);
  const differing = TOTALS.filter((_name, at) => stated[at] !== tree[at]);
  for (const name of differing) yield `tree_${name} is not the sum over its tree`;
  if (run.height !== height) yield `height is ${run.height}, there are ${height} levels below`;
  yield* parentProblems(file, { ws, run });
  const isStanding = run.id.startsWith(STANDING_PREFIX);
  if (run.standing !== isStanding) yield "standing does not agree with its id";
  if (!isStanding) return;
  const [customer, agent = null] = JSON.parse(run.id.slice(STANDING_PREFIX.length));
  if (run.customer !== customer || run.agent !== agent) yield "is not of the customer of its id";
}

function* parentProblems(
  file: DataFile,
  { ws, run }: Pick<RunAt, "ws" | "run">,
): Generator<string> {
  if (run.parent === null) return;
  const sql = "SELECT customer FROM runs WHERE ws = ? AND id = ?";
  const parent = file.first(sql, ws, run.parent);
  if (parent === undefined) yield `its parent "${run.parent}" is missing`;
  else if (parent.customer !== run.customer) yield "customer is not that of its parent";
}

function* ratingProblems(file: DataFile, books: Books, { ws, run }: RunAt): Generator<string> {
  const { rating } = run;
  if (rating === null) return;
  const version = books.cards.of(ws, rating.cardVersionId);
  if (version === undefined) yield `rating names card version ${rating.cardVersionId}: missing`;
  if (!rating.counted) return;
  if (run.customer === null || run.parent !== null || run.standing) {
    yield "is rated, though only bound root runs are";
  }
  if (rating.agent !== run.agent) yield "is rated for another agent";
  if (!sameLabels(rating.labels, run.labels)) yield "is rated for other labels";
  const ending = endingAgain(version?.charges ?? [], "runs", run);
  if (rating.ending !== ending) yield `is rated as ended "${rating.ending}", not "${ending}"`;
  if (version !== undefined && version.effectiveFromMs > run.openedAtMs) {
    yield `is rated by card version ${version.id}, which came later`;
  }
  const at = { ws, customer: run.customer ?? "", atMs: run.openedAtMs };
  if (rating.inTrial !== isFreeAt(file, version?.trial ?? null, at)) {
    yield `is ${rating.inTrial ? "" : "not "}rated in a trial`;
  }
  const { period, shares } = rating;
  const stated = { customer: run.customer, period, shares, atMs: run.openedAtMs };
  if (!isInItsPeriod(file, ws, stated)) yield `is rated in the period ${rating.period}`;
}

/** Between the parts of a place in time (domain/run/run.ts). */
const PLACE_PART_END = "\u001e";

const TOTALS = ["steps", "unpriced", "cost", "charge"] as const;

function totalValues(totals: Totals): bigint[] {
  return [BigInt(totals.steps), BigInt(totals.unpriced), totals.cost, totals.charge];
}
