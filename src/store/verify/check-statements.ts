/**
 * Statements: their own sums, their digests and journal entries, the periods that they close, and
 * the counters and adjustments behind their lines. A closed statement never changes: what came
 * later for its period stands in adjustments, so lines + adjustments = counters.
 */
import type { StatementRecord } from "../../domain/period/records.ts";
import { amountOf } from "../stored-decimal.ts";
import { decodeCounter, decodePeriod, decodeStatement } from "../stored-rows.ts";
import type { Acts, Document, RecordedAct } from "./acts.ts";
import { BookedAgain, bookedText, chargeText, creditsText, Differences } from "./booked-again.ts";
import type { CreditDocument } from "./card-versions.ts";
import { type OpeningCorrections, openingCorrections } from "./check-openings.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { sha256Of } from "./digests.ts";
import { keyText } from "./findings.ts";
import { joined } from "./key-parts.ts";
import { isFreeCell } from "./trial-again.ts";

interface Line {
  readonly kind: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly originPeriod: string | null;
  readonly amountExact: string;
  readonly amountRounded: string;
  readonly credits?: string;
  readonly credit?: CreditDocument;
}

interface StatementDocument {
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly total: string;
  readonly totalExact: string;
  readonly lines: readonly Line[];
  readonly credit?: CreditDocument;
  readonly replaces?: string;
}

interface StatementAt {
  readonly ws: number;
  readonly record: StatementRecord;
  readonly document: StatementDocument;
}

interface Sources {
  readonly file: DataFile;
  readonly booked: BookedAgain;
  readonly acts: Acts;
  readonly corrections: OpeningCorrections;
}

/** Its own index, so that nothing is sorted. */
const CUSTOMER_BY_CUSTOMER = "ws, customer, period DESC, closed_at DESC, id";

/** Checks statements against their digests, lines and the journal. */
export function checkStatements(file: DataFile, acts: Acts): void {
  const corrections = openingCorrections(acts);
  const of = { file, acts, booked: new BookedAgain(file), corrections };
  for (const row of file.rowsOf("statements", CUSTOMER_BY_CUSTOMER)) {
    const ws = row.ws as number;
    const record = decodeStatement(row);
    const key = keyText(file.workspace(ws), record.id);
    const at = { table: "statements", key };
    const problems = readable(file, at, () => {
      const document = JSON.parse(record.document) as StatementDocument;
      const statement = { ws, record, document };
      return [
        ...recordProblems(statement),
        ...sumProblems(document),
        ...trialProblems(document),
        ...journalProblems(acts, statement),
      ];
    });
    for (const problem of problems ?? []) file.findings.add("statements", key, problem);
    if (problems?.length === 0) checkBehind(of, { ws, record });
  }
  checkPeriods(file);
  checkClosings(file, acts);
}

function* recordProblems({ record, document }: StatementAt): Generator<string> {
  if (record.digest !== sha256Of(record.document)) yield "digest is not that of its document";
  for (const name of ["customer", "period", "currency", "total"] as const) {
    if (record[name] !== document[name]) yield `${name} is not what its document says`;
  }
  const { replaces } = document;
  const identity = [record.customer, record.period, ...(replaces === undefined ? [] : [replaces])];
  const id = `st_${sha256Of(identity.join("\u0000")).slice(0, 20)}`;
  if (record.id !== id) yield "id is not that of its customer and period";
}

function* sumProblems({ lines, total, totalExact }: StatementDocument): Generator<string> {
  let [rounded, exact, rounding] = [0n, 0n, 0n];
  for (const line of lines) {
    rounded += amountOf(line.amountRounded);
    exact += amountOf(line.amountExact);
    if (line.kind === "rounding") rounding += amountOf(line.amountExact);
  }
  if (rounded !== amountOf(total)) yield "total is not the sum of its rounded lines";
  if (exact !== amountOf(total)) yield "total is not the sum of its exact lines";
  if (exact - rounding !== amountOf(totalExact)) yield "totalExact is not the sum of its lines";
}

/** A trial takes off what its lines came to, each to the last digit. */
function* trialProblems({ lines }: StatementDocument): Generator<string> {
  const [exact, rounded] = [new Differences(), new Differences()];
  for (const [at, line] of lines.entries()) {
    if (isFreeCell(line.cell)) {
      exact.add(chargeText(line), amountOf(line.amountExact));
      rounded.add(chargeText(line), amountOf(line.amountRounded));
    } else if (line.kind === "trial") yield `line ${at + 1} takes off what no trial counted`;
  }
  const wrong = new Set([...exact.keys(), ...rounded.keys()]);
  for (const key of wrong) yield `${key}: its trial does not take off what it came to`;
}

/** What the journal says of the close of a statement. */
function closingOf(acts: Acts, { ws, record, document }: StatementAt): Document | undefined {
  const kind = document.replaces === undefined ? "period.closed" : "statement.reissued";
  return acts.of(kind, ws, record.id).at(-1)?.document;
}

function* journalProblems(acts: Acts, statement: StatementAt): Generator<string> {
  const { record } = statement;
  const closing = closingOf(acts, statement);
  if (closing === undefined) {
    yield "is not in the journal";
    return;
  }
  for (const name of ["customer", "period", "currency", "closedAtMs", "total", "digest"] as const) {
    if (record[name] !== closing[name]) yield `${name} is not what the journal recorded`;
  }
}

/** The statement is as it was closed: where what is behind it differs, adjustments are wrong. */
function checkBehind(of: Sources, { ws, record }: Omit<StatementAt, "document">): void {
  const { file } = of;
  const { customer, period } = record;
  const key = keyText(file.workspace(ws), customer, period);
  const document = JSON.parse(record.document) as StatementDocument;
  const statement = { ws, record, document };
  const sql = "SELECT 1 FROM periods WHERE ws = ? AND customer = ? AND period = ?";
  const isInForce = file.first(`${sql} AND statement_id = ?`, ws, customer, period, record.id);
  const problems = readable(file, { table: "adjustments", key }, () => [
    // What a voided statement billed was true when it was closed; its successor bills it anew.
    ...(isInForce === undefined ? [] : counterProblems(of.file, of.booked, statement)),
    ...adjustmentProblems(of, statement),
  ]);
  for (const problem of problems ?? []) file.findings.add("adjustments", key, problem);
}

function* counterProblems(file: DataFile, booked: BookedAgain, statement: StatementAt) {
  const left = new Differences();
  const { ws, record, document } = statement;
  const { customer, period } = record;
  const counters = "SELECT * FROM counters WHERE ws = ? AND customer = ? AND period = ?";
  for (const row of file.each(counters, ws, customer, period)) {
    const stored = decodeCounter(row);
    // What came later for a trial is free, and in no adjustment.
    if (!isFreeCell(stored.cell)) left.add(chargeText(stored), stored.counter.amount);
  }
  for (const line of document.lines) {
    const isOfCounter =
      (line.kind === "charge" && !isFreeCell(line.cell)) || line.kind === "already_billed";
    if (isOfCounter) left.add(chargeText(line), -amountOf(line.amountExact));
    const isOfRuns = line.kind === "run_cap" || line.kind === "run_minimum";
    if (isOfRuns) left.add(chargeText({ ...line, cell: line.kind }), -amountOf(line.amountExact));
  }
  left.addAll(booked.lateOf({ ws, customer }, period), -1n);
  for (const key of left.keys())
    yield `${key}: with the line of ${record.id} they do not come to its counter`;
}

/** Lines that rows of adjustments stand behind. */
const BOOKED: ReadonlySet<string> = new Set(["adjustment", "goodwill", "dispute", "opening"]);

/** The adjustments that a statement carries are those that were booked in its period. */
function* adjustmentProblems(
  { booked, acts, corrections }: Sources,
  { ws, record, document }: StatementAt,
): Generator<string> {
  const left = new Differences();
  const { customer, period } = record;
  left.addAll(booked.bookedIn({ ws, customer }, period), 1n);
  left.addAll(booked.creditsBookedIn({ ws, customer }, period), 1n);
  const form = Number(closingOf(acts, { ws, record, document })?.lineForm ?? 0);
  if (form >= CORRECTED_OPENINGS) addCorrections(left, corrections, { ws, customer, period });
  for (const line of document.lines) {
    if (!BOOKED.has(line.kind)) continue;
    const isByUsage = line.kind === "adjustment";
    const origin = line.originPeriod ?? (isByUsage ? null : period);
    const charge = bookedText(chargeText(line), origin);
    left.add(charge, -amountOf(line.amountExact));
    if (line.credits === undefined) continue;
    const { name = "" } = line.credit ?? document.credit ?? {};
    left.add(creditsText(charge, name), -amountOf(line.credits));
  }
  for (const key of left.keys()) yield `${key}: they are not what ${record.id} bills`;
}

/** From this form of lines on, openings take off what their count comes to at the close. */
const CORRECTED_OPENINGS = 3;

function addCorrections(
  left: Differences,
  corrections: OpeningCorrections,
  { ws, customer, period }: { readonly ws: number; readonly customer: string; period: string },
): void {
  for (const { id, amount, credits, creditName } of corrections.get(joined(ws, customer, period)) ??
    []) {
    const charge = bookedText(chargeText({ cardKey: "", chargeKey: "opening", cell: id }), period);
    left.add(charge, amount);
    left.add(creditsText(charge, creditName), credits);
  }
}

function checkPeriods(file: DataFile): void {
  for (const row of file.rowsOf("periods", "ws, customer, period")) {
    const ws = row.ws as number;
    const { customer, period, closedAtMs, statementId } = decodePeriod(row);
    const key = keyText(file.workspace(ws), customer, period);
    const found = file.first("SELECT * FROM statements WHERE ws = ? AND id = ?", ws, statementId);
    if (found === undefined) {
      file.findings.add("periods", key, `names statement ${statementId}, which is missing`);
      continue;
    }
    const statement = decodeStatement(found);
    const same = joined(statement.customer, statement.period, statement.closedAtMs);
    const isSame = same === joined(customer, period, closedAtMs);
    file.findings.expect(isSame, ["periods", key, "is not what its statement says"]);
  }
}

function* closings(acts: Acts): Generator<RecordedAct> {
  yield* acts.all("period.closed");
  yield* acts.all("statement.reissued");
}

/** What the journal says was closed is there. */
function checkClosings(file: DataFile, acts: Acts): void {
  for (const { ws, subject, seq, document } of closings(acts)) {
    const { customer, period } = document as Document & { customer: string; period: string };
    const problem = `is missing: journal entry ${seq} closed it`;
    const statement = file.first("SELECT 1 FROM statements WHERE ws = ? AND id = ?", ws, subject);
    const workspace = file.workspace(ws);
    const statementKey = keyText(workspace, subject);
    file.findings.expect(statement !== undefined, ["statements", statementKey, problem]);
    const sql = "SELECT 1 FROM periods WHERE ws = ? AND customer = ? AND period = ?";
    const state = file.first(sql, ws, customer, period);
    const periodKey = keyText(workspace, customer, period);
    file.findings.expect(state !== undefined, ["periods", periodKey, problem]);
  }
}
