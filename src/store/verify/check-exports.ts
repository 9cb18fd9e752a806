/**
 * Lines for billing systems: each row by its checksum, what it says by its key and the hash of its
 * bytes, the lines of an account by each other (numbered without a gap, their sums carrying on) and
 * by the books (check-export-books.ts).
 */
import { hash } from "node:crypto";
import {
  countedValue,
  type ExportLine,
  formatValue,
  LINE_STATES,
  lineKey,
} from "../../domain/export/export-line.ts";
import { PLANNED_ANEW } from "../../domain/export/outbox.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import { decodeLine } from "../stored-export.ts";
import { type Bound, rowText } from "../stored-rows.ts";
import type { Acts } from "./acts.ts";
import type { CardVersions } from "./card-versions.ts";
import { ExportBooks } from "./check-export-books.ts";
import { type DataFile, readable } from "./data-file.ts";
import { checksumOf } from "./digests.ts";
import { keyText } from "./findings.ts";

const LINES = "export_lines";
const SECRETS = "export_secrets";

/** Checks the outbox and the secrets of every workspace. */
export function checkExports(file: DataFile, acts: Acts, cards: CardVersions): void {
  const targets = targetsOf(acts);
  const books = new ExportBooks(file, acts, cards);
  let account = new Account(file);
  for (const row of file.rowsOf(LINES, "ws, target, customer, item, no")) {
    const workspace = file.workspace(row.ws as number);
    const key = keyText(workspace, row.key as string);
    const { checksum, ...values } = row;
    const isIntact = checksumOf(rowText(Object.values(values) as Bound[])) === checksum;
    file.findings.expect(isIntact, [LINES, key, "does not match its checksum"]);
    const line = readable(file, { table: LINES, key }, () => decodeLine(row));
    if (line === undefined) continue;
    const place = JSON.stringify([row.ws, line.target, line.customer, line.item]);
    if (place !== account.place) {
      account.end();
      account = new Account(file, place);
    }
    account.take(line, key);
    const target = targets.get(idOf(row.ws, line.target));
    const isOpen = !DONE.includes(line.state);
    const isSame = isOpen === (row.is_open === 1) && STATES.includes(line.state);
    file.findings.expect(isSame, [
      LINES,
      key,
      "is in no state that there is, or listed by another",
    ]);
    checkLine(file, { line, key, workspace, target });
    if (target !== undefined) books.take({ ws: row.ws as number, target, line, key });
  }
  account.end();
  books.end();
  for (const row of file.rowsOf(SECRETS, "ws, target, name")) {
    const { checksum, ...values } = row;
    const key = keyText(file.workspace(row.ws as number), row.target as string, row.name as string);
    const isIntact = checksumOf(rowText(Object.values(values) as Bound[])) === checksum;
    file.findings.expect(isIntact, [SECRETS, key, "does not match its checksum"]);
    const isKnown = targets.has(idOf(row.ws, row.target));
    file.findings.expect(isKnown, [SECRETS, key, "is of a target that nobody set"]);
  }
}

const STATES: readonly string[] = LINE_STATES;
/** States in which nobody has to do anything more. */
const DONE: readonly string[] = ["confirmed", "superseded", "voided"];

function idOf(ws: unknown, target: unknown): string {
  return JSON.stringify([ws, target]);
}

/** Targets as the journal has them; what stands in keys never changes. */
function targetsOf(acts: Acts): ReadonlyMap<string, ExportTarget> {
  const found = new Map<string, ExportTarget>();
  for (const { ws, subject, document } of acts.all("target.saved")) {
    found.set(idOf(ws, subject), document.target as ExportTarget);
  }
  return found;
}

interface CheckedLine {
  readonly line: ExportLine;
  readonly key: string;
  readonly workspace: string;
  readonly target: ExportTarget | undefined;
}

function checkLine(file: DataFile, { line, key, workspace, target }: CheckedLine): void {
  const expect = (holds: boolean, problem: string) =>
    file.findings.expect(holds, [LINES, key, problem]);
  expect(target !== undefined, `is of the target "${line.target}", which nobody set`);
  const sha256 = (text: string) => hash("sha256", text, "hex");
  expect(sha256(line.body) === line.bodyHash, "has other bytes than were frozen");
  if (target === undefined) return;
  const { connector, account } = target;
  const { customer, item, window, revision } = line;
  const identity = { workspace, connector, account, customer, item, window, revision };
  expect(lineKey(identity, sha256) === line.key, "has another key than its identity");
  expect((line.claim !== "") === (line.state === "in_flight"), "is claimed by nobody, or done");
}

interface PeriodSum {
  readonly sum: bigint;
  readonly last: ExportLine;
  readonly key: string;
  readonly isGivenUp: boolean;
}

/** The lines of a customer's item at a target, in their order. */
class Account {
  readonly place: string;
  readonly #file: DataFile;
  readonly #sums = new Map<string, PeriodSum>();
  #no = 0;

  constructor(file: DataFile, place = "") {
    this.#file = file;
    this.place = place;
  }

  take(line: ExportLine, key: string): void {
    this.#no += 1;
    const problem = `is line ${line.no} where line ${this.#no} is wanted: one is gone`;
    this.#file.findings.expect(line.no === this.#no, [LINES, key, problem]);
    this.#no = line.no;
    const before = this.#sums.get(line.period);
    const sum = (before?.sum ?? 0n) + countedValue(line);
    const isGivenUp = before?.isGivenUp === true || line.note === PLANNED_ANEW;
    this.#sums.set(line.period, { sum, last: line, key, isGivenUp });
  }

  /** What the newest line of a period says was sent of it is what its lines come to. */
  end(): void {
    for (const { sum, last, key, isGivenUp } of this.#sums.values()) {
      // What was given up after the newest line was planned still stands in that one's sum.
      if (isGivenUp) continue;
      const [said, is] = [last.periodTotal, sum].map(formatValue);
      const problem = `says that ${said} of ${last.period} is sent; its lines are ${is}`;
      this.#file.findings.expect(said === is, [LINES, key, problem]);
    }
  }
}
