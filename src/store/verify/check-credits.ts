/**
 * What was put right after a close: credit notes and disputes give back at most what their line
 * billed, and a voided statement has a successor that says so.
 */
import { amountOf } from "../stored-decimal.ts";
import type { Acts, RecordedAct } from "./acts.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";

interface NoteDocument {
  readonly id: string;
  /** The note that it takes back. */
  readonly voids?: string;
  readonly lines: readonly { readonly line: number; readonly amount: string }[];
  readonly total: string;
}

/** Checks credit notes, disputes and voided statements. */
export function checkCredits(file: DataFile, acts: Acts): void {
  const credited = new Map<string, bigint>();
  const notes = new Map<string, NoteDocument>();
  for (const act of acts.all("credit_note.issued")) {
    checkBilledTo(file, acts, act);
    const note = act.document as unknown as NoteDocument;
    if (note.voids !== undefined) checkTakenBack(file, act, { credited, notes });
    else checkNote(file, act, credited);
    notes.set(keyText(act.ws, act.subject, note.id), note);
  }
  for (const act of acts.all("dispute.opened")) checkDispute(file, acts, { act, credited });
  for (const { ws, subject, seq } of acts.all("dispute.resolved")) {
    const isOpened = acts.of("dispute.opened", ws, subject).length > 0;
    const key = keyText(file.workspace(ws), seq);
    file.findings.expect(isOpened, ["journal", key, "decides a dispute that nobody opened"]);
  }
  for (const act of acts.all("statement.voided")) checkVoided(file, acts, act);
}

/** A note that names a parent names the one that was billed for it, which is told of it. */
function checkBilledTo(file: DataFile, acts: Acts, { ws, subject, seq, document }: RecordedAct) {
  const { id, billedTo } = document as { readonly id: string; readonly billedTo?: string };
  if (billedTo === undefined) return;
  const key = keyText(file.workspace(ws), seq);
  const sql = "SELECT document FROM statements WHERE ws = ? AND id = ?";
  const row = file.first(sql, ws, subject);
  const told = acts.of("parent.credited", ws, billedTo).filter((act) => act.document.note === id);
  readable(file, { table: "journal", key }, () => {
    const statement = JSON.parse((row?.document as string) ?? "{}") as { billedTo?: string };
    const isIts = statement.billedTo === billedTo && told.length === 1;
    const problem = `gives back to ${billedTo}, which was not billed for ${subject} or not told`;
    file.findings.expect(isIts, ["journal", key, problem]);
  });
}

function checkNote(file: DataFile, act: RecordedAct, credited: Map<string, bigint>): void {
  const { ws, subject, seq } = act;
  const key = keyText(file.workspace(ws), seq);
  readable(file, { table: "journal", key }, () => {
    const { lines, total } = act.document as unknown as NoteDocument;
    let sum = 0n;
    for (const { line, amount } of lines) {
      sum += amountOf(amount);
      creditLine(file, { act, credited, statement: subject, line, amount: amountOf(amount) });
    }
    const problem = "credits a total that is not the sum of its lines";
    file.findings.expect(sum === amountOf(total), ["journal", key, problem]);
  });
}

/** A note that takes back one of its statement is its opposite, once; what that gave is left. */
function checkTakenBack(
  file: DataFile,
  { ws, subject, seq, document }: RecordedAct,
  of: { readonly credited: Map<string, bigint>; readonly notes: Map<string, NoteDocument> },
): void {
  const { credited, notes } = of;
  const key = keyText(file.workspace(ws), seq);
  readable(file, { table: "journal", key }, () => {
    const { voids = "", lines, total } = document as unknown as NoteDocument;
    const at = keyText(ws, subject, voids);
    const voided = notes.get(at);
    const isOpposite =
      voided !== undefined &&
      voided.voids === undefined &&
      amountOf(total) === -amountOf(voided.total) &&
      lines.length === voided.lines.length &&
      lines.every(({ line, amount }, index) => {
        const other = voided.lines[index];
        return other?.line === line && amountOf(other.amount) === -amountOf(amount);
      });
    const problem = `takes back ${voids}, of which it is not the opposite`;
    file.findings.expect(isOpposite, ["journal", key, problem]);
    // It is taken back once.
    notes.delete(at);
    for (const { line, amount } of lines) {
      const place = keyText(ws, subject, line);
      credited.set(place, (credited.get(place) ?? 0n) + amountOf(amount));
    }
  });
}

interface Target {
  readonly kind: string;
  readonly statement: string;
  readonly line: number;
}

function checkDispute(
  file: DataFile,
  acts: Acts,
  { act, credited }: { readonly act: RecordedAct; readonly credited: Map<string, bigint> },
): void {
  const target = act.document.target as Target;
  const [resolution] = acts.of("dispute.resolved", act.ws, act.subject);
  if (target.kind !== "line" || resolution?.document.favor === "us") return;
  const amount = amountOf(act.document.amount as string);
  const { statement, line } = target;
  creditLine(file, { act, credited, statement, line, amount });
}

interface Credit {
  readonly act: RecordedAct;
  /** What was credited so far, by workspace, statement and line. */
  readonly credited: Map<string, bigint>;
  readonly statement: string;
  readonly line: number;
  readonly amount: bigint;
}

function creditLine(file: DataFile, { act, credited, statement, line, amount }: Credit): void {
  const { ws, seq } = act;
  const key = keyText(file.workspace(ws), seq);
  const place = keyText(ws, statement, line);
  const sum = (credited.get(place) ?? 0n) + amount;
  credited.set(place, sum);
  const billed = billedBy(file, { ws, statement, line });
  const problem = `credits more than line ${line} of ${statement} billed`;
  file.findings.expect(amount > 0n && sum <= billed, ["journal", key, problem]);
}

/** What a line billed; nothing where there is none. */
function billedBy(
  file: DataFile,
  at: { readonly ws: number; readonly statement: string; readonly line: number },
): bigint {
  const sql = "SELECT document FROM statements WHERE ws = ? AND id = ?";
  const row = file.first(sql, at.ws, at.statement);
  if (row === undefined) return 0n;
  const { lines } = JSON.parse(row.document as string) as {
    readonly lines: readonly { readonly amountRounded: string }[];
  };
  const line = lines[at.line - 1];
  return line === undefined ? 0n : amountOf(line.amountRounded);
}

function checkVoided(
  file: DataFile,
  acts: Acts,
  { ws, subject, seq, document }: RecordedAct,
): void {
  const key = keyText(file.workspace(ws), seq);
  const successor = acts.of("statement.reissued", ws, document.replacedBy as string).at(-1);
  const isNamed = successor?.document.replaces === subject;
  file.findings.expect(isNamed, ["journal", key, "voids a statement that nothing replaces"]);
  const old = file.first("SELECT 1 FROM statements WHERE ws = ? AND id = ?", ws, subject);
  const problem = `is missing: journal entry ${seq} voided it, and it stays readable`;
  const oldKey = keyText(file.workspace(ws), subject);
  file.findings.expect(old !== undefined, ["statements", oldKey, problem]);
}
